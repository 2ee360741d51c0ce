"""Two models over the same rows: how their metrics differ, with a paired bootstrap over the rows.

Each metric is a function of sums over the rows, so a replicate is a vector of weights times a matrix: rows are weighted
by draws of a Poisson(1) distribution (to 1/65536), the same for both models. roc_auc is that of the rows, moved by the
placements of the rows to the first order. Sources: Efron and Tibshirani, An Introduction to the Bootstrap, 1993;
DeLong et al., Comparing the Areas under Two or More Correlated ROC Curves, 1988; Chamandy et al., Estimating
Uncertainty for Massive Data Streams, 2012.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A block of weights is 16 MB.
_ROWS, _REPLICATES = 8192, 256
_SMALLEST = 2.220446049250313e-16
# Positions of classes that neither model knows.
UNKNOWN, UNLABELLED = 0, -1


@dataclass(frozen=True)
class Difference:
    """A metric of two models, what it is of the second more than of the first, and what chance would make of it."""

    metric: str
    a: float | None
    b: float | None
    difference: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    rows: int


@dataclass(frozen=True)
class Settings:
    """How many replicates, how sure the interval is, the seed, the threshold of two classes."""

    bootstrap: int = 1000
    confidence: float = 0.95
    seed: int = 0
    threshold: float = 0.5


class _Sums:
    """What is summed over the rows: columns, made anew for each block of rows, so that only their sources are kept."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._columns: list[Callable[[slice], Any]] = []

    def add(self, column: Any) -> int:
        """Add a column, or what makes a part of one; its position."""
        self._columns.append(column if callable(column) else column.__getitem__)
        return len(self._columns) - 1

    def blocks(self) -> Iterator[Floats]:
        """The rows, some at a time, one column a sum."""
        for first in range(0, self.count, _ROWS):
            part = slice(first, min(first + _ROWS, self.count))
            yield np.column_stack([np.asarray(column(part), dtype=np.float64) for column in self._columns])

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._columns)


# Weighted sums, one replicate a row, to the metrics of a model in the order of their names.
_Of = Callable[[Floats], list[Floats]]


def decisions(scores: Floats, threshold: float) -> Ints:
    """The position (from 0) of the class that each row's probabilities predict."""
    if scores.shape[1] == 2:
        later: Ints = (scores[:, 1] > threshold).astype(np.int64)
        return later
    best: Ints = np.argmax(scores, axis=1).astype(np.int64)
    return best


def compare_classifiers(
    labels: Ints | None, a: Floats, b: Floats, settings: Settings, check: Callable[[], None]
) -> list[Difference]:
    """The differences of two classifiers; `labels` are positions from 1, UNKNOWN or UNLABELLED, None where no label is.

    `a` and `b` are probabilities, a column a class.
    """
    chosen = [decisions(scores, settings.threshold) for scores in (a, b)]
    sums = _Sums(len(a))
    everything = sums.add(_ones)
    disagree = sums.add(chosen[0] != chosen[1])
    made: list[_Of] = []
    known = None
    if labels is not None:
        known = labels != UNLABELLED
        made = [_classification(sums, labels, known, scores, of) for scores, of in zip((a, b), chosen, strict=True)]
    names = ("accuracy", "precision", "recall", "f1_score", "log_loss", "roc_auc")
    return _differences(
        sums, made, names, ("disagreement", everything, disagree), known, settings, check, same=np.array_equal(a, b)
    )


def _ones(part: slice) -> Floats:
    return np.ones(part.stop - part.start)


def compare_regressions(
    labels: Floats | None, a: Floats, b: Floats, settings: Settings, check: Callable[[], None]
) -> list[Difference]:
    """The differences of two regressions; labels that are NaN do not count."""
    sums = _Sums(len(a))
    everything = sums.add(_ones)
    apart = sums.add(np.abs(a - b))
    made: list[_Of] = []
    known = None
    if labels is not None:
        known = ~np.isnan(labels)
        made = [_regression(sums, labels, known, predicted) for predicted in (a, b)]
    names = ("mean_absolute_error", "root_mean_squared_error", "r2_score")
    return _differences(
        sums, made, names, ("prediction_difference", everything, apart), known, settings, check,
        same=np.array_equal(a, b),
    )  # fmt: skip


