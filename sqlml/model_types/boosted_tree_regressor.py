"""`model_type='boosted_tree_regressor'`: gradient-boosted regression trees by LightGBM."""

from __future__ import annotations

from typing import Any

from sqlml.boosting import NOT_SUPPORTED, BoostingOptions, boost, boosting_seconds
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import ModelType


class BoostedTreeRegressor(ModelType):
    """Boosted trees for a number, squared loss.

        CREATE MODEL delay OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['delay'])
        AS SELECT carrier, hour, delay FROM flights;

    Is roughly:

        LGBMRegressor(n_estimators=20, learning_rate=0.3, max_depth=6, num_leaves=64, reg_lambda=1).fit(...)
    """

    name = "boosted_tree_regressor"
    task = "regression"
    encoding = "label"
    Options = BoostingOptions
    not_supported = NOT_SUPPORTED

    def seconds(self, options: Any, *, rows: int, inputs: int) -> float:
        """About how long it takes to train."""
        return boosting_seconds(options, rows=rows, inputs=inputs)

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep LightGBM's model text."""
        return boost(options, "regression", data)
