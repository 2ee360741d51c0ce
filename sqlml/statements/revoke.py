"""`REVOKE [GRANT OPTION FOR] privilege [, ...] ON securable FROM principal [, ...] [CASCADE | RESTRICT]`."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.acting import Acting
from sqlml.access.authority import dependents, without
from sqlml.access.values import Grant
from sqlml.catalog.grants import drop_grant_options, drop_grants
from sqlml.errors import DependentObjects
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.granting import asked, held, read_grants, read_principals
from sqlml.types import Plan


class Revoke(Statement):
    """Take privileges back, or only the right to give them on.

        REVOKE SELECT ON TABLE customers FROM ana;
        REVOKE GRANT OPTION FOR EXECUTE ON MODEL churn FROM analysts CASCADE;

    The owner and whoever has MANAGE take back any grant, others those that they made. Grants that rest on what is
    revoked make it fail; with CASCADE they go too. What is inherited from a schema or the catalog, or held through a
    group, is revoked there. Source: PostgreSQL, REVOKE.
    """

    name = "revoke"
    takes = (nodes_access.RevokePrivileges,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the grants that go, and those that rest on them."""
        need_users(planner, tree, "REVOKE")
        acting = planner.acting
        wanted = read_grants(planner, tree)
        found = _own(acting, held(acting.access.grants, read_principals(planner, tree.args["principals"]), wanted))
        only_option = bool(tree.args.get("option"))
        left = [replace(grant, with_grant_option=False) for grant in found] if only_option else []
        resting = dependents(acting.access, without(acting.access, found, left))
        if resting and tree.text("behaviour") != "CASCADE":
            raise planner.at(_refused(resting), tree)
        details = (acting, found, resting, only_option)
        return Plan(statement=self.name, sql="", tree=tree, privileges=asked(wanted), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Take them back."""
        acting, found, resting, only_option = plan.details
        with changing_access(context, acting):
            (drop_grant_options if only_option else drop_grants)(context.database, context.access.catalog, found)
            drop_grants(context.database, context.access.catalog, resting)
        return one_row(context.database, {"revoked": ("INTEGER", len(found) + len(resting))})


def _own(acting: Acting, found: list[Grant]) -> list[Grant]:
    """Of what is found what may be taken back: who only holds the grant option takes back what they gave themselves."""
    access, own = acting.access, acting.current.casefold()
    return [g for g in found if g.grantor in acting.roles or g.grantee == own or access.may_manage(acting.roles, g.on)]


def _refused(resting: list[Grant]) -> DependentObjects:
    named = [f"{g.privilege} on {g.on} to {g.grantee} by {g.grantor}" for g in resting]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return DependentObjects(
        f"Other grants rest on this one: {'; '.join(named[:3])}{more}.", hint="REVOKE ... CASCADE takes those back too."
    )