def _regression(sums: _Sums, labels: Floats, known: NDArray[np.bool_], predicted: Floats) -> _Of:
    y = np.where(known, labels, 0.0)
    centre = y[known].mean() if known.any() else 0.0
    error = np.where(known, y - predicted, 0.0)
    y = np.where(known, y - centre, 0.0)
    n, first, second, absolute, squared = (sums.add(c) for c in (known, y, y * y, np.abs(error), error * error))

    def of(total: Floats) -> list[Floats]:
        count = total[:, n]
        around = total[:, second] - _share(total[:, first] ** 2, count)
        return [
            _share(total[:, absolute], count),
            np.sqrt(_share(total[:, squared], count)),
            1 - _share(total[:, squared], np.where(around > 0, around, 0.0)),
        ]

    return of


def _classification(sums: _Sums, labels: Ints, known: NDArray[np.bool_], scores: Floats, chosen: Ints) -> _Of:
    width = scores.shape[1]
    # Of two classes the later one counts, of more all that occur.
    counted = [1] if width == 2 else list(range(width))
    own = np.where(labels > 0, scores[np.arange(len(scores)), np.maximum(labels - 1, 0)], 0.0)
    n = sums.add(known)
    right = sums.add(known & (labels - 1 == chosen))
    loss = sums.add(np.where(known, -np.log(np.maximum(own, _SMALLEST)), 0.0))
    strange = sums.add(labels == UNKNOWN)
    cells = [
        (
            sums.add(lambda part, k=k: (labels[part] - 1 == k) & (chosen[part] == k)),
            sums.add(lambda part, k=k: known[part] & (chosen[part] == k)),
            sums.add(lambda part, k=k: labels[part] - 1 == k),
        )
        for k in counted
    ]
    areas = []
    for k, (_, _, actual) in zip(counted, cells, strict=True):
        area = _area(sums, labels - 1 == k, known, scores[:, k], actual, n)
        areas += [area] if area else []

    def of(total: Floats) -> list[Floats]:
        hits, predicted, actual = (np.stack([total[:, cell[i]] for cell in cells]) for i in range(3))
        rates = [_share(hits, predicted), _share(hits, actual), _share(2 * hits, predicted + actual)]
        if width == 2:
            means = [np.nan_to_num(rate[0]) for rate in rates]
        else:
            occurs = predicted + actual > 0
            count = occurs.sum(axis=0) + (total[:, strange] > 0)
            means = [_share(np.where(occurs, np.nan_to_num(rate), 0.0).sum(axis=0), count) for rate in rates]
        some = np.where(total[:, n] > 0, 0.0, np.nan)
        return [
            _share(total[:, right], total[:, n]),
            *(mean + some for mean in means),
            _share(total[:, loss], total[:, n]),
            _mean_of(areas, total),
        ]

    return of


def _mean_of(areas: Sequence[Callable[[Floats], Floats]], total: Floats) -> Floats:
    """The mean of the areas there are; NaN where a replicate has none."""
    found = np.stack([area(total) for area in areas]) if areas else np.zeros((0, len(total)))
    there = ~np.isnan(found)
    return _share(np.where(there, found, 0.0).sum(axis=0), there.sum(axis=0))


