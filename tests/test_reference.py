"""SQL predictions and metrics equal scikit-learn's and LightGBM's own, over matrices built here from the documented rules.

Nothing of sqlml builds the reference: scikit-learn's StandardScaler, SimpleImputer and OneHotEncoder, and pandas.
The training rows are put into the order that splitting.py documents: by a mix of DuckDB's hash of the row.
"""

from __future__ import annotations

import warnings
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sqlml

TRAINING_ROWS = 2000
ROWS = 33_000

# Rows from 2,000 on have values that training never saw.
_ROWS = f"""
CREATE TABLE mixed AS
SELECT i::INTEGER AS id,
       CASE hash(i) % 11 WHEN 0 THEN NULL WHEN 1 THEN 'nan'::DOUBLE WHEN 2 THEN CASE WHEN i < {TRAINING_ROWS} THEN 3.5 ELSE 'inf'::DOUBLE END
                         ELSE (hash(i + 1) % 10000) / 7 END AS num,
       CASE WHEN hash(i + 2) % 13 > 0 THEN (hash(i + 2) % 1000)::INTEGER END AS whole,
       ((hash(i + 3) % 100000)::BIGINT - 50000)::DECIMAL(12, 3) / 1000 AS cents,
       CASE WHEN hash(i + 4) % 9 > 0 THEN (hash(i + 4) % 1000000)::HUGEINT * 1000000000000000000000 END AS huge,
       CASE WHEN hash(i + 5) % 10 > 0 THEN ['red', 'green', 'blue', 'Red', 'été', '']
            [1 + (hash(i + 5) % 6)::INTEGER] || CASE WHEN i >= {TRAINING_ROWS} AND hash(i + 6) % 5 = 0 THEN ' unseen' ELSE '' END END AS word,
       'w' || (hash(i + 7) % CASE WHEN i < {TRAINING_ROWS} THEN 15 ELSE 24 END) AS many,
       CASE WHEN hash(i + 8) % 6 > 0 THEN hash(i + 8) % 4 = 0 END AS flag,
       CASE WHEN hash(i + 9) % 12 > 0 THEN DATE '2024-02-20' + (hash(i + 9) % CASE WHEN i < {TRAINING_ROWS} THEN 25 ELSE 400 END)::INTEGER END AS day,
       TIMESTAMP '2024-03-01 00:30:00' + (hash(i + 10) % 400)::INTEGER * INTERVAL 90 MINUTE AS moment
FROM range({ROWS}) AS r(i)
"""
FEATURES = ["num", "whole", "cents", "huge", "word", "many", "flag", "day", "moment"]
_LABELS = """
SELECT *, coalesce(whole, 300) * 0.01 + cents + CASE word WHEN 'red' THEN 20 WHEN 'été' THEN -30 ELSE 0 END + CASE WHEN flag THEN 7 ELSE 0 END
          + dayofweek(moment) * 2 + coalesce(CASE WHEN isfinite(num) THEN num END, 500) * 0.02 + (hash(id + 20) % 100) / 20 AS amount,
       amount > 20 + hash(id + 21) % 10 AS won,
       CASE WHEN amount < 0 THEN 'low' WHEN amount < 25 THEN 'mid' WHEN word = 'red' THEN 'red' ELSE 'high' END AS class
FROM mixed
"""


@pytest.fixture(scope="module")
def shared():
    con = sqlml.connect()
    con.execute(_ROWS)
    con.execute(f"CREATE TABLE labelled AS {_LABELS}")
    yield con
    con.close()


@pytest.fixture(scope="module")
def frame(shared: sqlml.Connection) -> pd.DataFrame:
    """All rows as numpy's types, in the order of id."""
    casts = "num, whole::DOUBLE AS whole, cents::DOUBLE AS cents, huge::DOUBLE AS huge, word, many, flag::VARCHAR AS flag, day::TIMESTAMP AS day, moment"
    return shared.execute(f"SELECT id, {casts}, amount, won, class FROM labelled ORDER BY id").df()


def _training_order(con: sqlml.Connection, query: str, seed: int = 0) -> np.ndarray:
    """The ids of the training rows by splitmix64 of the hash of the row."""
    found = con.execute(
        f"SELECT r.id, hash(q) AS h FROM ({query}) AS q POSITIONAL JOIN (SELECT id FROM labelled WHERE id < {TRAINING_ROWS}) AS r"
    ).arrow()
    with np.errstate(over="ignore"):
        z = found.column("h").to_numpy().astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return found.column("id").to_numpy()[np.argsort(z, kind="stable")]


