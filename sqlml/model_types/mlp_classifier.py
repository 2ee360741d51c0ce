"""`model_type='mlp_classifier'`: a neural network for classes, scikit-learn's multilayer perceptron."""

from __future__ import annotations

from typing import Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.network import NetworkOptions, learn, settings


class MlpClassifier(ModelType):
    """A multilayer perceptron: a neural network for classes, for tables of up to some 100,000 rows.

        CREATE MODEL digit OPTIONS (model_type='mlp_classifier', input_label_cols=['digit'], hidden_units=[64, 32])
        AS SELECT * FROM strokes;

    Is roughly:

        MLPClassifier(hidden_layer_sizes=(64, 32)).fit(OneHotEncoder/StandardScaler of strokes, digit)

    Not BigQuery's DNN, whose networks and defaults are others. Source: scikit-learn, MLPClassifier.
    """

    name = "mlp_classifier"
    task = "classification"
    Options = NetworkOptions

    def build(self, options: NetworkOptions, seed: int = 0) -> Estimator:
        """The scikit-learn estimator."""
        from sklearn.neural_network import MLPClassifier

        estimator: Estimator = MLPClassifier(**settings(options, seed=seed))
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit, or go on fitting."""
        return learn(self.build(options, seed=data.seed), data)
