"""Generalised linear models with a log link: the options and the fit that poisson_regressor and gamma_regressor share.

Both minimise (deviance / 2) + l2_reg |w|^2 / 2 over standardised features, rows counted by their weights.
Source: McCullagh and Nelder, Generalized Linear Models, 1989.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlml.coefficients import fit_coefficients
from sqlml.options import InstanceWeightOptions, option

if TYPE_CHECKING:
    from sqlml.fitting import Fitted, TrainingData

# Up to this many coefficients their Hessian is cheap to factor.
_NEWTON = 1000


@dataclass(frozen=True)
class GlmOptions(InstanceWeightOptions):
    """The options of generalised linear models.

    A little l2_reg is the default: without it the weight of a category whose labels are all zero is minus infinity.
    """

    l2_reg: float = option(1.0, "The L2 penalty; 0 gives the estimate of maximum likelihood.", low=0)
    fit_intercept: bool = option(default=True, doc="Whether to learn a constant term.")
    max_iterations: int = option(1000, "The most iterations of the solver (Newton or L-BFGS).", low=1)


@dataclass(frozen=True)
class Solver:
    """What scikit-learn's estimators of this family are told: penalty by row, solver, when to stop."""

    alpha: float
    solver: str
    fit_intercept: bool
    max_iter: int
    tol: float = 1e-10


def fit_log_linear(build: Callable[[Solver], Any], options: GlmOptions, data: TrainingData) -> Fitted:
    """Fit and keep the coefficients only; what scikit-learn warns of is a warning of the run."""
    # Without a penalty nothing decides between columns that add up to one, and Newton's equations have no one answer.
    is_unique = options.l2_reg > 0 or not data.preprocessor.block_widths
    solver = Solver(
        alpha=options.l2_reg / data.total_weight,
        solver="newton-cholesky" if is_unique and data.preprocessor.width <= _NEWTON else "lbfgs",
        fit_intercept=options.fit_intercept,
        max_iter=options.max_iterations,
    )
    return fit_coefficients(build(solver), data, "log")
