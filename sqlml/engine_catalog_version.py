"""Whether the committed catalog of a file is another one than before, asked of DuckDB itself.

DuckDB shows no version of its catalog, but keeps one: the plan of a prepared statement is made again when the catalog
of a database that it reads has another version in the transaction that runs it. Here a statement is prepared that
reads nothing but names a sequence of the file, and calls a function that gives a new number whenever it is called.
DuckDB calls it once, as it makes the plan; as long as the number that was found first comes back, the plan was kept,
and the catalog is the one it was made for. Another number means another version, or nothing at all: then it is
prepared anew.

Versions of what is committed only grow. Two equal readings mean that nothing was committed between them that made,
replaced, altered or dropped anything in the file, by any connection of the process; no other process has the file.
"""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from typing import Any, Protocol

import duckdb
from sqlglot import exp

from sqlml.engine_errors import translate

_FUNCTION = "sqlml_catalog_version"
_NAME = "sqlml_catalog_version"
_EXECUTE = "EXECUTE sqlml_catalog_version"
_DEALLOCATE = "DEALLOCATE sqlml_catalog_version"
# One for all instances: no number comes twice.
_numbers = itertools.count(1)


def _next_number() -> int:
    return next(_numbers)


class Instance(Protocol):
    """A DuckDB instance that gives connections of its own."""

    def cursor(self) -> Any:
        """A new connection."""


class CatalogVersion:
    """A connection that sees what is committed, and tells when the catalog is another one."""

    def __init__(self, instance: Instance, catalog: str) -> None:
        self._instance = instance
        self._prepare = _prepare(catalog)
        [self._execute] = duckdb.extract_statements(_EXECUTE)
        self._lock = threading.Lock()
        self._duck: Any = None
        self._number: int | None = None
        self._version = 0

    def read(self) -> int:
        """A number that is the same as before only if the catalog is."""
        with self._lock:
            try:
                if self._duck is None:
                    self._connect()
                if self._found() != self._number:
                    self._begin()
            except duckdb.ConnectionException:
                # The connection of the user's that this one was a copy of is closed; sqlml may know another.
                self._duck = None
                self._version += 1
                return self._version
            except duckdb.Error as error:
                self._duck = None
                self._version += 1
                raise translate(error) from None
            return self._version

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._duck is not None:
                self._duck.close()
                self._duck = None

    def _connect(self) -> None:
        self._duck = duck = self._instance.cursor()
        # The instance may have it already: it is the same for all.
        with suppress(duckdb.CatalogException):
            duck.create_function(_FUNCTION, _next_number, [], "BIGINT")
        duck.execute(self._prepare)
        self._number = None

    def _begin(self) -> None:
        """Remember the catalog as it is now; one that changes meanwhile is seen by the next reading."""
        self._version += 1
        self._duck.execute(_DEALLOCATE)
        self._duck.execute(self._prepare)
        self._number = self._found()

    def _found(self) -> int:
        [[number, _]] = self._duck.execute(self._execute).fetchall()
        return int(number)


def _prepare(catalog: str) -> str:
    """PREPARE ... AS SELECT system.main.f(), CASE WHEN FALSE THEN currval('"shop".sqlml.catalog_changes') END."""
    called = exp.Dot.build(
        [exp.to_identifier("system"), exp.to_identifier("main"), exp.Anonymous(this=_FUNCTION, expressions=[])]
    )
    sequence = exp.table_("access_changes", db="sqlml", catalog=exp.to_identifier(catalog, quoted=True))
    # It is bound, which is all that matters, and never called: nobody may have asked for a value yet.
    value = exp.Anonymous(this="currval", expressions=[exp.Literal.string(sequence.sql(dialect="duckdb"))])
    query = exp.select(called, exp.Case(ifs=[exp.If(this=exp.false(), true=value)]))
    return f"PREPARE {_NAME} AS {query.sql(dialect='duckdb')}"
