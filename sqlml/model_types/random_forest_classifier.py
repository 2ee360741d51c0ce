"""`model_type='random_forest_classifier'`: random forests of classification trees by LightGBM."""

from __future__ import annotations

from typing import Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.forest import NOT_SUPPORTED, ForestClassifierOptions, plant
from sqlml.model_types.base import ModelType


class RandomForestClassifier(ModelType):
    """A random forest for two or more classes, log loss.

        CREATE MODEL churn OPTIONS (model_type='random_forest_classifier', input_label_cols=['churned'])
        AS SELECT age, plan, churned FROM customers;

    Is roughly:

        LGBMClassifier(boosting_type="rf", n_estimators=100, max_depth=15, subsample=0.8, subsample_freq=1).fit(...)

    LightGBM's forest and not scikit-learn's: safe to store, the same bytes on any number of threads, and scored,
    explained and turned into SQL like boosted trees. Each tree is one step of a boosting library, as in BigQuery.
    """

    name = "random_forest_classifier"
    task = "classification"
    encoding = "label"
    max_classes = 1000
    Options = ForestClassifierOptions
    not_supported = NOT_SUPPORTED

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep LightGBM's model text."""
        return plant(options, "binary" if len(data.classes) == 2 else "multiclass", data)
