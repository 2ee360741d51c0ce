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
_TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
QUERIES = [s.query for s in duckdb.extract_statements(Path(__file__).with_name("tpch.sql").read_text("utf-8"))]


def measure(folder: Path, *, scale: float, repeats: int) -> tuple[list[Figure], list[Skipped]]:
    """The ratio of the sums, that of the control, and that of each query; nothing where the data cannot be made."""
    program = shutil.which("tpchgen-cli", path=sysconfig.get_path("scripts")) or shutil.which("tpchgen-cli")
    if program is None:
        return [], [Skipped("TPC-H", "tpchgen-cli, which makes its tables, is not installed: pip install '.[bench]'")]
    paths = make(program, folder, scale)
    con = sqlml.connect(paths[0])
    plain, control = (duckdb.connect(path) for path in paths[1:])
    fetch: list[Callable[[str], Any]] = [
        lambda sql: con.execute(sql).fetchall(),
        lambda sql: plain.execute(sql).fetchall(),
        lambda sql: control.execute(sql).fetchall(),
    ]
    for number, query in enumerate(QUERIES, 1):
        answers = [each(query) for each in fetch]
        assert answers[0] == answers[1] == answers[2], f"Q{number} gives something else through sqlml"
    taken = _interleaved(fetch, repeats)
    for each in (con, plain, control):
        each.close()
    return _figures(taken), []


def make(program: str, folder: Path, scale: float) -> list[Path]:
    """Three files with the same tables: one for each connection, so that each is an instance of its own."""
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


def _interleaved(fetch: list[Callable[[str], Any]], repeats: int) -> list[list[list[float]]]:
    """Seconds by connection, run and query. Each text is new in each run, so sqlml reads it for the first time."""
    taken: list[list[list[float]]] = [[] for _ in fetch]
    orders = list(itertools.permutations(range(len(fetch))))
    for turn in range(repeats + 1):
        seconds: list[list[float]] = [[] for _ in fetch]
        for number, query in enumerate(QUERIES):
            for at in orders[(turn + number) % len(orders)]:
                started = time.perf_counter()
                fetch[at](f"{query} -- run {turn}")
                seconds[at].append(time.perf_counter() - started)
        if turn:
            CONSOLE.print(f"[dim]TPC-H: run {turn} of {repeats}: {sum(seconds[0]) / sum(seconds[1]):.3f}[/]")
            for every, one in zip(taken, seconds, strict=True):
                every.append(one)
    return taken


def _figures(taken: list[list[list[float]]]) -> list[Figure]:
    ours, plain, control = ([sum(run) for run in runs] for runs in taken)
    controls = _ratios(control, plain)
    # A control that is off to either side says that the machine was not quiet.
    is_void = not 1 / _CONTROL <= statistics.median(controls) <= _CONTROL
    note = "the same work against itself"
    controlled = figure_of("control: DuckDB / DuckDB, sum of 22", controls, "x", _CONTROL, note, is_void=is_void)
    figures = [
        figure_of("sqlml / DuckDB, sum of 22", _ratios(ours, plain), "x", _BOUND, is_void=is_void),
        controlled,
        figure_of("  sqlml, sum of 22", [1000 * s for s in ours], "ms"),
        figure_of("  DuckDB, sum of 22", [1000 * s for s in plain], "ms"),
    ]
    for number in range(len(QUERIES)):
        a, b = ([run[number] for run in runs] for runs in taken[:2])
        note = f"DuckDB takes {1000 * statistics.median(b):,.1f} ms"
        figures.append(figure_of(f"  Q{number + 1}", _ratios(a, b), "x", None, note))
    return figures


def _ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [a / b for a, b in zip(ours, theirs, strict=True)]
