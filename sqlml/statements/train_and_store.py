"""What CREATE MODEL does once it is allowed: read, train, evaluate, sign, write."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import artifacts, signing
from sqlml.access.limits import exceeded
from sqlml.catalog.fingerprints import Fingerprint, fingerprints
from sqlml.catalog.recipes import Recipe
from sqlml.catalog.schema import check_writable
from sqlml.dialect import parse_query, to_sql
from sqlml.engine_private import Scratch
from sqlml.fitting import Previous
from sqlml.metrics import COLUMNS, confusion, evaluation, roc_curve
from sqlml.result import Result
from sqlml.statements.base import Context, Database, one_row
from sqlml.statements.learn_transform import Learned, learn, learned_plan, transform_only
from sqlml.statements.lineage_hash import lineage_hash
from sqlml.statements.staleness import look, params_of
from sqlml.statements.storing import Place, check_place, find, store_version
from sqlml.task import Task
from sqlml.types import ModelVersion, ObjectName, Plan, Progress, Trained

_CHUNK = 122_880
# The thresholds of the ROC curve are percentiles of at most so many probabilities; its counts are of all rows.
_CURVE_ROWS = 100_000
_THRESHOLD = 0.5
_LIBRARIES = ("duckdb", "lightgbm", "numpy", "pyarrow", "scikit-learn", "scipy", "sqlml")


def train_and_store(plan: Plan, context: Context) -> Result:
    """Run a planned CREATE MODEL; the result is one row: model, version, metrics, seconds."""
    creation, database = plan.details, context.database
    started = time.perf_counter()
    started_at = datetime.datetime.now(datetime.UTC)
    # Find out before the training whether its result can be kept.
    signing.signing_key(create=True)
    check_writable(database, str(creation.name.catalog))
    if creation.exists_ok:
        found = find(context, creation.name)
        if found is not None:
            return _existing_row(database, creation.name, found)
    check_place(_place(creation), context)
    context.load_artifacts(plan.models)
    plan, learned = _learn(plan, context)
    freshness = look(plan, context, learned) if creation.if_stale else None
    if freshness and freshness.version:
        found = freshness.version.model_id, freshness.version.version
        return _existing_row(database, creation.name, found, freshness.reason)
    tried = _fit(plan, context, learned)
    context.report(Progress("store", 0, 1))
    seconds = time.perf_counter() - started
    tried = replace(tried, trained=replace(tried.trained, seconds=seconds))
    trained, evaluated = tried.trained, tried.evaluated
    stored = _store(tried, context, started_at)
    if stored is None:
        found = find(context, creation.name)
        assert found is not None
        return _existing_row(database, creation.name, found)
    for number, warning in enumerate(trained.warnings, 1):
        context.report(Progress("warning", number, len(trained.warnings), str(warning)))
    context.report(Progress("done", 1, 1))
    return _row(
        database, stored.name, stored.version, evaluated.metrics, seconds, freshness.reason if freshness else None
    )


def _place(creation: Any) -> Place:
    return Place(creation.name, replace=creation.replace or creation.if_stale, exists_ok=creation.exists_ok)


@dataclass(frozen=True)
class Attempt:
    """What training came to, before any of it is kept: the plan, what it learned, what its relations were like."""

    plan: Plan
    trained: Trained
    evaluated: Evaluated
    sources: tuple[Fingerprint, ...]


def attempt(plan: Plan, context: Context) -> Attempt:
    """Train as a planned CREATE MODEL would, and write nothing."""
    plan, learned = _learn(plan, context)
    return _fit(plan, context, learned)


def _learn(plan: Plan, context: Context) -> tuple[Plan, Learned | None]:
    """What the TRANSFORM clause learns of the rows, if there is one, and the plan that replays it."""
    context.report(Progress("read", 0, 1))
    creation = plan.details
    if not creation.transform:
        return plan, None
    learned = learn(creation.transform, context, previous=creation.task.previous)
    context.check_cancelled()
    return learned_plan(plan, learned), learned


def _fit(plan: Plan, context: Context, learned: Learned | None) -> Attempt:
    if learned and not plan.details.transform.trains:
        found = Attempt(plan, transform_only(learned, 0.0), Evaluated({}, [], []), _sources(plan, context))
    else:
        found = _train(plan, context)
    if not learned:
        return found
    # Of the raw columns, which are what the model takes.
    return replace(found, trained=replace(found.trained, statistics=learned.statistics))


def _sources(plan: Plan, context: Context) -> tuple[Fingerprint, ...]:
    """What the relations are like; none where access is governed, for whoever may be shown a part of them only.

    A number of hidden rows, or a hash of them that guesses can be tried against, is not kept for him.
    """
    if not context.access.acting.is_superuser:
        return ()
    home = str(plan.details.name.catalog)
    return fingerprints(context.database, plan.reads or (), plan.tree, home, context.tables.names())


def _train(plan: Plan, context: Context) -> Attempt:
    """Read the rows, train on them and score those that are held out."""
    from sqlml.training import train
    from sqlml.training_partitions import train_partitions
    from sqlml.training_rows import TrainingRows

    task = plan.details.task
    previous = _previous(task, context)
    rows = TrainingRows(task.inputs, has_split=bool(task.common.data_split_col), has_weight=bool(task.weight_column))
    # In one transaction: the relations are those of which the rows are.
    with context.database.transaction():
        context.database.stream(_counted(rows.add, context), plan.sql, plan.params, plan.source_map)
        context.check_cancelled()
        sources = _sources(plan, context)
    context.check_cancelled()
    fit = train_partitions if task.keys else train
    trained = fit(
        task,
        rows,
        report=context.report,
        check_cancelled=context.check_cancelled,
        previous=previous,
        lineage=plan.details.lineage,
    )
    del rows
    evaluated = evaluate(task.kind, trained)
    context.check_cancelled()
    return Attempt(plan, trained, evaluated, sources)


def _counted(add: Callable[[Any], None], context: Context) -> Callable[[Any], None]:
    """The same, stopped before anything is fitted where there are more rows or bytes than the user may train on."""
    limits = context.access.acting.limits
    total = {"training_rows": 0.0, "memory": 0.0}
    whats = {"training_rows": "The query gives more rows to train on", "memory": "The rows to train on take more bytes"}
    if not limits.keys() & total.keys():
        return add

    def add_counted(batch: Any) -> None:
        total["training_rows"] += batch.num_rows
        total["memory"] += batch.nbytes
        for name, value in total.items():
            if value > limits.get(name, value):
                raise exceeded(name, limits[name], whats[name])
        add(batch)

    return add_counted


def _previous(task: Task, context: Context) -> Previous | None:
    """What a warm start goes on from, verified before a byte of it is parsed."""
    from sqlml.preprocessing import Preprocessor

    if task.previous is None:
        return None
    found = artifacts.document(task.previous, catalog.read_body(context.database, task.previous))
    return Previous(found["estimator"], Preprocessor.from_json(found["preprocessing"]), task.previous.classes)


@dataclass(frozen=True)
class Evaluated:
    """What the held-out rows say: metrics, and for a classification its confusion matrix and ROC curve."""

    metrics: Mapping[str, float | None]
    confusion: list[tuple[Any, ...]]
    roc_curve: list[tuple[Any, ...]]


def evaluate(task: str, trained: Trained) -> Evaluated:
    """The evaluation of the held-out rows, by the same SQL as ML.EVALUATE and its kin."""
    import numpy as np
    import pyarrow as pa

    count, width = trained.scores.shape
    offsets = pa.array(np.arange(0, count * width + 1, width, dtype=np.int64))
    scores = pa.LargeListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(trained.scores).reshape(-1)))
    labels = pa.array(trained.labels)
    if task == "classification":
        labels = pa.DictionaryArray.from_arrays(pa.array(trained.labels), pa.array(trained.classes))
    rows = parse_query("SELECT label, score FROM held_out")
    # DuckDB reads the chunks side by side.
    table = pa.Table.from_batches(pa.table({"label": labels, "score": scores}).to_batches(_CHUNK))
    scratch = Scratch(held_out=table)
    try:
        [found] = scratch.rows(to_sql(evaluation(task, trained.classes, rows)))
        pairs, curve = _of_classes(scratch, rows, trained)
    finally:
        scratch.close()
    return Evaluated(dict(zip(COLUMNS[task], found, strict=True)), pairs, curve)


def _of_classes(scratch: Scratch, rows: exp.Query, trained: Trained) -> tuple[list[Any], list[Any]]:
    """Confusion matrix and ROC curve; of two classes one pass gives both: the matrix is a point of the curve."""
    classes = trained.classes
    if len(classes) != 2:
        return (scratch.rows(to_sql(confusion(classes, rows))) if classes else []), []
    curve = [(at, *counts) for at, _, _, *counts in scratch.rows(to_sql(roc_curve(classes, rows, _points(trained))))]
    hits, false_alarms, rejected, missed = next(counts for at, *counts in curve if at == _THRESHOLD)
    no, yes = classes
    pairs = [(yes, yes, hits), (no, yes, false_alarms), (no, no, rejected), (yes, no, missed)]
    return [pair for pair in pairs if pair[2]], curve


def _points(trained: Trained) -> list[float]:
    """Where the curve is kept: at 0.5 and at the percentiles of the probabilities, which come in an arbitrary order."""
    import numpy as np

    few = trained.scores[:_CURVE_ROWS, 1]
    found = np.quantile(few, np.arange(101) / 100, method="inverted_cdf")
    return sorted({_THRESHOLD, *found.tolist()})


def _store(tried: Attempt, context: Context, started_at: datetime.datetime) -> ModelVersion | None:
    """Write the version; None when IF NOT EXISTS found that another transaction was first."""
    plan, trained, evaluated = tried.plan, tried.trained, tried.evaluated
    creation = plan.details
    params = params_of(creation, trained.resolved)
    new = catalog.NewVersion(
        model=_described(plan, trained),
        key_id="",
        body=artifacts.to_bytes(trained.document),
        query=creation.query,
        created_by=context.user,
        trained=trained,
        started_at=started_at.replace(tzinfo=None),
        params=params,
        metrics=evaluated.metrics,
        confusion=evaluated.confusion,
        roc_curve=evaluated.roc_curve,
        experiment=creation.task.common.experiment,
        run_name=creation.task.common.run_name or None,
        sources=(),
        recipe=Recipe(
            creation.given,
            creation.clause,
            lineage_hash(creation, params, trained, tried.sources, library_versions()),
            tried.sources,
        ),
    )
    place = _place(creation)
    return store_version(place, context, new, reads=plan.reads or ())


def _described(plan: Plan, trained: Trained) -> ModelVersion:
    """What the catalog holds of the model, but for its place and signature."""
    creation, task = plan.details, plan.details.task
    return ModelVersion(
        catalog="",
        schema="",
        name=creation.name.name,
        model_id="",
        version=0,
        model_type=task.model_type.name,
        task=task.kind,
        label=task.label,
        label_type=task.label_type,
        classes=trained.classes,
        features=creation.features,
        transform=creation.learned,
        raw=creation.transform.clause.raw if creation.transform else (),
        format=trained.format,
        sha256="",
        feature_signature="",
        library_versions=library_versions(),
        signature="",
        encoding=task.model_type.encoding,
    )


@cache
def library_versions() -> str:
    """What a version is trained with, as it is kept."""
    return " ".join(f"{name}={version(name)}" for name in _LIBRARIES)


def _existing_row(database: Database, name: ObjectName, found: tuple[str, int], reason: str | None = None) -> Result:
    """What IF NOT EXISTS and IF STALE answer for a model that is there: a version, trained in no time."""
    metrics = catalog.read_metrics(database, str(name.catalog), *found)
    return _row(database, name.name, found[1], metrics, 0.0, reason)


def _row(
    database: Database,
    name: str,
    number: int,
    metrics: Mapping[str, float | None],
    seconds: float,
    reason: str | None = None,
) -> Result:
    why = {} if reason is None else {"reason": ("VARCHAR", reason)}
    return one_row(
        database,
        {
            "model": ("VARCHAR", name),
            "version": ("INTEGER", number),
            "metrics": ("MAP(VARCHAR, DOUBLE)", dict(metrics)),
            "seconds": ("DOUBLE", round(seconds, 3)),
            **why,
        },
    )
