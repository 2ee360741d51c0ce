"""Relations of Databricks' catalog `system`, answered in place: DuckDB reserves the name and has no such schemas."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from sqlml.errors import PermissionDenied
from sqlml.lineage_edges import query_in

CATALOG = "system"

# One row a statement and a pair of relations. What a file has no name for, an account or a workspace, is NULL.
_TABLE_LINEAGE = """
SELECT NULL::VARCHAR AS account_id, NULL::VARCHAR AS metastore_id, NULL::VARCHAR AS workspace_id,
       'DBSQL_QUERY' AS entity_type, v.statement AS entity_id, v.event_id AS entity_run_id,
       CASE WHEN e.source_type <> 'PATH'
            THEN concat_ws('.', coalesce(e.source_catalog, __catalog), e.source_schema, e.source_name) END
           AS source_table_full_name,
       CASE WHEN e.source_type <> 'PATH' THEN coalesce(e.source_catalog, __catalog) END AS source_table_catalog,
       e.source_schema AS source_table_schema,
       CASE WHEN e.source_type <> 'PATH' THEN e.source_name END AS source_table_name,
       CASE WHEN e.source_type = 'PATH' THEN e.source_name END AS source_path, e.source_type,
       CASE WHEN v.target_type <> 'PATH' THEN concat_ws('.', __catalog, v.target_schema, v.target_name) END
           AS target_table_full_name,
       CASE WHEN v.target_type <> 'PATH' THEN __catalog END AS target_table_catalog,
       v.target_schema AS target_table_schema,
       CASE WHEN v.target_type <> 'PATH' THEN v.target_name END AS target_table_name,
       CASE WHEN v.target_type = 'PATH' THEN v.target_name END AS target_path, v.target_type,
       v.created_by, v.event_time, v.event_time::DATE AS event_date,
       md5(concat_ws('|', v.event_id, e.source_type, e.source_catalog, e.source_schema, e.source_name,
                     e.source_version)) AS record_id,
       v.event_id, v.event_id AS statement_id,
       {'source_version': e.source_version, 'target_version': v.target_version} AS entity_metadata
FROM sqlml.lineage_events AS v
JOIN (SELECT DISTINCT edge_set, source_type, source_catalog, source_schema, source_name, source_version
      FROM sqlml.lineage_edges) AS e ON e.edge_set = v.edge_set
"""
# The same, one row a pair of columns.
_COLUMN_LINEAGE = """
SELECT t.* EXCLUDE (created_by, event_time, event_date, record_id, event_id, statement_id, entity_metadata),
       c.source_column AS source_column_name, c.target_column AS target_column_name,
       t.created_by, t.event_time, t.event_date, md5(concat_ws('|', t.record_id, c.source_column, c.target_column))
           AS record_id, t.event_id, t.statement_id, t.entity_metadata
FROM __table_lineage AS t
JOIN sqlml.lineage_events AS v ON v.event_id = t.event_id
JOIN sqlml.lineage_edges AS c ON c.edge_set = v.edge_set AND c.source_type = t.source_type
     AND c.source_name = coalesce(t.source_table_name, t.source_path)
     AND c.source_schema IS NOT DISTINCT FROM t.source_table_schema
     AND c.source_version IS NOT DISTINCT FROM t.entity_metadata.source_version
     AND (c.source_type = 'PATH' OR coalesce(c.source_catalog, __catalog) = t.source_table_catalog)
WHERE c.target_column IS NOT NULL
"""
# One row a statement, out of the file beside the database: Databricks' columns, then what there is besides.
_AUDIT = """
SELECT (line.row.event_time::TIMESTAMPTZ AT TIME ZONE 'UTC')::DATE AS event_date,
       line.row.event_time::TIMESTAMPTZ AT TIME ZONE 'UTC' AS event_time,
       NULL::VARCHAR AS account_id, NULL::VARCHAR AS workspace_id,
       {'email': line.row.user, 'subject_name': coalesce(line.row.role, line.row.user)} AS user_identity,
       'sqlml' AS service_name, line.row.action_name AS action_name,
       MAP {'statement': line.row.statement, 'objects': array_to_string(line.row.objects, ', '),
            'role': line.row.role, 'transaction_id': line.row.transaction_id} AS request_params,
       {'status_code': CASE WHEN line.row.decision = 'deny' THEN 403 WHEN line.row.error IS NULL THEN 200 ELSE 400 END,
        'error_message': line.row.error, 'result': line.row.rows::VARCHAR} AS response,
       NULL::VARCHAR AS source_ip_address, line.row.door AS user_agent, line.row.session_id AS session_id,
       line.seq::VARCHAR AS event_id, line.seq::VARCHAR AS request_id, line.row.decision AS decision,
       line.row.rule AS rule, line.row.objects AS objects, line.row.rows AS rows, line.row.seconds AS seconds,
       line.row.statement AS statement, line.row.transaction_id AS transaction_id, line.row.error AS error
