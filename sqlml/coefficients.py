"""Fitting a linear model of scikit-learn's and keeping its coefficients only, as JSON that SQL can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlml.caught_warnings import caught_warnings
from sqlml.fitting import Fitted
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.fitting import TrainingData


def fit_coefficients(
    estimator: Any, data: TrainingData, link: str, *, kept: Any = None, notes: tuple[str, ...] = ()
) -> Fitted:
    """Fit; what scikit-learn warns of is a warning of the run, after the notes.

    `kept` says which columns of the design are fitted, None for all.
    A warm start, for which the estimator must have been built, starts at the coefficients of the version before.
    """
    import numpy as np

    from sqlml.scoring.linear import store
    from sqlml.significance import kept_design, widened

    if data.previous is not None:
        before = np.asarray(data.previous.state["coefficients"][0])
        estimator.coef_ = before if kept is None else before[kept]
    data.report(Progress("fit", 0, 1))
    with caught_warnings() as caught:
        design = data.design() if kept is None else kept_design(data, kept)
        estimator.fit(design, data.target, sample_weight=data.weights)
    data.report(Progress("fit", 1, 1))
    # The exact solutions have no iterations, some solvers a list of one number.
    found = getattr(estimator, "n_iter_", None)
    return Fitted(
        "linear",
        store(
            np.atleast_2d(estimator.coef_) if kept is None else widened(estimator.coef_, kept),
            np.atleast_1d(np.float64(estimator.intercept_)),
            link,
        ),
        resolved={} if found is None else {"iterations": int(np.max(found))},
        warnings=(*notes, *dict.fromkeys(str(w) for w in caught)),
    )


def linear_state(solved: tuple[Any, float, dict[str, Any]], kept: Any, link: str) -> dict[str, Any]:
    """What is stored of a solution with standard errors: weights of the kept columns, intercept, errors."""
    import numpy as np

    from sqlml.scoring.linear import store
    from sqlml.significance import widened

    weights, intercept, errors = solved
    return {**store(widened(weights, kept), np.array([intercept]), link), "significance": errors}
