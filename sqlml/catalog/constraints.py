"""What the versions of a model must hold to be its champion, and who promoted one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.catalog.schema import schema_version
from sqlml.types import ModelVersion

# The migration that made the tables: a file that is only read may be older.
SINCE = 11
_READ = """
SELECT constraint_name, condition, query, slices FROM sqlml.model_constraints WHERE model_id = ? ORDER BY folded_name
"""
_WARN = """
INSERT INTO sqlml.warnings
SELECT ?, ?, coalesce(max(position), 0) + 1, 'constraint', NULL, ?
FROM sqlml.warnings WHERE model_id = ? AND version = ?
"""


@dataclass(frozen=True)
class Constraint:
    """A condition over the metrics kept at training, or over those of a query's rows, of each slice of them."""

    name: str
    condition: str
    query: str | None = None
    slices: tuple[str, ...] = ()


def read_constraints(cursor: Cursor, model: ModelVersion) -> list[Constraint]:
    """The constraints of a model, by name."""
    if schema_version(cursor, model.catalog) < SINCE:
        return []
    rows = cursor.rows(in_catalog(_READ, model.catalog), [model.model_id])
    return [Constraint(name, condition, query, tuple(slices)) for name, condition, query, slices in rows]


def add_constraint(cursor: Cursor, model: ModelVersion, constraint: Constraint, user: str) -> None:
    """Keep a constraint."""
    cursor.rows(
        in_catalog("INSERT INTO sqlml.model_constraints VALUES (?, ?, ?, ?, ?, ?, ?, ?)", model.catalog),
        [
            *(model.model_id, constraint.name.casefold(), constraint.name, constraint.condition, constraint.query),
            *(list(constraint.slices), utc_now(), user),
        ],
    )


def drop_constraint(cursor: Cursor, model: ModelVersion, name: str) -> None:
    """Forget a constraint."""
    cursor.rows(
        in_catalog("DELETE FROM sqlml.model_constraints WHERE model_id = ? AND folded_name = ?", model.catalog),
        [model.model_id, name.casefold()],
    )


def note_forced(cursor: Cursor, model: ModelVersion, violations: Sequence[str], user: str) -> None:
    """Keep who made a version the champion that violates constraints."""
    cursor.rows(
        in_catalog("INSERT INTO sqlml.forced_promotions VALUES (?, ?, ?, ?, ?)", model.catalog),
        [model.model_id, model.version, list(violations), utc_now(), user],
    )


def warn_of_version(cursor: Cursor, model: ModelVersion, message: str) -> None:
    """Add to the warnings of a version."""
    key = [model.model_id, model.version]
    cursor.rows(in_catalog(_WARN, model.catalog), [*key, message, *key])
