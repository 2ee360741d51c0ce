"""ML.EXPLAIN_PREDICT against what it is defined by: LightGBM's pred_contrib and the closed form of linear models."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sqlml

ROWS = 3000
DATA = f"""
CREATE TABLE data AS
SELECT CASE WHEN i % 11 <> 0 THEN (hash(i) % 1000) / 100 END AS num, ['red', 'green', 'blue', NULL][1 + (hash(i + 7) % 4)::INT] AS "Colour",
       TIMESTAMP '2024-01-01' + (hash(i + 2) % 5000)::INTEGER * INTERVAL 5 HOUR AS moment, (hash(i + 3) % 70)::DOUBLE AS age,
       num * 2 + age + (hash(i + 4) % 10) AS regression, coalesce(num, 0) + age / 5 + (hash(i + 5) % 5) > 14 AS yes,
       ['low', 'mid', 'high'][1 + (age / 30)::INTEGER] AS level
FROM range({ROWS}) AS r(i)
"""


@pytest.fixture(scope="module")
def con():
    con = sqlml.connect()
    con.execute(DATA)
    yield con
    con.close()


def _explained(con: sqlml.Connection, model_type: str, label: str):
    """The document, the inputs, and (baseline, prediction, {feature: attribution}, predicted) of every row."""
    con.execute(
        f"CREATE OR REPLACE MODEL m OPTIONS (model_type = '{model_type}', input_label_cols = ['{label}'], data_split_method = 'NO_SPLIT') "
        f'AS SELECT num, "Colour", moment, age, {label} FROM data WHERE {label} IS NOT NULL'
    )
    rows = con.execute(
        f"SELECT baseline_prediction_value, prediction_value, top_feature_attributions, predicted_{label}, approximation_error "
        'FROM ML.EXPLAIN_PREDICT(MODEL m, (SELECT num, "Colour", moment, age FROM data))'
    ).fetchall()
    inputs = con.execute('SELECT num, "Colour", epoch(moment), age, moment FROM data').fetchall()
    [(body,)] = con.execute("SELECT body FROM sqlml.artifacts ORDER BY version DESC LIMIT 1").fetchall()
    assert len(rows) == ROWS
    for baseline, prediction, attributions, _, error in rows:
        assert abs(baseline + sum(a["attribution"] for a in attributions) - prediction) < 1e-9
        sizes = [abs(a["attribution"]) for a in attributions]
        assert sizes == sorted(sizes, reverse=True)
        assert error == 0
    found = [(b, p, {a["feature"]: a["attribution"] for a in top}, label) for b, p, top, label, _ in rows]
    return json.loads(body), inputs, found


@pytest.mark.parametrize(
    ("model_type", "label"),
    [
        ("boosted_tree_regressor", "regression"),
        ("boosted_tree_classifier", "yes"),
        ("boosted_tree_classifier", "level"),
    ],
)
def test_trees_are_lightgbms_own(con, model_type: str, label: str) -> None:
    import lightgbm

    document, inputs, found = _explained(con, model_type, label)
    learned = document["preprocessing"]["inputs"]
    names = [i["name"] for i in learned]
    parts = [n for n in names if n.startswith("_TS_")]
    assert names == ["num", "Colour", "moment", *parts, "age"]
    colours = {c: i + 1 for i, c in enumerate(learned[1]["categories"])}
    of = {"DOM": "day", "DOW": "weekday", "MOY": "month", "WOY": "week", "YEAR": "year", "HOD": "hour", "MOH": "minute"}

    def part(moment, name: str) -> float:
        key = of[name.split("_")[2]]
        if key == "weekday":
            return moment.isoweekday() % 7
        return moment.isocalendar().week if key == "week" else getattr(moment, key)

    matrix = np.array(
        [
            [np.nan if num is None else num, colours.get(colour, 0), epoch, *(part(moment, n) for n in parts), age]
            for num, colour, epoch, age, moment in inputs
        ],
        dtype=np.float64,
    )
    booster = lightgbm.Booster(model_str=document["estimator"]["model"])
    expected = booster.predict(matrix, pred_contrib=True).reshape(ROWS, -1, len(names) + 1)
    classes = ["high", "low", "mid"]
    for row, (baseline, _, attributions, predicted) in zip(expected, found, strict=True):
        one = row[classes.index(predicted) if label == "level" else 0]
        assert abs(one[-1] - baseline) < 1e-12
        sums = {"num": one[0], "Colour": one[1], "moment": one[2 : 3 + len(parts)].sum(), "age": one[-2]}
        assert attributions.keys() == sums.keys()
        assert all(abs(attributions[name] - value) < 1e-12 for name, value in sums.items())


@pytest.mark.parametrize(("model_type", "label"), [("linear_reg", "regression"), ("logistic_reg", "yes")])
def test_linear_models_are_weight_times_distance_from_the_mean(con, model_type: str, label: str) -> None:
    document, inputs, found = _explained(con, model_type, label)
    weights = {
        name: (weight, {c["category"]: c["weight"] for c in categories or ()})
        for name, weight, categories in con.execute(
            "SELECT processed_input, weight, category_weights FROM ML.WEIGHTS(MODEL m)"
        ).fetchall()
    }
    counted = con.execute(f'SELECT num, "Colour", age FROM data WHERE {label} IS NOT NULL').fetchall()
    age_mean = np.mean([age for _, _, age in counted])
    num_mean = np.mean([num for num, _, _ in counted if num is not None])
    colour_mean = np.mean([weights["Colour"][1][colour] for _, colour, _ in counted])
    largest = max(abs(weights["Colour"][1][c]) for c in weights["Colour"][1])
    for (num, colour, _, age, _), (_, _, attributions, _) in zip(inputs, found, strict=True):
        assert abs(attributions["age"] - weights["age"][0] * (age - age_mean)) < 1e-9
        expected = 0 if num is None else weights["num"][0] * (num - num_mean)
        assert abs(attributions["num"] - expected) < 1e-9
        assert abs(attributions["Colour"] - (weights["Colour"][1][colour] - colour_mean)) < 1e-9 * max(1, largest)
    assert document["preprocessing"]["inputs"][1]["counts"] == [
        sum(colour == category for _, colour, _ in counted) for category in ("blue", "green", "red", None)
    ]
