"""`SHOW MODELS [IN [catalog.]schema] [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_MODELS = """
SELECT __catalog AS catalog, m.schema_name AS schema, m.model_name AS model, v.version, v.model_type,
       v.label_name AS label, v.created_at, v.created_by, m.owner, m.comment,
       coalesce((SELECT list(a.alias ORDER BY a.alias) FROM sqlml.aliases AS a
                 WHERE a.model_id = m.model_id AND a.version = v.version), []) AS aliases
FROM sqlml.models AS m JOIN sqlml.model_versions AS v ON v.model_id = m.model_id
WHERE v.version = coalesce(
    (SELECT c.version FROM sqlml.aliases AS c WHERE c.model_id = m.model_id AND lower(c.alias) = 'champion'),
    (SELECT max(w.version) FROM sqlml.model_versions AS w WHERE w.model_id = m.model_id))
"""


class ShowModels(Listing):
    """The models of all attached databases, each with the version that its name means: the champion, else the newest.

        SHOW MODELS IN main LIKE 'churn%';

    Columns: catalog, schema, model, version, model_type, label, created_at (UTC), created_by, owner, comment, aliases.
    """

    name = "show_models"
    shows = "MODELS"
    columns = {
        "catalog": "VARCHAR",
        "schema": "VARCHAR",
        "model": "VARCHAR",
        "version": "INTEGER",
        "model_type": "VARCHAR",
        "label": "VARCHAR",
        "created_at": "TIMESTAMP",
        "created_by": "VARCHAR",
        "owner": "VARCHAR",
        "comment": "VARCHAR",
        "aliases": "VARCHAR[]",
    }
    named_by = "model"
    scopes = ("catalog", "schema")
    order = ("catalog", "schema", "model")

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        return self.from_catalogs(context, _MODELS)