def _area(
    sums: _Sums, hit: NDArray[np.bool_], known: NDArray[np.bool_], score: Floats, hits: int, rows: int
) -> Callable[[Floats], Floats] | None:
    """The area under the ROC curve: that of the rows, plus what their placements add under other weights.

    `hits` and `rows` are where the sums of the rows of the class and of all are.
    """
    miss = known & ~hit
    above, below = np.sort(score[hit]), np.sort(score[miss])
    if not len(above) or not len(below):
        return None
    placed = np.zeros(len(score))
    placed[hit] = _place(below, score[hit])
    placed[miss] = 1 - _place(above, score[miss])
    area = float(placed[hit].mean())
    of_hits = sums.add(lambda part: hit[part] * (placed[part] - area))
    of_misses = sums.add(lambda part: miss[part] * (placed[part] - area))

    def of(total: Floats) -> Floats:
        misses = total[:, rows] - total[:, hits]
        moved = _share(total[:, of_hits], total[:, hits]) + _share(total[:, of_misses], misses)
        return np.clip(area + moved, 0.0, 1.0)

    return of


def _place(ordered: Floats, values: Floats) -> Floats:
    """Which share of the ordered numbers is below each value; half of the equal ones."""
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    found: Floats = (left + right) / (2 * len(ordered))
    return found


def _share(part: Any, whole: Any) -> Floats:
    """The quotient, NaN where there is nothing to divide by."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    found = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    return found


def _differences(
    sums: _Sums,
    made: Sequence[_Of],
    names: Sequence[str],
    apart: tuple[str, int, int],
    known: NDArray[np.bool_] | None,
    settings: Settings,
    check: Callable[[], None],
    *,
    same: bool,
) -> list[Difference]:
    whole = np.zeros((1, sums.width))
    for rows in sums.blocks():
        whole += rows.sum(axis=0)
    drawn = _replicates(sums, settings, check)
    what, everything, different = apart
    shares = [_share(total[:, different], total[:, everything]) for total in (whole, drawn)]
    lower, upper, _ = _interval(shares[1], settings.confidence)
    found = [Difference(what, None, None, _number(shares[0][0]), lower, upper, None, sums.count)]
    if not made:
        return found
    a, b = (of(whole) for of in made)
    drawn_a, drawn_b = (of(drawn) for of in made)
    labelled = int(known.sum()) if known is not None else 0
    for i, name in enumerate(names):
        # The same numbers in other columns of a product may be rounded otherwise.
        differences = drawn_b[i] * 0 + 0.0 if same else drawn_b[i] - drawn_a[i]
        difference = a[i][0] * 0 + 0.0 if same else b[i][0] - a[i][0]
        lower, upper, p_value = _interval(differences, settings.confidence)
        first, second = a[i][0], a[i][0] if same else b[i][0]
        of_both = _number(first), _number(second), _number(difference)
        found.append(Difference(name, *of_both, lower, upper, p_value, labelled))
    return found


def _replicates(sums: _Sums, settings: Settings, check: Callable[[], None]) -> Floats:
    """The sums of the columns in each replicate; in blocks, so that memory does not grow with either number."""
    draws = _poisson()
    random = np.random.default_rng(settings.seed)
    found = np.zeros((settings.bootstrap, sums.width))
    for first in range(0, settings.bootstrap, _REPLICATES):
        block = found[first : first + _REPLICATES]
        for rows in sums.blocks():
            check()
            block += draws[random.integers(0, 65536, (len(block), len(rows)), dtype=np.uint16)] @ rows
    return found


def _poisson() -> Floats:
    """A Poisson(1) number for each of 65,536 equally likely ones."""
    probabilities = np.array([math.exp(-1) / math.factorial(k) for k in range(12)])
    ends = np.round(np.cumsum(probabilities) * 65536).astype(np.int64)
    return np.searchsorted(ends, np.arange(65536), side="right").astype(np.float64)


def _interval(values: Floats, confidence: float) -> tuple[float | None, float | None, float | None]:
    """The percentile interval, and the two-sided p-value of zero."""
    values = values[~np.isnan(values)]
    if not len(values):
        return None, None, None
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail])
    beyond = min(int((values <= 0).sum()), int((values >= 0).sum()))
    return float(lower), float(upper), min(1.0, 2 * (beyond + 1) / (len(values) + 1))


def _number(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)
