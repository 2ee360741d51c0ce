"""`UNSET TAG ON TABLE t key`, `ALTER TABLE t [ALTER COLUMN c] UNSET TAGS ('key', ...)`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_policies
from sqlml.catalog.tags import drop_tag
from sqlml.errors import NotFound, nearest_hint
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.tagging import tagged, tagging
from sqlml.types import Plan


class UnsetTags(Statement):
    """Take tags away; policies that went by them say nothing of the thing any more.

        UNSET TAG ON COLUMN customers.email pii;
        ALTER TABLE customers UNSET TAGS ('team', 'tier');

    Needs APPLY TAG, or to own the thing. Source: Databricks, UNSET TAG and ALTER TABLE.
    """

    name = "unset_tags"
    takes = (nodes_policies.UnsetTags,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find what is tagged, and its tags."""
        need_users(planner, tree, "UNSET TAG")
        on = tagged(planner, tree)
        details = (planner.acting, on, [tag.name for tag in tree.expressions])
        return Plan(statement=self.name, sql="", tree=tree, privileges=tagging(on), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Take them away, all or none."""
        acting, on, names = plan.details
        with changing_access(context, acting):
            for name in names:
                if not drop_tag(context.database, context.access.catalog, on, name):
                    known = acting.access.tags.get(on, {})
                    hint = nearest_hint(name, known, otherwise=f"It has: {', '.join(known) or 'none'}.")
                    raise NotFound(f'{on} has no tag "{name}".', hint=hint)
        return no_rows()
