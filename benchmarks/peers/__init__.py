"""What a user could take instead of sqlml, each in an environment of its own: `python -m benchmarks --peers`."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import CONSOLE, Figure, figure_of
from benchmarks.peers.environments import NotInstallable, python_of
from benchmarks.report import Skipped

_HERE = Path(__file__).parent
_PYTHON = ("duckdb>=2,<3", "lightgbm>=4.5,<5", "scikit-learn>=1.8,<2", "pandas>=2.2", "pyarrow>=20")
TASKS = {"logistic": "a logistic regression", "boosted": "100 boosted trees of 31 leaves"}
# Seconds of one call, the first of which may fit and compile.
_LIMIT = 900.0

_ROWS = """
COPY (SELECT *, 3 * x0 + 2 * x1 * x2 - x3 + sin(6 * x4) + random() - 0.5 AS y,
             (2 * x0 + x1 * x2 + random() > 1.7)::INTEGER AS answer
      FROM (SELECT {columns} FROM range({rows}))) TO '{path}'
"""


@dataclass(frozen=True)
class Peer:
    """A script of this folder, and what its environment has; without requirements, it runs where sqlml does."""

    name: str
    script: str
    requirements: tuple[str, ...]


SQLML = Peer("sqlml", "on_sqlml.py", ())
PEERS = (
    Peer("pandas + predict", "on_pandas.py", _PYTHON),
    Peer("DuckDB + Python UDF", "on_duckdb_udf.py", _PYTHON),
    Peer("orbital", "on_orbital.py", ("orbital>=0.6", "duckdb>=2,<3", "scikit-learn>=1.8,<2", "pandas>=2.2")),
    # Its last release asks for no version in particular, and fails with a dask or a pandas that came after it.
    Peer(
        "dask-sql",
        "on_dask_sql.py",
        ("dask-sql>=2024.5", "dask[dataframe]<2025", "pandas<3", "lightgbm>=4.5,<5", "scikit-learn>=1.8,<2"),
    ),
)
# What is known not to install, which readers would look for.
ABSENT = (
    Skipped(
        "PostgreSQL + Apache MADlib",
        "no package index has it: neither PyPI nor Debian; it is built from source into a PostgreSQL server",
    ),
)


class Failed(Exception):
    """Why a peer gave no answer."""


class Worker:
    """A peer's process, which waits for the name of a task on a line."""

    def __init__(self, peer: Peer, python: Path, rows: Path, folder: Path) -> None:
        self.peer = peer
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        folder.mkdir()
        self._process = subprocess.Popen(
            [python, _HERE / peer.script, rows, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=_environment(peer),
        )
        self.versions: Mapping[str, str] = {}

    def prepare(self) -> None:
        """Wait until it has its table and its models."""
        self.versions = self._answer()["versions"]

    def run(self, task: str) -> Mapping[str, Any]:
        """Seconds, rows and mean of the predictions."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task}\n")
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise Failed(answer["error"].splitlines()[0])
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> Any:
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], _LIMIT)[0]:
            raise Failed(f"no answer within {_LIMIT:,.0f} s")
        line = out.readline()
        if line:
            return json.loads(line)
        self._errors.seek(0)
        told = self._errors.read().strip().splitlines()
        raise Failed(told[-1] if told else "it ended without a word")


def _environment(peer: Peer) -> dict[str, str]:
    """That of this process; a peer in an environment of its own does not see this one's packages."""
    own = dict(os.environ)
    if peer.requirements:
        own.pop("PYTHONPATH", None)
        return own
    root = str(_HERE.parent.parent)
    return {**own, "PYTHONPATH": os.pathsep.join([p for p in (own.get("PYTHONPATH"), root) if p])}


def measure(
    folder: Path, environments: Path, *, rows: int, repeats: int, peers: Sequence[Peer] = PEERS
) -> tuple[list[Figure], list[Skipped], dict[str, Mapping[str, str]]]:
    """Figures of each task and peer, those that could not be compared, and the versions that were."""
    path = folder / "rows.parquet"
    _make(path, rows)
    skipped = list(ABSENT)
    workers: list[Worker] = []
    try:
        for number, peer in enumerate((SQLML, *peers)):
            CONSOLE.print(f"[dim]preparing {peer.name}[/]")
            try:
                python = python_of(environments, peer.requirements) if peer.requirements else Path(sys.executable)
            except NotInstallable as error:
                skipped.append(Skipped(peer.name, f"not installable: {error}"))
                continue
            workers.append(Worker(peer, python, path, folder / str(number)))
            try:
                workers[-1].prepare()
            except Failed as error:
                if peer is SQLML:
                    raise
                skipped.append(Skipped(peer.name, str(error)))
                workers.pop().close()
        figures: list[Figure] = []
        for task in TASKS:
            figures += _compared(workers, task, rows, repeats, skipped)
        return figures, skipped, {w.peer.name: w.versions for w in workers}
    finally:
        for worker in workers:
            worker.close()


def _make(path: Path, rows: int) -> None:
    import duckdb

    columns = ", ".join(f"random() AS x{i}" for i in range(20))
    with duckdb.connect() as con:
        con.execute("SELECT setseed(0.42)")
        con.execute(_ROWS.format(columns=columns, rows=rows, path=path))


def _compared(workers: list[Worker], task: str, rows: int, repeats: int, skipped: list[Skipped]) -> list[Figure]:
    """Each worker in turn, changing who is first; the first round, which fits and compiles, does not count."""
    taken: dict[str, list[float]] = {w.peer.name: [] for w in workers}
    means: dict[str, float] = {}
    able = list(workers)
    for turn in range(repeats + 1):
        CONSOLE.print(f"[dim]{task}: round {turn} of {repeats}[/]")
        at = turn % len(able)
        for worker in able[at:] + able[:at]:
            try:
                answer = worker.run(task)
            except Failed as error:
                if worker.peer is SQLML:
                    raise
                skipped.append(Skipped(f"{worker.peer.name}: {task}", str(error)))
                able.remove(worker)
                continue
            assert answer["rows"] == rows, f"{worker.peer.name} scored {answer['rows']} of {rows} rows"
            means[worker.peer.name] = answer["mean"]
            if turn:
                taken[worker.peer.name].append(answer["seconds"])
    ours = taken[SQLML.name]
    figures = [_seconds(f"{task}: sqlml", ours, means[SQLML.name])]
    for worker in able[1:]:
        theirs = taken[worker.peer.name]
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        figures.append(figure_of(f"{task}: sqlml / {worker.peer.name}", ratios, "x"))
        figures.append(_seconds(f"  {worker.peer.name}", theirs, means[worker.peer.name]))
    return figures


def _seconds(name: str, taken: Sequence[float], mean: float) -> Figure:
    return figure_of(name, [1000 * s for s in taken], "ms", None, f"mean of the predictions {mean:.4f}")
