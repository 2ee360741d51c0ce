"""`DESCRIBE MODEL TYPE logistic_reg`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.described_options import describe_options
from sqlml.dialect import to_sql
from sqlml.errors import SqlmlError
from sqlml.model_types import MODEL_TYPES
from sqlml.options import CommonOptions
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.types import Plan

_COLUMNS = ("option", "values", "default", "description", "scope")


class DescribeModelType(Statement):
    """The options of a model type: its own first, then those that every model type has.

        DESCRIBE MODEL TYPE logistic_reg;

    Columns: option, values, default, description, scope (the model type, or common).
    """

    name = "describe_model_type"
    takes = (nodes.DescribeModelType,)

    def plan(self, tree: nodes.DescribeModelType, planner: Planner) -> Plan:
        """Find the model type."""
        try:
            kind = MODEL_TYPES.find(tree.name)
        except SqlmlError as error:
            raise planner.at(error, tree.this) from None
        return Plan(statement=self.name, sql="", tree=tree, reads=(), details=kind)

    def run(self, plan: Plan, context: Context) -> Result:
        """List its options."""
        kind = plan.details
        described = [(o, kind.name) for o in describe_options(kind.Options)]
        described += [(o, "common") for o in describe_options(CommonOptions)]
        rows = [(o.name, o.values, o.default or None, o.doc, scope) for o, scope in described]
        listed = exp.select("*").from_(exp.values(rows, alias="options", columns=list(_COLUMNS)))
        return context.database.execute(to_sql(listed))
