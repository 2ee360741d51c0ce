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
_TRANSACTION = frozenset({duckdb.StatementType.TRANSACTION})
# Longer texts are not kept.
_LONGEST = 20_000


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
def _known_types(sql: str) -> tuple[Any, ...]:
    try:
        return tuple(statement.type for statement in duckdb.extract_statements(sql))
    except duckdb.Error:
        return ()


def _types(sql: str) -> tuple[Any, ...]:
    """The kinds of the statements of a text; none for what DuckDB does not read."""
    return _known_types(sql) if len(sql) <= _LONGEST else _known_types.__wrapped__(sql)


def kind_of(sql: str) -> Kind:
    """What the statements of a text have to do with; anything for what DuckDB does not read."""
    types = _types(sql)
    if types and _ROWS.issuperset(types):
        return Kind.ROWS
    return Kind.TRANSACTION if types and _TRANSACTION.issuperset(types) else Kind.ANYTHING


def changes_objects(sql: str) -> bool:
    """Whether a statement may make, rename or drop something; what cannot be read will say so itself."""
    return not _OBJECTS.isdisjoint(_types(sql))


_READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.TRANSACTION, duckdb.StatementType.DELETE})


def count_statements(sql: str) -> int:
    """How many statements of DuckDB's a text has; 0 where it does not read it."""
    return len(_types(sql))


def may_write(sql: str) -> bool:
    """Whether a statement may write what others read; one with grammar of ours may."""
    found = _types(sql)
    return not found or not _READING.issuperset(found)
