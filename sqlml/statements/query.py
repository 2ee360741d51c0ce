"""`SELECT ..., ml_predict('m', t) FROM t`, and any other statement of DuckDB's with calls of ours in it."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import InvalidOption, InvalidSql
from sqlml.planner import Planner
from sqlml.statements.base import Statement
from sqlml.types import Plan

_TAKEN = (
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Copy,
    exp.Pivot,
    exp.Summarize,
    exp.Describe,
    exp.Values,
    exp.Set,
)


class Query(Statement):
    """A statement of DuckDB's whose calls of our functions are replaced by plain SQL; the rest stays to the byte.

        SELECT id, ml_predict('churn', c) FROM customers AS c;

    Becomes:

        SELECT id, list_extract(..., sqlml_predict('<sha256>', {'age': CAST("c"."age" AS DOUBLE)})) FROM customers AS c;
    """

    name = "query"
    takes = _TAKEN

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Rewrite the calls of our functions."""
        if isinstance(tree, exp.Command):
            raise InvalidSql("This statement cannot be read.", hint="Send it without calls of ml_ functions.")
        planned = planner.query(tree, span=nodes.span_of(tree))
        if isinstance(tree, exp.Create) and tree.kind in ("VIEW", "FUNCTION", "MACRO") and planned.params:
            raise InvalidOption("A view or macro cannot hold parameters.", hint="Write the values out.")
        return Plan(
            statement=self.name,
            sql=planned.sql,
            tree=planned.tree,
            params=planned.params,
            reads=planned.reads,
            writes=planned.writes,
            calls=planned.calls,
            models=planned.models,
            privileges=planned.privileges,
            source_map=planned.source_map,
        )
