"""`model_type='linear_reg'`: least squares, or ridge, lasso and elastic net with penalties."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.options import check_p_values, option
from sqlml.types import Progress


class LinearReg(ModelType):
    """Linear regression: minimises |y - Xw|^2 / 2 + l1_reg |w|_1 + l2_reg |w|^2 / 2 over standardised features.

        CREATE MODEL fare OPTIONS (model_type='linear_reg', input_label_cols=['fare'])
        AS SELECT distance, hour, fare FROM trips;

    Is roughly:

        LinearRegression().fit(OneHotEncoder/StandardScaler of trips[["distance", "hour"]], trips["fare"])

    with Ridge(alpha=l2_reg) when only l2_reg is given and ElasticNet when l1_reg is.
    """

    name = "linear_reg"
    task = "regression"
    not_supported = ("ls_init_learn_rate", "learn_rate", "learn_rate_strategy")

    @dataclass(frozen=True)
    class Options:
        """The options of linear_reg."""

        l1_reg: float = option(0.0, "The L1 penalty.", low=0)
        l2_reg: float = option(0.0, "The L2 penalty.", low=0)
        fit_intercept: bool = option(default=True, doc="Whether to learn a constant term.")
        optimize_strategy: Literal["AUTO_STRATEGY", "NORMAL_EQUATION"] = option(
            "AUTO_STRATEGY", "Accepted for BigQuery's sake: the exact solution is always taken."
        )
        max_iterations: int = option(1000, "The most iterations of the L1 solver.", low=1)
        calculate_p_values: bool = option(
            default=False, doc="Keep standard errors and p-values for ML.ADVANCED_WEIGHTS."
        )
        category_encoding_method: Literal["ONE_HOT_ENCODING", "DUMMY_ENCODING"] = option(
            "ONE_HOT_ENCODING", "DUMMY_ENCODING leaves out the most frequent category of each feature."
        )

        def __post_init__(self) -> None:
            """Check options against one another."""
            check_p_values(self)

    def build(self, options: Options, rows: int = 1) -> Estimator:
        """The scikit-learn estimator; its L1 objective is divided by the number of rows."""
        from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

        penalty = options.l1_reg + options.l2_reg
        estimator: Estimator
        if options.l1_reg > 0:
            estimator = ElasticNet(
                alpha=penalty / rows,
                l1_ratio=options.l1_reg / penalty,
                fit_intercept=options.fit_intercept,
                max_iter=options.max_iterations,
            )
        elif penalty == 0:
            # Ridge(alpha=0) is numerically unsound; least squares is its own estimator.
            estimator = LinearRegression(fit_intercept=options.fit_intercept)
        else:
            estimator = Ridge(alpha=penalty, fit_intercept=options.fit_intercept)
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only; what scikit-learn warns of is a warning of the run."""
        import numpy as np

        from sqlml.scoring.linear import store
        from sqlml.significance import Significance, kept_columns, kept_design, widened

        kept = kept_columns(data.preprocessor, options.category_encoding_method)
        exact = Significance(data, kept, fit_intercept=options.fit_intercept) if options.calculate_p_values else None
        estimator: Any = self.build(options, rows=len(data.target))
        data.report(Progress("fit", 0, 1))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(kept_design(data, kept), data.target)
        data.report(Progress("fit", 1, 1))
        weights, intercept, errors = exact.linear() if exact else (estimator.coef_, estimator.intercept_, {})
        state = store(widened(weights, kept), np.atleast_1d(intercept), "identity")
        return Fitted(
            "linear",
            {**state, "significance": errors} if exact else state,
            warnings=tuple(dict.fromkeys(str(w.message) for w in caught)),
        )
