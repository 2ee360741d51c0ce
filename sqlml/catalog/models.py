"""Writing and dropping models: rows of schema `sqlml` in the user's own transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from sqlglot import exp

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.catalog.recipes import Recipe
from sqlml.catalog.snapshot import read_snapshot
from sqlml.dialect import to_sql
from sqlml.errors import ModelReplaced
from sqlml.types import PICKLE, REGISTERED_SKOPS, ModelVersion, Relation, Trained

# Artifacts up to this many bytes are hashed again at every statement that scores with them.
_CHECKED_AGAIN = 4 * 1024 * 1024


@dataclass(frozen=True)
class NewVersion:
    """Everything to record about a new version."""

    model: ModelVersion
    key_id: str
    body: bytes
    query: str
    created_by: str
    trained: Trained
    started_at: Any
    params: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    sources: tuple[Relation, ...]
    experiment: str = ""
    run_name: str | None = None
    confusion: Sequence[Sequence[Any]] = ()
    roc_curve: Sequence[Sequence[Any]] = ()
    recipe: Recipe | None = None


def find_model(cursor: Cursor, catalog: str, schema: str, name: str) -> tuple[str, int] | None:
    """Model id and the last version number it was given, or None."""
    found = cursor.rows(
        in_catalog(
            """SELECT model_id, last_version FROM sqlml.models
               WHERE lower(model_name) = lower(?) AND lower(schema_name) = lower(?)""",
            catalog,
        ),
        [name, schema],
    )
    return (str(found[0][0]), int(found[0][1])) if found else None


def new_model_id() -> str:
    """An id for a new model."""
    return uuid.uuid4().hex


def insert_version(cursor: Cursor, new: NewVersion, *, is_first: bool) -> None:
    """Write a version, its artifact, run, parameters, metrics, features and sources."""
    model, trained = new.model, new.trained
    run_id = uuid.uuid4().hex

    def write(sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            cursor.rows(in_catalog(sql, model.catalog), row)

    key = [model.model_id, model.version]
    now = utc_now()
    if is_first:
        write(
            """INSERT INTO sqlml.models (model_id, schema_name, model_name, created_at, created_by, owner, last_version)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            [[key[0], model.schema, model.name, now, new.created_by, new.created_by, model.version]],
        )
    else:
        # A number is never given twice, also after its version was dropped.
        write("UPDATE sqlml.models SET last_version = ? WHERE model_id = ?", [[model.version, key[0]]])
    write(
        "INSERT INTO sqlml.model_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                *(*key, run_id, model.model_type, model.task, model.encoding, model.label, model.label_type),
                *(list(model.classes), new.query, now, new.created_by),
            ]
        ],
    )
    write(
        "INSERT INTO sqlml.artifacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                *key,
                model.format,
                model.sha256,
                model.feature_signature,
                model.library_versions,
                model.signature,
            ]
            + [new.key_id, len(new.body), new.body]
        ],
    )
    write(
        "INSERT INTO sqlml.runs VALUES (?, ?, ?, 'FINISHED', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                run_id,
                *key,
                new.started_at,
                now,
                trained.seconds,
                trained.training_rows,
                trained.evaluation_rows,
            ]
            + [
                trained.dropped_rows,
                trained.evaluation_source,
                [w.message for w in trained.warnings if w.rule == "fit"],
            ]
            + [_experiment(cursor, new), new.run_name]
        ],
    )
    _insert_lists(cursor, new, run_id)


def param_text(value: Any) -> str:
    """A parameter of a run as it is kept."""
    return value if isinstance(value, str) else json.dumps(value)


