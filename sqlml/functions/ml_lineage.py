"""`ML.LINEAGE('report')`: what an object was made from, or what was made from it, column by column."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sqlml.dialect import read_name
from sqlml.errors import InvalidOption, PermissionDenied
from sqlml.functions.arguments import Given, arguments, choice, whole
from sqlml.functions.base import Call, Context, Function
from sqlml.lineage_edges import query_in

_DIRECTIONS = ("upstream", "downstream", "both")
_DEEPEST = 100
_ARGUMENTS = ("object", "direction", "depth", "column")

_WALK = """
WITH RECURSIVE edges AS MATERIALIZED (FROM __edges AS e),
asked AS MATERIALIZED (
    SELECT DISTINCT node FROM (
        SELECT source_node AS node, source_type AS kind, source_name AS name, source_schema AS in_schema FROM edges
        UNION ALL SELECT target_node, target_type, target_name, target_schema FROM edges
        UNION ALL SELECT concat_ws('|', 'RELATION', '', lower(schema_name), lower(table_name)), 'TABLE', table_name,
                         schema_name FROM duckdb_tables() WHERE database_name = __catalog
        UNION ALL SELECT concat_ws('|', 'RELATION', '', lower(schema_name), lower(view_name)), 'VIEW', view_name,
                         schema_name FROM duckdb_views() WHERE database_name = __catalog
        UNION ALL SELECT concat_ws('|', 'MODEL', '', lower(schema_name), lower(model_name)), 'MODEL', model_name,
                         schema_name FROM sqlml.models)
    WHERE (name = $path AND kind IN ('PATH', 'DATAFRAME'))
       OR (lower(name) = lower($name) AND kind IN ('TABLE', 'VIEW', 'MODEL')
           AND lower(in_schema) = lower(coalesce($schema, current_schema())))),
known AS MATERIALIZED (
    SELECT CASE WHEN count(*) = 0 THEN error('There is no table, view, model or file called ' || $path || '.' || chr(10)
                || 'Hint: Write schema.name, or the path of a file as it was read.') END AS none
    FROM asked),
up AS (
    SELECT e.edge, 1 AS depth FROM edges AS e JOIN asked AS a ON a.node = e.target_node
    WHERE $upstream AND ($column IS NULL OR lower(e.target_column) = lower($column) OR e.target_type = 'MODEL')
    UNION
    SELECT n.edge, up.depth + 1
    FROM up JOIN edges AS e ON e.edge = up.edge JOIN edges AS n ON n.target_node = e.source_node
    WHERE up.depth < $depth
      AND (e.source_version IS NULL OR n.target_version IS NULL OR e.source_version = n.target_version)
      AND (n.target_type = 'MODEL' OR e.source_column IS NULL OR lower(n.target_column) = lower(e.source_column)
           OR ($column IS NULL AND n.target_column IS NULL))),
down AS (
    SELECT e.edge, 1 AS depth FROM edges AS e JOIN asked AS a ON a.node = e.source_node
    WHERE $downstream AND ($column IS NULL OR lower(e.source_column) = lower($column) OR e.source_type = 'MODEL')
    UNION
    SELECT n.edge, down.depth + 1
    FROM down JOIN edges AS e ON e.edge = down.edge JOIN edges AS n ON n.source_node = e.target_node
    WHERE down.depth < $depth
      AND (n.source_version IS NULL OR e.target_version IS NULL OR n.source_version = e.target_version)
      AND (n.source_type = 'MODEL' OR e.target_column IS NULL OR lower(n.source_column) = lower(e.target_column)
           OR ($column IS NULL AND n.source_column IS NULL)))
SELECT w.direction, w.depth, e.source_type,
       concat_ws('.', e.source_catalog, e.source_schema, e.source_name) AS source, e.source_version, e.source_column,
       e.target_type, concat_ws('.', e.target_schema, e.target_name) AS target, e.target_version, e.target_column,
       e.statement, e.event_time, e.created_by
FROM (SELECT 'upstream' AS direction, edge, min(depth)::INTEGER AS depth FROM up GROUP BY ALL
      UNION ALL SELECT 'downstream', edge, min(depth)::INTEGER FROM down GROUP BY ALL) AS w
JOIN edges AS e ON e.edge = w.edge
WHERE (SELECT none FROM known) IS NULL
ORDER BY w.direction DESC, w.depth, target, e.target_version, e.target_column, source, e.source_version, e.source_column
"""


class MlLineage(Function):
    """What a table, view, model or file was made from (upstream), or what was made from it (downstream).

        SELECT * FROM ML.LINEAGE('report');
        SELECT * FROM ML.LINEAGE('customers', 'downstream', 2, column := 'email');

    The object is a name, with its schema where that is not the current one, or the path of a file as it was read.
    `direction` is upstream, downstream or both, `depth` how many steps are followed (1 to 100, all by default);
    `column` follows one column.

    Columns: direction, depth, source_type (TABLE, VIEW, MODEL, PATH, DATAFRAME), source, source_version (of a model),
    source_column, target_type, target, target_version, target_column, statement, event_time (UTC, the latest),
    created_by. An edge without source_column says that the relation was read and that no column came from it: it
    decided which rows there are. A model stands between the columns it was trained on and those it computed; a view
    that scores follows the model's newest version and names none.

    In a database with users only superusers may ask.

    Becomes a recursive query over sqlml.lineage_events and
    sqlml.lineage_edges. Source: Databricks, system.access.column_lineage.
    """

    name = "ml_lineage"
    signature = "ML.LINEAGE('object' [, 'upstream' | 'downstream' | 'both' [, depth]] [, column := 'c'])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The edges, nearest first."""
        if not context.is_superuser:
            raise PermissionDenied(
                "Lineage names tables that may be hidden from you.", hint="Ask a superuser for what you need of it."
            )
        given = arguments(call, _ARGUMENTS, needed=1, signature=self.signature)
        asked = _text(given, "object", context)
        direction = choice(given, "direction", context, _DIRECTIONS, default="upstream")
        table = read_name(asked)
        values: dict[str, Any] = {
            "path": asked,
            "name": table.name if table is not None else asked,
            "schema": table.db or None if table is not None else None,
            "column": _text(given, "column", context) if "column" in given else None,
            "depth": whole(given, "depth", context, default=_DEEPEST, low=1, high=_DEEPEST),
            "upstream": direction != "downstream",
            "downstream": direction != "upstream",
        }
        tree = query_in(_WALK, context.catalog)
        for mark in list(tree.find_all(exp.Placeholder)):
            mark.replace(exp.convert(values[mark.name]))
        return tree


def _text(given: Given, name: str, context: Context) -> str:
    value = context.value(given[name]) if name in given else None
    if not isinstance(value, str) or not value:
        raise InvalidOption(
            f"ml_lineage needs the {name} as text.", hint="Write ML.LINEAGE('schema.name'), column := 'name'."
        )
    return value
