"""The linter: what looks wrong with the rows of a CREATE MODEL, found in a sample of them before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sqlml.fitting import TrainingData
from sqlml.lineage import LabelLineage
from sqlml.lint_rules import LINT_RULES
from sqlml.lint_rules.base import Sample, SampledFeature
from sqlml.preprocessing import Raw
from sqlml.task import Task
from sqlml.types import Feature, ModelWarning

# Rows looked at, and cells: the time does not grow with the table.
ROWS, _LEAST_ROWS, _CELLS = 20_000, 1_000, 400_000


# Overflow is looked for in what comes out of it.
@np.errstate(all="ignore")
def lint(task: Task, data: TrainingData, lineage: LabelLineage, split_values: Any = None) -> tuple[ModelWarning, ...]:
    """The warnings of all rules, in the order of the rules.

    `split_values` are the values of the column that SEQ splits by, as an Arrow array, of at least as many of the first
    training rows as are looked at.
    """
    features = tuple(dict.fromkeys(i.feature for i in task.inputs))
    size = min(len(data.target), ROWS, max(_LEAST_ROWS, _CELLS // len(features)))
    moments, are_days = _moments(split_values, size)
    sample = Sample(
        features=_sampled(features, data.columns, data.held_out, size),
        target=data.target[:size],
        all_targets=data.target,
        classes=data.classes,
        label=task.label,
        split_method=task.common.data_split_method,
        split_column=task.common.data_split_col,
        held_out_rows=len(data.held_out_target),
        lineage=lineage,
        moments=moments,
        moments_are_days=are_days,
    )
    return tuple(warning for rule in LINT_RULES for warning in rule.check(sample))


def _sampled(
    features: Sequence[Feature], columns: Mapping[str, Raw], held_out: Mapping[str, Raw], size: int
) -> tuple[SampledFeature, ...]:
    # Every feature has an input of its own name; the parts of a date are made of it.
    return tuple(SampledFeature(f, columns[f.name], held_out[f.name], size) for f in features)


def _moments(values: Any, size: int) -> tuple[Any, bool]:
    """Dates and timestamps as seconds, NaN for NULL; None for any other type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if values is None or not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)):
        return None, False
    are_days = pa.types.is_date(values.type)
    moments = pc.cast(values.slice(0, size), pa.timestamp("us", tz=getattr(values.type, "tz", None)), safe=False)
    micros = pc.cast(pc.cast(moments, pa.int64()), pa.float64(), safe=False)
    return micros.fill_null(float("nan")).to_numpy(zero_copy_only=False) / 1e6, are_days
