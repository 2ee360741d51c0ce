"""What PEP 249 asks of the module: type objects that compare with type codes, and constructors of values."""

from __future__ import annotations

import datetime
from typing import Any

apilevel = "2.0"
# Threads may share the module and its connections; each has its own cursors. Statements and fetches of one
# connection wait for one another.
threadsafety = 2
# `$1` and `$name` are understood too.
paramstyle = "qmark"


class TypeObject:
    """Equal to the type code of every column of certain DuckDB types.

    con.cursor().execute("SELECT 1 AS a").description[0][1] == sqlml.NUMBER
    """

    def __init__(self, name: str, *ids: str) -> None:
        self.name = name
        self._ids = frozenset(ids)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self is other
        found = getattr(other, "id", None)
        return found in self._ids if isinstance(found, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"sqlml.{self.name}"


STRING = TypeObject("STRING", "varchar", "enum")
BINARY = TypeObject("BINARY", "blob", "bit")
NUMBER = TypeObject(
    "NUMBER",
    *("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"),
    *("uhugeint", "bignum", "decimal", "float", "double"),
)
DATETIME = TypeObject(
    "DATETIME",
    *("date", "time", "time with time zone", "time_ns", "interval", "timestamp", "timestamp with time zone"),
    *("timestamp_s", "timestamp_ms", "timestamp_ns"),
)
# What the pseudo-column `rowid` of a table is.
ROWID = TypeObject("ROWID", "bigint")

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802 - the name PEP 249 asks for
    """The local date at a number of seconds since 1970-01-01 00:00 UTC."""
    return datetime.date.fromtimestamp(ticks)


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802 - the name PEP 249 asks for
    """The local time of day at a number of seconds since 1970-01-01 00:00 UTC."""
    return datetime.datetime.fromtimestamp(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802 - the name PEP 249 asks for
    """The local date and time at a number of seconds since 1970-01-01 00:00 UTC."""
    return datetime.datetime.fromtimestamp(ticks)


def Binary(value: Any) -> bytes:  # noqa: N802 - the name PEP 249 asks for
    """Bytes, of anything that has a buffer; text is encoded as UTF-8."""
    return value.encode() if isinstance(value, str) else bytes(memoryview(value))
