"""`SHOW MODEL FUNCTIONS [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions import FUNCTIONS
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing


class ShowModelFunctions(Listing):
    """The SQL functions of sqlml.

        SHOW MODEL FUNCTIONS LIKE 'ml_predict%';

    Columns: name, signature, description.
    """

    name = "show_model_functions"
    shows = "MODEL FUNCTIONS"
    columns = {
        "name": "VARCHAR",
        "signature": "VARCHAR",
        "description": "VARCHAR",
    }
    named_by = "name"
    scopes = ()
    order = ("name",)

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        described = [(f.name, f.signature, (type(f).__doc__ or "").strip().splitlines()[0]) for f in FUNCTIONS]
        return self.constants(described)
