"""`model_type='boosted_tree_classifier'`: gradient-boosted classification trees by LightGBM."""

from __future__ import annotations

from typing import Any

from sqlml.boosting import NOT_SUPPORTED, BoostedClassifierOptions, boost, boosting_seconds
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import ModelType


class BoostedTreeClassifier(ModelType):
    """Boosted trees for two or more classes, log loss.

        CREATE MODEL churn OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['churned'])
        AS SELECT age, plan, churned FROM customers;

    Is roughly:

        LGBMClassifier(n_estimators=20, learning_rate=0.3, max_depth=6, num_leaves=64, reg_lambda=1).fit(...)
    """

    name = "boosted_tree_classifier"
    task = "classification"
    encoding = "label"
    max_classes = 1000
    Options = BoostedClassifierOptions
    not_supported = NOT_SUPPORTED

    def seconds(self, options: Any, *, rows: int, inputs: int) -> float:
        """About how long it takes to train."""
        return boosting_seconds(options, rows=rows, inputs=inputs)

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep LightGBM's model text."""
        return boost(options, "binary" if len(data.classes) == 2 else "multiclass", data)
