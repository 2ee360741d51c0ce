"""Standard errors where extended precision would take too long: the same numbers by numpy's own least squares."""

from __future__ import annotations

import numpy as np

import sqlml
from sqlml.preprocessing import Preprocessor
from sqlml.scoring.linear import LinearModel

ROWS = 120_000
WIDE = ", ".join(f"(hash(i + {k}) % 1000) / 100 AS f{k}" for k in range(14))


def _design(con: sqlml.Connection, label: str) -> tuple[np.ndarray, np.ndarray]:
    columns = con.execute(f"SELECT * REPLACE ({label}::DOUBLE AS {label}) FROM data").arrow()
    target = np.asarray(columns.column(label))
    features = [np.asarray(columns.column(f"f{k}"), dtype=np.float64) for k in range(14)]
    return np.column_stack([*features, np.ones(len(target))]), target


def test_a_large_linear_regression() -> None:
    con = sqlml.connect()
    con.execute(
        f"CREATE TABLE data AS SELECT {WIDE}, f0 + 2 * f1 - f2 / 3 + (hash(i + 50) % 100) / 10 AS y FROM range({ROWS}) AS r(i)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'], calculate_p_values = TRUE, data_split_method = 'NO_SPLIT') AS FROM data"
    )
    found = con.execute("SELECT weight, standard_error FROM ML.ADVANCED_WEIGHTS(MODEL m)").fetchall()
    x, y = _design(con, "y")
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    variance = np.square(y - x @ weights).sum() / (ROWS - 15)
    errors = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * variance)
    assert np.allclose(found, np.column_stack([weights, errors]), rtol=1e-8, atol=1e-12)
    con.close()


def test_a_large_logistic_regression() -> None:
    con = sqlml.connect()
    con.execute(
        f"CREATE TABLE data AS SELECT {WIDE}, f0 + 2 * f1 - f2 / 3 + (hash(i + 50) % 100) / 4 > 25 AS y FROM range({ROWS}) AS r(i)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y'], calculate_p_values = TRUE, data_split_method = 'NO_SPLIT') AS FROM data"
    )
    found = np.array(con.execute("SELECT weight, standard_error FROM ML.ADVANCED_WEIGHTS(MODEL m)").fetchall())
    x, y = _design(con, "y")
    share = 1 / (1 + np.exp(-x @ found[:, 0]))
    # At the weights of the greatest likelihood its slope is nought.
    assert np.abs(x.T @ (y - share)).max() < 1e-5
    errors = np.sqrt(np.diag(np.linalg.inv(x.T @ (x * (share * (1 - share))[:, None]))))
    assert np.allclose(found[:, 1], errors, rtol=1e-8)
    con.close()


def test_a_model_without_counts_of_its_categories() -> None:
    """An artifact of before they were kept: the mean weight of the categories counts as zero."""
    stored = {"name": "k", "kind": "category", "mean": 0.0, "scale": 1.0, "categories": ["a", "b"], "has_null": False}
    preprocessor = Preprocessor.from_json({"encoding": "one_hot", "inputs": [stored]})
    model = LinearModel({"coefficients": [[2.0, 3.0]], "intercept": [1.0], "link": "identity"})
    import pyarrow as pa

    found = model.contributions(preprocessor, {"k": preprocessor.inputs[0].read(pa.array(["a", "b", "c"]))})
    assert found.baseline.tolist() == [[1.0]] * 3
    assert found.of_inputs[:, 0, 0].tolist() == [2.0, 3.0, 0.0]
    assert found.prediction.tolist() == [[3.0], [4.0], [1.0]]
