"""sqlml: CREATE MODEL, and ml_predict into a table."""

from __future__ import annotations

from collections.abc import Mapping

from worker import INPUTS, LEAVES, RATE, ROUNDS, TRAINED_ON, Task, found_in, open_table, serve

import sqlml

_TREES = f"max_iterations={ROUNDS}, num_leaves={LEAVES}, learn_rate={RATE}, early_stop=FALSE"


def prepare(rows: str, folder: str) -> Mapping[str, Task]:
    con = open_table(rows, folder, sqlml.connect)
    for name, kind, label, options in (
        ("logistic", "logistic_reg", "answer", "l2_reg=1"),
        ("boosted", "boosted_tree_regressor", "y", _TREES),
    ):
        con.execute(
            f"CREATE MODEL {name} OPTIONS (model_type='{kind}', input_label_cols=['{label}'],"
            f" data_split_method='NO_SPLIT', {options}) AS SELECT {', '.join(INPUTS)}, {label} FROM numbers"
            f" LIMIT {TRAINED_ON}"
        ).fetchall()

    def score(call: str) -> tuple[int, float]:
        con.execute(f"CREATE OR REPLACE TABLE scored AS SELECT {call} AS predicted FROM numbers AS n").fetchall()
        return found_in(con, "scored")

    return {
        "logistic": lambda: score("ml_predict_proba('logistic', n, label => 1)"),
        "boosted": lambda: score("ml_predict('boosted', n)"),
    }


if __name__ == "__main__":
    serve(["duckdb", "lightgbm", "scikit-learn"], prepare)
