"""`random_split_of_time_series`: `SELECT day, sold FROM sales` without `data_split_method='SEQ'`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.lint_rules.base import FEWEST, LintRule, Sample, SampledFeature
from sqlml.types import ModelWarning

_RELATED = 0.5
_PIECE = 2_000
_CLASSES = 5


class RandomSplitOfTimeSeries(LintRule):
    """Rows held out at random (AUTO_SPLIT, RANDOM) although rows that follow one another in time are alike.

    There is a DATE or TIMESTAMP feature, and in its order the correlation of each label with the one before is above
    0.5: over the rows looked at (at least 50), or over about 2,000 that stand side by side. Of classes the indicator of
    each of the five commonest is taken.

    SELECT day, sold FROM sales;
    """

    name = "random_split_of_time_series"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """One warning, by the first such column."""
        if sample.split_method not in ("AUTO_SPLIT", "RANDOM") or not sample.held_out_rows:
            return
        for column in sample.features:
            if column.feature.family not in ("date", "timestamp"):
                continue
            found = max(_likeness(targets, sample.classes) for targets in _in_time(column, sample))
            if found > _RELATED:
                yield self.warning(
                    f'In the order of "{column.feature.name}" the label "{sample.label}" is like the one before it '
                    f"(correlation {found:.2f}), and the rows held out are drawn at random from between those that "
                    "train: the metrics are too good. Use data_split_method='SEQ', "
                    f"data_split_col='{column.feature.name}'.",
                    column.feature,
                )
                return


def _in_time(column: SampledFeature, sample: Sample) -> Iterable[npt.NDArray[Any]]:
    """The labels in the order of a date: of the rows looked at, and where that is not all of them, of a piece."""
    ordered = column.order[: int(column.is_known.sum())]
    yield sample.target[ordered]
    if sample.training_rows > sample.size and len(ordered) > FEWEST:
        wide = max(1, min(len(ordered) // 2, _PIECE * sample.size // sample.training_rows))
        first = len(ordered) // 2
        low, high = column.codes[ordered[first]], column.codes[ordered[min(first + wide, len(ordered) - 1)]]
        everything = np.asarray(column.all_rows)
        rows = np.flatnonzero((everything >= low) & (everything <= high))[: 10 * _PIECE]
        yield sample.all_targets[rows[np.argsort(everything[rows], kind="stable")]]


def _likeness(targets: npt.NDArray[Any], classes: tuple[str, ...]) -> float:
    if len(targets) < FEWEST:
        return 0.0
    if not classes:
        return _correlation(targets.astype(np.float64))
    commonest = np.argsort(-np.bincount(targets, minlength=len(classes)), kind="stable")[:_CLASSES]
    return max(_correlation((targets == c).astype(np.float64)) for c in commonest[: 1 if len(classes) == 2 else None])


def _correlation(values: npt.NDArray[Any]) -> float:
    """Of each value with the one before it."""
    off = values - values.mean()
    total = (off * off).sum()
    found = (off[1:] * off[:-1]).sum() / total if total > 0 else 0.0
    return float(found) if np.isfinite(found) else 0.0