def _experiment(cursor: Cursor, new: NewVersion) -> str:
    """The id of the experiment the run belongs to; made on first use, "Default" where none was named."""
    catalog = new.model.catalog
    if not new.experiment:
        return "0"
    found = cursor.rows(
        in_catalog("SELECT experiment_id FROM sqlml.experiments WHERE name = ?", catalog), [new.experiment]
    )
    if found:
        return str(found[0][0])
    made = uuid.uuid4().hex
    cursor.rows(
        in_catalog("INSERT INTO sqlml.experiments VALUES (?, ?, ?)", catalog), [made, new.experiment, utc_now()]
    )
    return made


def _insert_lists(cursor: Cursor, new: NewVersion, run_id: str) -> None:
    model, trained, now = new.model, new.trained, utc_now()
    key = [model.model_id, model.version]
    metrics = [[k, v, 0, now] for k, v in new.metrics.items()]
    metrics += [[k, v, step, now] for k, step, v in trained.history]
    dataset = [f"{model.name}_training", trained.dataset_digest, new.query, trained.total_rows]
    params = [[k, param_text(v)] for k, v in new.params.items()]
    sources = [[r.name.catalog, r.name.schema, r.name.name, r.is_path] for r in new.sources]
    recipe = new.recipe
    for table, same, rows in (
        ("features", key, [[i, f.name, f.type, f.family] for i, f in enumerate(model.takes, 1)]),
        ("transforms", key, [[model.transform]] if model.transform else []),
        ("source_relations", key, sources),
        ("recipes", key, recipe.rows() if recipe else []),
        ("source_fingerprints", key, [[*astuple(s)] for s in recipe.sources] if recipe else []),
        ("source_columns", key, [[str(r.name), c] for r in new.sources for c in r.columns or ()]),
        ("confusion", key, new.confusion),
        ("roc_curve", key, new.roc_curve),
        ("feature_statistics", key, [astuple(s) for s in trained.statistics]),
        ("feature_importance", key, [astuple(i) for i in trained.importances]),
        (
            "partitions",
            key,
            [
                [i, list(p.key), p.training_rows, p.evaluation_rows, p.error]
                for i, p in enumerate(trained.partitions, 1)
            ],
        ),
        ("warnings", key, [[i, w.rule, w.feature, w.message] for i, w in enumerate(trained.warnings, 1)]),
        ("datasets", [run_id], [dataset] if trained.dataset_digest else []),
        ("metrics", [run_id], metrics),
        ("params", [run_id], params),
    ):
        _insert_rows(cursor, model.catalog, table, same, rows)


