"""`model_type='quantile_regressor'`: linear regression of the median or of another quantile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlml.coefficients import fit_coefficients
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.options import InstanceWeightOptions, option


class QuantileRegressor(ModelType):
    """Linear quantile regression: a share `quantile` of the labels lies below the predictions.

        CREATE MODEL late OPTIONS (model_type='quantile_regressor', input_label_cols=['delay'], quantile=0.9)
        AS SELECT hour, distance, delay FROM flights;

    Is roughly:

        QuantileRegressor(quantile=0.9, alpha=l1_reg / rows).fit(StandardScaler of flights[["hour", "distance"]], delay)

    A linear program, solved exactly by HiGHS: for up to some ten thousand rows. Outliers of the label do not move it.
    Source: Koenker and Bassett, Regression Quantiles, 1978.
    """

    name = "quantile_regressor"
    task = "regression"

    @dataclass(frozen=True)
    class Options(InstanceWeightOptions):
        """The options of quantile_regressor."""

        quantile: float = option(0.5, "Which quantile; 0.5 is the median.", above=0, high=0.9999)
        l1_reg: float = option(0.0, "The L1 penalty.", low=0)
        fit_intercept: bool = option(default=True, doc="Whether to learn a constant term.")

    def build(self, options: Options, rows: float = 1) -> Estimator:
        """The scikit-learn estimator; its objective is divided by the number of rows, or the sum of their weights."""
        from sklearn import linear_model

        estimator: Estimator = linear_model.QuantileRegressor(
            quantile=options.quantile,
            alpha=options.l1_reg / rows,
            fit_intercept=options.fit_intercept,
            solver="highs",
        )
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only; what scikit-learn warns of is a warning of the run."""
        return fit_coefficients(self.build(options, rows=data.total_weight), data, "identity")
