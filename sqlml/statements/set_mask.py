"""`ALTER TABLE t ALTER COLUMN c SET MASK f [USING COLUMNS (column, ...)]`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_protection
from sqlml.access.objects import Objects
from sqlml.access.values import Securable
from sqlml.catalog.protection import set_mask
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.protecting import check_column, checked, entry_of, read_hiding
from sqlml.types import Plan


class SetMask(Statement):
    """Show a macro of a column instead of the column, to everyone: for whom it shows it as it is the macro says itself.

        CREATE MACRO mask_ssn(ssn) AS CASE WHEN is_member('hr') THEN ssn ELSE '***' END;
        ALTER TABLE people ALTER COLUMN ssn SET MASK mask_ssn;

    Becomes, wherever the table is read:

        (SELECT ..., CAST(mask_ssn(ssn) AS VARCHAR) AS ssn FROM people)

    The columns of USING COLUMNS are further arguments. Source: Databricks, ALTER TABLE ... ALTER COLUMN SET MASK.
    """

    name = "set_mask"
    takes = (nodes_protection.SetMask,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the table and the function."""
        need_users(planner, tree, "SET MASK")
        hiding, privileges = read_hiding(planner, tree)
        details = (planner.acting, hiding, tree.args["column"].name)
        return Plan(statement=self.name, sql="", tree=tree, privileges=privileges, details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Check its columns, and set it."""
        acting, hiding, column = plan.details
        with changing_access(context, acting):
            objects = Objects(context.database, context.access.catalog)
            check_column(entry_of(hiding.table, objects), column, objects)
            masking = checked(hiding, context, (column, *hiding.arguments), acting.current)
            on = Securable.of("COLUMN", hiding.table.schema, hiding.table.name, column)
            set_mask(context.database, context.access.catalog, on, masking)
        return no_rows()