def _spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates and timestamps as seconds and as their parts, in UTC; Sunday is 0; weeks as ISO 8601 has them."""
    wide = pd.DataFrame(index=frame.index)
    for name in FEATURES:
        column = frame[name]
        if name not in ("day", "moment"):
            wide[name] = column
            continue
        wide[name] = (column - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
        parts = {
            "dom": column.dt.day,
            "dow": (wide[name] // 86_400 + 4) % 7,
            "moy": column.dt.month,
            "woy": column.dt.isocalendar().week,
            "year": column.dt.year,
        }
        if name == "moment":
            parts |= {"hod": column.dt.hour, "moh": column.dt.minute}
        for part, values in parts.items():
            wide[f"{name} {part}"] = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return wide


CATEGORIES = ["word", "many", "flag"]


def _one_hot(wide: pd.DataFrame, training: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The matrices of the training rows and of all rows for linear models, by scikit-learn's own transformers."""
    numbers = ["num", "whole", "cents", "huge", "day", "moment"]
    blocks = [c for c in wide.columns if c not in numbers]

    def ready(table: pd.DataFrame) -> pd.DataFrame:
        kept = table.copy()
        kept[numbers] = kept[numbers].replace([np.inf, -np.inf], np.nan)
        for block in blocks:
            # A NULL is a category of its own, where training has one; else it is unknown, all zeros.
            kept[block] = kept[block].map(lambda v: "null" if v is None or v != v else f"={v}").astype(str)
        return kept

    transformer = make_column_transformer(
        (make_pipeline(StandardScaler(), SimpleImputer(strategy="constant", fill_value=0.0)), numbers),
        *(
            (
                OneHotEncoder(
                    handle_unknown="ignore", sparse_output=False, categories=[_sorted_categories(training[b])]
                ),
                [b],
            )
            for b in blocks
        ),
    )
    transformer.fit(ready(training))
    return transformer.transform(ready(training)), transformer.transform(ready(wide))


def _sorted_categories(column: pd.Series) -> list[str]:
    known = sorted(column.dropna().unique())
    return [*(f"={v}" for v in known), *(["null"] if column.isna().any() else [])]


