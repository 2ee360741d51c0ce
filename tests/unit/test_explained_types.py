"""Every model type either explains its predictions exactly, in the terms of its own predictions, or says that it cannot."""

from __future__ import annotations

import math

import pytest

import sqlml
from sqlml.errors import NotSupported
from sqlml.explanations import EXACT_FORMATS
from sqlml.model_types import MODEL_TYPES

LABELS = {"regression": ["regression"], "classification": ["yes", "level"]}
CASES = [
    (t, label) for t in MODEL_TYPES if t.name not in ("onnx", "sklearn", "transform_only") for label in LABELS[t.task]
]


@pytest.fixture(scope="module")
def con():
    con = sqlml.connect()
    con.execute(
        """CREATE TABLE data AS
           SELECT CASE WHEN i % 11 <> 0 THEN (hash(i) % 100) / 10 END AS num, ['x', 'y', NULL][1 + i % 3] AS kind, DATE '2024-01-01' + i::INTEGER AS day,
                  1 + coalesce(num, 0) * 2 + i % 3 + (hash(i + 1) % 100) / 50 AS regression, coalesce(num, 0) + (hash(i + 2) % 100) / 20 > 7 AS yes,
                  ['low', 'mid', 'high'][1 + (coalesce(num, 0) / 4)::INTEGER] AS level
           FROM range(300) AS r(i)"""
    )
    yield con
    con.close()


@pytest.mark.parametrize(("model_type", "label"), CASES, ids=lambda v: getattr(v, "name", v))
def test_attributions_sum_up_to_the_prediction(con, model_type, label: str) -> None:
    create = f"CREATE OR REPLACE MODEL m OPTIONS (model_type = '{model_type.name}', input_label_cols = ['{label}'], {{}}) AS SELECT num, kind, day, {label} FROM data"
    con.execute(create.format("seed = 1"))
    [(stored,)] = con.execute("SELECT format FROM sqlml.artifacts ORDER BY version DESC LIMIT 1").fetchall()
    explain = f"SELECT baseline_prediction_value, prediction_value, approximation_error, top_feature_attributions, predicted_{label} FROM ML.EXPLAIN_PREDICT(MODEL m, TABLE data)"
    if stored not in EXACT_FORMATS:
        with pytest.raises(NotSupported, match=model_type.name) as raised:
            con.execute(explain)
        assert raised.value.hint
        with pytest.raises(NotSupported, match=model_type.name):
            con.execute(create.format("enable_global_explain = TRUE"))
        return
    rows = con.execute(explain).fetchall()
    predicted = con.execute("SELECT ml_predict('m', d) FROM data AS d").fetchall()
    chances = con.execute("SELECT ml_predict_proba('m', d) FROM data AS d").fetchall() if label != "regression" else []
    link = {"poisson_regressor": math.exp, "gamma_regressor": math.exp}.get(model_type.name, lambda v: v)
    for i, (baseline, value, error, attributions, answer) in enumerate(rows):
        assert abs(baseline + sum(a["attribution"] for a in attributions) - value) < 1e-9
        assert error == 0
        assert answer == predicted[i][0]
        if label == "regression":
            assert math.isclose(link(value), answer, rel_tol=1e-9)
        elif label == "yes":
            assert math.isclose((1 + math.tanh(value / 2)) / 2, chances[i][0][True], abs_tol=1e-9)
    con.execute(create.format("enable_global_explain = TRUE"))
    means = con.execute("SELECT feature, attribution FROM ML.GLOBAL_EXPLAIN(MODEL m)").fetchall()
    assert {name for name, _ in means} == {"num", "kind", "day"}
    assert [v for _, v in means] == sorted((v for _, v in means), reverse=True)


def test_a_model_of_parts_says_so(con) -> None:
    options = "model_type = 'linear_reg', input_label_cols = ['regression'], partition_by = ['kind']"
    con.execute(f"CREATE MODEL parts OPTIONS ({options}) AS SELECT num, kind, regression FROM data")
    for query in (
        "SELECT * FROM ML.EXPLAIN_PREDICT(MODEL parts, TABLE data)",
        "SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL parts)",
        "SELECT * FROM ML.ADVANCED_WEIGHTS(MODEL parts)",
    ):
        with pytest.raises(NotSupported, match="partition_by"):
            con.execute(query)
    with pytest.raises(sqlml.Error, match="exclude each other"):
        con.execute(
            f"CREATE MODEL no OPTIONS ({options}, enable_global_explain = TRUE) AS SELECT num, kind, regression FROM data"
        )
