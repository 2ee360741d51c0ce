"""Queries over lineage as it is kept: one row an edge, from a column (or a whole relation, or a model) to another.

An edge counts as long as its target was not made anew since. Of a version that was trained before lineage was kept, or
elsewhere, the relations and columns count that its query names.
"""

from __future__ import annotations

from sqlglot import exp

from sqlml.dialect import parse_query

EDGES = """
WITH made_anew AS (
    SELECT lower(target_schema) AS in_schema, lower(target_name) AS name, target_version, max(event_time) AS since
    FROM sqlml.lineage_events WHERE is_new GROUP BY ALL),
written AS (
    SELECT e.source_type, e.source_catalog, e.source_schema, e.source_name, e.source_version, e.source_column,
           v.target_type, v.target_schema, v.target_name, v.target_version, e.target_column,
           arg_max(v.statement, v.event_time) AS statement, max(v.event_time) AS event_time,
           arg_max(v.created_by, v.event_time) AS created_by
    FROM sqlml.lineage_events AS v JOIN sqlml.lineage_edges AS e ON e.edge_set = v.edge_set
    LEFT JOIN made_anew AS m
        ON m.name = lower(v.target_name) AND m.in_schema IS NOT DISTINCT FROM lower(v.target_schema)
        AND m.target_version IS NOT DISTINCT FROM v.target_version
    WHERE m.since IS NULL OR v.event_time >= m.since
    GROUP BY ALL),
kinds AS (
    SELECT lower(target_schema) AS in_schema, lower(target_name) AS name, arg_max(target_type, event_time) AS kind
    FROM sqlml.lineage_events GROUP BY ALL),
trained AS (
    SELECT CASE WHEN r.is_path THEN 'PATH'
                WHEN r.catalog_name = 'temp' AND r.schema_name = 'registered' THEN 'DATAFRAME'
                ELSE coalesce(k.kind, 'TABLE') END AS source_type,
           CASE WHEN r.catalog_name NOT IN (__catalog, 'temp') THEN r.catalog_name END AS source_catalog,
           CASE WHEN r.catalog_name IS DISTINCT FROM 'temp' THEN r.schema_name END AS source_schema,
           r.relation_name AS source_name, NULL::INTEGER AS source_version, c.column_name AS source_column,
           'MODEL' AS target_type, m.schema_name AS target_schema, m.model_name AS target_name,
           v.version AS target_version, NULL::VARCHAR AS target_column, 'CREATE MODEL' AS statement,
           v.created_at AS event_time, v.created_by
    FROM sqlml.source_relations AS r
    JOIN sqlml.models AS m ON m.model_id = r.model_id
    JOIN sqlml.model_versions AS v ON v.model_id = r.model_id AND v.version = r.version
    LEFT JOIN sqlml.source_columns AS c
        ON c.model_id = r.model_id AND c.version = r.version
        AND c.relation_name = concat_ws('.', r.catalog_name, r.schema_name, r.relation_name)
    LEFT JOIN kinds AS k ON k.name = lower(r.relation_name) AND k.in_schema = lower(r.schema_name)
    ANTI JOIN written AS w ON w.target_type = 'MODEL' AND w.target_version = v.version
        AND w.target_name = m.model_name AND w.target_schema = m.schema_name)
SELECT e.*, row_number() OVER () AS edge,
       concat_ws('|', CASE WHEN source_type IN ('TABLE', 'VIEW') THEN 'RELATION' ELSE source_type END,
                 coalesce(lower(source_catalog), ''), coalesce(lower(source_schema), ''),
                 lower(source_name)) AS source_node,
       concat_ws('|', CASE WHEN target_type IN ('TABLE', 'VIEW') THEN 'RELATION' ELSE target_type END,
                 '', coalesce(lower(target_schema), ''), lower(target_name)) AS target_node
FROM (FROM written UNION ALL BY NAME FROM trained) AS e
"""


def query_in(sql: str, catalog: str) -> exp.Query:
    """A query over tables of schema `sqlml` of a database; `__catalog` is its name, `__edges` are the edges of it."""
    tree = parse_query(sql)
    for table in list(tree.find_all(exp.Table)):
        if table.name == "__edges" and not table.db:
            edges = exp.Subquery(this=parse_query(EDGES), alias=exp.TableAlias(this=exp.to_identifier(table.alias)))
            table.replace(edges)
    for table in tree.find_all(exp.Table):
        if table.db == "sqlml":
            table.set("catalog", exp.to_identifier(catalog, quoted=True))
    for column in list(tree.find_all(exp.Column)):
        if column.name == "__catalog" and not column.table:
            column.replace(exp.Literal.string(catalog))
    return tree