def _label_encoded(wide: pd.DataFrame, training: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The matrices for trees: a category is its position from 1, NULL is 0, what was not seen is NaN."""

    def encode(table: pd.DataFrame) -> np.ndarray:
        kept = table.copy().replace([np.inf, -np.inf], np.nan)
        for name in CATEGORIES:
            position = {v: i for i, v in enumerate(sorted(training[name].dropna().unique()), 1)}
            kept[name] = table[name].map(lambda v, known=position: 0 if v is None or v != v else known.get(v, np.nan))
        return kept.to_numpy(dtype=np.float64)

    return encode(training), encode(wide)


def _train(con: sqlml.Connection, label: str, **options: Any) -> str:
    query = f"SELECT {', '.join(FEATURES)}, {label} FROM labelled WHERE id < {TRAINING_ROWS}"
    given = {"input_label_cols": [label], "data_split_method": "NO_SPLIT", **options}
    written = ", ".join(f"{k} = {v!r}" for k, v in given.items())
    con.execute(f"CREATE OR REPLACE MODEL m OPTIONS ({written}) AS {query}")
    return query


def _sql_scores(con: sqlml.Connection, task: str) -> np.ndarray:
    call = "ml_predict('m', t)" if task == "regression" else "map_values(ml_predict_proba('m', t))"
    column = con.execute(f"SELECT {call} AS s FROM labelled AS t ORDER BY id").arrow().column("s")
    return np.array(column.to_pylist(), dtype=np.float64).reshape(ROWS, -1)


def _data(con: sqlml.Connection, frame: pd.DataFrame, query: str) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    wide = _spread(frame)
    order = _training_order(con, query)
    assert sorted(order) == list(range(TRAINING_ROWS))
    return wide, wide.iloc[order], order


def _assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    error = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    assert error.max() <= 1e-9, error.max()


LINEAR = [
    ({}, LinearRegression()),
    ({"l2_reg": 3.0}, Ridge(alpha=3.0)),
    ({"l1_reg": 60.0, "l2_reg": 30.0}, ElasticNet(alpha=90.0 / TRAINING_ROWS, l1_ratio=60.0 / 90.0, max_iter=1000)),
    ({"l2_reg": 1.0, "fit_intercept": False}, Ridge(alpha=1.0, fit_intercept=False)),
]


@pytest.mark.parametrize(
    ("options", "estimator"), LINEAR, ids=["least squares", "ridge", "elastic net", "no intercept"]
)
def test_linear_reg(shared, frame, options, estimator) -> None:
    query = _train(shared, "amount", model_type="linear_reg", **options)
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    estimator.fit(x, frame["amount"].to_numpy()[order])
    _assert_close(_sql_scores(shared, "regression")[:, 0], estimator.predict(everything))


# With an L2 penalty Newton's method finds the one best answer; the other solvers are stopped before rounding has grown.
LOGISTIC = [
    ("won", "newton-cholesky", {"l2_reg": 4.0}),
    ("class", "newton-cholesky", {"l2_reg": 20.0}),
    ("won", "newton-cholesky", {"l2_reg": 4.0, "fit_intercept": False}),
    ("won", "lbfgs", {"max_iterations": 10}),
    ("class", "lbfgs", {"max_iterations": 10}),
    ("won", "saga", {"l1_reg": 6.0, "l2_reg": 2.0, "max_iterations": 20}),
    ("class", "saga", {"l1_reg": 6.0, "max_iterations": 20}),
]


@pytest.mark.parametrize(
    ("label", "solver", "options"),
    LOGISTIC,
    ids=[f"{label} {solver}" for label, solver, _ in LOGISTIC[:2]]
    + ["no intercept", *(f"{label} {solver}" for label, solver, _ in LOGISTIC[3:])],
)
def test_logistic_reg(shared, frame, label, solver, options) -> None:
    query = _train(shared, label, model_type="logistic_reg", **options)
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    penalty = options.get("l2_reg", 0) + options.get("l1_reg", 0)
    estimator = LogisticRegression(
        C=1 / penalty if penalty else np.inf,
        l1_ratio=options.get("l1_reg", 0) / penalty if penalty else 0.0,
        solver=solver,
        fit_intercept=options.get("fit_intercept", True),
        max_iter=options.get("max_iterations", 1000),
        tol=1e-6,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some stop early, as they should
        estimator.fit(x, frame[label].to_numpy()[order])
    _assert_close(_sql_scores(shared, "classification"), estimator.predict_proba(everything))
    predicted = shared.execute("SELECT ml_predict('m', t) FROM labelled AS t ORDER BY id").fetchall()
    assert (np.array([p for (p,) in predicted]) == estimator.predict(everything)).all()


TREES = [
    ("boosted_tree_regressor", "amount", "regression", {}),
    (
        "boosted_tree_regressor",
        "amount",
        "regression",
        {
            "max_iterations": 7,
            "subsample": 0.7,
            "colsample_bytree": 0.6,
            "l1_reg": 0.5,
            "min_split_loss": 0.1,
            "seed": 5,
        },
    ),
    ("boosted_tree_classifier", "won", "binary", {"num_leaves": 20, "min_data_in_leaf": 3}),
    ("boosted_tree_classifier", "class", "multiclass", {"max_tree_depth": 4, "learn_rate": 0.1}),
]


@pytest.mark.parametrize(
    ("model_type", "label", "objective", "options"), TREES, ids=["regression", "sampled", "binary", "multiclass"]
)
def test_boosted_trees(shared, frame, model_type, label, objective, options) -> None:
    query = _train(shared, label, model_type=model_type, early_stop=False, **options)
    wide = _spread(frame)
    order = _training_order(shared, query, seed=options.get("seed", 0))
    x, everything = _label_encoded(wide, wide.iloc[order])
    y = frame[label].to_numpy()[order]
    classes = np.unique(y) if objective != "regression" else None
    params = {
        "objective": objective,
        "learning_rate": options.get("learn_rate", 0.3),
        "max_depth": options.get("max_tree_depth", -1 if "num_leaves" in options else 6),
        "num_leaves": options.get("num_leaves", 2 ** options.get("max_tree_depth", 6)),
        "lambda_l1": options.get("l1_reg", 0.0),
        "lambda_l2": options.get("l2_reg", 1.0),
        "min_gain_to_split": options.get("min_split_loss", 0.0),
        "min_sum_hessian_in_leaf": 1.0,
        "min_data_in_leaf": options.get("min_data_in_leaf", 20),
        "bagging_fraction": options.get("subsample", 1.0),
        "bagging_freq": 1 if "subsample" in options else 0,
        "feature_fraction": options.get("colsample_bytree", 1.0),
        "seed": options.get("seed", 0),
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
        **({"num_class": len(classes)} if objective == "multiclass" else {}),
    }
    target = y if classes is None else np.searchsorted(classes, y)
    categorical = [i for i, name in enumerate(wide.columns) if name in CATEGORIES]
    booster = lightgbm.train(
        params, lightgbm.Dataset(x, target, categorical_feature=categorical), options.get("max_iterations", 20)
    )
    expected = booster.predict(everything)
    if objective == "binary":
        expected = np.column_stack([1 - expected, expected])
    _assert_close(
        _sql_scores(shared, "regression" if classes is None else "classification"), expected.reshape(ROWS, -1)
    )


def _evaluated(con: sqlml.Connection, threshold: float | None = None) -> dict[str, float]:
    setting = f", STRUCT({threshold} AS threshold)" if threshold is not None else ""
    result = con.execute(
        f"SELECT * FROM ML.EVALUATE(MODEL m, (SELECT * FROM labelled WHERE id >= {TRAINING_ROWS}){setting})"
    )
    return dict(zip(result.columns, result.fetchall()[0], strict=True))


def test_metrics_of_a_regression(shared, frame) -> None:
    _train(shared, "amount", model_type="linear_reg")
    predicted = _sql_scores(shared, "regression")[TRAINING_ROWS:, 0]
    y = frame["amount"].to_numpy()[TRAINING_ROWS:]
    expected = {
        "mean_absolute_error": metrics.mean_absolute_error(y, predicted),
        "mean_squared_error": metrics.mean_squared_error(y, predicted),
        "median_absolute_error": metrics.median_absolute_error(y, predicted),
        "r2_score": metrics.r2_score(y, predicted),
        "explained_variance": metrics.explained_variance_score(y, predicted),
    }
    found = _evaluated(shared)
    assert found.pop("mean_squared_log_error") is None  # not defined for numbers below -1
    assert found == pytest.approx(expected, rel=1e-9)
    shared.execute("CREATE OR REPLACE TABLE above AS SELECT * REPLACE (amount + 1000 AS amount) FROM labelled")
    shared.execute(
        f"CREATE OR REPLACE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['amount'], l2_reg = 1) AS SELECT {', '.join(FEATURES)}, amount FROM above WHERE id < {TRAINING_ROWS}"
    )
    [(error,)] = shared.execute("SELECT mean_squared_log_error FROM ML.EVALUATE(MODEL m, TABLE above)").fetchall()
    assert error == pytest.approx(
        metrics.mean_squared_log_error(frame["amount"] + 1000, _sql_scores(shared, "regression")[:, 0]), rel=1e-9
    )


@pytest.mark.parametrize("threshold", [None, 0.3, 0.999])
def test_metrics_of_two_classes(shared, frame, threshold) -> None:
    _train(shared, "won", model_type="logistic_reg", l2_reg=1)
    scores = _sql_scores(shared, "classification")[TRAINING_ROWS:, 1]
    y = frame["won"].to_numpy()[TRAINING_ROWS:].astype(bool)
    predicted = scores > (0.5 if threshold is None else threshold)
    expected = {
        "precision": metrics.precision_score(y, predicted),
        "recall": metrics.recall_score(y, predicted),
        "accuracy": metrics.accuracy_score(y, predicted),
        "f1_score": metrics.f1_score(y, predicted),
        "log_loss": metrics.log_loss(y, scores),
        "roc_auc": metrics.roc_auc_score(y, scores),
    }
    assert _evaluated(shared, threshold) == pytest.approx(expected, rel=1e-9)


def test_metrics_of_more_classes(shared, frame) -> None:
    _train(shared, "class", model_type="boosted_tree_classifier")
    scores = _sql_scores(shared, "classification")[TRAINING_ROWS:]
    y = frame["class"].to_numpy()[TRAINING_ROWS:]
    classes = np.unique(frame["class"].to_numpy()[:TRAINING_ROWS])
    predicted = classes[scores.argmax(axis=1)]
    expected = {
        "precision": metrics.precision_score(y, predicted, average="macro", zero_division=0),
        "recall": metrics.recall_score(y, predicted, average="macro", zero_division=0),
        "accuracy": metrics.accuracy_score(y, predicted),
        "f1_score": metrics.f1_score(y, predicted, average="macro", zero_division=0),
        "log_loss": metrics.log_loss(y, scores, labels=classes),
        "roc_auc": metrics.roc_auc_score(y, scores, multi_class="ovr", labels=classes),
    }
    assert _evaluated(shared) == pytest.approx(expected, rel=1e-9)
