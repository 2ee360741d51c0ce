"""How the nodes of access control are written back as SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from sqlml import nodes_access

Write = Callable[[Any, Any], str]


def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _list(gen: Any, node: exp.Expr, key: str = "expressions") -> str:
    return str(gen.expressions(node, key=key, flat=True))


def _clauses(gen: Any, node: exp.Expr) -> str | None:
    written = [gen.sql(clause) for clause in node.args.get("clauses") or ()]
    return " ".join(written) or None


def _create(gen: Any, node: exp.Expr) -> str:
    exists = "IF NOT EXISTS" if node.args.get("exists") else None
    return _joined("CREATE", node.text("kind"), exists, gen.sql(node, "this"), _clauses(gen, node))


def _drop(gen: Any, node: exp.Expr) -> str:
    exists = "IF EXISTS" if node.args.get("exists") else None
    return _joined("DROP", node.text("kind"), exists, _list(gen, node), node.text("behaviour"))


def _on(gen: Any, node: exp.Expr) -> str:
    if node.args.get("all_in"):
        return f"ALL {node.text('kind')} IN SCHEMA {_list(gen, node)}"
    return _joined(node.text("kind"), _list(gen, node))


def _privilege(gen: Any, node: exp.Expr) -> str:
    return f"{node.name} ({_list(gen, node)})" if node.expressions else node.name


def _grant(gen: Any, node: exp.Expr) -> str:
    option = "WITH GRANT OPTION" if node.args.get("option") else None
    what = f"{_list(gen, node, 'privileges')} ON {gen.sql(node, 'on')}"
    return _joined("GRANT", what, "TO", _list(gen, node, "principals"), option)


def _revoke(gen: Any, node: exp.Expr) -> str:
    option = "GRANT OPTION FOR" if node.args.get("option") else None
    what = f"{_list(gen, node, 'privileges')} ON {gen.sql(node, 'on')}"
    return _joined("REVOKE", option, what, "FROM", _list(gen, node, "principals"), node.text("behaviour"))


def _grant_roles(gen: Any, node: exp.Expr) -> str:
    option = "WITH ADMIN OPTION" if node.args.get("option") else None
    return _joined("GRANT", _list(gen, node), "TO", _list(gen, node, "principals"), option)


def _revoke_roles(gen: Any, node: exp.Expr) -> str:
    option = "ADMIN OPTION FOR" if node.args.get("option") else None
    return _joined("REVOKE", option, _list(gen, node), "FROM", _list(gen, node, "principals"), node.text("behaviour"))


def _alter_owner(gen: Any, node: exp.Expr) -> str:
    exists = "IF EXISTS" if node.args.get("exists") else None
    owner = f"OWNER TO {gen.sql(node, 'owner')}"
    return _joined("ALTER", node.text("kind"), exists, gen.sql(node, "this"), owner)


def _create_token(gen: Any, node: exp.Expr) -> str:
    user = f"FOR {gen.sql(node, 'this')}" if node.this else None
    return _joined("CREATE TOKEN", user, _clauses(gen, node))


def _drop_token(gen: Any, node: exp.Expr) -> str:
    return _joined("DROP TOKEN", "IF EXISTS" if node.args.get("exists") else None, gen.sql(node, "this"))


def _create_volume(gen: Any, node: exp.Expr) -> str:
    exists = "IF NOT EXISTS" if node.args.get("exists") else None
    comment = f"COMMENT {gen.sql(node, 'comment')}" if node.args.get("comment") else None
    return _joined("CREATE VOLUME", exists, gen.sql(node, "this"), "LOCATION", gen.sql(node, "location"), comment)


def _drop_volume(gen: Any, node: exp.Expr) -> str:
    return _joined("DROP VOLUME", "IF EXISTS" if node.args.get("exists") else None, gen.sql(node, "this"))


def _show_grants(gen: Any, node: exp.Expr) -> str:
    on = f"ON {gen.sql(node, 'on')}" if node.args.get("on") else None
    principal = f"TO {gen.sql(node, 'principal')}" if node.args.get("principal") else None
    return _joined("SHOW GRANTS", on, principal)


ACCESS_TRANSFORMS: dict[type[exp.Expr], Write] = {
    nodes_access.CreatePrincipal: _create,
    nodes_access.AlterPrincipal: lambda gen, node: _joined(
        "ALTER", node.text("kind"), gen.sql(node, "this"), _clauses(gen, node)
    ),
    nodes_access.PrincipalClause: lambda gen, node: _joined(node.name, _list(gen, node)),
    nodes_access.DropPrincipal: _drop,
    nodes_access.DescribePrincipal: lambda gen, node: _joined("DESCRIBE", node.text("kind"), gen.sql(node, "this")),
    nodes_access.ReassignOwned: lambda gen, node: f"REASSIGN OWNED BY {_list(gen, node)} TO {gen.sql(node, 'to')}",
    nodes_access.GrantedPrivilege: _privilege,
    nodes_access.OnSecurables: _on,
    nodes_access.GrantPrivileges: _grant,
    nodes_access.RevokePrivileges: _revoke,
    nodes_access.GrantRoles: _grant_roles,
    nodes_access.RevokeRoles: _revoke_roles,
    nodes_access.AlterOwner: _alter_owner,
    nodes_access.CreateToken: _create_token,
    nodes_access.DropToken: _drop_token,
    nodes_access.CreateVolume: _create_volume,
    nodes_access.DropVolume: _drop_volume,
    nodes_access.DescribeVolume: lambda gen, node: f"DESCRIBE VOLUME {gen.sql(node, 'this')}",
    nodes_access.ShowGrants: _show_grants,
    nodes_access.SetAudit: lambda gen, node: (
        f"SET sqlml_audit = {gen.sql(node, 'this')}" if node.this else "RESET sqlml_audit"
    ),
    nodes_access.SetRole: lambda gen, node: f"SET ROLE {gen.sql(node, 'this')}" if node.this else "RESET ROLE",
    nodes_access.SetSessionAuthorization: lambda gen, node: (
        f"SET SESSION AUTHORIZATION {gen.sql(node, 'this') or 'DEFAULT'}"
    ),
}
