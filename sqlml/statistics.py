"""What is remembered about the training rows and the trained trees: statistics of features, importances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sqlml.preprocessing import Raw, Text
from sqlml.types import FeatureImportance, FeatureStatistics

if TYPE_CHECKING:
    from sqlml.features import Input

# The median of more rows is that of this many of them, in the order of their hashes.
_MEDIAN_ROWS = 100_000


def feature_statistics(inputs: Sequence[Input], columns: Mapping[str, Raw], rows: Any) -> tuple[FeatureStatistics, ...]:
    """One entry a feature, of these rows."""
    return tuple(_statistics(i.feature.name, columns[i.name], rows) for i in inputs if i.name == i.feature.name)


def _statistics(name: str, column: Raw, rows: Any) -> FeatureStatistics:
    if isinstance(column, Text):
        codes = column.codes[rows]
        known_codes = codes[codes >= 0]
        return FeatureStatistics(
            name, category_count=len(np.unique(known_codes)), null_count=len(codes) - len(known_codes)
        )
    values = column[rows]
    known = values[np.isfinite(values)]
    if not len(known):
        return FeatureStatistics(name, null_count=len(values))
    return FeatureStatistics(
        name,
        minimum=float(known.min()),
        maximum=float(known.max()),
        mean=float(known.mean()),
        median=float(np.median(known[:_MEDIAN_ROWS])),
        stddev=float(known.std(ddof=1)) if len(known) > 1 else 0.0,
        null_count=len(values) - len(known),
    )


def tree_importances(model_text: str, inputs: Sequence[Input]) -> tuple[FeatureImportance, ...]:
    """One entry a feature, from the splits in LightGBM's model text."""
    splits: dict[str, list[tuple[float, float]]] = {i.feature.name: [] for i in inputs}
    tree: dict[str, list[str]] = {}
    for line in model_text.splitlines():
        key, mark, values = line.partition("=")
        if mark and key in ("split_feature", "split_gain", "internal_count"):
            tree[key] = values.split()
        if len(tree) == 3:
            columns = (tree["split_feature"], tree["split_gain"], tree["internal_count"])
            for feature, gain, count in zip(*columns, strict=True):
                splits[inputs[int(feature)].feature.name].append((float(gain), float(count)))
            tree = {}
    return tuple(
        FeatureImportance(
            name,
            len(found),
            float(np.mean([g for g, _ in found])) if found else 0.0,
            float(np.mean([c for _, c in found])) if found else 0.0,
        )
        for name, found in splits.items()
    )
