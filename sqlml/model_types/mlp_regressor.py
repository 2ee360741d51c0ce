"""`model_type='mlp_regressor'`: a neural network for a number, scikit-learn's multilayer perceptron."""

from __future__ import annotations

from typing import Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.network import NetworkOptions, learn, settings


class MlpRegressor(ModelType):
    """A multilayer perceptron: a neural network for a number, for tables of up to some 100,000 rows.

        CREATE MODEL power OPTIONS (model_type='mlp_regressor', input_label_cols=['power'], hidden_units=[64, 32])
        AS SELECT wind, direction, power FROM turbines;

    Is roughly:

        MLPRegressor(hidden_layer_sizes=(64, 32)).fit(StandardScaler of turbines[["wind", "direction"]],
                                                       StandardScaler of power)

    with the last layer scaled back, so that it predicts in units of the label.

    Not BigQuery's DNN, whose networks and defaults are others. Source: scikit-learn, MLPRegressor.
    """

    name = "mlp_regressor"
    task = "regression"
    Options = NetworkOptions

    def build(self, options: NetworkOptions, seed: int = 0) -> Estimator:
        """The scikit-learn estimator."""
        from sklearn.neural_network import MLPRegressor

        estimator: Estimator = MLPRegressor(**settings(options, seed=seed))
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit, or go on fitting."""
        return learn(self.build(options, seed=data.seed), data)
