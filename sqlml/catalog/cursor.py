"""What the catalog needs of a cursor, and naming the tables of another attached catalog."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlglot import exp

from sqlml.dialect import parse, to_sql


class Cursor(Protocol):
    """A DuckDB cursor inside the session's transaction."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return all its rows."""


def utc_now() -> datetime.datetime:
    """The time as the catalog keeps it: UTC, in a TIMESTAMP."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


@lru_cache(maxsize=512)
def in_catalog(sql: str, catalog: str) -> str:
    """The statement with its tables of schema `sqlml` taken from one attached catalog."""
    tree = parse(sql)
    for table in tree.find_all(exp.Table):
        if table.db.startswith("sqlml"):
            table.set("catalog", exp.to_identifier(catalog, quoted=True))
    return to_sql(tree)
