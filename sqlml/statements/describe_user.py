"""`DESCRIBE USER | ROLE | GROUP name`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.acting import Acting
from sqlml.access.limits import limits_of
from sqlml.access.values import PUBLIC, Principal
from sqlml.errors import NotFound
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import find_principal, need_users, sees_principal
from sqlml.statements.base import Context, Statement
from sqlml.statements.principal_listing import shown
from sqlml.types import Plan


class DescribeUser(Statement):
    """What there is to know of a user, role or group: one row a property, with the limits that hold for it.

        DESCRIBE USER ana;
        DESCRIBE ROLE analysts;

    Columns: property, value. Of a password only whether there is one.
    """

    name = "describe_user"
    takes = (nodes_access.DescribePrincipal,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find it."""
        kind = tree.text("kind")
        need_users(planner, tree, f"DESCRIBE {kind}")
        principal = find_principal(planner, tree.this, (kind,))
        if not sees_principal(planner.acting, principal):
            # As if it were not there.
            hint = f"SHOW {kind}S lists those that you may see."
            raise planner.at(NotFound(f'There is no {kind.lower()} "{tree.name}".', hint=hint), tree.this)
        return Plan(statement=self.name, sql="", tree=tree, details=(planner.acting, principal))

    def run(self, plan: Plan, context: Context) -> Result:
        """List its properties."""
        acting, principal = plan.details
        rows = [
            exp.Tuple(expressions=[exp.Literal.string(key), exp.null() if value is None else exp.Literal.string(value)])
            for key, value in _properties(acting, principal).items()
        ]
        listed = exp.values(rows, alias="described", columns=["property", "value"])
        return context.database.execute(exp.select("*").from_(listed).sql(dialect="duckdb"))


def _properties(acting: Acting, principal: Principal) -> dict[str, str | None]:
    access, folded = acting.access, principal.name.casefold()
    found: dict[str, str | None] = {
        "name": principal.name,
        "kind": principal.kind.lower(),
        "superuser": str(access.is_superuser(access.roles_of(folded))).lower(),
        "comment": principal.comment,
    }
    if principal.kind == "USER":
        found["has_password"] = str(principal.verifier is not None).lower()
        found["valid_until"] = str(principal.valid_until) if principal.valid_until else None
    else:
        members = sorted(shown(access, m.member) for m in access.memberships if m.role == folded)
        found["members"] = ", ".join(members) or None
    within = sorted(shown(access, role) for role in access.roles_of(folded) - {folded, PUBLIC})
    found["member_of"] = ", ".join(within) or None
    for limit, value in sorted(limits_of(access, access.roles_of(folded)).items()):
        found[f"limit {limit}"] = f"{value:g}" if value < 1e6 else f"{value:.0f}"
    return found
