"""What access control adds to a statement: to one that was decided on before, and to one that is seen first."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

import sqlml
from benchmarks.measure import CONSOLE, Figure, figure_of, interleaved
from benchmarks.statements import Q8, SMALL, TABLES

_REPEATED_BOUND, _FIRST_SEEN_BOUND = 150.0, 5000.0
# Its rows are filtered and a column is masked; by hand the query says so itself.
_PROTECTED = "SELECT city, count(*) FROM customers WHERE spent > 10 GROUP BY city ORDER BY city"
_PROTECTED_BY_HAND = (
    "SELECT city, count(*) FROM (SELECT id, left(city, 1) || '***' AS city, spent FROM customers WHERE region = 'n') "
    "WHERE spent > 10 GROUP BY city ORDER BY city"
)
_VIEW = "SELECT max(total) FROM totals WHERE kind < 4"

_MORE = """
CREATE TABLE customers AS SELECT i AS id, 'c' || i % 9 AS city, CASE WHEN i % 2 = 0 THEN 'n' ELSE 's' END AS region,
                                 i * 0.5 AS spent FROM range(200) AS t(i);
CREATE VIEW totals AS SELECT kind, sum(amount) AS total FROM small GROUP BY kind;
"""
_GRANTS = """
CREATE USER boss;
CREATE USER ana;
CREATE GROUP managers;
CREATE MACRO in_north(region) AS region = 'n' OR is_member('managers');
CREATE MACRO short(city) AS CASE WHEN is_member('managers') THEN city ELSE left(city, 1) || '***' END;
ALTER TABLE customers SET ROW FILTER in_north ON (region);
ALTER TABLE customers ALTER COLUMN city SET MASK short;
GRANT USE SCHEMA ON SCHEMA main TO ana;
"""
_TABLES = ("small", "totals", "customers", "part", "supplier", "lineitem", "orders", "customer", "nation", "region")
# What it says, what a user without access control would send, and calls of a round.
STATEMENTS = (
    ("SELECT 1", "SELECT 1", "SELECT 1", 300),
    ("a small table, grouped", SMALL, SMALL, 200),
    ("a view of another owner's", _VIEW, _VIEW, 200),
    ("filtered and masked", _PROTECTED, _PROTECTED_BY_HAND, 200),
    ("TPC-H Q8, empty tables", Q8, Q8, 60),
)


def measure(folder: Path, *, repeats: int) -> list[Figure]:
    """Microseconds that a user with grants waits longer than one of plain DuckDB, for the same rows."""
    path = folder / "governed.duckdb"
    with sqlml.connect(str(path)) as con:
        con.execute(TABLES + _MORE)
        con.execute(_GRANTS)
        for table in _TABLES:
            con.execute(f"GRANT SELECT ON TABLE {table} TO ana")
    con.close()
    plain = duckdb.connect(str(folder / "plain.duckdb"))
    plain.execute(TABLES + _MORE)
    con = sqlml.connect(str(path), user="ana")
    figures: list[Figure] = []
    for name, sql, by_hand, calls in STATEMENTS:
        CONSOLE.print(f"[dim]{name}[/]")
        assert con.execute(sql).fetchall() == plain.execute(by_hand).fetchall()
        figures.append(_repeated(con, plain, name, sql, by_hand, calls=calls, rounds=2 * repeats + 1))
        figures.append(_first_seen(con, plain, name, sql, by_hand, calls=max(calls // 10, 10), rounds=repeats))
    con.close()
    plain.close()
    return figures


def _repeated(
    con: sqlml.Connection, plain: Any, name: str, sql: str, by_hand: str, *, calls: int, rounds: int
) -> Figure:
    works = [lambda: con.execute(sql).fetchall(), lambda: plain.execute(by_hand).fetchall()]
    ours, theirs = interleaved(works, calls=calls, rounds=rounds)
    note = f"DuckDB alone takes {statistics.median(theirs):,.0f} us"
    more = [a - b for a, b in zip(ours, theirs, strict=True)]
    return figure_of(f"{name}, repeated", more, "us", _REPEATED_BOUND, note)


def _first_seen(
    con: sqlml.Connection, plain: Any, name: str, sql: str, by_hand: str, *, calls: int, rounds: int
) -> Figure:
    works = [
        _fresh(sql, lambda text: con.execute(text).fetchall()),
        _fresh(by_hand, lambda text: plain.execute(text).fetchall()),
        _fresh(by_hand, lambda text: plain.execute(f"EXPLAIN {text}").fetchall()),
    ]
    ours, theirs, explained = interleaved(works, calls=calls, rounds=rounds)
    explaining = statistics.median(explained)
    note = f"DuckDB alone takes {statistics.median(theirs):,.0f} us, EXPLAIN {explaining:,.0f} us"
    more = [a - b for a, b in zip(ours, theirs, strict=True)]
    return figure_of(f"{name}, first seen", more, "us", 2 * explaining + _FIRST_SEEN_BOUND, note)


def _fresh(sql: str, work: Callable[[str], Any]) -> Callable[[], Any]:
    """The work on a text that is new each time."""
    numbers: Iterator[int] = itertools.count(1_000_000)
    return lambda: work(f"{sql} LIMIT {next(numbers)}")
