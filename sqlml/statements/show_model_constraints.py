"""`SHOW MODEL CONSTRAINTS [IN [[catalog.]schema.]model] [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.catalog.constraints import SINCE
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_CONSTRAINTS = """
SELECT __catalog AS catalog, m.schema_name AS schema, m.model_name AS model, c.constraint_name AS "constraint",
       c.condition, c.query, c.slices, c.created_at, c.created_by
FROM sqlml.model_constraints AS c JOIN sqlml.models AS m ON m.model_id = c.model_id
"""


class ShowModelConstraints(Listing):
    """What a version of each model must hold to become its champion.

        SHOW MODEL CONSTRAINTS IN main.churn LIKE 'quality%';

    Columns: catalog, schema, model, constraint, condition, query (NULL where it is over the metrics kept at training),
    slices (the columns of FOR EACH), created_at (UTC), created_by. LIKE compares the name of the constraint.
    """

    name = "show_model_constraints"
    shows = "MODEL CONSTRAINTS"
    columns = {
        "catalog": "VARCHAR",
        "schema": "VARCHAR",
        "model": "VARCHAR",
        "constraint": "VARCHAR",
        "condition": "VARCHAR",
        "query": "VARCHAR",
        "slices": "VARCHAR[]",
        "created_at": "TIMESTAMP",
        "created_by": "VARCHAR",
    }
    named_by = "constraint"
    since = SINCE
    scopes = ("catalog", "schema", "model")
    order = ("catalog", "schema", "model", '"constraint"')

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        return self.from_catalogs(context, _CONSTRAINTS)
