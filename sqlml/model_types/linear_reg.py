"""`model_type='linear_reg'`: least squares, or ridge, lasso and elastic net with penalties."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlml.coefficients import fit_coefficients, linear_state
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.options import InstanceWeightOptions, WarmStartOptions, check_p_values, option


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
    class Options(InstanceWeightOptions, WarmStartOptions):
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

    def build(self, options: Options, rows: float = 1) -> Estimator:
        """The scikit-learn estimator; its L1 objective is divided by the rows, or the sum of their weights."""
        from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

        penalty = options.l1_reg + options.l2_reg
        estimator: Estimator
        if options.l1_reg > 0:
            estimator = ElasticNet(
                alpha=penalty / rows,
                l1_ratio=options.l1_reg / penalty,
                fit_intercept=options.fit_intercept,
                max_iter=options.max_iterations,
                warm_start=options.warm_start,
            )
        elif penalty == 0:
            # Ridge(alpha=0) is numerically unsound; least squares is its own estimator.
            estimator = LinearRegression(fit_intercept=options.fit_intercept)
        else:
            estimator = Ridge(alpha=penalty, fit_intercept=options.fit_intercept)
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only; what scikit-learn warns of is a warning of the run."""
        from sqlml.significance import Significance, kept_columns

        notes: tuple[str, ...] = ()
        if options.warm_start and options.l1_reg == 0:
            notes = ("Without l1_reg the solution is exact wherever the solver starts: warm_start changed nothing.",)
        kept = kept_columns(data.preprocessor, options.category_encoding_method)
        exact = Significance(data, kept, fit_intercept=options.fit_intercept) if options.calculate_p_values else None
        estimator = self.build(options, rows=data.total_weight)
        fitted = fit_coefficients(estimator, data, "identity", kept=kept, notes=notes)
        return replace(fitted, state=linear_state(exact.linear(), kept, "identity")) if exact else fitted
