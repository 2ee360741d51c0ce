"""What each peer's script does: prepare, then run a task a line, and answer with its seconds and what it found.

It runs in the peer's own environment, where neither sqlml nor the rest of this folder can be imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

# Each model learns from this many rows and scores all.
TRAINED_ON = 20_000
INPUTS = [f"x{i}" for i in range(20)]
ROUNDS, LEAVES, RATE = 100, 31, 0.3
# A task answers with (number of rows, mean of the predictions).
Task = Callable[[], tuple[int, float]]


def serve(libraries: Sequence[str], prepare: Callable[[str, str], Mapping[str, Task]]) -> None:
    """Answer on what was standard output; what libraries print there goes to the errors."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(told: Any) -> None:
        answers.write(json.dumps(told) + "\n")
        answers.flush()

    tasks = prepare(sys.argv[1], sys.argv[2])
    answer({"versions": {name: version(name) for name in libraries}})
    for line in sys.stdin:
        started = time.perf_counter()
        try:
            rows, mean = tasks[line.strip()]()
        # Whatever a peer fails with is what is told of it.
        except Exception as error:  # noqa: BLE001
            answer({"error": f"{type(error).__name__}: {error}"})
            continue
        answer({"seconds": time.perf_counter() - started, "rows": rows, "mean": mean})


def open_table(rows: str, folder: str, connect: Callable[[str], Any]) -> Any:
    """A database file of this peer's own, with the rows as the table `numbers`."""
    con = connect(os.path.join(folder, "rows.duckdb"))  # noqa: PTH118
    con.execute(f"CREATE TABLE numbers AS FROM read_parquet('{rows}')").fetchall()
    return con


def found_in(con: Any, table: str) -> tuple[int, float]:
    """What was written to a table."""
    [(rows, mean)] = con.execute(f"SELECT count(*), avg(predicted) FROM {table}").fetchall()
    return rows, mean
