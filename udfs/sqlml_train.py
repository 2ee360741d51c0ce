"""`sqlml_train('churn', 'SELECT ...', {options}, search_path)`: CREATE MODEL as a scalar function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Training = Callable[[Any, Any, Any, str], dict[str, Any]]
_METRICS = "MAP(VARCHAR, DOUBLE)"


class SqlmlTrain:
    """Trains a model in a transaction of its own; `ml_train` of sqlml.load calls it.

    SELECT sqlml_train('churn', 'FROM customers', {'model_type': 'logistic_reg'}, current_setting('search_path'));
    """

    name = "sqlml_train"
    takes = "training"
    parameters = None
    returns = (
        f"STRUCT(model VARCHAR, version INTEGER, metrics {_METRICS}, seconds DOUBLE, reason VARCHAR, "
        "transaction VARCHAR)"
    )
    has_side_effects = True

    def __init__(self, training: Training) -> None:
        """`training(model, query, options, search_path)` trains and gives the fields of the answer."""
        self._training = training

    def __call__(self, model: Any, query: Any, options: Any, search_path: Any) -> Any:
        import pyarrow as pa

        rows = zip(*(column.to_pylist() for column in (model, query, options, search_path)), strict=True)
        kind = pa.struct(
            [
                ("model", pa.string()),
                ("version", pa.int32()),
                ("metrics", pa.map_(pa.string(), pa.float64())),
                ("seconds", pa.float64()),
                ("reason", pa.string()),
                ("transaction", pa.string()),
            ]
        )
        return pa.array([self._training(*row) for row in rows], kind)
