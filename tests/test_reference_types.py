"""SQL predictions equal the library's own for the model types beside test_reference.py, over the same rows and matrices."""

from __future__ import annotations

import math
import warnings
from typing import Any

import lightgbm
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
)
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

import sqlml
from sqlml.model_types.sklearn import ALLOWED
from sqlml.scoring.sklearn_estimator import TRUSTED
from tests.test_reference import (
    FEATURES,
    ROWS,
    TRAINING_ROWS,
    _assert_close,
    _data,
    _label_encoded,
    _one_hot,
    _sql_scores,
    _train,
    frame,  # noqa: F401 - a fixture
    shared,  # noqa: F401 - a fixture
)

N = TRAINING_ROWS
SCALE = 20.0


@pytest.fixture(scope="module")
def paid(shared: sqlml.Connection) -> np.ndarray:  # noqa: F811
    """A label above zero."""
    shared.execute("ALTER TABLE labelled ADD COLUMN paid DOUBLE")
    shared.execute("UPDATE labelled SET paid = exp(amount / 40)")
    return shared.execute("SELECT paid FROM labelled ORDER BY id").arrow().column("paid").to_numpy()


LINEAR: list[tuple[str, str, dict[str, Any], BaseEstimator]] = [
    ("elastic_net", "amount", {"alpha": 0.1, "l1_ratio": 0.7}, ElasticNet(alpha=0.1, l1_ratio=0.7, max_iter=10_000, tol=1e-8)),
    ("poisson_regressor", "paid", {"l2_reg": 3.0}, PoissonRegressor(alpha=3 / N, solver="newton-cholesky", tol=1e-10)),
    ("gamma_regressor", "paid", {}, GammaRegressor(alpha=1 / N, solver="newton-cholesky", tol=1e-10)),
    ("quantile_regressor", "amount", {"quantile": 0.8, "l1_reg": 5.0}, QuantileRegressor(quantile=0.8, alpha=5 / N)),
    (
        "sklearn",
        "amount",
        {"model_class": "HistGradientBoostingRegressor", "model_params": {"max_iter": 7}},
        HistGradientBoostingRegressor(max_iter=7, random_state=0),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "label", "options", "estimator"), LINEAR, ids=[f"{c[0]} {i}" for i, c in enumerate(LINEAR)]
)
def test_regressions(shared, frame, paid, name, label, options, estimator) -> None:  # noqa: F811
    query = _train(shared, label, model_type=name, **options)
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    target = paid if label == "paid" else frame[label].to_numpy()
    estimator.fit(x, target[order])
    found = _sql_scores(shared, "regression")[:, 0]
    expected = estimator.predict(everything)
    finite = np.isfinite(expected)  # a log link overflows far from all that trained; SQL gives the largest there
    assert finite.mean() > 0.9
    _assert_close(found[finite], expected[finite])


CLASSES: list[tuple[str, str, dict[str, Any], BaseEstimator]] = [
    ("mlp_classifier", "won", {"hidden_units": [6, 3], "max_iterations": 10}, MLPClassifier((6, 3), max_iter=10, random_state=0)),
    (
        "sklearn",
        "class",
        {"model_class": "ExtraTreesClassifier", "model_params": {"n_estimators": 5, "criterion": "entropy"}},
        ExtraTreesClassifier(5, criterion="entropy", random_state=0),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "label", "options", "estimator"), CLASSES, ids=[c[0] for c in CLASSES])
def test_classifications(shared, frame, name, label, options, estimator) -> None:  # noqa: F811
    query = _train(shared, label, model_type=name, **options)
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # networks stop early, as they should
        estimator.fit(x, frame[label].to_numpy()[order])
    _assert_close(_sql_scores(shared, "classification"), estimator.predict_proba(everything))


NEIGHBOURS: list[tuple[str, str, dict[str, Any], BaseEstimator]] = [
    ("knn_classifier", "class", {"n_neighbors": 9}, KNeighborsClassifier(9, algorithm="kd_tree")),
    ("knn_regressor", "amount", {"n_neighbors": 7}, KNeighborsRegressor(7, algorithm="kd_tree")),
    ("knn_regressor", "amount", {"weights": "DISTANCE", "distance_type": "MANHATTAN"}, KNeighborsRegressor(5, weights="distance", p=1)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "label", "options", "estimator"), NEIGHBOURS, ids=["classes", "uniform", "weighed"])
def test_neighbours(shared, frame, name, label, options, estimator) -> None:  # noqa: F811
    """Of every twentieth row: a tree is slow in as many dimensions as these categories make."""
    query = _train(shared, label, model_type=name, **options)
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    estimator.fit(x, frame[label].to_numpy()[order])
    call = "ml_predict('m', t)" if label == "amount" else "map_values(ml_predict_proba('m', t))"
    found = shared.execute(f"SELECT {call} FROM labelled AS t WHERE id % 20 = 7 ORDER BY id").fetchall()
    some = everything[7::20]
    expected = estimator.predict(some) if label == "amount" else estimator.predict_proba(some)
    _assert_close(np.array([row for (row,) in found], dtype=float), expected)


