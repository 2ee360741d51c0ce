"""Plain DuckDB with a Python UDF over Arrow vectors, the faster of its two kinds, that calls the estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from estimators import boosted, logistic
from worker import INPUTS, TRAINED_ON, Task, found_in, open_table, serve


def prepare(rows: str, folder: str) -> Mapping[str, Task]:
    con = open_table(rows, folder, duckdb.connect)
    training = con.execute(f"SELECT * FROM numbers LIMIT {TRAINED_ON}").df()
    booster, pipeline = boosted(training), logistic(training)
    pipeline = pipeline.fit(training[INPUTS].to_numpy(), training["answer"])

    def create(name: str, predict: Callable[[Any], Any]) -> Task:
        def of_vectors(*columns: Any) -> Any:
            return pa.array(predict(np.column_stack([c.to_numpy() for c in columns])))

        # Without types of parameters it takes as many columns as the call has.
        con.create_function(name, of_vectors, None, "DOUBLE", type="arrow")

        def score() -> tuple[int, float]:
            call = f"{name}({', '.join(INPUTS)})"
            con.execute(f"CREATE OR REPLACE TABLE scored AS SELECT {call} AS predicted FROM numbers")
            return found_in(con, "scored")

        return score

    return {
        "logistic": create("by_logistic", lambda matrix: pipeline.predict_proba(matrix)[:, 1]),
        "boosted": create("by_boosted", booster.predict),
    }


if __name__ == "__main__":
    serve(["duckdb", "lightgbm", "scikit-learn", "pyarrow"], prepare)
