"""Opening DuckDB, and telling which database a connection belongs to."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import duckdb

from sqlml.engine_errors import translate
from sqlml.errors import ConnectionClosed, DatabaseLocked, InvalidOption, NotFound

# The function by which an instance says which of our databases it is: UDFs belong to the instance.
KEY = "sqlml_database"
PRIVATE = ":memory::"
_READ_KEY = "SELECT sqlml_database()"
_READ_ONLY = "SELECT readonly FROM duckdb_databases() WHERE database_name = current_database()"


def key_of(path: str) -> str:
    """The key of a database: of a file its full path, of memory without a name one of its own."""
    if path in ("", ":memory:"):
        return f"{PRIVATE}{uuid.uuid4().hex}"
    return path if path.startswith(":memory:") else str(Path(path).resolve())


def connect(path: str, *, read_only: bool, config: dict[str, Any]) -> Any:
    """Open a file or memory.

    Raises DatabaseLocked when another process has it, NotFound for a file to be read that is not there.
    """
    if read_only and not path.startswith(":memory:") and not Path(path).exists():
        raise NotFound(f"There is no database file {path}.", hint="read_only=True opens only files that exist.")
    try:
        return duckdb.connect(path, read_only=read_only, config=config)
    except duckdb.Error as error:
        translated = translate(error)
        if "lock on file" in translated.message:
            raise DatabaseLocked(
                f"{path} is open in another process: {translated.message}",
                hint="Close it there; or open it with read_only=True in every process.",
            ) from None
        raise translated from None


def copy_of(duck: Any) -> Any:
    """Another connection to the instance of a DuckDB connection.

    Raises InvalidOption for anything else, ConnectionClosed for a closed one.
    """
    if not isinstance(duck, duckdb.DuckDBPyConnection):
        raise InvalidOption(
            f"sqlml.load takes a DuckDB connection, not {type(duck).__name__}.",
            hint="Pass what duckdb.connect() gave; for a file sqlml.connect(path) opens it.",
        )
    try:
        return duck.cursor()
    except duckdb.ConnectionException:
        raise ConnectionClosed("The DuckDB connection is closed.", hint="Call duckdb.connect() again.") from None


def key_read_by(duck: Any) -> str | None:
    """The key of the database that a connection belongs to, None where it is none of ours yet."""
    try:
        [[key]] = duck.execute(_READ_KEY).fetchall()
    except duckdb.CatalogException:
        return None
    return str(key)


def is_alive(duck: Any) -> bool:
    """Whether a connection is open: one that was closed has closed its cursors."""
    try:
        duck.cursor().close()
    except duckdb.ConnectionException:
        return False
    return True


def is_read_only(duck: Any) -> bool:
    """Whether the database of a new connection is open for reading only."""
    return bool(duck.execute(_READ_ONLY).fetchall()[0][0])


def is_default(duck: Any) -> bool:
    """Whether it is the connection that DuckDB's module functions use."""
    return duck is duckdb.default_connection()
