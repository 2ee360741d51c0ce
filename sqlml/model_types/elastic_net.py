"""`model_type='elastic_net'`: least squares with scikit-learn's mixture of L1 and L2 penalties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlml.coefficients import fit_coefficients
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.options import InstanceWeightOptions, WarmStartOptions, option


class ElasticNet(ModelType):
    """Linear regression: minimises the mean of (y - Xw)^2 / 2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2).

        CREATE MODEL fare OPTIONS (model_type='elastic_net', input_label_cols=['fare'], alpha=0.1, l1_ratio=0.9)
        AS SELECT distance, hour, fare FROM trips;

    Is roughly:

        ElasticNet(alpha=0.1, l1_ratio=0.9).fit(OneHotEncoder/StandardScaler of trips[["distance", "hour"]], fare)

    linear_reg with l1_reg and l2_reg is the same with the penalties of BigQuery: l1_reg = alpha * l1_ratio * rows.
    Source: Zou and Hastie, Regularization and variable selection via the elastic net, 2005.
    """

    name = "elastic_net"
    task = "regression"

    @dataclass(frozen=True)
    class Options(InstanceWeightOptions, WarmStartOptions):
        """The options of elastic_net."""

        alpha: float = option(1.0, "The weight of both penalties.", above=0)
        l1_ratio: float = option(0.5, "The share of the L1 penalty; 1 is the lasso.", low=0, high=1)
        fit_intercept: bool = option(default=True, doc="Whether to learn a constant term.")
        max_iterations: int = option(10_000, "The most iterations of coordinate descent.", low=1)

    def build(self, options: Options) -> Estimator:
        """The scikit-learn estimator."""
        from sklearn import linear_model

        estimator: Estimator = linear_model.ElasticNet(
            alpha=options.alpha,
            l1_ratio=options.l1_ratio,
            fit_intercept=options.fit_intercept,
            max_iter=options.max_iterations,
            tol=1e-8,
            warm_start=options.warm_start,
        )
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only; what scikit-learn warns of is a warning of the run."""
        return fit_coefficients(self.build(options), data, "identity")
