"""Arrow rows in, a trained model out: order, split, learn, fit, score the held-out rows. No catalog, no SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.errors import TrainingFailed
from sqlml.explanations import EXACT_FORMATS, no_explanation
from sqlml.fitting import Fitted, Previous, TrainingData
from sqlml.lineage import LabelLineage
from sqlml.linting import ROWS, lint
from sqlml.preprocessing import Floats, Preprocessor, Raw, Text, all_finite
from sqlml.scoring import load_scorer
from sqlml.splitting import canonical_order, dataset_digest, split_rows
from sqlml.statistics import EXPLAINED_ROWS, feature_statistics, global_explanation, tree_importances
from sqlml.task import Task
from sqlml.training_rows import Rows
from sqlml.types import ModelWarning, Progress, Trained
from sqlml.weighting import row_weights

# The square of a larger number is infinite.
_LARGEST = 1e150


# Overflow is looked for in what comes out of it.
@np.errstate(all="ignore")
def train(
    task: Task,
    rows: Rows,
    *,
    report: Callable[[Progress], None],
    check_cancelled: Callable[[], None],
    previous: Previous | None = None,
    lineage: LabelLineage = LabelLineage(),  # noqa: B008 - frozen
) -> Trained:
    """Train one model; a warm start goes on from the previous version.

    The result depends on the set of rows, the options and the seed; not on the order of the rows.
    Raises TrainingFailed, with a hint, for data that cannot be learned from.
    """
    started = time.perf_counter()
    report(Progress("prepare", 0, 1))
    data = _training_data(task, rows, previous, report, check_cancelled)
    # Fitting may let the training rows go.
    statistics = feature_statistics(task.inputs, data.columns)
    is_held_out = len(data.held_out_target) > 0
    sample: dict[str, Raw] = {}
    if task.common.enable_global_explain:
        sample = _first_rows(data.held_out if is_held_out else data.columns)
    found = lint(task, data, lineage, data.split_values)
    refuse_warnings(task, found)
    fitted = _fit(task, data)
    warnings = (*found, *(ModelWarning("fit", None, text) for text in fitted.warnings))
    refuse_warnings(task, warnings)
    document = {"preprocessing": data.preprocessor.to_json(), "estimator": dict(fitted.state)}
    if sample:
        if fitted.format not in EXACT_FORMATS:
            raise no_explanation(task.model_type.name)
        scorer = load_scorer(fitted.format, document)
        document["global_explanation"] = global_explanation(task, scorer, sample)
    report(Progress("evaluate", 0, 1))
    scores = None if is_held_out else fitted.training_scores
    if scores is None:
        scorer = load_scorer(fitted.format, document)
        scores = scorer.estimator.score(data.preprocessor, data.held_out if is_held_out else data.columns)
    _check_scores(scores)
    return Trained(
        document=document,
        format=fitted.format,
        classes=data.classes,
        history=fitted.history,
        training_rows=len(data.target),
        evaluation_rows=len(data.held_out_target),
        dropped_rows=len(rows) - len(data.target) - len(data.held_out_target),
        evaluation_source="evaluation" if is_held_out else "training",
        resolved=fitted.resolved,
        labels=data.held_out_target if is_held_out else data.target,
        scores=scores,
        seconds=time.perf_counter() - started,
        dataset_digest=dataset_digest(rows.row_hash),
        total_rows=len(rows),
        statistics=statistics,
        importances=tree_importances(fitted.state["model"], task.inputs) if fitted.format == "lightgbm" else (),
        warnings=warnings,
    )


def _first_rows(columns: Mapping[str, Raw]) -> dict[str, Raw]:
    """Rows to explain, in the order of their hashes; a copy, for fitting may let the training rows go."""
    return {name: column[np.arange(min(len(column), EXPLAINED_ROWS))] for name, column in columns.items()}


def _training_data(
    task: Task,
    rows: Rows,
    previous: Previous | None,
    report: Callable[[Progress], None],
    check_cancelled: Callable[[], None],
) -> TrainingData:
    if len(rows) == 0:
        raise TrainingFailed("The training query returned no rows.", hint="Check its WHERE and JOIN conditions.")
    target, labelled, classes = _read_label(task, rows.label)
    row_hash = rows.row_hash
    order = canonical_order(row_hash, seed=task.common.seed)
    if not labelled.all():
        order = order[labelled[order]]
    if len(order) < 2:
        raise TrainingFailed(
            f"There {'is one row' if len(order) else 'is no row'} with a label; at least 2 are needed.",
            hint=f'Training leaves out rows whose "{task.label}" is NULL.',
        )
    split = split_rows(task.common, order, row_hash, rows.split)
    # The rows that train in canonical order, then those that are held out.
    order = np.concatenate([split.train, split.evaluate])
    columns = rows.in_order(order)
    target = target[order]
    count = len(split.train)
    _check_features(task, columns)
    check_cancelled()
    _check_classes(task, target[:count], classes)
    _check_previous(previous, classes)
    weights = row_weights(task, rows.weight, order, target, classes, training=count)
    training = {name: column[:count] for name, column in columns.items()}
    # A copy: the training rows are let go before the held-out rows are scored.
    held_out = {name: column[np.arange(count, len(order))] for name, column in columns.items()}
    return TrainingData(
        columns=training,
        target=target[:count],
        held_out=held_out,
        held_out_target=target[count:],
        preprocessor=previous.preprocessor
        if previous
        else Preprocessor.fit(task.model_type.encoding, task.inputs, training),
        classes=classes,
        report=report,
        check_cancelled=check_cancelled,
        seed=task.common.seed,
        weights=None if weights is None else weights[:count],
        held_out_weights=None if weights is None else weights[count:],
        previous=previous,
        threads=task.threads,
        split_values=rows.split.take(order[: min(count, ROWS)]) if task.common.data_split_method == "SEQ" else None,
    )


def refuse_warnings(task: Task, warnings: tuple[ModelWarning, ...]) -> None:
    """Refuse to train where strict is on and something looks wrong.

    Raises TrainingFailed.
    """
    if task.common.strict and warnings:
        count = "There is a warning" if len(warnings) == 1 else f"There are {len(warnings)} warnings"
        raise TrainingFailed(
            f"{count}, and strict is on. " + " ".join(map(str, warnings)),
            hint="Leave strict out to train all the same; SHOW MODEL WARNINGS lists the warnings then.",
        )


def _check_previous(previous: Previous | None, classes: tuple[str, ...]) -> None:
    if previous is not None and previous.classes != classes:
        raise TrainingFailed(
            f"The version to go on from has the classes {', '.join(previous.classes)}; "
            f"these rows have {', '.join(classes)}.",
            hint="Leave warm_start out to train anew.",
        )


def _check_scores(scores: Floats) -> None:
    if not np.isfinite(scores).all():
        raise TrainingFailed(
            "The trained model predicts infinite or undefined numbers.",
            hint="Rescale very large or very small columns, and check the options.",
        )


def _fit(task: Task, data: TrainingData) -> Fitted:
    try:
        return task.model_type.fit(task.options, data)
    except (ValueError, ArithmeticError) as error:
        # What is known to be wrong with data is refused before; this is what only the library itself finds.
        raise TrainingFailed(
            f"model_type '{task.model_type.name}' cannot learn from these rows: {error}",
            hint="Check the options, and the columns for extreme values.",
        ) from error


def _read_label(task: Task, label: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], tuple[str, ...]]:
    if label.null_count == len(label):
        raise TrainingFailed(
            f'The label "{task.label}" is NULL in every row.', hint="Train on rows whose outcome is known."
        )
    if task.kind == "regression":
        values = np.asarray(label.to_numpy(zero_copy_only=False), dtype=np.float64)
        if np.isinf(values).any():
            raise TrainingFailed(
                f'The label "{task.label}" is infinite in {int(np.isinf(values).sum())} rows.',
                hint=f"Leave them out: WHERE isfinite({task.label}).",
            )
        # LightGBM keeps the label in 32 bits.
        _check_size(f'label "{task.label}"', values, 1e37 if task.model_type.encoding == "label" else _LARGEST)
        return values, ~np.isnan(values), ()
    encoded = label.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    found = encoded.dictionary.to_pylist()
    ordered = sorted(range(len(found)), key=lambda i: class_order(found[i], task.label_family))
    position = np.empty(len(found) + 1, dtype=np.int64)
    position[ordered] = np.arange(len(found))
    position[-1] = -1
    return position[codes], codes >= 0, tuple(_class_text(found[i]) for i in ordered)


def class_order(value: Any, family: str) -> Any:
    """The key by which classes are sorted: numbers by value, everything else by its text."""
    if family == "numeric":
        from decimal import Decimal

        return Decimal(str(value))
    return _class_text(value)


def _class_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_features(task: Task, columns: Mapping[str, Raw]) -> None:
    for spec in task.inputs:
        column = columns[spec.name]
        if isinstance(column, Text):
            if not len(column.values):
                raise _all_null(spec.feature.name)
            continue
        if spec.kind != "numeric":
            continue
        infinite = 0 if all_finite(column) else int(np.isinf(column).sum())
        if infinite:
            raise TrainingFailed(
                f'The feature "{spec.feature.name}" is infinite in {infinite} rows.',
                hint=f"Make them NULL: CASE WHEN isfinite({spec.feature.name}) THEN {spec.feature.name} END.",
            )
        if np.isnan(column[0]) and np.isnan(column).all():
            raise _all_null(spec.feature.name)
        if task.model_type.encoding == "one_hot":
            _check_size(f'feature "{spec.feature.name}"', column, _LARGEST)


def _check_size(what: str, values: npt.NDArray[np.float64], largest: float) -> None:
    if np.fmax.reduce(np.abs(values), initial=0.0) > largest:
        raise TrainingFailed(
            f"The {what} has values beyond {largest:g}, too large to be learned from.",
            hint="Divide them by a constant, or take their logarithm.",
        )


def _all_null(name: str) -> TrainingFailed:
    return TrainingFailed(
        f'The feature "{name}" is NULL in every row.', hint=f'Leave it out: SELECT * EXCLUDE ("{name}").'
    )


def _check_classes(task: Task, target: npt.NDArray[Any], classes: tuple[str, ...]) -> None:
    if task.kind != "classification":
        return
    if len(classes) < 2:
        raise TrainingFailed(
            f'The label "{task.label}" has only the value {classes[0]!r}; a classifier needs at least two.',
            hint="Check the WHERE clause of the training query.",
        )
    most = task.model_type.max_classes
    if len(classes) > most:
        hint = "Group rare values, or check that this is the label."
        if task.label_family == "numeric":
            hint = "For a number with many values use a regression model type."
        raise TrainingFailed(
            f'The label "{task.label}" has {len(classes)} values; at most {most} are allowed.', hint=hint
        )
    counts = np.bincount(target, minlength=len(classes))
    missing = [classes[i] for i in np.flatnonzero(counts == 0)]
    if missing:
        raise TrainingFailed(
            f"No training row has the label {', '.join(map(repr, missing[:5]))}: every such row is held out.",
            hint="Use data_split_method='NO_SPLIT', another seed, or more rows.",
        )
