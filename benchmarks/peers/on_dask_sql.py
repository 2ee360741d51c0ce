"""dask-sql: CREATE MODEL and PREDICT over a frame of dask's that is in memory; it has no table to write to."""

from __future__ import annotations

from collections.abc import Mapping

import dask.dataframe as dd
from dask_sql import Context
from worker import INPUTS, LEAVES, RATE, ROUNDS, TRAINED_ON, Task, serve

_TREES = f"n_estimators={ROUNDS}, num_leaves={LEAVES}, learning_rate={RATE}, verbosity=-1"


def prepare(rows: str, folder: str) -> Mapping[str, Task]:
    frame = dd.read_parquet(rows)
    context = Context()
    context.create_table("numbers", frame.repartition(npartitions=8), persist=True)
    context.create_table("training", frame.head(TRAINED_ON, npartitions=-1))
    inputs = ", ".join(INPUTS)
    for name, kind, label, options in (
        # Its PREDICT calls `predict`: the label, not the probability.
        ("logistic", "sklearn.linear_model.LogisticRegression", "answer", "max_iter=1000"),
        ("boosted", "lightgbm.LGBMRegressor", "y", _TREES),
    ):
        context.sql(
            f"CREATE MODEL {name} WITH (model_class='{kind}', wrap_predict=True, target_column='{label}', {options})"
            f" AS (SELECT {inputs}, {label} FROM training)"
        )

    def score(name: str) -> tuple[int, float]:
        predicted = context.sql(f"SELECT target FROM PREDICT(MODEL {name}, SELECT {inputs} FROM numbers)").compute()
        return len(predicted), float(predicted["target"].mean())

    return {name: lambda name=name: score(name) for name in ("logistic", "boosted")}


if __name__ == "__main__":
    serve(["dask-sql", "dask", "lightgbm", "scikit-learn"], prepare)
