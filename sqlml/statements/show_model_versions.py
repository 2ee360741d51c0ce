"""`SHOW MODEL VERSIONS [IN [[catalog.]schema.]model] [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_VERSIONS = """
SELECT __catalog AS catalog, m.schema_name AS schema, m.model_name AS model, v.version,
       coalesce((SELECT list(a.alias ORDER BY a.alias) FROM sqlml.aliases AS a
                 WHERE a.model_id = m.model_id AND a.version = v.version), []) AS aliases,
       v.model_type, r.training_rows,
       (SELECT map(list(t.key ORDER BY t.key), list(t.value ORDER BY t.key)) FROM sqlml.metrics AS t
        WHERE t.run_id = r.run_id AND t.key NOT IN ('loss', 'eval_loss', 'duration_ms')) AS metrics,
       v.created_at, v.created_by, f.sha256,
       (SELECT l.lineage_hash FROM sqlml.recipes AS l
        WHERE l.model_id = m.model_id AND l.version = v.version) AS lineage_hash
FROM sqlml.models AS m JOIN sqlml.model_versions AS v ON v.model_id = m.model_id
JOIN sqlml.runs AS r ON r.run_id = v.run_id
JOIN sqlml.artifacts AS f ON f.model_id = v.model_id AND f.version = v.version
"""


class ShowModelVersions(Listing):
    """Every version of every model, with its aliases and what it was trained on.

        SHOW MODEL VERSIONS IN main.churn;

    Columns: catalog, schema, model, version, aliases, model_type, training_rows, metrics, created_at (UTC),
    created_by, sha256, lineage_hash (of query, rows, options and libraries; NULL where it was not trained here).
    """

    name = "show_model_versions"
    shows = "MODEL VERSIONS"
    columns = {
        "catalog": "VARCHAR",
        "schema": "VARCHAR",
        "model": "VARCHAR",
        "version": "INTEGER",
        "aliases": "VARCHAR[]",
        "model_type": "VARCHAR",
        "training_rows": "BIGINT",
        "metrics": "MAP(VARCHAR, DOUBLE)",
        "created_at": "TIMESTAMP",
        "created_by": "VARCHAR",
        "sha256": "VARCHAR",
        "lineage_hash": "VARCHAR",
    }
    named_by = "model"
    scopes = ("catalog", "schema", "model")
    order = ("catalog", "schema", "model", "version")

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        return self.from_catalogs(context, _VERSIONS)