FROM (
    SELECT from_json(text, '{"seq": "BIGINT", "row": {"event_time": "VARCHAR", "user": "VARCHAR", "role": "VARCHAR",
        "action_name": "VARCHAR", "statement": "VARCHAR", "objects": ["VARCHAR"], "transaction_id": "VARCHAR",
        "decision": "VARCHAR", "error": "VARCHAR", "rows": "BIGINT", "door": "VARCHAR", "session_id": "VARCHAR",
        "rule": "VARCHAR", "seconds": "DOUBLE"}}') AS line
    FROM (SELECT unnest(sqlml_audit_rows(__catalog, part)) AS text
          FROM (SELECT unnest(range(sqlml_audit_parts(__catalog))) AS part))
)
"""
# MLflow's, whose table `runs_latest` has every run once, as it is now.
_EXPERIMENTS = """
SELECT NULL::VARCHAR AS account_id, NULL::VARCHAR AS workspace_id, e.experiment_id, e.name,
       e.creation_time AS create_time,
       greatest(e.creation_time, (SELECT max(r.end_time) FROM sqlml.runs AS r WHERE r.experiment_id = e.experiment_id))
           AS update_time,
       NULL::TIMESTAMP AS delete_time
FROM sqlml.experiments AS e
"""
_RUNS = """
SELECT NULL::VARCHAR AS account_id, NULL::VARCHAR AS workspace_id, r.run_id, r.experiment_id,
       coalesce(r.run_name, concat(m.model_name, '@', r.version)) AS run_name, r.status, r.start_time, r.end_time,
       r.start_time AS create_time, r.end_time AS update_time, NULL::TIMESTAMP AS delete_time,
       (SELECT map(list(p.key ORDER BY p.key), list(p.value ORDER BY p.key)) FROM sqlml.params AS p
        WHERE p.run_id = r.run_id AND NOT starts_with(p.key, 'asked.')) AS params,
       MAP {'model': concat_ws('.', __catalog, m.schema_name, m.model_name), 'version': r.version::VARCHAR,
            'model_id': r.model_id} AS tags,
       (SELECT list({'metric_name': a.key, 'latest': a.latest, 'min': a.least, 'max': a.most} ORDER BY a.key)
        FROM (SELECT t.key, arg_max(t.value, t.step) AS latest, min(t.value) AS least, max(t.value) AS most
              FROM sqlml.metrics AS t WHERE t.run_id = r.run_id GROUP BY t.key) AS a) AS aggregated_metrics
FROM sqlml.runs AS r JOIN sqlml.models AS m ON m.model_id = r.model_id
"""
_METRICS = """
SELECT NULL::VARCHAR AS account_id, NULL::VARCHAR AS workspace_id, t.timestamp AS insert_time,
       md5(concat_ws('|', t.run_id, t.key, t.step)) AS record_id, md5(concat_ws('|', t.run_id, t.key)) AS metric_id,
       r.experiment_id, t.run_id, t.key AS metric_name, t.timestamp AS metric_time, t.step AS metric_step,
       t.value AS metric_value
FROM sqlml.metrics AS t JOIN sqlml.runs AS r ON r.run_id = t.run_id
"""


@dataclass(frozen=True)
class SystemRelation:
    """A relation of catalog `system`: the query that it stands for, over the tables of schema `sqlml`."""

    schema: str
    name: str
    sql: str
    says: str


_RELATIONS = (
    SystemRelation("access", "table_lineage", _TABLE_LINEAGE, "which relations each statement that wrote has read"),
    SystemRelation("access", "audit", _AUDIT, "which statements were run or refused, and whose they were"),
    SystemRelation("mlflow", "experiments_latest", _EXPERIMENTS, "the experiments"),
    SystemRelation("mlflow", "runs_latest", _RUNS, "the training runs with their parameters and metrics"),
    SystemRelation("mlflow", "run_metrics_history", _METRICS, "each metric of each run, step by step"),
    SystemRelation("access", "column_lineage", _COLUMN_LINEAGE, "the same, column by column"),
)
RELATIONS = {(relation.schema, relation.name): relation for relation in _RELATIONS}


def system_query(table: exp.Table, catalog: str, *, is_superuser: bool) -> exp.Query | None:
    """The query that a name `system.access.table_lineage` stands for; None where it is none of these names.

    Raises PermissionDenied to whoever may not see all there is.
    """
    found = RELATIONS.get((table.db.casefold(), table.name.casefold()))
    if found is None or table.catalog.casefold() != CATALOG:
        return None
    if not is_superuser:
        raise PermissionDenied(
            f"system.{found.schema}.{found.name} names what may be hidden from you.",
            hint="Ask a superuser for what you need of it.",
        )
    tree = query_in(found.sql, catalog)
    for part in list(tree.find_all(exp.Table)):
        if part.name == "__table_lineage":
            inner = exp.Subquery(this=query_in(_TABLE_LINEAGE, catalog))
            inner.set("alias", exp.TableAlias(this=exp.to_identifier(part.alias)))
            part.replace(inner)
    return tree
