"""TPC-H's 22 queries through sqlml, and through two plain DuckDB connections, of which one is the control."""

from __future__ import annotations

import itertools
import shutil
import statistics
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

import sqlml
from benchmarks.measure import CONSOLE, Figure, figure_of
from benchmarks.report import Skipped

_BOUND, _CONTROL = 1.03, 1.02
# Runs that instances live for.
_BLOCK = 3
_TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
QUERIES = [s.query for s in duckdb.extract_statements(Path(__file__).with_name("tpch.sql").read_text("utf-8"))]


def measure(folder: Path, *, scale: float, repeats: int) -> tuple[list[Figure], list[Skipped]]:
    """The ratio of the sums, that of the control, and that of each query; nothing where the data cannot be made."""
    program = shutil.which("tpchgen-cli", path=sysconfig.get_path("scripts")) or shutil.which("tpchgen-cli")
    if program is None:
        return [], [Skipped("TPC-H", "tpchgen-cli, which makes its tables, is not installed: pip install '.[bench]'")]
    paths = make(program, folder, scale)
    taken: list[list[list[float]]] = [[], [], []]
    for block in range(0, repeats, _BLOCK):
        # An instance may be faster than another for as long as it lives, by where its memory lies: all are opened
        # again, in another order, and take turns with the files.
        runs = _runs(_turned(paths, block // _BLOCK), block, min(_BLOCK, repeats - block))
        for every, one in zip(taken, runs, strict=True):
            every.extend(one)
    return _figures(taken), []


def _turned(paths: list[Path], by: int) -> list[Path]:
    by %= len(paths)
    return [*paths[by:], *paths[:by]]


def _runs(paths: list[Path], first: int, count: int) -> list[list[list[float]]]:
    """Seconds by connection, run and query, of instances that are opened for them."""
    ours = sqlml.connect(paths[0])
    plain, control = (duckdb.connect(path) for path in paths[1:])
    fetch: list[Callable[[str], Any]] = [
        lambda sql: ours.execute(sql).fetchall(),
        lambda sql: plain.execute(sql).fetchall(),
        lambda sql: control.execute(sql).fetchall(),
    ]
    try:
        if first == 0:
            for number, query in enumerate(QUERIES, 1):
                answers = [each(query) for each in fetch]
                assert answers[0] == answers[1] == answers[2], f"Q{number} gives something else through sqlml"
        return _interleaved(fetch, first, count)
    finally:
        for each in (ours, plain, control):
            each.close()


def make(program: str, folder: Path, scale: float) -> list[Path]:
    """Three files with the same tables, so that each connection is to an instance of its own."""
    CONSOLE.print(f"[dim]making TPC-H, scale factor {scale:g}[/]")
    command = [program, "parquet", "-s", f"{scale:g}", "--output-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    first = folder / "sqlml.duckdb"
    con = duckdb.connect(first)
    for table in _TABLES:
        con.execute(f"CREATE TABLE {table} AS FROM read_parquet('{folder / table}.parquet')")
        (folder / f"{table}.parquet").unlink()
    con.close()
    return [first, *(Path(shutil.copy(first, folder / f"{name}.duckdb")) for name in ("plain", "control"))]


def _interleaved(fetch: list[Callable[[str], Any]], first: int, count: int) -> list[list[list[float]]]:
    """Seconds by connection, run and query. Each text is new in each run, so sqlml reads it for the first time."""
    taken: list[list[list[float]]] = [[] for _ in fetch]
    orders = list(itertools.permutations(range(len(fetch))))
    # The first run only fills memory.
    for turn in range(count + 1):
        seconds: list[list[float]] = [[] for _ in fetch]
        for number, query in enumerate(QUERIES):
            for at in orders[(first + turn + number) % len(orders)]:
                started = time.perf_counter()
                fetch[at](f"{query} -- run {first} {turn}")
                seconds[at].append(time.perf_counter() - started)
        if turn:
            CONSOLE.print(f"[dim]TPC-H: run {first + turn}: {sum(seconds[0]) / sum(seconds[1]):.3f}[/]")
            for every, one in zip(taken, seconds, strict=True):
                every.append(one)
    return taken


def _figures(taken: list[list[list[float]]]) -> list[Figure]:
    ours, plain, control = ([sum(run) for run in runs] for runs in taken)
    usual, usual_plain, usual_control = (_of_medians(runs) for runs in taken)
    # A control that is off to either side says that the machine was not quiet.
    is_void = not 1 / _CONTROL <= usual_control / usual_plain <= _CONTROL
    note = "the same work against itself"
    figures = [
        figure_of("sqlml / DuckDB, sum of 22", [usual / usual_plain], "x", _BOUND, is_void=is_void),
        figure_of(
            "control: DuckDB / DuckDB, sum of 22", [usual_control / usual_plain], "x", _CONTROL, note, is_void=is_void
        ),
        figure_of("  sqlml / DuckDB by run", _ratios(ours, plain), "x"),
        figure_of("  control by run", _ratios(control, plain), "x"),
        figure_of("  sqlml, sum of 22", [1000 * s for s in ours], "ms"),
        figure_of("  DuckDB, sum of 22", [1000 * s for s in plain], "ms"),
    ]
    for number in range(len(QUERIES)):
        a, b = ([run[number] for run in runs] for runs in taken[:2])
        note = f"DuckDB takes {1000 * statistics.median(b):,.1f} ms"
        figures.append(figure_of(f"  Q{number + 1}", _ratios(a, b), "x", None, note))
    return figures


def _of_medians(runs: list[list[float]]) -> float:
    """The sum of each query's median: a run in which one query was held up does not count as slow."""
    return sum(statistics.median(seconds) for seconds in zip(*runs, strict=True))


def _ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [a / b for a, b in zip(ours, theirs, strict=True)]
