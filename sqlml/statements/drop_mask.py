"""`ALTER TABLE t ALTER COLUMN c DROP MASK`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_protection
from sqlml.access.values import Securable
from sqlml.catalog.protection import drop_mask
from sqlml.errors import NotFound
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, find_securable, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.protecting import managing
from sqlml.types import Plan


class DropMask(Statement):
    """Show a column as it is again.

    ALTER TABLE people ALTER COLUMN ssn DROP MASK;

    Source: Databricks, ALTER TABLE ... ALTER COLUMN DROP MASK.
    """

    name = "drop_mask"
    takes = (nodes_protection.DropMask,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the table."""
        need_users(planner, tree, "DROP MASK")
        table = find_securable(planner, "TABLE", tree.this)
        on = Securable.of("COLUMN", table.schema, table.name, tree.args["column"].name)
        return Plan(statement=self.name, sql="", tree=tree, privileges=(managing(table),), details=(planner.acting, on))

    def run(self, plan: Plan, context: Context) -> Result:
        """Drop it."""
        acting, on = plan.details
        with changing_access(context, acting):
            if not drop_mask(context.database, context.access.catalog, on):
                raise NotFound(f'The column "{on.column}" has no mask.', hint="SET MASK sets one.")
        return no_rows()
