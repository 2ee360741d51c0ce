"""`ALTER TABLE t SET ROW FILTER f ON (column, ...)`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_protection
from sqlml.catalog.protection import set_row_filter
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.protecting import checked, read_hiding
from sqlml.types import Plan


class SetRowFilter(Statement):
    """Show of a table the rows for which a macro is TRUE, to everyone: who is exempt the macro says itself.

        CREATE MACRO own_region(region) AS is_member('admins') OR region = 'US';
        ALTER TABLE sales SET ROW FILTER own_region ON (region);

    Becomes, wherever the table is read:

        (SELECT * FROM sales WHERE own_region(region))

    A table has one filter; another one replaces it. Source: Databricks, ALTER TABLE ... SET ROW FILTER.
    """

    name = "set_row_filter"
    takes = (nodes_protection.SetRowFilter,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the table and the function."""
        need_users(planner, tree, "SET ROW FILTER")
        hiding, privileges = read_hiding(planner, tree)
        return Plan(statement=self.name, sql="", tree=tree, privileges=privileges, details=(planner.acting, hiding))

    def run(self, plan: Plan, context: Context) -> Result:
        """Check its columns, and set it."""
        acting, hiding = plan.details
        with changing_access(context, acting):
            filtering = checked(hiding, context, hiding.arguments, acting.current)
            set_row_filter(context.database, context.access.catalog, hiding.table, filtering)
        return no_rows()
