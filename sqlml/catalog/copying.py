"""Copying the rows of a version to another model, of the same or another attached database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.types import ModelVersion

# Read with (model id, version) of the source; written with the values of the copy put in their place.
_ROWS = (
    ("SELECT position, name, type, family FROM sqlml.features WHERE model_id = ? AND version = ?", "features"),
    ("SELECT clause FROM sqlml.transforms WHERE model_id = ? AND version = ?", "transforms"),
    (
        """SELECT catalog_name, schema_name, relation_name, is_path FROM sqlml.source_relations
           WHERE model_id = ? AND version = ?""",
        "source_relations",
    ),
    (
        "SELECT relation_name, column_name FROM sqlml.source_columns WHERE model_id = ? AND version = ?",
        "source_columns",
    ),
    ("SELECT options, transform, lineage_hash FROM sqlml.recipes WHERE model_id = ? AND version = ?", "recipes"),
    (
        """SELECT catalog_name, schema_name, relation_name, num_rows, digest
           FROM sqlml.source_fingerprints WHERE model_id = ? AND version = ?""",
        "source_fingerprints",
    ),
    ("SELECT expected, predicted, n FROM sqlml.confusion WHERE model_id = ? AND version = ?", "confusion"),
    (
        """SELECT threshold, true_positives, false_positives, true_negatives, false_negatives
           FROM sqlml.roc_curve WHERE model_id = ? AND version = ?""",
        "roc_curve",
    ),
    (
        """SELECT name, minimum, maximum, mean, median, stddev, category_count, null_count
           FROM sqlml.feature_statistics WHERE model_id = ? AND version = ?""",
        "feature_statistics",
    ),
    (
        """SELECT feature, importance_weight, importance_gain, importance_cover
           FROM sqlml.feature_importance WHERE model_id = ? AND version = ?""",
        "feature_importance",
    ),
    (
        """SELECT position, key, training_rows, evaluation_rows, error
           FROM sqlml.partitions WHERE model_id = ? AND version = ?""",
        "partitions",
    ),
    ("SELECT position, rule, feature, message FROM sqlml.warnings WHERE model_id = ? AND version = ?", "warnings"),
)
_INSERT = {
    "features": "INSERT INTO sqlml.features VALUES (?, ?, ?, ?, ?, ?)",
    "transforms": "INSERT INTO sqlml.transforms VALUES (?, ?, ?)",
    "source_relations": "INSERT INTO sqlml.source_relations VALUES (?, ?, ?, ?, ?, ?)",
    "source_columns": "INSERT INTO sqlml.source_columns VALUES (?, ?, ?, ?)",
    "recipes": "INSERT INTO sqlml.recipes VALUES (?, ?, ?, ?, ?)",
    "source_fingerprints": "INSERT INTO sqlml.source_fingerprints VALUES (?, ?, ?, ?, ?, ?, ?)",
    "confusion": "INSERT INTO sqlml.confusion VALUES (?, ?, ?, ?, ?)",
    "roc_curve": "INSERT INTO sqlml.roc_curve VALUES (?, ?, ?, ?, ?, ?, ?)",
    "feature_statistics": "INSERT INTO sqlml.feature_statistics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "feature_importance": "INSERT INTO sqlml.feature_importance VALUES (?, ?, ?, ?, ?, ?)",
    "partitions": "INSERT INTO sqlml.partitions VALUES (?, ?, ?, ?, ?, ?, ?)",
    "warnings": "INSERT INTO sqlml.warnings VALUES (?, ?, ?, ?, ?, ?)",
}


def copy_version(
    cursor: Cursor, source: ModelVersion, copy: ModelVersion, key_id: str, user: str, *, is_first: bool
) -> None:
    """Write the copy of a version: artifact, run, parameters, metrics, features, sources."""
    asked = [source.model_id, source.version]
    key = [copy.model_id, copy.version]
    run_id, now = uuid.uuid4().hex, utc_now()

    def read(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        return cursor.rows(in_catalog(sql, source.catalog), params)

    def write(sql: str, row: Sequence[Any]) -> None:
        cursor.rows(in_catalog(sql, copy.catalog), row)

    if is_first:
        write(
            """INSERT INTO sqlml.models (model_id, schema_name, model_name, created_at, created_by, owner, last_version)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            [copy.model_id, copy.schema, copy.name, now, user, user, copy.version],
        )
    else:
        write("UPDATE sqlml.models SET last_version = ? WHERE model_id = ?", [copy.version, copy.model_id])
    [(old_run, *facts)] = read(
        """SELECT run_id, model_type, task, encoding, label_name, label_type, classes, training_query
           FROM sqlml.model_versions WHERE model_id = ? AND version = ?""",
        asked,
    )
    write(
        "INSERT INTO sqlml.model_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [*key, run_id, *facts, now, user],
    )
    [(size, body)] = read("SELECT size_bytes, body FROM sqlml.artifacts WHERE model_id = ? AND version = ?", asked)
    write(
        "INSERT INTO sqlml.artifacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(*key, copy.format, copy.sha256, copy.feature_signature, copy.library_versions),
            *(copy.signature, key_id, size, bytes(body)),
        ],
    )
    [run] = read(
        """SELECT status, start_time, end_time, seconds, training_rows, evaluation_rows, dropped_rows,
                  evaluation_source, warnings, '0', run_name FROM sqlml.runs WHERE run_id = ?""",
        [old_run],
    )
    write("INSERT INTO sqlml.runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [run_id, *key, *run])
    for row in read("SELECT name, digest, source, num_rows FROM sqlml.datasets WHERE run_id = ?", [old_run]):
        write("INSERT INTO sqlml.datasets VALUES (?, ?, ?, ?, ?)", [run_id, *row])
    for row in read("SELECT key, value FROM sqlml.params WHERE run_id = ?", [old_run]):
        write("INSERT INTO sqlml.params VALUES (?, ?, ?)", [run_id, *row])
    for row in read("SELECT key, value, step, timestamp FROM sqlml.metrics WHERE run_id = ?", [old_run]):
        write("INSERT INTO sqlml.metrics VALUES (?, ?, ?, ?, ?)", [run_id, *row])
    for sql, table in _ROWS:
        for row in read(sql, asked):
            write(_INSERT[table], [*key, *row])
