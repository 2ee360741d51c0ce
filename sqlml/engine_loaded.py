"""Functions on a DuckDB connection of the user's own: `sqlml.load(con)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from sqlml.engine_errors import translate
from sqlml.errors import AlreadyExists, InvalidOption

# In it they are all there: the macros are made together.
LOADED = "sqlml_loaded"
_FOUND = """
SELECT database_name, schema_name, lower(function_name) FROM duckdb_functions()
WHERE list_contains(?, lower(function_name)) AND NOT internal
  AND database_name IN ('system', 'temp', current_database()) AND list_contains(current_schemas(true), schema_name)
ORDER BY ALL
"""
_TRANSACTION = "SELECT txid_current()"
_SEARCH_PATH = "SELECT current_setting('search_path')"


def search_path_of(duck: Any) -> str:
    """Where a connection looks for tables and models."""
    return str(_rows(duck, _SEARCH_PATH)[0][0])


def needs_macros(duck: Any, names: Sequence[str]) -> bool:
    """Whether a connection does not have our macros yet.

    Raises AlreadyExists where a function of the user's has one of the names, InvalidOption in a transaction, which
    would not see the functions that they call.
    """
    found = _rows(duck, _FOUND, [[*names, LOADED]])
    if ("temp", "main", LOADED) in found:
        return False
    for database, schema, name in found:
        raise AlreadyExists(
            f'There is a function "{database}.{schema}.{name}" already, and sqlml.load makes one of that name.',
            hint="Drop it or give it another name, then load again.",
        )
    if _rows(duck, _TRANSACTION) == _rows(duck, _TRANSACTION):
        raise InvalidOption("The connection is in a transaction.", hint="Load before BEGIN, or after COMMIT.")
    return True


def place_macros(duck: Any, script: str) -> None:
    """Create temporary macros on a connection."""
    _rows(duck, script)


def _rows(duck: Any, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    try:
        found: list[tuple[Any, ...]] = duck.execute(sql, list(params)).fetchall()
    except duckdb.Error as error:
        raise translate(error) from None
    return found
