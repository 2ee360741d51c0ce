"""What is remembered about the training rows and the trained model: statistics of features, importances."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from sqlml.preprocessing import Raw, Text, all_finite
from sqlml.scoring.base import explained
from sqlml.types import FeatureImportance, FeatureStatistics

if TYPE_CHECKING:
    from sqlml.features import Input
    from sqlml.scoring import Scorer
    from sqlml.task import Task

# The median of more rows is that of this many of them, in the order of their hashes.
_MEDIAN_ROWS = 100_000
_WORKERS = min(8, os.cpu_count() or 1)
# A global explanation is the mean over so many rows at most: TreeSHAP takes 0.1 to 2 ms a row.
EXPLAINED_ROWS = 1_000
_EXPLAINED_AT_ONCE = 250


def feature_statistics(inputs: Sequence[Input], columns: Mapping[str, Raw]) -> tuple[FeatureStatistics, ...]:
    """One entry a feature, of the training rows in canonical order."""
    names = [i.name for i in inputs if i.name == i.feature.name]
    # numpy and Arrow let go of the interpreter while they read a column.
    with ThreadPoolExecutor(_WORKERS) as pool:
        return tuple(pool.map(lambda name: _statistics(name, columns[name]), names))


# Overflow shows in what comes out of it; how numpy tells of it is a thread's own.
@np.errstate(all="ignore")
def _statistics(name: str, column: Raw) -> FeatureStatistics:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, Text):
        counts = np.bincount(column.codes + 1, minlength=1)
        return FeatureStatistics(name, category_count=int(np.count_nonzero(counts[1:])), null_count=int(counts[0]))
    known = column if all_finite(column) else column[np.isfinite(column)]
    if not len(known):
        return FeatureStatistics(name, null_count=len(column))
    return FeatureStatistics(
        name,
        minimum=float(known.min()),
        maximum=float(known.max()),
        mean=float(known.mean()),
        median=float(np.median(known[:_MEDIAN_ROWS])),
        # In two passes that make no array, unlike numpy's.
        stddev=pc.stddev(pa.array(known), ddof=1).as_py() if len(known) > 1 else 0.0,
        null_count=len(column) - len(known),
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


def global_explanation(task: Task, scorer: Scorer, columns: Mapping[str, Raw]) -> dict[str, Any]:
    """The mean |attribution| of each feature over these rows, one list for each output of the model."""
    count = len(next(iter(columns.values())))
    names = list(dict.fromkeys(i.feature.name for i in task.inputs))
    of = np.array([names.index(i.feature.name) for i in task.inputs])
    sums: Any = 0
    for start in range(0, count, _EXPLAINED_AT_ONCE):
        few = {
            name: column[np.arange(start, min(start + _EXPLAINED_AT_ONCE, count))] for name, column in columns.items()
        }
        found = explained(scorer.estimator, scorer.preprocessor, few).of_inputs
        sums += np.array([np.abs(found[:, :, of == k].sum(axis=2)).sum(axis=0) for k in range(len(names))])
    return {"rows": count, "features": names, "attributions": (sums.T / count).tolist()}
