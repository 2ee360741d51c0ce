"""`model_type='gamma_regressor'`: Gamma regression of positive amounts, with a log link."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlml.errors import TrainingFailed
from sqlml.fitting import Fitted, TrainingData
from sqlml.generalized import GlmOptions, Solver, fit_log_linear
from sqlml.model_types.base import Estimator, ModelType


class GammaRegressor(ModelType):
    """Gamma regression: for positive amounts whose spread is proportional to their mean, as of claims and durations.

        CREATE MODEL claim OPTIONS (model_type='gamma_regressor', input_label_cols=['amount'])
        AS SELECT age, region, amount FROM claims;

    Is roughly:

        GammaRegressor(alpha=l2_reg / rows).fit(OneHotEncoder/StandardScaler of claims[["age", "region"]], amount)

    The prediction is the expected label, exp(Xw + b); ML.WEIGHTS gives w and b. l2_reg is 1 unless said otherwise: with
    l2_reg=0, the estimate of maximum likelihood, a category can get an infinite weight.
    Source: McCullagh and Nelder, Generalized Linear Models, 1989.
    """

    name = "gamma_regressor"
    task = "regression"
    Options = GlmOptions

    def build(self, options: Solver) -> Estimator:
        """The scikit-learn estimator; its objective is divided by the sum of the weights."""
        from sklearn.linear_model import GammaRegressor

        estimator: Estimator = GammaRegressor(**asdict(options))
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only.

        Raises TrainingFailed for labels that cannot be.
        """
        wrong = int((data.target <= 0).sum())
        if wrong:
            raise TrainingFailed(
                f"gamma_regressor needs positive labels: {wrong} rows have one of 0 or less.",
                hint="Leave these rows out, or use poisson_regressor or linear_reg.",
            )
        return fit_log_linear(self.build, options, data)
