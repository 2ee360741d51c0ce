"""`model_type='random_forest_regressor'`: random forests of regression trees by LightGBM."""

from __future__ import annotations

from typing import Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.forest import NOT_SUPPORTED, ForestOptions, plant
from sqlml.model_types.base import ModelType


class RandomForestRegressor(ModelType):
    """A random forest for a number, squared loss.

        CREATE MODEL delay OPTIONS (model_type='random_forest_regressor', input_label_cols=['delay'])
        AS SELECT carrier, hour, delay FROM flights;

    Is roughly:

        LGBMRegressor(boosting_type="rf", n_estimators=100, max_depth=15, subsample=0.8, subsample_freq=1).fit(...)

    LightGBM's forest and not scikit-learn's, for the reasons that random_forest_classifier gives.
    """

    name = "random_forest_regressor"
    task = "regression"
    encoding = "label"
    Options = ForestOptions
    not_supported = NOT_SUPPORTED

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep LightGBM's model text."""
        return plant(options, "regression", data)
