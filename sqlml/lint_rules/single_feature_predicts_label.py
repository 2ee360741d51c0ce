"""`single_feature_predicts_label`: `SELECT refund, returned FROM orders`: only what was returned has a refund."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.lint_rules.base import FEWEST, LintRule, Sample, SampledFeature
from sqlml.types import ModelWarning

_ENOUGH = 0.99
_STEPS = 32
# A class of fewer rows is not asked about.
_RARE = 10


class SingleFeaturePredictsLabel(LintRule):
    """A feature that alone tells the label, in at least 50 rows.

    A line or a step function of it (of 32 equal shares of the rows, each category a step, NULL a step of its own),
    the steps learned from one half of the rows looked at and tried on the other, has an R2 of at least 0.99 of a
    number, and of every class (of at least 10 rows) against the others an area under the ROC curve of at least 0.99.
    A feature that derived_from_label warns of is not asked about.

    SELECT age, refund, returned FROM orders;
    """

    name = "single_feature_predicts_label"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """One warning a feature that tells too much."""
        if sample.size < FEWEST:
            return
        for column in sample.features:
            # That it is computed from the label says as much.
            if column.feature.name in sample.lineage.features or column.distinct + (not column.is_known.all()) < 2:
                continue
            steps, ranks = _steps(column), _ranks(column)
            if sample.classes:
                measure, found = "area under the ROC curve", _area(steps, ranks, sample)
            else:
                measure, found = "R2", max(_steps_r2(steps, sample.target), _line_r2(column, sample.target))
            if found >= _ENOUGH:
                yield self.warning(
                    f'The feature "{column.feature.name}" alone predicts the label "{sample.label}" ({measure} '
                    f"{found:.4f}). If it is not known before the label is, leave it out.",
                    column.feature,
                )


def _ranks(column: SampledFeature) -> npt.NDArray[Any]:
    """The rank of each row's value, equal values alike."""
    order = column.order
    ordered = column.codes[order]
    ranks = np.empty(column.size, dtype=np.int64)
    changed = ordered[1:] != ordered[:-1]
    if not column.is_text:
        # NaN is unlike itself.
        changed[int(column.is_known.sum()) :] = False
    ranks[order] = np.concatenate([[0], np.cumsum(changed)])
    return ranks


def _steps(column: SampledFeature) -> npt.NDArray[Any]:
    """The step each row is on."""
    if column.is_text:
        return column.codes + 1
    if column.distinct <= _STEPS:
        return _ranks(column)
    order, known = column.order, int(column.is_known.sum())
    ordered = column.codes[order[:known]]
    edges = np.unique(ordered[np.arange(1, _STEPS) * known // _STEPS])
    begins = np.zeros(column.size, dtype=np.int64)
    begins[np.searchsorted(ordered, edges)] = 1
    begins[0] = 0
    if known < column.size:
        begins[known] = 1
    steps = np.empty(column.size, dtype=np.int64)
    steps[order] = np.cumsum(begins)
    return steps


def _area(steps: npt.NDArray[Any], ranks: npt.NDArray[Any], sample: Sample) -> float:
    """The least area under the ROC curve of a class against the others, by the line or by the steps."""
    lowest = 1.0
    counts = np.bincount(sample.target, minlength=len(sample.classes))
    asked = [c for c, n in enumerate(counts) if min(n, sample.size - n) >= _RARE]
    half = sample.size // 2
    for one in asked[:1] if len(sample.classes) == 2 else asked:
        is_one = sample.target == one
        line = _roc_area(ranks, is_one)
        learned = _rates(steps[:half], is_one[:half], count=int(steps.max()) + 1)
        order = np.argsort(np.argsort(learned, kind="stable"))
        lowest = min(lowest, max(line, 1 - line, _roc_area(order[steps[half:]], is_one[half:])))
        if lowest < _ENOUGH:
            break
    return lowest if asked else 0.0


def _rates(steps: npt.NDArray[Any], values: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """The mean of each step; of a step without a row, the mean of all."""
    rows = np.bincount(steps, minlength=count)
    sums = np.bincount(steps, weights=values, minlength=count)
    rates: npt.NDArray[Any] = np.where(rows > 0, sums / np.maximum(rows, 1), values.mean())
    return rates


def _roc_area(ranks: npt.NDArray[Any], is_one: npt.NDArray[Any]) -> float:
    count = int(ranks.max()) + 1
    ones = np.bincount(ranks[is_one], minlength=count)
    others = np.bincount(ranks, minlength=count) - ones
    pairs = int(ones.sum()) * int(others.sum())
    before = np.cumsum(others) - others
    return float((ones * (before + others / 2)).sum() / pairs) if pairs else 0.0


def _steps_r2(steps: npt.NDArray[Any], target: npt.NDArray[Any]) -> float:
    half = len(target) // 2
    learned = _rates(steps[:half], target[:half], count=int(steps.max()) + 1)
    tried = target[half:]
    return _r2(((tried - learned[steps[half:]]) ** 2).sum(), ((tried - tried.mean()) ** 2).sum())


def _line_r2(column: SampledFeature, target: npt.NDArray[Any]) -> float:
    known = column.is_known
    x, y, rest = column.codes[known].astype(np.float64), target[known], target[~known]
    # Categories have no order.
    if column.is_text or len(x) < 2:
        return 0.0
    x, off = x - x.mean(), y - y.mean()
    across = (x * x).sum()
    left = (off * off).sum() - (x * off).sum() ** 2 / across if across > 0 else (off * off).sum()
    left += ((rest - rest.mean()) ** 2).sum() if len(rest) else 0.0
    return _r2(left, ((target - target.mean()) ** 2).sum())


def _r2(left: float, total: float) -> float:
    return float(1 - left / total) if total > 0 and np.isfinite(left / total) else 0.0
