"""Work in a process of its own, `python -m benchmarks.fresh WORK FOLDER`; each imports what it needs, as scripts do.

The folder is made by `prepare`. Printed: when the answer was there, by the clock of the system, and the peak of memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATABASE, BOOSTER = "fresh.duckdb", "booster.txt"
_LABEL, _ROUNDS = "y", 100
_INPUTS = ", ".join(f"x{i}" for i in range(20))


@dataclass(frozen=True)
class Fresh:
    """Seconds from before the process was started to its answer, and the most memory it had, in bytes."""

    seconds: float
    peak: int


def prepare(folder: Path, rows: int) -> None:
    """A database with a table of numbers and two models, and the trees of one of them for use by hand."""
    import sqlml
    from benchmarks.training import make_tables

    con = sqlml.connect(folder / DATABASE)
    make_tables(con, rows)
    con.execute("DROP TABLE mixed").fetchall()
    for name, kind, options in (
        ("boosted", "boosted_tree_regressor", f", max_iterations={_ROUNDS}, num_leaves=31, early_stop=FALSE"),
        ("linear", "linear_reg", ""),
    ):
        con.execute(
            f"CREATE MODEL {name} OPTIONS (model_type='{kind}', input_label_cols=['{_LABEL}'],"
            f" data_split_method='NO_SPLIT'{options}) AS SELECT {_INPUTS}, {_LABEL} FROM numbers LIMIT 100000"
        ).fetchall()
    con.execute(f"EXPORT MODEL boosted TO '{folder / BOOSTER}'").fetchall()
    con.close()


def run(work: str, folder: Path) -> Fresh:
    """Do the work in a process of its own.

    Modules are compiled once, as Python does where PYTHONDONTWRITEBYTECODE is not set, into the folder's own cache.
    """
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    settings["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    root = str(Path(__file__).parent.parent)
    settings["PYTHONPATH"] = os.pathsep.join([p for p in (os.environ.get("PYTHONPATH"), root) if p])
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fresh", work, str(folder)],
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{work} failed:\n{done.stderr}")
    told = json.loads(done.stdout)
    return Fresh(told["answered"] - started, told["peak"])


def _peak() -> int:
    """The most memory that this process had. What ru_maxrss says would include the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    # Bytes on macOS, kilobytes elsewhere.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _sqlml(folder: Path) -> Any:
    import sqlml

    return sqlml.connect(folder / DATABASE)


def _duckdb(folder: Path) -> Any:
    import duckdb

    return duckdb.connect(folder / DATABASE)


def _matrix(table: Any) -> Any:
    import numpy as np

    return np.column_stack([table.column(f"x{i}").to_numpy() for i in range(20)])


def _train_sqlml(folder: Path) -> None:
    _sqlml(folder).execute(
        f"CREATE OR REPLACE MODEL trained OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['{_LABEL}'],"
        f" data_split_method='NO_SPLIT', max_iterations={_ROUNDS}, num_leaves=31, learn_rate=0.3, early_stop=FALSE)"
        f" AS SELECT {_INPUTS}, {_LABEL} FROM numbers"
    ).fetchall()


def _train_by_hand(folder: Path) -> None:
    con = _duckdb(folder)
    import lightgbm

    table = con.sql(f"SELECT {_INPUTS}, {_LABEL} FROM numbers").to_arrow_table()
    data = lightgbm.Dataset(table.drop_columns([_LABEL]), label=table.column(_LABEL))
    lightgbm.train({"num_leaves": 31, "learning_rate": 0.3, "verbosity": -1}, data, num_boost_round=_ROUNDS)


def _predict_sqlml(folder: Path) -> None:
    _sqlml(folder).execute(
        "CREATE OR REPLACE TABLE ours AS SELECT ml_predict('boosted', n) AS predicted FROM numbers AS n"
    ).fetchall()


def _predict_by_hand(folder: Path) -> None:
    con = _duckdb(folder)
    import lightgbm
    import pyarrow as pa

    booster = lightgbm.Booster(model_file=folder / BOOSTER)
    table = con.sql(f"SELECT {_INPUTS} FROM numbers").to_arrow_table()
    con.register("predicted", pa.table({"predicted": booster.predict(_matrix(table))}))
    con.execute("CREATE OR REPLACE TABLE theirs AS FROM predicted")


def _arrow_sqlml(folder: Path) -> None:
    _sqlml(folder).execute("SELECT * FROM numbers").arrow()


def _arrow_by_hand(folder: Path) -> None:
    _duckdb(folder).sql("SELECT * FROM numbers").to_arrow_table()


def _streamed(result: Any) -> None:
    while result.fetchmany(10_000):
        pass


def _stream_sqlml(folder: Path) -> None:
    _streamed(_sqlml(folder).execute("SELECT * FROM numbers"))


def _stream_by_hand(folder: Path) -> None:
    _streamed(_duckdb(folder).execute("SELECT * FROM numbers"))


def _one_sqlml(folder: Path) -> None:
    _sqlml(folder).execute("SELECT 1").fetchall()


def _one_by_hand(folder: Path) -> None:
    _duckdb(folder).execute("SELECT 1").fetchall()


def _linear_sqlml(folder: Path) -> None:
    _sqlml(folder).execute("SELECT ml_predict('linear', n) FROM numbers AS n LIMIT 1").fetchall()


def _boosted_sqlml(folder: Path) -> None:
    _sqlml(folder).execute("SELECT ml_predict('boosted', n) FROM numbers AS n LIMIT 1").fetchall()


def _boosted_by_hand(folder: Path) -> None:
    con = _duckdb(folder)
    import lightgbm

    booster = lightgbm.Booster(model_file=folder / BOOSTER)
    booster.predict(con.sql(f"SELECT {_INPUTS} FROM numbers LIMIT 1").fetchall())


WORKS: dict[str, Callable[[Path], None]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _train_sqlml,
        _train_by_hand,
        _predict_sqlml,
        _predict_by_hand,
        _arrow_sqlml,
        _arrow_by_hand,
        _stream_sqlml,
        _stream_by_hand,
        _one_sqlml,
        _one_by_hand,
        _linear_sqlml,
        _boosted_sqlml,
        _boosted_by_hand,
    )
}

if __name__ == "__main__":
    WORKS[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps({"answered": time.monotonic(), "peak": _peak()}))
