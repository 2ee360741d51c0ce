"""`DROP POLICY [IF EXISTS] p ON {CATALOG [c] | SCHEMA s | TABLE t}`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_policies
from sqlml.catalog.tags import drop_policy
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.policies import find_policy, managing, named, place_of
from sqlml.types import Plan


class DropPolicy(Statement):
    """Show what a policy hid, where nothing else hides it.

    DROP POLICY hide_pii ON SCHEMA main;

    Needs MANAGE on the place. Source: Databricks, DROP POLICY.
    """

    name = "drop_policy"
    takes = (nodes_policies.DropPolicy,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the policy."""
        need_users(planner, tree, "DROP POLICY")
        on = place_of(planner, tree.args["place"])
        is_asked = tree.args.get("exists")
        policy = named(planner.acting, on, tree.this.name) if is_asked else find_policy(planner, tree.this, on)
        details = (planner.acting, policy)
        return Plan(statement=self.name, sql="", tree=tree, privileges=(managing(on),), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Drop it."""
        acting, policy = plan.details
        if policy is not None:
            with changing_access(context, acting):
                drop_policy(context.database, context.access.catalog, policy)
        return no_rows()
