"""`DESCRIBE MODEL m`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.cursor import in_catalog
from sqlml.dialect import parse_query, to_sql
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.types import ObjectName, Plan, Privilege, Relation

_FACTS = """
WITH v AS (
    SELECT * FROM sqlml.model_versions WHERE model_id = $model_id AND version = $version
), r AS (
    SELECT * FROM sqlml.runs WHERE model_id = $model_id AND version = $version
), a AS (
    SELECT * FROM sqlml.artifacts WHERE model_id = $model_id AND version = $version
)
SELECT section, name, type, value FROM (
    SELECT 1 AS part, f.position, 'model' AS section, f.name, NULL AS type, f.value FROM (
        SELECT unnest([
            {'position': 1, 'name': 'name', 'value': $name},
            {'position': 2, 'name': 'version', 'value': v.version::VARCHAR},
            {'position': 3, 'name': 'model_type', 'value': v.model_type},
            {'position': 4, 'name': 'task', 'value': v.task},
            {'position': 5, 'name': 'created_at', 'value': v.created_at::VARCHAR},
            {'position': 6, 'name': 'created_by', 'value': v.created_by},
            {'position': 7, 'name': 'training_rows', 'value': r.training_rows::VARCHAR},
            {'position': 8, 'name': 'evaluation_rows', 'value': r.evaluation_rows::VARCHAR},
            {'position': 9, 'name': 'dropped_rows', 'value': r.dropped_rows::VARCHAR},
            {'position': 10, 'name': 'seconds', 'value': round(r.seconds, 3)::VARCHAR},
            {'position': 11, 'name': 'format', 'value': a.format},
            {'position': 12, 'name': 'sha256', 'value': a.sha256},
            {'position': 13, 'name': 'size_bytes', 'value': a.size_bytes::VARCHAR},
            {'position': 14, 'name': 'library_versions', 'value': a.library_versions},
            {'position': 15, 'name': 'training_query', 'value': v.training_query},
            {'position': 16, 'name': 'lineage_hash', 'value': (SELECT lineage_hash FROM sqlml.recipes AS l
                                                               WHERE l.model_id = $model_id AND l.version = $version)}
        ]) AS f FROM v, r, a)
    UNION ALL SELECT 2, 0, 'label', v.label_name, v.label_type, nullif(array_to_string(v.classes, ', '), '') FROM v
              WHERE v.label_name <> ''
    UNION ALL SELECT 3, position, 'feature', name, type, family FROM sqlml.features
              WHERE model_id = $model_id AND version = $version
    UNION ALL SELECT 4, 0, 'metric', m.key, r.evaluation_source, m.value::VARCHAR
              FROM sqlml.metrics AS m JOIN r ON r.run_id = m.run_id
              WHERE m.key NOT IN ('loss', 'eval_loss', 'duration_ms')
    UNION ALL SELECT 5, 0, 'option', p.key, NULL, p.value
              FROM sqlml.params AS p JOIN r ON r.run_id = p.run_id WHERE NOT starts_with(p.key, 'asked.')
    UNION ALL SELECT 6, 0, 'source',
              CASE WHEN catalog_name = 'temp' AND schema_name = 'registered' THEN relation_name
                   ELSE concat_ws('.', catalog_name, schema_name, relation_name) END,
              CASE WHEN catalog_name = 'temp' AND schema_name = 'registered' THEN 'registered dataframe' END, NULL
              FROM sqlml.source_relations WHERE model_id = $model_id AND version = $version
    UNION ALL SELECT 7, position, 'warning', rule, NULL, message FROM sqlml.warnings
              WHERE model_id = $model_id AND version = $version
    UNION ALL SELECT 8, t.n, 'transform', t.c.name, t.c.type, t.c.sql FROM (
        SELECT unnest(range(len(cs))) AS n, unnest(cs) AS c FROM (
            SELECT from_json(json_extract(clause, '$.columns'),
                             '[{"name": "VARCHAR", "type": "VARCHAR", "sql": "VARCHAR"}]') AS cs
            FROM sqlml.transforms WHERE model_id = $model_id AND version = $version
              AND json_extract(clause, '$.is_implicit') IS DISTINCT FROM 'true'::JSON)) AS t
) ORDER BY part, position, name
"""


class DescribeModel(Statement):
    """Everything the catalog knows about the newest version of a model.

        DESCRIBE MODEL churn;

    Columns: section (model, label, feature, metric, option, source, warning, transform), name, type, value.
    """

    name = "describe_model"
    takes = (nodes.DescribeModel,)

    def plan(self, tree: nodes.DescribeModel, planner: Planner) -> Plan:
        """Find the model."""
        model = planner.resolve(tree.this)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(ObjectName("models", "sqlml", model.catalog)),),
            privileges=(Privilege("EXECUTE", "MODEL", model.full_name, model.object_name),),
            details=model,
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Read it."""
        model = plan.details
        tree = parse_query(in_catalog(_FACTS, model.catalog))
        values = {"model_id": model.model_id, "version": model.version, "name": model.full_name}
        for mark in list(tree.find_all(exp.Placeholder)):
            mark.replace(exp.convert(values[mark.name]))
        return context.database.execute(to_sql(tree))
