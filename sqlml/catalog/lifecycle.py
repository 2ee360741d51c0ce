"""What happens to a model after it was trained: aliases, tags, owner, comment, name; versions dropped and copied."""

from __future__ import annotations

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.catalog.lineage import SINCE as LINEAGE_SINCE
from sqlml.catalog.lineage import rename as rename_in_lineage
from sqlml.catalog.schema import schema_version
from sqlml.catalog.snapshot import CHAMPION
from sqlml.types import ModelVersion, ObjectName

_VERSION_TABLES = (
    "DELETE FROM sqlml.aliases WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.tags WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.confusion WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.roc_curve WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.feature_statistics WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.feature_importance WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.partitions WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.warnings WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.forced_promotions WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.source_columns WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.source_fingerprints WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.recipes WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.source_relations WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.features WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.transforms WHERE model_id = ? AND version = ?",
    """DELETE FROM sqlml.datasets WHERE run_id IN
       (SELECT run_id FROM sqlml.runs WHERE model_id = ? AND version = ?)""",
    """DELETE FROM sqlml.params WHERE run_id IN
       (SELECT run_id FROM sqlml.runs WHERE model_id = ? AND version = ?)""",
    """DELETE FROM sqlml.metrics WHERE run_id IN
       (SELECT run_id FROM sqlml.runs WHERE model_id = ? AND version = ?)""",
    "DELETE FROM sqlml.runs WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.artifacts WHERE model_id = ? AND version = ?",
    "DELETE FROM sqlml.model_versions WHERE model_id = ? AND version = ?",
)


def set_alias(cursor: Cursor, model: ModelVersion, alias: str, user: str) -> None:
    """Let an alias mean this version."""
    drop_alias(cursor, model, alias)
    cursor.rows(
        in_catalog("INSERT INTO sqlml.aliases VALUES (?, ?, ?, ?, ?)", model.catalog),
        [model.model_id, alias, model.version, utc_now(), user],
    )


def drop_alias(cursor: Cursor, model: ModelVersion, alias: str) -> None:
    """Forget an alias of a model."""
    cursor.rows(
        in_catalog("DELETE FROM sqlml.aliases WHERE model_id = ? AND lower(alias) = lower(?)", model.catalog),
        [model.model_id, alias],
    )


def set_tag(cursor: Cursor, model: ModelVersion, version: int | None, key: str, value: str) -> None:
    """Set a tag of a model, or of one version of it."""
    drop_tag(cursor, model, version, key)
    cursor.rows(
        in_catalog("INSERT INTO sqlml.tags VALUES (?, ?, ?, ?)", model.catalog), [model.model_id, version, key, value]
    )


def drop_tag(cursor: Cursor, model: ModelVersion, version: int | None, key: str) -> bool:
    """Forget a tag; whether there was one."""
    found = cursor.rows(
        in_catalog(
            "DELETE FROM sqlml.tags WHERE model_id = ? AND version IS NOT DISTINCT FROM ? AND key = ? RETURNING key",
            model.catalog,
        ),
        [model.model_id, version, key],
    )
    return bool(found)


def set_owner(cursor: Cursor, model: ModelVersion, owner: str) -> None:
    """Give a model to another owner."""
    cursor.rows(
        in_catalog("UPDATE sqlml.models SET owner = ? WHERE model_id = ?", model.catalog), [owner, model.model_id]
    )


def set_comment(cursor: Cursor, model: ModelVersion, comment: str | None) -> None:
    """Describe a model."""
    cursor.rows(
        in_catalog("UPDATE sqlml.models SET comment = ? WHERE model_id = ?", model.catalog), [comment, model.model_id]
    )


def rename(cursor: Cursor, model: ModelVersion, name: ObjectName) -> None:
    """Give a model another name, in another schema of the same database if the name says so."""
    cursor.rows(
        in_catalog("UPDATE sqlml.models SET model_name = ?, schema_name = ? WHERE model_id = ?", model.catalog),
        [name.name, name.schema, model.model_id],
    )
    if schema_version(cursor, model.catalog) >= LINEAGE_SINCE:
        rename_in_lineage(cursor, model.catalog, model.object_name, name, is_model=True)


def delete_version(cursor: Cursor, model: ModelVersion) -> None:
    """Remove one version of a model."""
    for sql in _VERSION_TABLES:
        cursor.rows(in_catalog(sql, model.catalog), [model.model_id, model.version])


def has_champion(cursor: Cursor, model: ModelVersion) -> bool:
    """Whether the bare name of a model means its champion."""
    found = cursor.rows(
        in_catalog("SELECT count(*) FROM sqlml.aliases WHERE model_id = ? AND lower(alias) = ?", model.catalog),
        [model.model_id, CHAMPION],
    )
    return bool(found[0][0])
