"""`model_type='poisson_regressor'`: Poisson regression of counts, with a log link."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlml.errors import TrainingFailed
from sqlml.fitting import Fitted, TrainingData
from sqlml.generalized import GlmOptions, Solver, fit_log_linear
from sqlml.model_types.base import Estimator, ModelType


class PoissonRegressor(ModelType):
    """Poisson regression: for counts, 0 or more, whose variance grows with their mean.

        CREATE MODEL calls OPTIONS (model_type='poisson_regressor', input_label_cols=['calls'])
        AS SELECT weekday, hour, calls FROM hours;

    Is roughly:

        PoissonRegressor(alpha=l2_reg / rows).fit(OneHotEncoder/StandardScaler of hours[["weekday", "hour"]], calls)

    The prediction is the expected label, exp(Xw + b); ML.WEIGHTS gives w and b. l2_reg is 1 unless said otherwise: with
    l2_reg=0, the estimate of maximum likelihood, a category can get an infinite weight.
    Source: McCullagh and Nelder, Generalized Linear Models, 1989.
    """

    name = "poisson_regressor"
    task = "regression"
    Options = GlmOptions

    def build(self, options: Solver) -> Estimator:
        """The scikit-learn estimator; its objective is divided by the sum of the weights."""
        from sklearn.linear_model import PoissonRegressor

        estimator: Estimator = PoissonRegressor(**asdict(options))
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only.

        Raises TrainingFailed for labels that cannot be.
        """
        negative = int((data.target < 0).sum())
        if negative:
            raise TrainingFailed(
                f"poisson_regressor counts: the label is negative in {negative} rows.",
                hint="Use linear_reg, or leave these rows out.",
            )
        if not data.target.any():
            raise TrainingFailed("The label is 0 in every training row.", hint="Train on more rows.")
        return fit_log_linear(self.build, options, data)
