"""Statements with nothing of ours in them, which go to DuckDB as they are: what the way through sqlml adds."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

import sqlml
from benchmarks.measure import CONSOLE, Figure, figure_of, interleaved

_REPEATED_BOUND, _FIRST_SEEN_BOUND = 50.0, 100.0

SMALL = "SELECT kind, count(*), max(amount) FROM small WHERE amount > 3 GROUP BY kind ORDER BY kind"

TABLES = """
CREATE TABLE small AS SELECT i % 5 AS kind, i * 1.5 AS amount FROM range(100) AS t(i);
CREATE TABLE part (p_partkey INTEGER, p_type VARCHAR);
CREATE TABLE supplier (s_suppkey INTEGER, s_nationkey INTEGER);
CREATE TABLE lineitem (l_partkey INTEGER, l_suppkey INTEGER, l_orderkey INTEGER, l_extendedprice DECIMAL(15, 2),
                       l_discount DECIMAL(15, 2));
CREATE TABLE orders (o_orderkey INTEGER, o_custkey INTEGER, o_orderdate DATE);
CREATE TABLE customer (c_custkey INTEGER, c_nationkey INTEGER);
CREATE TABLE nation (n_nationkey INTEGER, n_regionkey INTEGER, n_name VARCHAR);
CREATE TABLE region (r_regionkey INTEGER, r_name VARCHAR);
"""

Q8 = """
SELECT o_year, sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS mkt_share
FROM (
    SELECT extract(year FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) AS volume, n2.n_name AS nation
    FROM part, supplier, lineitem, orders, customer, nation n1, nation n2, region
    WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey
      AND c_nationkey = n1.n_nationkey AND n1.n_regionkey = r_regionkey AND r_name = 'AMERICA'
      AND s_nationkey = n2.n_nationkey AND o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
      AND p_type = 'ECONOMY ANODIZED STEEL'
) AS all_nations
GROUP BY o_year
ORDER BY o_year
"""


class _Timed:
    """DuckDB's connection inside sqlml, with a clock: what is left of a call's time is sqlml's own."""

    def __init__(self, duck: Any) -> None:
        self._duck = duck
        self.inside = 0

    def execute(self, *arguments: Any) -> Any:
        started = time.perf_counter_ns()
        try:
            return self._duck.execute(*arguments)
        finally:
            self.inside += time.perf_counter_ns() - started

    def fetchall(self) -> Any:
        started = time.perf_counter_ns()
        try:
            return self._duck.fetchall()
        finally:
            self.inside += time.perf_counter_ns() - started

    def __getattr__(self, name: str) -> Any:
        return getattr(self._duck, name)


def measure(*, repeats: int) -> list[Figure]:
    """Microseconds added to a statement that was seen before, and to one that was not."""
    con = sqlml.connect()
    plain = duckdb.connect()
    con.execute(TABLES).fetchall()
    plain.execute(TABLES)
    figures: list[Figure] = []
    for name, sql, calls in (
        ("SELECT 1", "SELECT 1", 1000),
        ("a small table, grouped", SMALL, 500),
        ("TPC-H Q8, empty tables", Q8, 150),
    ):
        CONSOLE.print(f"[dim]{name}[/]")
        for is_new in (False, True):
            figures += _added(con, plain, name, sql, is_new=is_new, calls=calls, rounds=2 * repeats + 1)
    con.close()
    plain.close()
    return figures


def _added(
    con: sqlml.Connection, plain: Any, name: str, sql: str, *, is_new: bool, calls: int, rounds: int
) -> list[Figure]:
    works = [lambda text: con.execute(text).fetchall(), lambda text: plain.execute(text).fetchall(), duckdb.tokenize]
    ours, theirs, tokens = interleaved([_texts(sql, w, is_new=is_new) for w in works], calls=calls, rounds=rounds)
    tokenising = statistics.median(tokens)
    own = _own_time(con, _texts(sql, works[0], is_new=is_new), calls=calls, rounds=rounds)
    seen = "first seen" if is_new else "repeated"
    bound = tokenising + _FIRST_SEEN_BOUND if is_new else _REPEATED_BOUND
    note = f"of which its tokeniser {tokenising:,.0f} us" if is_new else ""
    result = figure_of(f"{name}, {seen}: sqlml's own time", own, "us", bound, note)
    note = f"DuckDB alone takes {statistics.median(theirs):,.0f} us"
    more = [a - b for a, b in zip(ours, theirs, strict=True)]
    return [result, figure_of("  end to end, less DuckDB alone", more, "us", None, note)]


def _own_time(con: sqlml.Connection, work: Callable[[], Any], *, calls: int, rounds: int) -> list[float]:
    """Microseconds a call outside DuckDB: the median of each round."""
    engine = con.session.database
    duck = engine._duck
    timed = engine._duck = _Timed(duck)
    found = []
    try:
        for _ in range(rounds):
            times = []
            for _ in range(calls):
                timed.inside = 0
                started = time.perf_counter_ns()
                work()
                times.append(time.perf_counter_ns() - started - timed.inside)
            found.append(statistics.median(times) / 1e3)
    finally:
        engine._duck = duck
    return found


def _texts(sql: str, work: Callable[[str], Any], *, is_new: bool) -> Callable[[], Any]:
    """The work on the same text each time, or on one that is new and as long."""
    if not is_new:
        return lambda: work(sql)
    numbers: Iterator[int] = itertools.count(next(_FRESH) * 1_000_000)
    return lambda: work(f"{sql} LIMIT {next(numbers)}")


# No two series of new texts meet.
_FRESH = itertools.count(10)
