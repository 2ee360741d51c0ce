"""orbital: a fitted pipeline of scikit-learn's as SQL, run by plain DuckDB.

It knows no LightGBM, so the trees are scikit-learn's gradient boosting, as many and of as many leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import orbital
from estimators import logistic
from orbital.types import DoubleColumnType
from worker import INPUTS, LEAVES, RATE, ROUNDS, TRAINED_ON, Task, found_in, open_table, serve


def prepare(rows: str, folder: str) -> Mapping[str, Task]:
    con = open_table(rows, folder, duckdb.connect)
    training = con.execute(f"SELECT * FROM numbers LIMIT {TRAINED_ON}").df()
    kept: dict[str, str] = {}

    def score(name: str, fit: Any, column: str) -> tuple[int, float]:
        # Fitting and writing the SQL are in the first call, which does not count.
        if name not in kept:
            parsed = orbital.parse_pipeline(fit(training), {name: DoubleColumnType() for name in INPUTS})
            kept[name] = orbital.export_sql("numbers", parsed, dialect="duckdb", optimize=False, separate_trees=True)
        con.execute(f"CREATE OR REPLACE TABLE scored AS SELECT {column} AS predicted FROM ({kept[name]})")
        return found_in(con, "scored")

    return {
        "logistic": lambda: score("logistic", logistic, '"output_probability.1"'),
        "boosted": lambda: score("boosted", _boosted, '"variable"'),
    }


def _boosted(frame: Any) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    trees = GradientBoostingRegressor(
        n_estimators=ROUNDS, max_leaf_nodes=LEAVES, max_depth=None, learning_rate=RATE, min_samples_leaf=20
    )
    return make_pipeline(StandardScaler(), trees).fit(frame[INPUTS], frame["y"])


if __name__ == "__main__":
    serve(["orbital", "duckdb", "scikit-learn"], prepare)
