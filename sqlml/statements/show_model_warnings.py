"""`SHOW MODEL WARNINGS [IN [[catalog.]schema.]model] [LIKE 'rule']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_WARNINGS = """
SELECT __catalog AS catalog, m.schema_name AS schema, m.model_name AS model, w.version, w.position, w.rule, w.feature,
       w.message
FROM sqlml.warnings AS w JOIN sqlml.models AS m ON m.model_id = w.model_id
"""


class ShowModelWarnings(Listing):
    """What the linter had to say about each version of each model, and fitting (rule `fit`).

        SHOW MODEL WARNINGS IN main.churn LIKE 'derived%';

    Columns: catalog, schema, model, version, position (from 1 within a version), rule, feature (NULL where it is about
    more than one), message.
    LIKE compares the rule.
    """

    name = "show_model_warnings"
    shows = "MODEL WARNINGS"
    columns = {
        "catalog": "VARCHAR",
        "schema": "VARCHAR",
        "model": "VARCHAR",
        "version": "INTEGER",
        "position": "INTEGER",
        "rule": "VARCHAR",
        "feature": "VARCHAR",
        "message": "VARCHAR",
    }
    named_by = "rule"
    scopes = ("catalog", "schema", "model")
    order = ("catalog", "schema", "model", "version", "position")

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        return self.from_catalogs(context, _WARNINGS)
