"""How much each training row counts: INSTANCE_WEIGHT_COL, CLASS_WEIGHTS and AUTO_CLASS_WEIGHTS.

A row counts its own weight times that of its class. A row of weight 2 counts like two rows; metrics count rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sqlml.errors import InvalidOption, TrainingFailed, nearest_hint
from sqlml.options import ClassWeightOptions

if TYPE_CHECKING:
    from sqlml.preprocessing import Floats
    from sqlml.task import Task


def row_weights(
    task: Task,
    instance: Any,
    order: npt.NDArray[np.int64],
    target: npt.NDArray[Any],
    classes: tuple[str, ...],
    *,
    training: int,
) -> Floats | None:
    """The weights of all rows with a label, which stand in this order; None where all count alike.

    The first `training` of them train; the held-out rows are weighed too for the loss that early stopping watches.

    Raises TrainingFailed for a weight that is NULL, negative or infinite, InvalidOption for a class without one.
    """
    weights = None if instance is None else _instance_weights(task.weight_column, instance, order)
    if not isinstance(task.options, ClassWeightOptions):
        return weights
    by_class = None
    if task.options.auto_class_weights:
        by_class = training / (np.bincount(target[:training], minlength=len(classes)) * len(classes))
    elif task.options.class_weights:
        by_class = _given_weights(task.options.class_weights, classes)
    if by_class is None:
        return weights
    found: Floats = by_class[target]
    return found if weights is None else found * weights


def _instance_weights(name: str, column: Any, order: npt.NDArray[np.int64]) -> Floats:
    weights: Floats = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)[order]
    missing, negative = int(np.isnan(weights).sum()), int((weights < 0).sum())
    if missing or negative or np.isinf(weights).any():
        infinite = int(np.isinf(weights).sum())
        wrong = (
            f"NULL in {missing}" if missing else f"negative in {negative}" if negative else f"infinite in {infinite}"
        )
        raise TrainingFailed(
            f'The weight "{name}" is {wrong} rows.',
            hint=f'A weight is a number of 0 or more: COALESCE("{name}", 1), or leave the rows out.',
        )
    if not weights.any():
        raise TrainingFailed(f'The weight "{name}" is 0 in every row.', hint="At least one row must count.")
    return weights


def _given_weights(given: tuple[tuple[str, float], ...], classes: tuple[str, ...]) -> Floats:
    names = [name for name, _ in given]
    known = f"The classes are: {', '.join(classes)}."
    for name in names:
        if names.count(name) > 1:
            raise InvalidOption(f'class_weights has two weights for "{name}".', hint="Keep one.")
        if name not in classes:
            hint = nearest_hint(name, classes, otherwise=known)
            raise InvalidOption(f'class_weights names "{name}", which no row has as its label.', hint=hint)
    missing = [name for name in classes if name not in names]
    if missing:
        raise InvalidOption(
            f"class_weights has no weight for {', '.join(map(repr, missing[:5]))}.",
            hint=f"Every class needs one. {known}",
        )
    by_name = dict(given)
    return np.array([by_name[name] for name in classes])
