"""`partition_by=['store']`: one model for each value of a key, trained side by side, stored as one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.errors import TrainingFailed
from sqlml.fitting import Previous
from sqlml.lineage import LabelLineage
from sqlml.preprocessing import Preprocessor, Raw, Text
from sqlml.splitting import canonical_order, dataset_digest
from sqlml.statistics import feature_statistics
from sqlml.task import Task
from sqlml.training import class_order, refuse_warnings, train
from sqlml.training_rows import Rows
from sqlml.types import ModelWarning, Partition, Progress, Trained

Key = tuple[str | None, ...]


def train_partitions(
    task: Task,
    rows: Rows,
    *,
    report: Callable[[Progress], None],
    check_cancelled: Callable[[], None],
    previous: Previous | None = None,
    lineage: LabelLineage = LabelLineage(),  # noqa: B008 - frozen
) -> Trained:
    """Train one model a key; what goes wrong with one is recorded and stops no other.

    Each is what CREATE MODEL would make of the rows of its key alone, without the key among the features.
    Raises TrainingFailed where not one could be trained.
    """
    assert previous is None, "a warm start is refused while it is planned"
    started = time.perf_counter()
    report(Progress("prepare", 0, 1))
    if len(rows) == 0:
        raise TrainingFailed("The training query returned no rows.", hint="Check its WHERE and JOIN conditions.")
    order = canonical_order(rows.row_hash, seed=task.common.seed)
    table = _Table(rows.label, rows.row_hash, rows.split, rows.weight, order, rows.in_order(order))
    inputs = tuple(i for i in task.inputs if i not in task.keys)
    common = replace(task.common, partition_by=(), strict=False)
    part_task = replace(task, inputs=inputs, common=common, threads=1)
    groups = list(_groups([table.columns[i.name] for i in task.keys]))

    def train_one(rows: npt.NDArray[np.int64]) -> Trained | TrainingFailed:
        check_cancelled()
        part = _Group(table, rows)
        try:
            return train(part_task, part, report=lambda _: None, check_cancelled=check_cancelled, lineage=lineage)
        except TrainingFailed as error:
            return error

    outcomes = _train_all(train_one, [rows for _, rows in groups], report)
    trained = [(key, o) for (key, _), o in zip(groups, outcomes, strict=True) if isinstance(o, Trained)]
    failed = [o for o in outcomes if isinstance(o, TrainingFailed)]
    if not trained:
        raise TrainingFailed(f"No partition could be trained; the first: {failed[0].message}", hint=failed[0].hint)
    merged = _merged(task, table, trained)
    # Of what is said of many parts alike, the first.
    warnings = {(w.rule, w.feature): w for _, t in reversed(trained) for w in reversed(t.warnings)}
    if failed:
        text = f"{len(failed)} of {len(groups)} partitions could not be trained; ML.PARTITION_INFO says why."
        warnings["fit", None] = ModelWarning("fit", None, text)
    refuse_warnings(task, tuple(warnings.values()))
    return replace(
        merged,
        dropped_rows=len(order) - merged.training_rows - merged.evaluation_rows,
        dataset_digest=dataset_digest(table.row_hash),
        total_rows=len(order),
        statistics=feature_statistics(task.inputs, table.columns),
        warnings=tuple(warnings.values()),
        partitions=tuple(_partition(key, o) for (key, _), o in zip(groups, outcomes, strict=True)),
        seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True)
class _Table:
    """All rows; their inputs are in canonical order, which `order` gives."""

    label: Any
    row_hash: Any
    split: Any
    weight: Any
    order: npt.NDArray[np.int64]
    columns: Mapping[str, Raw]


class _Group:
    """The rows of one key."""

    def __init__(self, table: _Table, rows: npt.NDArray[np.int64]) -> None:
        import pyarrow as pa

        taken = pa.array(table.order[rows])
        self.label = _compact(table.label.take(taken))
        self.row_hash = table.row_hash.take(taken)
        self.split = None if table.split is None else table.split.take(taken)
        self.weight = None if table.weight is None else table.weight.take(taken)
        self._columns = {name: _part(column, rows) for name, column in table.columns.items()}
        self._count = len(rows)

    def __len__(self) -> int:
        return self._count

    def in_order(self, order: npt.NDArray[np.int64]) -> dict[str, Raw]:
        """The rows in that order, by input."""
        return {name: column[order] for name, column in self._columns.items()}


def _compact(label: Any) -> Any:
    """A label with the values that occur in it only."""
    import pyarrow as pa

    return label.dictionary_decode().dictionary_encode() if pa.types.is_dictionary(label.type) else label


def _part(column: Raw, rows: npt.NDArray[np.int64]) -> Raw:
    """Some rows of a column; text with the values that occur in them only."""
    if not isinstance(column, Text):
        return column[rows]
    codes = column.codes[rows]
    used = np.unique(codes[codes >= 0])
    position = np.full(len(column.values) + 1, -1, dtype=np.int64)
    position[used] = np.arange(len(used))
    return Text(position[codes], [column.values[i] for i in used])


def _groups(keys: list[Raw]) -> Iterator[tuple[Key, npt.NDArray[np.int64]]]:
    """Each key that occurs, sorted, NULL last, with the rows that have it."""
    texts = [k for k in keys if isinstance(k, Text)]
    found, group = np.unique(np.column_stack([t.codes for t in texts]), axis=0, return_inverse=True)
    named = [tuple(t.values[c] if c >= 0 else None for t, c in zip(texts, row, strict=True)) for row in found]
    numbers = group.reshape(-1)
    members = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    for i in sorted(range(len(named)), key=lambda i: [(v is None, v or "") for v in named[i]]):
        yield named[i], members[i]


def _train_all(
    train_one: Callable[[npt.NDArray[np.int64]], Trained | TrainingFailed],
    groups: list[npt.NDArray[np.int64]],
    report: Callable[[Progress], None],
) -> list[Trained | TrainingFailed]:
    outcomes: list[Trained | TrainingFailed] = []
    # The libraries let go of the interpreter while they fit.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(train_one, rows) for rows in groups]
        try:
            for future in running:
                outcomes.append(future.result())
                report(Progress("fit", len(outcomes), len(groups)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return outcomes


def _partition(key: Key, outcome: Trained | TrainingFailed) -> Partition:
    if isinstance(outcome, TrainingFailed):
        return Partition(key, error=outcome.message)
    return Partition(key, outcome.training_rows, outcome.evaluation_rows)


def _merged(task: Task, table: _Table, trained: list[tuple[Key, Trained]]) -> Trained:
    """One model of all: the classes of any, scores over all classes, the rows that judge every part."""
    found = {c for _, t in trained for c in t.classes}
    classes = tuple(sorted(found, key=lambda c: class_order(c, task.label_family)))
    positions = [[classes.index(c) for c in t.classes] for _, t in trained]
    held_out = any(t.evaluation_rows for _, t in trained)
    judged = [(t, at) for (_, t), at in zip(trained, positions, strict=True) if t.evaluation_rows or not held_out]
    models = [
        {"key": list(key), "format": t.format, "classes": at, **t.document}
        for (key, t), at in zip(trained, positions, strict=True)
    ]
    # Reads the inputs for all; each part has learned its own.
    shared = Preprocessor.fit("label", task.inputs, table.columns)
    return replace(
        trained[0][1],
        document={
            "preprocessing": shared.to_json(),
            "estimator": {"keys": [i.name for i in task.keys], "outputs": len(classes) or 1, "models": models},
        },
        format="partitioned",
        classes=classes,
        history=(),
        training_rows=sum(t.training_rows for _, t in trained),
        evaluation_rows=sum(t.evaluation_rows for _, t in trained),
        evaluation_source="evaluation" if held_out else "training",
        resolved={"partitions": len(models)},
        labels=np.concatenate([np.asarray(at)[t.labels] if at else t.labels for t, at in judged]),
        scores=np.concatenate([_spread(t.scores, at, len(classes)) for t, at in judged]),
        importances=(),
    )


def _spread(scores: Any, positions: list[int], classes: int) -> Any:
    """Scores over the classes of all: a class that a part never saw has the probability 0."""
    if not classes:
        return scores
    spread = np.zeros((len(scores), classes))
    spread[:, positions] = scores
    return spread
