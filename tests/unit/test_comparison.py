"""How two models differ over the same rows: metrics are those of ML.EVALUATE, intervals cover what is true."""

from __future__ import annotations

import numpy as np
import pytest

import sqlml
from sqlml.comparison import Settings, compare_classifiers, compare_regressions

SETTINGS = Settings(bootstrap=400)


def _checked() -> None:
    pass


def _by_metric(found):
    return {difference.metric: difference for difference in found}


def _probabilities(right, labels, certainty=0.8):
    """Probabilities that predict the label where `right`."""
    later = np.where(right, labels == 2, labels == 1)
    p = np.where(later, certainty, 1 - certainty)
    return np.column_stack([1 - p, p])


def _accuracy_of_a_lift(seed: int, rows: int, lift: float):
    random = np.random.default_rng(seed)
    labels = random.integers(1, 3, rows)
    right = random.random(rows) < 0.8
    # What the second does better and worse is independent of the rows: three points more on average.
    better, worse = random.random(rows) < 0.3, random.random(rows) < (0.2 * 0.3 - lift) / 0.8
    second = np.where(right, ~worse, better)
    found = compare_classifiers(
        labels, _probabilities(right, labels), _probabilities(second, labels), Settings(400, seed=seed), _checked
    )
    return _by_metric(found)["accuracy"]


def test_a_planted_lift_of_three_points_is_found() -> None:
    found = _accuracy_of_a_lift(1, 20_000, 0.03)
    assert found.p_value < 0.05
    assert 0 < found.lower < 0.03 < found.upper
    assert found.difference == pytest.approx(0.03, abs=0.01)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = [found.lower <= 0.03 <= found.upper for found in (_accuracy_of_a_lift(s, 2000, 0.03) for s in range(200))]
    assert 0.9 <= np.mean(covered) <= 0.99


def test_of_nothing_planted_five_in_a_hundred_are_significant() -> None:
    p_values = [_accuracy_of_a_lift(s, 2000, 0.0).p_value for s in range(200)]
    assert np.mean(np.array(p_values) < 0.05) <= 0.1


def test_a_model_and_itself_do_not_differ() -> None:
    random = np.random.default_rng(0)
    scores = random.dirichlet([1, 1, 1], 500)
    for found in compare_classifiers(random.integers(1, 4, 500), scores, scores.copy(), SETTINGS, _checked):
        assert (found.difference, found.lower, found.upper) == (0, 0, 0)
        assert found.p_value == (None if found.metric == "disagreement" else 1)
    predicted = random.normal(size=500)
    for found in compare_regressions(random.normal(size=500), predicted, predicted.copy(), SETTINGS, _checked):
        assert (found.difference, found.lower, found.upper) == (0, 0, 0)


def test_the_first_order_of_roc_auc_is_close_to_drawing_the_rows() -> None:
    """The interval beside that of a bootstrap that sorts each replicate anew."""
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(3)
    hit = random.random(1500) < 0.4
    a, b = (hit + random.normal(0, spread, 1500) for spread in (1.2, 1.0))
    a, b = (1 / (1 + np.exp(-s)) for s in (a, b))
    pairs = [np.column_stack([1 - s, s]) for s in (a, b)]
    found = _by_metric(compare_classifiers(hit.astype(np.int64) + 1, *pairs, SETTINGS, _checked))["roc_auc"]
    assert found.difference == pytest.approx(roc_auc_score(hit, b) - roc_auc_score(hit, a), abs=1e-12)
    drawn = []
    for _ in range(400):
        rows = random.integers(0, 1500, 1500)
        drawn.append(roc_auc_score(hit[rows], b[rows]) - roc_auc_score(hit[rows], a[rows]))
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    assert found.lower == pytest.approx(lower, abs=0.005)
    assert found.upper == pytest.approx(upper, abs=0.005)


@pytest.mark.parametrize("labels", ["y", "CASE WHEN id % 9 = 0 THEN NULL WHEN id % 11 = 0 THEN 'other' ELSE y END"])
@pytest.mark.parametrize("classes", [2, 3])
def test_metrics_are_those_of_evaluate(con: sqlml.Connection, classes: int, labels: str) -> None:
    con.execute(
        "CREATE TABLE t AS SELECT i AS id, hash(i) % 100 AS x, hash(i + 7) % 10 AS z, "
        "'c' || least((hash(i) % 100 + hash(i + 3) % 60) * $n // 160, $n - 1) AS y FROM range(3000) AS r(i)",
        {"n": classes},
    )
    con.execute("CREATE MODEL m OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y']) AS SELECT x, y FROM t")
    con.execute(
        "CREATE OR REPLACE MODEL m OPTIONS (model_type = 'boosted_tree_classifier', input_label_cols = ['y'], "
        "max_iterations = 5) AS SELECT x, z, y FROM t"
    )
    con.execute("CREATE TABLE asked AS SELECT * REPLACE (" + labels + " AS y) FROM t WHERE id % 3 = 0")
    found = con.execute("DIFF MODEL m VERSION 1 WITH m VERSION 2 ON TABLE asked OPTIONS (bootstrap = 100)").fetchall()
    for column, version in ((2, 1), (3, 2)):
        result = con.execute("SELECT * FROM ML.EVALUATE(MODEL m VERSION " + str(version) + ", TABLE asked)")
        [values] = result.fetchall()
        expected = dict(zip(result.columns, values, strict=True))
        assert {row[1]: row[column] for row in found if row[1] != "disagreement"} == pytest.approx(expected, abs=1e-12)
    for row in found:
        assert row[5] <= row[4] <= row[6]


def test_regressions_are_those_of_evaluate(con: sqlml.Connection) -> None:
    con.execute(
        "CREATE TABLE t AS SELECT i AS id, hash(i) % 100 AS x, 1e6 + x + hash(i + 7) % 10 AS y FROM range(900) AS r(i)"
    )
    con.execute("CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT x, y FROM t")
    con.execute(
        "CREATE MODEL n OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['y'], max_iterations = 9) "
        "AS SELECT x, y FROM t"
    )
    found = con.execute("DIFF MODEL m WITH n ON TABLE t OPTIONS (bootstrap = 100)").fetchall()
    for column, name in ((2, "m"), (3, "n")):
        result = con.execute(
            "SELECT mean_absolute_error, sqrt(mean_squared_error), r2_score FROM ML.EVALUATE(MODEL "
            + name
            + ", TABLE t)"
        )
        [values] = result.fetchall()
        assert [row[column] for row in found[1:]] == pytest.approx(values, rel=1e-9)


def test_a_seed_gives_the_same_answer_again(con: sqlml.Connection) -> None:
    con.execute("CREATE TABLE t AS SELECT i AS x, (i + hash(i) % 50) > 60 AS y FROM range(120) AS r(i)")
    con.execute("CREATE MODEL m OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y']) AS FROM t")
    con.execute("CREATE MODEL n OPTIONS (model_type = 'naive_bayes', input_label_cols = ['y']) AS FROM t")
    first, again, other = (
        con.execute("DIFF MODEL m WITH n ON TABLE t OPTIONS (bootstrap = 100, seed = ?)", [seed]).fetchall()
        for seed in (1, 1, 2)
    )
    assert first == again != other
