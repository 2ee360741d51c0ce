"""`DROP USER | ROLE | GROUP [IF EXISTS] ana [, ...] [CASCADE | RESTRICT]`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.acting import Acting
from sqlml.access.authority import dependents, without
from sqlml.access.values import CATALOG, Access, Grant
from sqlml.catalog.grants import drop_grants, pass_on
from sqlml.catalog.principals import drop_principals
from sqlml.errors import DependentObjects, InvalidOption
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_principal, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.membership import check_superuser_left, over
from sqlml.types import Plan


@dataclass(frozen=True)
class _Dropping:
    acting: Acting
    names: tuple[str, ...]
    grants: tuple[Grant, ...]


class DropUser(Statement):
    """Drop users, roles or groups with what they were granted, their memberships, tokens and limits.

        DROP USER ana;
        REASSIGN OWNED BY ana TO bob;
        DROP ROLE IF EXISTS reader, writer CASCADE;

    Refused while one owns something or has granted something; with CASCADE what it owns falls to the owner of the
    database, and its grants to others go. Source: PostgreSQL, DROP ROLE.
    """

    name = "drop_user"
    takes = (nodes_access.DropPrincipal,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find them, and what depends on them."""
        kind, acting = tree.text("kind"), planner.acting
        need_users(planner, tree, f"DROP {kind}")
        found = [
            find_principal(planner, name, (kind,))
            for name in tree.expressions
            if not tree.args.get("exists") or name.name.casefold() in acting.access.principals
        ]
        names = tuple(dict.fromkeys(principal.name.casefold() for principal in found))
        own = {acting.user.casefold(), acting.current.casefold()} & set(names)
        if own:
            raise planner.at(
                InvalidOption("Whom the session acts as cannot be dropped.", hint="Let another superuser do it."), tree
            )
        grants = _check_unused(planner, tree, names)
        if names:
            left = {name: p for name, p in acting.access.principals.items() if name not in names}
            memberships = tuple(m for m in acting.access.memberships if not {m.member, m.role} & set(names))
            after = replace(acting.access, principals=left, memberships=memberships)
            check_superuser_left(planner, after, tree)
        privileges = [privilege for principal in found for privilege in over(acting, principal)]
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            privileges=tuple(dict.fromkeys(privileges)),
            details=_Dropping(acting, names, grants),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Drop them in one transaction."""
        dropping: _Dropping = plan.details
        if dropping.names:
            with changing_access(context, dropping.acting):
                drop_grants(context.database, context.access.catalog, dropping.grants)
                pass_on(context.database, context.access.catalog, dropping.names, None)
                drop_principals(context.database, context.access.catalog, dropping.names)
        return one_row(context.database, {"dropped": ("INTEGER", len(dropping.names))})


def _check_unused(planner: Planner, tree: exp.Expr, names: tuple[str, ...]) -> tuple[Grant, ...]:
    """The grants to others that go along.

    Raises DependentObjects where there are some without CASCADE, and where policies name a principal.
    """
    access = planner.acting.access
    named = _named_in(access, names)
    if named:
        raise planner.at(
            DependentObjects(f"It is named in {', '.join(named[:3])}.", hint="Drop or change those first."), tree
        )
    if access.owners.get(CATALOG) in names:
        raise planner.at(
            DependentObjects("It owns the database.", hint=f"ALTER CATALOG {access.catalog} OWNER TO another one."),
            tree,
        )
    made = [g for g in access.grants if g.grantor in names and g.grantee not in names]
    given = [g for g in access.grants if g.grantee in names]
    resting = dependents(access, without(access, [*made, *given]))
    owned = [str(securable) for securable, owner in access.owners.items() if owner in names]
    if tree.text("behaviour") != "CASCADE" and (owned or made or resting):
        what = [f"owns {name}" for name in owned] + [
            f"granted {g.privilege} on {g.on} to {g.grantee}" for g in (*made, *resting)
        ]
        more = f" and {len(what) - 3} more" if len(what) > 3 else ""
        raise planner.at(
            DependentObjects(
                f"It {', '.join(what[:3])}{more}.",
                hint="REASSIGN OWNED BY it TO another one, REVOKE its grants, or DROP ... CASCADE.",
            ),
            tree,
        )
    return tuple(dict.fromkeys((*made, *resting)))


def _named_in(access: Access, names: tuple[str, ...]) -> list[str]:
    wanted = set(names)
    found = [f"policy {p.name}" for p in access.policies if wanted & {*p.principals, *p.except_principals, p.set_by}]
    found += [f"the row filter of {on}" for on, applied in access.row_filters.items() if applied.set_by in wanted]
    found += [f"the mask of {on}" for on, applied in access.column_masks.items() if applied.set_by in wanted]
    return found