def test_mlp_regressor(shared, frame) -> None:  # noqa: F811
    query = _train(shared, "amount", model_type="mlp_regressor", hidden_units=[5], max_iterations=10)
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    y = frame["amount"].to_numpy()[order]
    estimator = MLPRegressor(hidden_layer_sizes=(5,), max_iter=10, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(x, (y - y.mean()) / y.std())
    _assert_close(_sql_scores(shared, "regression")[:, 0], estimator.predict(everything) * y.std() + y.mean())


@pytest.mark.parametrize("label", ["won", "class"])
def test_naive_bayes(shared, frame, label) -> None:  # noqa: F811
    """The sum of GaussianNB's and CategoricalNB's log likelihoods, of what is known in each row."""
    query = _train(shared, label, model_type="naive_bayes")
    wide, training, order = _data(shared, frame, query)
    y = frame[label].to_numpy()[order]
    _, counts = np.unique(y, return_counts=True)
    scores = np.tile(np.log(counts / N), (ROWS, 1))
    numbers = ["num", "whole", "cents", "huge", "day", "moment"]
    for name in wide.columns:
        column, known = training[name], training[name].replace([np.inf, -np.inf], np.nan).notna().to_numpy()
        if name in numbers:
            values = column[known].to_numpy(dtype=float)
            mean, scale = values.mean(), values.std()
            single = GaussianNB().fit(((values - mean) / scale)[:, None], y[known])
            everything = wide[name].replace([np.inf, -np.inf], np.nan).to_numpy(dtype=float)
            usable = np.isfinite(everything)
            rows = ((everything[usable] - mean) / scale)[:, None]
        else:
            names = {v: i for i, v in enumerate(sorted(column[known].unique()))}
            single = CategoricalNB(alpha=1).fit(column[known].map(names).to_numpy(dtype=int)[:, None], y[known])
            codes = (
                wide[name].map(lambda v, names=names: names.get(v, -1) if v is not None and v == v else -1).to_numpy()
            )
            usable = codes >= 0
            rows = codes[usable][:, None]
        # What the feature adds: the joint log likelihood without its prior.
        scores[usable] += (
            single.predict_joint_log_proba(rows) - single.class_log_prior_
            if hasattr(single, "class_log_prior_")
            else (single.predict_joint_log_proba(rows) - np.log(single.class_prior_))
        )
    scores -= scores.max(axis=1, keepdims=True)
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    _assert_close(_sql_scores(shared, "classification"), expected)


@pytest.mark.parametrize(
    ("name", "label", "objective"),
    [
        ("random_forest_regressor", "amount", "regression"),
        ("random_forest_classifier", "won", "binary"),
        ("random_forest_classifier", "class", "multiclass"),
    ],
)
def test_random_forests(shared, frame, name, label, objective) -> None:  # noqa: F811
    query = _train(shared, label, model_type=name, num_parallel_tree=12)
    wide, training, order = _data(shared, frame, query)
    x, everything = _label_encoded(wide, training)
    y = frame[label].to_numpy()[order]
    codes = y if objective == "regression" else np.unique(y, return_inverse=True)[1]
    categories = [i for i, c in enumerate(wide.columns) if c in ("word", "many", "flag")]
    booster = lightgbm.train(
        {
            "boosting": "rf", "objective": objective, "max_depth": 15, "num_leaves": 4096, "min_data_in_leaf": 20,
            "min_data_in_bin": 3, "min_sum_hessian_in_leaf": 1.0, "lambda_l2": 1.0, "bagging_fraction": 0.8,
            "bagging_freq": 1, "feature_fraction_bynode": 0.8, "seed": 0, "deterministic": True,
            "force_col_wise": True, "verbosity": -1, **({"num_class": len(np.unique(y))} if objective == "multiclass" else {}),
        },
        lightgbm.Dataset(x, label=codes, categorical_feature=categories),
        num_boost_round=12,
    )  # fmt: skip
    assert "num_leaves=1\n" not in booster.model_to_string()
    expected = booster.predict(everything)
    expected = np.column_stack([1 - expected, expected]) if objective == "binary" else expected.reshape(ROWS, -1)
    _assert_close(_sql_scores(shared, "regression" if objective == "regression" else "classification"), expected)


def test_weights(shared, frame) -> None:  # noqa: F811
    """scikit-learn's sample_weight: instance weights, class weights by BigQuery's rule, and both."""
    columns = ", ".join(FEATURES)
    query = f"SELECT {columns}, won, amount, 1 + id % 3 AS w FROM labelled WHERE id < {N}"
    wide, training, order = _data(shared, frame, query)
    x, everything = _one_hot(wide, training)
    y = frame["won"].to_numpy()[order].astype(int)
    by_class = N / (np.bincount(y) * 2)
    rows = 1.0 + frame["id"].to_numpy()[order] % 3
    base = "input_label_cols = ['won'], data_split_method = 'NO_SPLIT', l2_reg = 4"
    for options, weight in (
        ("auto_class_weights = TRUE, instance_weight_col = 'w'", by_class[y] * rows),
        (
            "class_weights = [STRUCT('true', 3), STRUCT('false', 0.5)], instance_weight_col = 'w'",
            np.array([0.5, 3.0])[y] * rows,
        ),
    ):
        shared.execute(
            f"CREATE OR REPLACE MODEL m OPTIONS (model_type = 'logistic_reg', {base}, {options}) AS SELECT * EXCLUDE (amount) FROM ({query})"
        )
        # A strictly convex objective: its minimum does not depend on the order of the rows.
        estimator = LogisticRegression(C=1 / 4, solver="newton-cholesky", tol=1e-6).fit(x, y, sample_weight=weight)
        found, expected = _sql_scores(shared, "classification"), estimator.predict_proba(everything)
        assert np.abs(found - expected).max() < 1e-7
    shared.execute(
        f"""CREATE OR REPLACE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['amount'], data_split_method = 'NO_SPLIT',
            l2_reg = 3, instance_weight_col = 'w') AS SELECT * EXCLUDE (won) FROM ({query})"""
    )
    estimator = Ridge(alpha=3).fit(x, frame["amount"].to_numpy()[order], sample_weight=rows)
    _assert_close(_sql_scores(shared, "regression")[:, 0], estimator.predict(everything))


# Without these the one gives no probabilities, the other stumbles over columns that add up to one; the rest is time.
PARAMS = {
    "SGDClassifier": "{'loss': 'log_loss'}",
    "QuadraticDiscriminantAnalysis": "{'reg_param': 0.1}",
    **dict.fromkeys(
        (
            "AdaBoostClassifier",
            "AdaBoostRegressor",
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "RandomForestClassifier",
            "GradientBoostingClassifier",
            "GradientBoostingRegressor",
            "RandomForestRegressor",
        ),
        "{'n_estimators': 10}",
    ),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), "{'max_iter': 10}"),
}


