"""What changes the meaning of names: every statement of sqlml's sessions counts that has to do with more than rows.

DDL, settings, the search path, transactions, prepared statements, PRAGMAs, all that is not known to be harmless. One
that is under way counts too: whoever sees no change before and after a statement of his, and none under way, knows that
no session of the process did anything between them.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from functools import lru_cache
from types import TracebackType
from typing import Any

import duckdb

_ROWS = frozenset(
    {
        duckdb.StatementType.SELECT,
        duckdb.StatementType.INSERT,
        duckdb.StatementType.UPDATE,
        duckdb.StatementType.DELETE,
        duckdb.StatementType.MERGE_INTO,
    }
)
# IMPORT DATABASE and COPY FROM DATABASE are PRAGMAs to DuckDB's parser.
_OBJECTS = frozenset(
    {
        duckdb.StatementType.CREATE,
        duckdb.StatementType.CREATE_FUNC,
        duckdb.StatementType.DROP,
        duckdb.StatementType.ALTER,
        duckdb.StatementType.COPY_DATABASE,
        duckdb.StatementType.PRAGMA,
    }
)


class Kind(Enum):
    """What a statement has to do with: rows and nothing else, the transaction, or more."""

    ROWS = "rows"
    TRANSACTION = "transaction"
    ANYTHING = "anything"


NOTHING: AbstractContextManager[None] = nullcontext()


class Changes:
    """The changes of one connection, or of all sessions of an instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        # A new object a change: unlike a number it cannot come back.
        self._last = object()

    def begin(self) -> None:
        """A change is about to be made."""
        with self._lock:
            self._under_way += 1
            self._last = object()

    def end(self) -> None:
        """It was made, or has failed."""
        with self._lock:
            self._under_way -= 1
            self._last = object()

    def last(self) -> object | None:
        """The last change, to be compared; None where one is under way."""
        with self._lock:
            return None if self._under_way else self._last


class Changing:
    """The time in which a change is made, by a connection and so by its instance."""

    def __init__(self, *changes: Changes) -> None:
        self._changes = changes

    def __enter__(self) -> None:
        for changes in self._changes:
            changes.begin()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for changes in self._changes:
            changes.end()


@lru_cache(maxsize=2048)
def kind_of(sql: str) -> Kind:
    """What the statements of a text have to do with; anything for what DuckDB does not read."""
    try:
        types = {statement.type for statement in duckdb.extract_statements(sql)}
    except duckdb.Error:
        return Kind.ANYTHING
    if types <= _ROWS:
        return Kind.ROWS
    return Kind.TRANSACTION if types == {duckdb.StatementType.TRANSACTION} else Kind.ANYTHING


def changes_objects(sql: str) -> bool:
    """Whether a statement may make, rename or drop something; what cannot be read will say so itself."""
    try:
        return any(statement.type in _OBJECTS for statement in duckdb.extract_statements(sql))
    except duckdb.Error:
        return False


_READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.TRANSACTION, duckdb.StatementType.DELETE})


@lru_cache(maxsize=2048)
def _types(sql: str) -> tuple[Any, ...]:
    try:
        return tuple(statement.type for statement in duckdb.extract_statements(sql))
    except duckdb.Error:
        return ()


def count_statements(sql: str) -> int:
    """How many statements of DuckDB's a text has; 0 where it does not read it."""
    return len(_types(sql))


def may_write(sql: str) -> bool:
    """Whether a statement may write what others read; one with grammar of ours may."""
    found = _types(sql)
    return not found or not _READING.issuperset(found)
