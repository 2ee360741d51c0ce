"""`ml_predict` over a table against fetching the rows, `estimator.predict`, and writing the answers back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

import sqlml
from benchmarks.measure import CONSOLE, Comparison, Figure, compare, ratio_figures
from benchmarks.training import duck_of, make_tables

_TREES = ", max_iterations=100, num_leaves=31, early_stop=FALSE"
_MODELS = (
    ("linear", "linear_reg", "y", ""),
    ("logistic", "logistic_reg", "answer", ""),
    ("boosted", "boosted_tree_regressor", "y", _TREES),
)
_TRAINING_ROWS = 100_000
_INPUTS = ", ".join(f"x{i}" for i in range(20))


def measure(*, rows: int, repeats: int) -> list[Figure]:
    """Ratio and rows a second of three model types, the answers read, and the answers written to a table."""
    con = sqlml.connect()
    make_tables(con, rows)
    duck = duck_of(con)
    figures: list[Figure] = []
    for name, model_type, label, options in _MODELS:
        query = f"SELECT {_INPUTS}, {label} FROM numbers LIMIT {_TRAINING_ROWS}"
        con.execute(
            f"CREATE OR REPLACE MODEL {name} OPTIONS (model_type='{model_type}', input_label_cols=['{label}'],"
            f" data_split_method='NO_SPLIT'{options}) AS {query}"
        ).fetchall()
        predict = _estimator(model_type, duck.sql(query).to_arrow_table())
        for what, ours, theirs in (
            ("read", _read(con, name), _read_by_hand(duck, predict)),
            ("written", _write(con, name), _write_by_hand(duck, predict)),
        ):
            found = compare(ours, theirs, repeats=repeats, tell=f"{name}, {what}")
            figures += ratio_figures(f"{name}: predictions {what}", found, None, _speed(found, rows))
    figures += _mixed(con, duck, rows=rows, repeats=repeats)
    con.close()
    return figures


# Issue: ml_predict is at least 8 times faster than fetching, predict_proba and writing back.
_MIXED_BOUND = 1 / 8
_NUMBERS, _TEXTS = [f"n{i}" for i in range(10)], [f"c{i}" for i in range(10)]


def _mixed(con: sqlml.Connection, duck: Any, *, rows: int, repeats: int) -> list[Figure]:
    """Ten numbers and ten texts of ten categories: a logistic model as SQL against a pipeline of scikit-learn's."""
    numbers = ", ".join(f"(hash(i + {k}) % 1000000) / 1000 AS n{k}" for k in range(10))
    texts = ", ".join(f"'category ' || hash(i + {k + 100}) % 10 AS c{k}" for k in range(10))
    duck.execute(f"CREATE OR REPLACE TABLE mixed AS SELECT {numbers}, {texts} FROM range({rows}) AS r(i)")
    inputs = ", ".join([*_NUMBERS, *_TEXTS])
    training = f"SELECT {inputs}, n0 + n1 + 40 * (c0 > c1)::INTEGER > 1000 AS answer FROM mixed LIMIT {_TRAINING_ROWS}"
    con.execute(
        f"CREATE OR REPLACE MODEL mixed_model OPTIONS (model_type='logistic_reg', input_label_cols=['answer'],"
        f" l2_reg=1, data_split_method='NO_SPLIT') AS {training}"
    ).fetchall()
    pipeline = _pipeline(duck.sql(training).df())

    def ours() -> None:
        con.execute(
            "CREATE OR REPLACE TABLE ours AS SELECT ml_predict('mixed_model', m) AS p FROM mixed AS m"
        ).fetchall()

    def theirs() -> None:
        proba = pipeline.predict_proba(duck.sql(f"SELECT {inputs} FROM mixed").df())[:, 1]
        duck.register("predicted", pa.table({"p": proba}))
        duck.execute("CREATE OR REPLACE TABLE theirs AS FROM predicted")
        duck.unregister("predicted")

    name = "logistic, 10 numbers and 10 texts: written"
    found = compare(ours, theirs, repeats=repeats, tell=name)
    return ratio_figures(name, found, _MIXED_BOUND, _speed(found, rows))


def _pipeline(frame: Any) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = make_column_transformer((StandardScaler(), _NUMBERS), (OneHotEncoder(handle_unknown="ignore"), _TEXTS))
    return make_pipeline(encoder, LogisticRegression()).fit(frame[[*_NUMBERS, *_TEXTS]], frame["answer"])


def _speed(found: Comparison, rows: int) -> str:
    ours, theirs = (rows / min(t.wall for t in taken) for taken in (found.ours, found.theirs))
    return f"best: {ours:,.0f} rows/s; by hand {theirs:,.0f}"


def _read(con: sqlml.Connection, model: str) -> Callable[[], Any]:
    return lambda: con.execute(f"SELECT ml_predict('{model}', n) AS predicted FROM numbers AS n").arrow()


def _write(con: sqlml.Connection, model: str) -> Callable[[], Any]:
    sql = f"CREATE OR REPLACE TABLE ours AS SELECT ml_predict('{model}', n) AS predicted FROM numbers AS n"
    return lambda: con.execute(sql).fetchall()


def _read_by_hand(duck: Any, predict: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: predict(duck.sql(f"SELECT {_INPUTS} FROM numbers").to_arrow_table())


def _write_by_hand(duck: Any, predict: Callable[[Any], Any]) -> Callable[[], Any]:
    def work() -> None:
        predicted = predict(duck.sql(f"SELECT {_INPUTS} FROM numbers").to_arrow_table())
        duck.register("predicted", pa.table({"predicted": predicted}))
        duck.execute("CREATE OR REPLACE TABLE theirs AS FROM predicted")
        duck.unregister("predicted")

    return work


def _estimator(model_type: str, table: pa.Table) -> Callable[[pa.Table], Any]:
    """The same kind of estimator by hand: Arrow in, predictions out."""
    x, y = _matrix(table), table.column(table.num_columns - 1).to_numpy()
    CONSOLE.print(f"[dim]fitting {model_type} by hand[/]")
    if model_type == "boosted_tree_regressor":
        import lightgbm

        params = {"num_leaves": 31, "learning_rate": 0.3, "verbosity": -1}
        booster = lightgbm.train(params, lightgbm.Dataset(x, label=y), num_boost_round=100)
        return lambda given: booster.predict(_matrix(given))
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    last = LinearRegression() if model_type == "linear_reg" else LogisticRegression()
    pipeline = make_pipeline(StandardScaler(), last).fit(x, y)
    return lambda given: pipeline.predict(_matrix(given))


def _matrix(table: pa.Table) -> Any:
    return np.column_stack([table.column(f"x{i}").to_numpy() for i in range(20)])
