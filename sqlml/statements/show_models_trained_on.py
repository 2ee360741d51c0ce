"""`SHOW MODELS TRAINED ON {t | t (column) | (query)}`."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sqlml import nodes_lineage
from sqlml.dialect import to_sql
from sqlml.lineage_edges import query_in
from sqlml.planner import Planner, object_name, relations
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.types import ObjectName, Plan, Privilege, Relation

_TRAINED_ON = """
WITH RECURSIVE edges AS MATERIALIZED (FROM __edges AS e),
asked AS (SELECT unnest($names::VARCHAR[]) AS name, unnest($schemas::VARCHAR[]) AS in_schema,
                 unnest($columns::VARCHAR[]) AS column_name, unnest($paths::BOOLEAN[]) AS is_path),
down AS (
    SELECT e.edge, e.source_schema, e.source_name, e.source_column AS of_column, 1 AS steps
    FROM edges AS e JOIN asked AS a
        ON lower(e.source_name) = lower(a.name) AND (e.source_type = 'PATH') = a.is_path
        AND (a.is_path OR e.source_type = 'DATAFRAME'
             OR lower(e.source_schema) = lower(coalesce(a.in_schema, current_schema())))
        AND (a.column_name IS NULL OR lower(e.source_column) = lower(a.column_name))
    UNION
    SELECT n.edge, down.source_schema, down.source_name, down.of_column, down.steps + 1
    FROM down JOIN edges AS e ON e.edge = down.edge JOIN edges AS n ON n.source_node = e.target_node
    WHERE e.target_type <> 'MODEL' AND down.steps < 100
      AND (e.target_column IS NULL OR lower(n.source_column) = lower(e.target_column)))
SELECT e.target_schema AS schema, e.target_name AS model, e.target_version AS version,
       concat_ws('.', down.source_schema, down.source_name) AS source, down.of_column AS source_column,
       list(DISTINCT e.target_column ORDER BY e.target_column) FILTER (WHERE e.target_column IS NOT NULL) AS features,
       min(down.steps)::INTEGER AS steps
FROM down JOIN edges AS e ON e.edge = down.edge
WHERE e.target_type = 'MODEL'
GROUP BY ALL
ORDER BY schema, model, version, source, source_column
"""


class ShowModelsTrainedOn(Statement):
    """The versions that were trained on a table, on a column, or on what a query reads, directly or through others.

        SHOW MODELS TRAINED ON customers;
        SHOW MODELS TRAINED ON customers (email);
        SHOW MODELS TRAINED ON (SELECT email FROM customers);

    Columns: schema, model, version, source, source_column, features (inputs and label that come from it), steps: 1
    where the model's own query reads it. Of a table all its columns count; a file is named in a query, as 'file.csv'.
    In a database with users only superusers may ask.
    """

    name = "show_models_trained_on"
    takes = (nodes_lineage.ShowModelsTrainedOn,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find what is asked about."""
        asked: list[Relation] = []
        if isinstance(tree.this, exp.Table):
            column = tree.args.get("column")
            asked.append(Relation(object_name(tree.this), (column.name,) if column is not None else None))
        elif planner.acting.is_superuser:
            # DuckDB says what is wrong with it, and so what there is.
            planner.binder.describe(to_sql(tree.this))
            asked += relations(tree.this)[0]
        reads = (Relation(ObjectName("lineage_edges", "sqlml", planner.snapshot.catalog)),)
        catalog = planner.snapshot.catalog
        # It names models that may be hidden from others.
        needed = (Privilege("SUPERUSER", "DATABASE", catalog),)
        details = (catalog, asked)
        return Plan(statement=self.name, sql="", tree=tree, reads=reads, privileges=needed, details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """List them."""
        catalog, asked = plan.details
        rows = [(of, column) for of in asked for column in (of.columns or [None])]
        values: dict[str, list[Any]] = {
            "names": [of.name.name for of, _ in rows],
            "schemas": [of.name.schema for of, _ in rows],
            "columns": [column for _, column in rows],
            "paths": [of.is_path for of, _ in rows],
        }
        return context.database.execute(to_sql(query_in(_TRAINED_ON, catalog)), values)
