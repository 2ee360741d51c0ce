"""`ALTER TABLE t DROP ROW FILTER`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_protection
from sqlml.catalog.protection import drop_row_filter
from sqlml.errors import NotFound
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, find_securable, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.protecting import managing
from sqlml.types import Plan


class DropRowFilter(Statement):
    """Show all rows of a table again.

    ALTER TABLE sales DROP ROW FILTER;

    Source: Databricks, ALTER TABLE ... DROP ROW FILTER.
    """

    name = "drop_row_filter"
    takes = (nodes_protection.DropRowFilter,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the table."""
        need_users(planner, tree, "DROP ROW FILTER")
        table = find_securable(planner, "TABLE", tree.this)
        details = (planner.acting, table)
        return Plan(statement=self.name, sql="", tree=tree, privileges=(managing(table),), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Drop it."""
        acting, table = plan.details
        with changing_access(context, acting):
            if not drop_row_filter(context.database, context.access.catalog, table):
                raise NotFound(f'The table "{table.name}" has no row filter.', hint="SET ROW FILTER sets one.")
        return no_rows()
