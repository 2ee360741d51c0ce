"""`SHOW FUNCTIONS [IN [catalog.]schema] [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions import FUNCTIONS
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing
from sqlml.statements.owning import function_securable, sees
from sqlml.types import ObjectName


class ShowFunctions(Listing):
    """The functions in Python of all attached databases and of this connection, and those of sqlml.

        SHOW FUNCTIONS IN main LIKE 'sh%';

    Columns: catalog, schema, name, language (python, sqlml), signature, description. The functions of a folder given
    by `udfs` and temporary ones are in catalog temp; those of sqlml are in none.
    """

    name = "show_functions"
    shows = "FUNCTIONS"
    columns = {
        "catalog": "VARCHAR",
        "schema": "VARCHAR",
        "name": "VARCHAR",
        "language": "VARCHAR",
        "signature": "VARCHAR",
        "description": "VARCHAR",
    }
    named_by = "name"
    scopes = ("catalog", "schema")
    order = ("catalog", "schema", "name")

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        listed = [
            (f.catalog, f.schema, f.name, "python", f.sql_signature, f.description)
            for f in context.python.all()
            if f.catalog == "temp" or _sees(context, ObjectName(f.name, f.schema, f.catalog))
        ]
        described = [(type(f).__doc__ or "").strip().splitlines()[0] for f in FUNCTIONS]
        own = [(None, None, f.name, "sqlml", f.signature, d) for f, d in zip(FUNCTIONS, described, strict=True)]
        return self.constants([*listed, *own])


def _sees(context: Context, name: ObjectName) -> bool:
    """Those of other databases are for superusers."""
    return context.access.acting.is_superuser or (
        name.catalog == context.access.catalog and sees(context, function_securable(name))
    )
