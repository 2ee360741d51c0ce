"""`OPTIONS (calculate_p_values=TRUE)`: standard errors and p-values of the weights of a linear model.

Linear regression: s^2 (X'X)^-1 with s^2 = RSS / (n - p), p-values of Student's t with n - p degrees of freedom.
Logistic regression: the inverse of the observed information (X'WX)^-1, p-values of the normal distribution.
Errors are in the units of ML.WEIGHTS, of the numbers as they are; the intercept's is that of the covariance.
Sources: Greene, Econometric Analysis; McCullagh and Nelder, Generalized Linear Models.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.errors import InvalidOption, TrainingFailed
from sqlml.fitting import TrainingData
from sqlml.preprocessing import Floats, Preprocessor, Text

# As in BigQuery.
_MOST = 1000
# Up to this many operations sums are taken in extended precision: the last digits of an ill-conditioned fit are right.
_PRECISE = 20_000_000
_CHUNK = 16_384
_NEWTON = 50
# Beyond this logit a probability is 0 or 1 to the last digit but a few.
_SEPARATED = 30.0

# Arrays of doubles, or of the extended numbers that numpy's types know nothing of.
Numbers = Any


def kept_columns(preprocessor: Preprocessor, method: str) -> npt.NDArray[np.bool_]:
    """Which one-hot columns are fitted: with DUMMY_ENCODING all but the most frequent category of each input.

    That category is the reference: its weight is 0. Of equally frequent ones it is the first.
    """
    kept = [True for i in preprocessor.inputs if not i.is_block]
    for learned in preprocessor.inputs:
        if learned.is_block:
            own = [True] * learned.width
            if method == "DUMMY_ENCODING":
                own[int(np.argmax(learned.counts[: len(learned.categories)]))] = False
            kept += own
    return np.array(kept, dtype=np.bool_)


def kept_design(data: TrainingData, kept: npt.NDArray[np.bool_]) -> Any:
    """The matrix of the training rows with these columns only."""
    design = data.design()
    return design if kept.all() else design[:, kept]


def widened(values: Any, kept: npt.NDArray[np.bool_]) -> Floats:
    """Weights (outputs x kept columns) as weights of all columns; those of references are 0."""
    given: Floats = np.atleast_2d(np.asarray(values, dtype=np.float64))
    wide: Floats = np.zeros((len(given), len(kept)))
    wide[:, kept] = given
    return wide


class Significance:
    """Solves one regression anew, to the last digits, with the covariance of its weights."""

    def __init__(self, data: TrainingData, kept: npt.NDArray[np.bool_], *, fit_intercept: bool) -> None:
        """Check what standard errors need.

        Raises InvalidOption for categories that are not dummy-encoded, TrainingFailed for too many or for dependent
        columns.
        """
        learned = data.preprocessor.inputs
        if kept.all() and any(i.is_block for i in learned):
            raise InvalidOption(
                "calculate_p_values needs category_encoding_method='DUMMY_ENCODING' where features are categories.",
                hint="With one column for every category the weights are not determined.",
            )
        self._target: Numbers = np.asarray(data.target, dtype=np.float64)
        self._kept = kept
        self._fit_intercept = fit_intercept
        self._data = data
        rows, columns = len(self._target), int(kept.sum()) + fit_intercept
        if columns >= _MOST:
            raise TrainingFailed(
                f"calculate_p_values with {columns} weights; fewer than {_MOST} are allowed.",
                hint="Leave out or group features with many categories.",
            )
        if rows <= columns:
            raise TrainingFailed(
                f"calculate_p_values with {columns} weights and {rows} training rows.", hint="Train on more rows."
            )
        self._kind = np.longdouble if rows * columns * columns <= _PRECISE else np.float64
        self._numbers = [i for i in learned if not i.is_block]
        self.degrees = rows - columns
        self._check_rank(self._sum(_gram))

    def linear(self) -> tuple[Floats, float, dict[str, Any]]:
        """Weights of the standardised columns, intercept, and what is kept about their errors."""
        from scipy.special import stdtr

        inverse = self._inverse(self._sum(_gram))
        weights: Numbers = np.zeros(len(inverse), dtype=self._kind)
        for _ in range(3):
            # Each round corrects the rounding of the one before.
            weights = weights + inverse @ self._sum(partial(_slope, weights))
        squares = self._sum(lambda x, y: np.square(y - x @ weights).sum(keepdims=True))[0]
        found = self._in_units(weights, inverse * (squares / self.degrees))
        return self._answer(weights, found, lambda t: 2 * stdtr(self.degrees, -abs(t)), "t")

    def logistic(self, weights: Floats, intercept: float) -> tuple[Floats, float, dict[str, Any]]:
        """The same of a logistic regression, by Newton's method from a solution that is near.

        Raises TrainingFailed where the classes are separated: then no weights are the most likely.
        """
        from scipy.special import ndtr

        start = [*([intercept] if self._fit_intercept else []), *weights]
        found: Numbers = np.asarray(start, dtype=self._kind)
        for _ in range(_NEWTON):
            step = self._information(found) @ self._sum(partial(_logistic_slope, found))
            found = found + step
            largest = float(self._largest(found))
            if not np.isfinite(largest) or largest > _SEPARATED:
                raise _separated()
            if float(abs(step).max()) <= 1e-13 * max(1.0, float(abs(found).max())):
                break
        else:
            raise _separated()
        return self._answer(
            found, self._in_units(found, self._information(found)), lambda z: 2 * ndtr(-abs(z)), "normal"
        )

    def _chunks(self) -> Any:
        """The design (intercept, then columns) and the target of some rows after others."""
        for start in range(0, len(self._target), _CHUNK):
            rows = slice(start, start + _CHUNK)
            few = {name: column[rows] for name, column in self._data.columns.items()}
            design = self._data.preprocessor.one_hot_matrix(few)
            matrix = np.asarray(design.toarray() if hasattr(design, "toarray") else design).astype(self._kind)
            for at, learned in enumerate(self._numbers):
                column = few[learned.name]
                assert not isinstance(column, Text)
                exact: Numbers = column.astype(self._kind)
                exact = (exact - learned.mean) / learned.scale
                matrix[:, at] = np.where(np.isfinite(exact), exact, 0)
            matrix = matrix[:, self._kept]
            if self._fit_intercept:
                matrix = np.column_stack([np.ones(len(matrix), dtype=self._kind), matrix])
            yield matrix, self._target[rows].astype(self._kind)

    def _sum(self, of: Callable[[Numbers, Numbers], Numbers]) -> Numbers:
        total: Any = 0
        for matrix, target in self._chunks():
            total = total + of(matrix, target)
        return np.asarray(total)

    def _information(self, weights: Numbers) -> Numbers:
        """The inverse of X'WX, W being the variance of each row's outcome."""
        return self._inverse(self._sum(partial(_weighted_gram, weights)))

    def _largest(self, weights: Numbers) -> Any:
        return max(abs(x @ weights).max() for x, _ in self._chunks())

    def _check_rank(self, gram: Numbers) -> None:
        scale = np.sqrt(np.diag(gram)).astype(np.float64)
        if (scale > 0).all():
            values = np.linalg.eigvalsh(gram.astype(np.float64) / np.outer(scale, scale))
            if values[0] > 1e-11 * values[-1]:
                return
        raise TrainingFailed(
            "calculate_p_values needs features that are linearly independent.",
            hint="Leave out features that are constant or follow from others, such as all parts of a sum.",
        )

    def _inverse(self, gram: Numbers) -> Numbers:
        scale = np.sqrt(np.diag(gram))
        if not (scale > 0).all():
            raise _separated()
        even = gram / np.outer(scale, scale)
        try:
            found: Numbers = np.linalg.inv(even.astype(np.float64)).astype(self._kind)
        except np.linalg.LinAlgError:
            raise _separated() from None
        for _ in range(2):
            # Newton and Schulz: from the digits of a double to those of this type.
            found = found @ (2 * np.eye(len(found), dtype=self._kind) - even @ found)
        inverse: Numbers = found / np.outer(scale, scale)
        return inverse

    def _in_units(self, weights: Numbers, covariance: Numbers) -> tuple[Numbers, Numbers]:
        """Weights and standard errors of the numbers as they are, the intercept last."""
        size = len(weights) - self._fit_intercept
        first = int(self._fit_intercept)
        factor: Numbers = np.ones(size, dtype=self._kind)
        factor[: len(self._numbers)] = [1 / self._kind(i.scale) for i in self._numbers]
        shift: Numbers = np.zeros(len(weights), dtype=self._kind)
        shift[:first] = 1
        shift[first : first + len(self._numbers)] = [-self._kind(i.mean) / self._kind(i.scale) for i in self._numbers]
        own = np.append(weights[first:] * factor, shift @ weights)
        errors = np.append(np.sqrt(np.diag(covariance)[first:]) * factor, np.sqrt(shift @ covariance @ shift))
        return own, errors

    def _answer(
        self, weights: Numbers, found: tuple[Numbers, Numbers], tail: Callable[[Any], Any], distribution: str
    ) -> tuple[Floats, float, dict[str, Any]]:
        own, errors = (np.asarray(values, dtype=np.float64) for values in found)
        with np.errstate(divide="ignore", invalid="ignore"):
            p_values = tail(own / errors)
        described = {
            "standard_errors": self._spread(errors[:-1]),
            "p_values": self._spread(p_values[:-1]),
            "intercept": [_known(errors[-1]), _known(p_values[-1])],
            "distribution": distribution,
            "degrees_of_freedom": self.degrees,
        }
        first = int(self._fit_intercept)
        intercept = float(weights[0]) if self._fit_intercept else 0.0
        return weights[first:].astype(np.float64), intercept, described

    def _spread(self, values: Floats) -> list[float | None]:
        """One value a one-hot column; a reference has none."""
        fitted = iter(values)
        return [_known(next(fitted)) if kept else None for kept in self._kept]


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _gram(x: Numbers, _: Numbers) -> Numbers:
    return x.T @ x


def _slope(weights: Numbers, x: Numbers, y: Numbers) -> Numbers:
    return x.T @ (y - x @ weights)


def _logistic_slope(weights: Numbers, x: Numbers, y: Numbers) -> Numbers:
    return x.T @ (y - _probability(x @ weights))


def _weighted_gram(weights: Numbers, x: Numbers, _: Numbers) -> Numbers:
    share = _probability(x @ weights)
    return x.T @ (x * (share * (1 - share))[:, None])


def _probability(margin: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-margin))


def _separated() -> TrainingFailed:
    return TrainingFailed(
        "The features tell the classes apart without error: the weights have no standard errors.",
        hint="Leave calculate_p_values out and set l2_reg, or leave out the feature that gives the label away.",
    )
