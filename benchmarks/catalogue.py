"""The benchmarks by name: how each is run, and what is said of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure
from benchmarks.report import Report, Skipped


@dataclass(frozen=True)
class Settings:
    """What was asked for on the command line; `repeats` is the benchmark's own number unless it was given."""

    folder: Path
    environments: Path
    rows: int = 1_000_000
    scale: float = 1.0
    repeats: int | None = None


@dataclass(frozen=True)
class Found:
    """What a benchmark measured, what it could not, and what it says of how it was run."""

    figures: Sequence[Figure]
    settings: Mapping[str, Any]
    skipped: Sequence[Skipped] = ()


@dataclass(frozen=True)
class Benchmark:
    """`measure` is given the settings, the number of runs and an empty folder; equality prints and gives nothing."""

    title: str
    method: str
    repeats: int
    measure: Callable[[Settings, int, Path], Found | None]


def run(name: str, settings: Settings, machine: Mapping[str, Any]) -> Report | None:
    """Run one, on the machine as it was before the first."""
    benchmark = BENCHMARKS[name]
    repeats = settings.repeats or benchmark.repeats
    with tempfile.TemporaryDirectory(dir=settings.folder) as folder:
        found = benchmark.measure(settings, repeats, Path(folder))
    if found is None:
        return None
    kept = {**found.settings, "repeats": repeats}
    return Report(name, benchmark.title, benchmark.method, found.figures, found.skipped, kept, machine)


def _training(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import training

    return Found(training.measure(rows=settings.rows, repeats=repeats), {"rows": settings.rows})


def _statements(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import statements

    return Found(statements.measure(repeats=repeats), {})


def _governed(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import governed

    return Found(governed.measure(folder, repeats=repeats), {})


def _scoring(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import scoring

    return Found(scoring.measure(rows=settings.rows, repeats=repeats), {"rows": settings.rows})


def _tpch(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import tpch

    figures, skipped = tpch.measure(folder, scale=settings.scale, repeats=repeats)
    return Found(figures, {"scale factor": settings.scale}, skipped)


def _memory(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import memory

    return Found(memory.measure(folder, rows=settings.rows, repeats=repeats), {"rows": settings.rows})


def _first_query(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import first_query

    return Found(first_query.measure(folder, repeats=repeats), {})


def _peers(settings: Settings, repeats: int, folder: Path) -> Found:
    from benchmarks import peers

    figures, skipped, versions = peers.measure(folder, settings.environments, rows=settings.rows, repeats=repeats)
    return Found(figures, {"rows": settings.rows, "versions": versions}, skipped)


def _equality(settings: Settings, repeats: int, folder: Path) -> None:
    from benchmarks import equality

    path = folder / "models.db"
    equality.make(path, rows=min(settings.rows, equality.ROWS))
    equality.show(equality.compare(path))


# In the order in which they are run, and in which docs/performance.md tells of them.
BENCHMARKS = {
    "training": Benchmark(
        "Training boosted trees",
        "CREATE MODEL (100 rounds, 31 leaves) against `con.sql(query).to_arrow_table()`, `lightgbm.Dataset` and "
        "`lightgbm.train` over the same table, in the same process, with the same parameters of learning; by hand"
        " `deterministic`, `force_col_wise` and `num_threads` stay at LightGBM's defaults. CREATE MODEL also "
        "computes metrics, signs the model and stores it in a transaction, which is not done by hand.",
        5,
        _training,
    ),
    "scoring": Benchmark(
        "Scoring a table",
        "`ml_predict` over a table of 20 columns against fetching the rows as Arrow, making a numpy matrix and "
        "calling the estimator's `predict`. *read*: the predictions end up in Python; *written*: in a table of "
        "the database. The model of ten numbers and ten texts is compared with scikit-learn's one-hot encoder and"
        " logistic regression over a pandas frame.",
        5,
        _scoring,
    ),
    "statements": Benchmark(
        "Statements that are DuckDB's own",
        "sqlml's own time: of each call, what is not spent inside DuckDB. The bound of a statement that is seen "
        "for the first time is DuckDB's tokeniser on the same text + 100 us. Medians of calls; first-seen texts "
        "are new each time.",
        3,
        _statements,
    ),
    "governed": Benchmark(
        "Access control",
        "What a user with grants waits longer for the same rows than one of plain DuckDB, who has written the filters "
        "and masks into the query himself: end to end, call by call in turn. The bound of a statement that is seen for"
        " the first time is twice DuckDB's EXPLAIN of it + 5 ms.",
        3,
        _governed,
    ),
    "tpch": Benchmark(
        "TPC-H",
        "The 22 queries of TPC-H, with the parameters for validation, by `execute(sql).fetchall()`: through "
        "sqlml, through plain DuckDB, and through plain DuckDB again as the control, each with a file of its own."
        " Query by query in turn, changing who is first, and opened again every three runs, with another file; each"
        " text is new in each run, so that sqlml reads it for the first time. Compared are the sums of each query's"
        " median; below them the ratios of the sums of each run. If the control differs from 1 by more than 2%, the"
        " comparison is void. These are not official results of TPC-H.",
        15,
        _tpch,
    ),
    "memory": Benchmark(
        "Memory",
        "The largest resident memory of a fresh Python process that does one thing, through sqlml and by hand "
        "with DuckDB and LightGBM. By hand it imports only what it needs.",
        3,
        _memory,
    ),
    "first_query": Benchmark(
        "The first query",
        "From the start of a Python process to its first answer: start Python, import, connect to a file, run one"
        " statement. By hand: DuckDB's module, and LightGBM's for the trees. Files are in the system's cache and "
        "Python's modules compiled: one run goes before, and PYTHONDONTWRITEBYTECODE, under which each process "
        "would compile them again, is not set.",
        15,
        _first_query,
    ),
    "peers": Benchmark(
        "What else you could take",
        "Each scores the same table with a model of the same kind that learned from its first 20,000 rows, in a "
        "process and an environment of its own, and writes the predictions to a table; dask-sql, which has no "
        "tables to write to, ends with a frame in memory and gives labels where the others give probabilities. "
        "orbital's trees are scikit-learn's. Round by round in turn, changing who is first; the first round does "
        "not count. The mean of the predictions says that all do the same.",
        5,
        _peers,
    ),
    "equality": Benchmark("Equality", "", 1, _equality),
}
