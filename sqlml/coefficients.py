"""Fitting a linear model of scikit-learn's and keeping its coefficients only, as JSON that SQL can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlml.caught_warnings import caught_warnings
from sqlml.fitting import Fitted
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.fitting import TrainingData


def fit_coefficients(estimator: Any, data: TrainingData, link: str, *, notes: tuple[str, ...] = ()) -> Fitted:
    """Fit; what scikit-learn warns of is a warning of the run, after the notes.

    A warm start, for which the estimator must have been built, starts at the coefficients of the version before.
    """
    import numpy as np

    from sqlml.scoring.linear import store

    if data.previous is not None:
        estimator.coef_ = np.asarray(data.previous.state["coefficients"][0])
    data.report(Progress("fit", 0, 1))
    with caught_warnings() as caught:
        estimator.fit(data.design(), data.target, sample_weight=data.weights)
    data.report(Progress("fit", 1, 1))
    # The exact solutions have no iterations, some solvers a list of one number.
    found = getattr(estimator, "n_iter_", None)
    return Fitted(
        "linear",
        store(np.atleast_2d(estimator.coef_), np.atleast_1d(np.float64(estimator.intercept_)), link),
        resolved={} if found is None else {"iterations": int(np.max(found))},
        warnings=(*notes, *dict.fromkeys(str(w) for w in caught)),
    )
