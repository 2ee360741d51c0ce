"""What a session adds to an error of DuckDB's: which function was meant, what to do about one that is gone."""

from __future__ import annotations

from sqlml.errors import SqlmlError, nearest_hint
from sqlml.functions import FUNCTIONS
from sqlml.python_functions import PREFIX


def with_nearest_function(error: SqlmlError, sql: str) -> SqlmlError:
    """The error; where DuckDB knows no such function, with the nearest one of ours as the hint."""
    missing = error.missing_function
    if missing and missing.casefold() not in sql.casefold():
        # Its place is one in the text of the view.
        error.line = error.column = error.excerpt = None
        if missing.startswith(PREFIX):
            error.hint = "A function in Python of an attached database: connect to its file, or create it here."
            return error
        error.hint = f'A view or macro calls it. If it is a model that was dropped, create the model "{missing}" again.'
    elif missing:
        error.hint = nearest_hint(missing, [*FUNCTIONS.names(), "ml_train"], otherwise=error.hint)
    return error
