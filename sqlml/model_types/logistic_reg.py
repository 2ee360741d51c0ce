"""`model_type='logistic_reg'`: binary and multinomial logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlml.caught_warnings import caught_warnings
from sqlml.coefficients import linear_state
from sqlml.errors import InvalidOption
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.options import ClassWeightOptions, InstanceWeightOptions, WarmStartOptions, check_p_values, option
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.significance import Significance

# Up to this many coefficients their Hessian is cheap to factor.
_NEWTON = 1000


class LogisticReg(ModelType):
    """Logistic regression over standardised features; softmax for more than two classes.

        CREATE MODEL churn OPTIONS (model_type='logistic_reg', input_label_cols=['churned'], l2_reg=1)
        AS SELECT age, plan, churned FROM customers;

    Is roughly:

        LogisticRegression(C=1 / l2_reg).fit(OneHotEncoder/StandardScaler of customers[["age", "plan"]], churned)

    Without a penalty (the default, as in BigQuery) C is infinite.
    """

    name = "logistic_reg"
    task = "classification"
    max_classes = 50
    not_supported = ("ls_init_learn_rate", "learn_rate", "learn_rate_strategy")

    @dataclass(frozen=True)
    class Options(InstanceWeightOptions, ClassWeightOptions, WarmStartOptions):
        """The options of logistic_reg."""

        l1_reg: float = option(0.0, "The L1 penalty.", low=0)
        l2_reg: float = option(0.0, "The L2 penalty.", low=0)
        fit_intercept: bool = option(default=True, doc="Whether to learn a constant term.")
        max_iterations: int = option(1000, "The most iterations of the solver (Newton, L-BFGS or SAGA).", low=1)
        calculate_p_values: bool = option(
            default=False, doc="Keep standard errors and p-values for ML.ADVANCED_WEIGHTS."
        )
        category_encoding_method: Literal["ONE_HOT_ENCODING", "DUMMY_ENCODING"] = option(
            "ONE_HOT_ENCODING", "DUMMY_ENCODING leaves out the most frequent category of each feature."
        )

        def __post_init__(self) -> None:
            """Check options against one another."""
            super().__post_init__()
            check_p_values(self)

    def build(self, options: Options, seed: int = 0, coefficients: int | None = None) -> Estimator:
        """The scikit-learn estimator.

        With few coefficients, of which only one set is best, Newton's method gets there in ten steps, where L-BFGS
        takes hundreds, and to more digits. `coefficients` is their number, None where many sets are as good.
        """
        from sklearn.linear_model import LogisticRegression

        penalty = options.l1_reg + options.l2_reg
        is_small = coefficients is not None and coefficients <= _NEWTON
        estimator: Estimator = LogisticRegression(
            C=1 / penalty if penalty else float("inf"),
            l1_ratio=options.l1_reg / penalty if penalty else 0.0,
            solver="saga" if options.l1_reg else "newton-cholesky" if is_small else "lbfgs",
            fit_intercept=options.fit_intercept,
            max_iter=options.max_iterations,
            tol=1e-6,
            random_state=seed,
            warm_start=options.warm_start,
        )
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the coefficients only; a solver that did not converge is a warning of the run."""
        import numpy as np
        from sklearn.exceptions import ConvergenceWarning

        from sqlml.scoring.linear import store
        from sqlml.significance import kept_columns, kept_design, widened

        kept = kept_columns(data.preprocessor, options.category_encoding_method)
        exact = _significance(options, data, kept)
        design = kept_design(data, kept)
        sets = 1 if len(data.classes) == 2 else len(data.classes)
        # Without a penalty nothing decides between columns that add up to one, nor between three classes.
        is_unique = options.l2_reg > 0 or (sets == 1 and not (kept.all() and data.preprocessor.block_widths))
        count = design.shape[1] * sets if is_unique else None
        estimator: Any = self.build(options, seed=data.seed, coefficients=count)
        if data.previous is not None:
            estimator.coef_ = np.asarray(data.previous.state["coefficients"])[:, kept]
            estimator.intercept_ = np.asarray(data.previous.state["intercept"])
        data.report(Progress("fit", 0, 1))
        with caught_warnings() as caught:
            estimator.fit(design, data.target, sample_weight=data.weights)
        if options.fit_intercept and not estimator.coef_.any():
            estimator.intercept_ = _shares_alone(data)
        data.report(Progress("fit", 1, 1))
        unfinished = any(isinstance(w, ConvergenceWarning) for w in caught)
        notes = (
            (f"The solver stopped after {options.max_iterations} iterations before it converged.",)
            if unfinished
            else ()
        )
        link = "logistic" if len(data.classes) == 2 else "softmax"
        state = store(widened(estimator.coef_, kept), estimator.intercept_, link)
        if exact:
            state = linear_state(exact.logistic(estimator.coef_[0], float(estimator.intercept_[0])), kept, link)
        return Fitted(
            "linear",
            state,
            resolved={"iterations": int(max(estimator.n_iter_))},
            warnings=notes,
        )


def _significance(options: Any, data: TrainingData, kept: Any) -> Significance | None:
    if not options.calculate_p_values:
        return None
    if len(data.classes) != 2:
        raise InvalidOption(
            f"calculate_p_values is for two classes; the label has {len(data.classes)}.", hint="Leave it out."
        )
    from sqlml.significance import Significance

    return Significance(data, kept, fit_intercept=options.fit_intercept)


def _shares_alone(data: TrainingData) -> Any:
    """The intercepts of a model without coefficients: SAGA stops at once where L1 leaves none, wherever it stands."""
    import numpy as np

    log_shares = np.log(np.bincount(data.target, weights=data.weights) / data.total_weight)
    return log_shares[1:] - log_shares[0] if len(log_shares) == 2 else log_shares - log_shares.mean()
