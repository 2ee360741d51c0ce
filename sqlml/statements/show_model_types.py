"""`SHOW MODEL TYPES [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.model_types import MODEL_TYPES
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing


class ShowModelTypes(Listing):
    """The model types that CREATE MODEL knows.

        SHOW MODEL TYPES LIKE 'boosted%';

    Columns: model_type, task, description.
    """

    name = "show_model_types"
    shows = "MODEL TYPES"
    columns = {
        "model_type": "VARCHAR",
        "task": "VARCHAR",
        "description": "VARCHAR",
    }
    named_by = "model_type"
    scopes = ()
    order = ("model_type",)

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        described = [(t.name, t.task, (type(t).__doc__ or "").strip().splitlines()[0]) for t in MODEL_TYPES]
        return self.constants(described)