@pytest.mark.parametrize("model_class", sorted(ALLOWED))
def test_every_allowed_estimator(con: sqlml.Connection, model_class: str) -> None:
    """Each trains, is stored and loaded by the trust list, answers like itself, and gives the same bytes again."""
    _, task = ALLOWED[model_class]
    con.execute(
        """CREATE TABLE t AS SELECT i AS a, (i * 7) % 30 AS b, ['p', 'q', NULL][1 + i % 3] AS c, exp(i / 20) AS regression,
           i % 30 > 14 AS classification FROM range(60) AS r(i)"""
    )
    params = PARAMS.get(model_class, "{}")
    for _ in range(2):
        con.execute(
            f"""CREATE OR REPLACE MODEL m OPTIONS (model_type = 'sklearn', model_class = '{model_class}', input_label_cols = ['{task}'],
                model_params = {params}) AS SELECT a, b, c, {task} FROM t ORDER BY random()"""
        )
    hashes = con.execute("SELECT DISTINCT sha256 FROM sqlml.artifacts").fetchall()
    assert len(hashes) == 1
    found = con.execute("SELECT ml_predict('m', t) FROM t ORDER BY a").fetchall()
    assert all(p is not None for (p,) in found)
    if task == "regression":
        assert all(math.isfinite(p) for (p,) in found)
    else:
        sums = con.execute("SELECT list_sum(map_values(ml_predict_proba('m', t))) FROM t").fetchall()
        assert [s for (s,) in sums] == pytest.approx([1.0] * 60, abs=1e-12)


def test_the_trust_list_is_of_sklearn_and_numpy() -> None:
    assert all(name.startswith(("sklearn.", "numpy.")) for name in TRUSTED)
    assert all(module.startswith("sklearn.") for module, _ in ALLOWED.values())
    assert not any("Pipeline" in name or "Transformer" in name for name in ALLOWED)


def test_same_estimator_same_bytes() -> None:
    """Also of another process's memory: neither addresses nor the time of day are in the archive."""
    from sqlml.scoring.sklearn_estimator import store

    x = np.arange(20.0)[:, None]
    kept = [store(ExtraTreesClassifier(2, random_state=0).fit(x, x[:, 0] > 9)) for _ in range(2)]
    assert kept[0] == kept[1]
