"""`SHOW TAGS [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.access.values import Securable
from sqlml.lineage_edges import query_in
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_CARRIED = """
WITH RECURSIVE edges AS MATERIALIZED (FROM __edges AS e),
carried AS (
    SELECT e.edge, e.target_node AS node, e.target_column AS column_name, t.tag, t.value,
           concat_ws('.', e.source_schema, e.source_name, nullif(t.column_name, '')) AS carried_from
    FROM sqlml.object_tags AS t JOIN edges AS e
        ON lower(e.source_schema) = t.schema_name AND lower(e.source_name) = t.object_name
        AND e.source_catalog IS NULL AND e.source_type IN ('TABLE', 'VIEW')
        AND (t.column_name = '' OR lower(e.source_column) = t.column_name)
    WHERE t.kind IN ('TABLE', 'COLUMN')
    UNION
    SELECT n.edge, n.target_node, n.target_column, c.tag, c.value, c.carried_from
    FROM carried AS c JOIN edges AS n ON n.source_node = c.node
    WHERE n.source_type = 'MODEL' OR c.column_name IS NULL OR lower(n.source_column) = lower(c.column_name))
SELECT DISTINCT e.target_type AS type,
       concat_ws('.', e.target_schema, e.target_name) || coalesce('@' || e.target_version, '') AS name,
       c.column_name AS "column", c.tag, c.value, c.carried_from
FROM carried AS c JOIN edges AS e ON e.edge = c.edge
"""


class ShowTags(Listing):
    """The tags of catalog, schemas, tables and columns, and where they have come to by lineage.

        SHOW TAGS LIKE 'pii';

    Columns: type, name, column, tag, value, carried_from (NULL for a tag that was set). What was computed from a tagged
    column carries its tags: columns of tables and views, models that were trained on it and their predictions. No
    policy looks at a carried tag: SET TAG makes it one. Others than superusers see tags that were set, of what
    they may know of. Source: Databricks, governed tags.
    """

    name = "show_tags"
    shows = "TAGS"
    columns = {
        "type": "VARCHAR",
        "name": "VARCHAR",
        "column": "VARCHAR",
        "tag": "VARCHAR",
        "value": "VARCHAR",
        "carried_from": "VARCHAR",
    }
    named_by = "tag"
    order = ("tag", "carried_from NULLS FIRST", "type", "name", "column")
    yields = True

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        acting = context.access.acting
        access = acting.access
        if not access.is_governed:
            return self.constants([])
        found = self.constants(
            [
                (on.kind, _name(on), on.column or None, tag, value, None)
                for on, tags in access.tags.items()
                for tag, value in tags.items()
                if acting.is_superuser or access.sees(acting.roles, on)
            ]
        )
        if not acting.is_superuser:
            return found
        carried = query_in(_CARRIED, context.access.catalog).subquery("carried", copy=False)
        return exp.union(found, exp.select("*").from_(carried, copy=False), distinct=False, copy=False)


def _name(on: Securable) -> str | None:
    return ".".join(part for part in (on.schema, on.name) if part) or None
