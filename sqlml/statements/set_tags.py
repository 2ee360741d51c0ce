"""`SET TAG ON TABLE t key = value`, `ALTER TABLE t [ALTER COLUMN c] SET TAGS ('key' = 'value', ...)`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_policies
from sqlml.catalog.tags import set_tag
from sqlml.errors import InvalidOption
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.tagging import tagged, tagging
from sqlml.types import Plan

_LONGEST = 255


class SetTags(Statement):
    """Tag the catalog, a schema, a table, a view or a column; policies go by tags.

        SET TAG ON COLUMN customers.email pii = 'email';
        ALTER TABLE customers SET TAGS ('team' = 'growth', 'tier' = 'gold');
        ALTER TABLE customers ALTER COLUMN email SET TAGS ('pii' = 'email');

    A tag that is there gets the new value. SET TAG ON MODEL is ALTER MODEL ... SET TAGS. Needs APPLY TAG, or to own
    the thing. Source: Databricks, SET TAG and ALTER TABLE.
    """

    name = "set_tags"
    takes = (nodes_policies.SetTags,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find what is tagged, and read the tags."""
        need_users(planner, tree, "SET TAG")
        on = tagged(planner, tree)
        tags: dict[str, str] = {}
        for option in tree.expressions:
            name, value = option.this.name, planner.constant(option.expression)
            if not name.strip() or len(name) > _LONGEST:
                raise planner.at(
                    InvalidOption("The name of a tag has 1 to 255 characters.", hint="Choose one."), option
                )
            if name in tags:
                raise planner.at(InvalidOption(f'The tag "{name}" is given twice.', hint="Keep one."), option)
            if value is None or isinstance(value, bool | list | dict):
                raise planner.at(
                    InvalidOption(f'The tag "{name}" has no text as its value.', hint="Write '...'."), option
                )
            tags[name] = str(value)
        details = (planner.acting, on, tags)
        return Plan(statement=self.name, sql="", tree=tree, privileges=tagging(on), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Tag it."""
        acting, on, tags = plan.details
        with changing_access(context, acting):
            for name, value in tags.items():
                set_tag(context.database, context.access.catalog, on, name, value)
        return no_rows()