def _insert_rows(cursor: Cursor, catalog: str, table: str, same: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows that begin with the same values, in one statement."""
    if not rows:
        return
    lists = [list(values) for values in zip(*rows, strict=True)]
    marks: list[exp.Expr] = [exp.Placeholder() for _ in same]
    marks += [exp.Anonymous(this="unnest", expressions=[exp.Placeholder()]) for _ in lists]
    target = exp.table_(table, "sqlml", exp.to_identifier(catalog, quoted=True))
    cursor.rows(to_sql(exp.insert(exp.select(*marks), target)), [*same, *lists])


def delete_model(cursor: Cursor, catalog: str, model_id: str) -> None:
    """Remove a model with all its versions."""
    for sql in (
        "DELETE FROM sqlml.aliases WHERE model_id = ?",
        "DELETE FROM sqlml.tags WHERE model_id = ?",
        "DELETE FROM sqlml.datasets WHERE run_id IN (SELECT run_id FROM sqlml.runs WHERE model_id = ?)",
        "DELETE FROM sqlml.params WHERE run_id IN (SELECT run_id FROM sqlml.runs WHERE model_id = ?)",
        "DELETE FROM sqlml.metrics WHERE run_id IN (SELECT run_id FROM sqlml.runs WHERE model_id = ?)",
        "DELETE FROM sqlml.confusion WHERE model_id = ?",
        "DELETE FROM sqlml.roc_curve WHERE model_id = ?",
        "DELETE FROM sqlml.feature_statistics WHERE model_id = ?",
        "DELETE FROM sqlml.feature_importance WHERE model_id = ?",
        "DELETE FROM sqlml.partitions WHERE model_id = ?",
        "DELETE FROM sqlml.warnings WHERE model_id = ?",
        "DELETE FROM sqlml.model_constraints WHERE model_id = ?",
        "DELETE FROM sqlml.forced_promotions WHERE model_id = ?",
        "DELETE FROM sqlml.source_columns WHERE model_id = ?",
        "DELETE FROM sqlml.source_fingerprints WHERE model_id = ?",
        "DELETE FROM sqlml.recipes WHERE model_id = ?",
        "DELETE FROM sqlml.source_relations WHERE model_id = ?",
        "DELETE FROM sqlml.features WHERE model_id = ?",
        "DELETE FROM sqlml.transforms WHERE model_id = ?",
        "DELETE FROM sqlml.runs WHERE model_id = ?",
        "DELETE FROM sqlml.artifacts WHERE model_id = ?",
        "DELETE FROM sqlml.model_versions WHERE model_id = ?",
        "DELETE FROM sqlml.models WHERE model_id = ?",
    ):
        cursor.rows(in_catalog(sql, catalog), [model_id])


def read_metrics(cursor: Cursor, catalog: str, model_id: str, version: int) -> dict[str, float | None]:
    """The metrics of a version on its held-out rows.

    Raises ModelReplaced where there are none any more.
    """
    rows = cursor.rows(
        in_catalog(
            """SELECT t.key, t.value FROM sqlml.runs AS r
               LEFT JOIN sqlml.metrics AS t ON t.run_id = r.run_id AND t.key NOT IN ('loss', 'eval_loss', 'duration_ms')
               WHERE r.model_id = ? AND r.version = ?""",
            catalog,
        ),
        [model_id, version],
    )
    if not rows:
        raise ModelReplaced("The model was dropped by another transaction.", hint="Send the statement again.")
    # A model that only transforms has none.
    return {key: value for key, value in rows if key is not None}


def find_artifact(cursor: Cursor, catalog: str, sha256: str) -> ModelVersion | None:
    """A version that has the artifact of that hash, or None."""
    names = cursor.rows(
        in_catalog(
            """SELECT m.model_name FROM sqlml.models AS m JOIN sqlml.artifacts AS a ON a.model_id = m.model_id
               WHERE a.sha256 = ?""",
            catalog,
        ),
        [sha256],
    )
    versions = read_snapshot(cursor, (row[0] for row in names)).versions if names else ()
    return next((v for v in versions if v.sha256 == sha256 and v.catalog == catalog), None)


def has_registered(cursor: Cursor, catalog: str) -> bool:
    """Whether any model of the database, which has our tables, runs the user's own Python."""
    sql = "SELECT count(*) FROM sqlml.artifacts WHERE list_contains(?, format)"
    return bool(cursor.rows(in_catalog(sql, catalog), [[PICKLE, REGISTERED_SKOPS]])[0][0])


def is_intact(cursor: Cursor, model: ModelVersion) -> bool:
    """Whether the stored bytes of a loaded version still are what their sha256 says; large ones are not read again.

    A version that is gone was there when the statement was planned: it was dropped since, and is whole as it is loaded.
    """
    rows = cursor.rows(
        in_catalog(
            """SELECT CASE WHEN octet_length(body) > ? THEN true ELSE sha256(body) = sha256 END
               FROM sqlml.artifacts WHERE model_id = ? AND version = ?""",
            model.catalog,
        ),
        [_CHECKED_AGAIN, model.model_id, model.version],
    )
    return not rows or bool(rows[0][0])


def read_body(cursor: Cursor, model: ModelVersion) -> bytes | None:
    """The bytes of a version's artifact."""
    rows = cursor.rows(
        in_catalog("SELECT body FROM sqlml.artifacts WHERE model_id = ? AND version = ?", model.catalog),
        [model.model_id, model.version],
    )
    return bytes(rows[0][0]) if rows else None
