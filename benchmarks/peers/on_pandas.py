"""pandas: fetch a frame, `booster.predict` or `predict_proba`, and write the frame of predictions back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import pandas as pd
from estimators import boosted, logistic
from worker import INPUTS, TRAINED_ON, Task, found_in, open_table, serve


def prepare(rows: str, folder: str) -> Mapping[str, Task]:
    con = open_table(rows, folder, duckdb.connect)
    training = con.execute(f"SELECT * FROM numbers LIMIT {TRAINED_ON}").df()
    booster, pipeline = boosted(training), logistic(training)

    def score(predict: Callable[[Any], Any]) -> tuple[int, float]:
        frame = con.execute(f"SELECT {', '.join(INPUTS)} FROM numbers").df()
        con.register("predicted", pd.DataFrame({"predicted": predict(frame)}))
        con.execute("CREATE OR REPLACE TABLE scored AS FROM predicted")
        con.unregister("predicted")
        return found_in(con, "scored")

    return {
        "logistic": lambda: score(lambda frame: pipeline.predict_proba(frame)[:, 1]),
        "boosted": lambda: score(booster.predict),
    }


if __name__ == "__main__":
    serve(["duckdb", "pandas", "lightgbm", "scikit-learn"], prepare)
