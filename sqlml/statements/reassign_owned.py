"""`REASSIGN OWNED BY a [, ...] TO b`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.catalog.grants import pass_on
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_principal, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.membership import over
from sqlml.types import Plan


class ReassignOwned(Statement):
    """Give everything that users, groups or roles own to another one, row filters and masks they have set included.

        ALTER USER ana NOSUPERUSER;
        REASSIGN OWNED BY ana TO bob;

    Source: PostgreSQL, REASSIGN OWNED.
    """

    name = "reassign_owned"
    takes = (nodes_access.ReassignOwned,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find them all."""
        need_users(planner, tree, "REASSIGN OWNED")
        found = [find_principal(planner, name) for name in tree.expressions]
        to = find_principal(planner, tree.args["to"])
        privileges = [privilege for principal in found for privilege in over(planner.acting, principal)]
        owned = sum(owner in {p.name.casefold() for p in found} for owner in planner.acting.access.owners.values())
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            privileges=tuple(dict.fromkeys(privileges)),
            details=(planner.acting, [p.name for p in found], to.name, owned),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Change the owners."""
        acting, owners, to, owned = plan.details
        with changing_access(context, acting):
            pass_on(context.database, context.access.catalog, owners, to)
        return one_row(context.database, {"reassigned": ("INTEGER", owned)})
