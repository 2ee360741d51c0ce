"""`DESCRIBE POLICY p ON {CATALOG [c] | SCHEMA s | TABLE t}`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_policies
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.policies import find_policy, managing, place_of
from sqlml.statements.show_policies import ShowPolicies, row
from sqlml.types import Plan


class DescribePolicy(Statement):
    """What a policy says, in the columns of SHOW POLICIES.

    DESCRIBE POLICY hide_pii ON SCHEMA main;

    Needs MANAGE on the place. Source: Databricks, DESCRIBE POLICY.
    """

    name = "describe_policy"
    takes = (nodes_policies.DescribePolicy,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the policy."""
        need_users(planner, tree, "DESCRIBE POLICY")
        on = place_of(planner, tree.args["place"])
        policy = find_policy(planner, tree.this, on)
        details = (planner.acting, policy)
        return Plan(statement=self.name, sql="", tree=tree, privileges=(managing(on),), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Show it."""
        acting, policy = plan.details
        values = zip(ShowPolicies.columns, row(policy, acting), strict=True)
        return one_row(context.database, {name: ("VARCHAR", value) for name, value in values})
