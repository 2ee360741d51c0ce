"""`current_user`, `session_user`, `current_role`, `is_member('g')`: what they are for a session, put into a tree."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sqlml.access.acting import Acting
from sqlml.access.values import PUBLIC
from sqlml.errors import InvalidOption

# Written without parentheses too; in quotes or behind a table they are columns.
_BARE = ("user", "current_role")
_NAMES = ("current_user", "session_user", "user", "current_role")
_MEMBERS = ("is_member", "is_account_group_member")
# What a view or macro may say of whoever reads it.
FUNCTIONS = frozenset({*_NAMES, *_MEMBERS})


def principal_functions(tree: exp.Expr, acting: Acting) -> exp.Expr:
    """The tree with these functions replaced by the session's own values, also inside views, filters and masks.

    current_user is the role that SET ROLE named, else the user; session_user is who logged in; current_role is the
    role or NULL. Raises InvalidOption for a call with other arguments.
    """

    def replaced(node: exp.Expr) -> exp.Expr:
        made = principal_value(node, acting)
        return node if made is None else made

    return tree.transform(replaced)


def principal_value(node: exp.Expr, acting: Acting) -> exp.Expr | None:
    """What one of these functions is for the session; None for any other node."""
    if isinstance(node, exp.CurrentUser):
        return _named("current_user", acting)
    if isinstance(node, exp.SessionUser):
        return _named("session_user", acting)
    if isinstance(node, exp.Column):
        is_bare = not node.table and isinstance(node.this, exp.Identifier) and not node.this.args.get("quoted")
        return _named(node.name.casefold(), acting) if is_bare and node.name.casefold() in _BARE else None
    # Behind a schema it is a function of the user's own.
    if not isinstance(node, exp.Anonymous) or isinstance(node.parent, exp.Dot):
        return None
    name = node.name.casefold()
    if name in _NAMES:
        if node.expressions:
            raise InvalidOption(f"{name}() takes no arguments.", hint=f"Write {name}().")
        return _named(name, acting)
    if name in _MEMBERS:
        if len(node.expressions) != 1:
            raise InvalidOption(f"{name} takes the name of a group.", hint=f"Write {name}('analysts').")
        return _is_member(node.expressions[0], acting)
    return None


def _named(name: str, acting: Acting) -> exp.Expr:
    values: dict[str, Callable[[], str | None]] = {
        "current_user": lambda: acting.current,
        "user": lambda: acting.current,
        "session_user": lambda: acting.user,
        "current_role": lambda: acting.role,
    }
    value = values[name]()
    return exp.cast(exp.null() if value is None else exp.Literal.string(value), "VARCHAR")


def _is_member(group: exp.Expr, acting: Acting) -> exp.Expr:
    """`list_contains([groups], lower(name))`: groups and roles, PUBLIC and the user's own name aside."""
    own = sorted(acting.roles - {PUBLIC, acting.user.casefold()})
    names = exp.cast(exp.Array(expressions=[exp.Literal.string(name) for name in own]), "VARCHAR[]")
    folded = exp.Anonymous(this="lower", expressions=[exp.cast(group.copy(), "VARCHAR")])
    return exp.Anonymous(this="list_contains", expressions=[names, folded])
