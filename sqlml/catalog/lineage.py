"""The tables of lineage: an event for each statement that wrote, its edges once for all that are alike."""

from __future__ import annotations

import datetime
import hashlib
import json
import threading
import uuid
from collections.abc import Sequence
from typing import Any

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.data_lineage.values import Flow, Origin
from sqlml.types import ObjectName

# The migration that brought these tables.
SINCE = 10

_RECORDED = "SELECT count(*) FROM sqlml.lineage_events WHERE lower(target_name) = lower(?)"
_EVENT = "INSERT INTO sqlml.lineage_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EDGES = """
INSERT INTO sqlml.lineage_edges
SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[]),
       unnest(?::VARCHAR[]), unnest(?::VARCHAR[])
WHERE NOT EXISTS (FROM sqlml.lineage_edges WHERE edge_set = ?)
"""
_RENAMED_TARGET = """
UPDATE sqlml.lineage_events SET target_schema = ?, target_name = ?
WHERE lower(target_name) = lower(?) AND lower(target_schema) = lower(?) AND list_contains(?, target_type)
"""
_RENAMED_SOURCE = """
UPDATE sqlml.lineage_edges SET source_schema = ?, source_name = ?
WHERE lower(source_name) = lower(?) AND lower(source_schema) = lower(?) AND source_catalog IS NULL
  AND list_contains(?, source_type)
"""
# Edges are shared by statements that are alike: those of one table are set apart before a column of it is renamed.
_APART = """
INSERT INTO sqlml.lineage_edges BY NAME
SELECT * REPLACE (edge_set || ? AS edge_set) FROM sqlml.lineage_edges WHERE edge_set IN (
    SELECT edge_set FROM sqlml.lineage_events WHERE lower(target_name) = lower(?) AND lower(target_schema) = lower(?))
"""
_OWN_SETS = """
UPDATE sqlml.lineage_events SET edge_set = edge_set || ?
WHERE lower(target_name) = lower(?) AND lower(target_schema) = lower(?) AND edge_set IS NOT NULL
"""
_TARGET_COLUMN = (
    "UPDATE sqlml.lineage_edges SET target_column = ? WHERE ends_with(edge_set, ?) AND lower(target_column) = lower(?)"
)
_SOURCE_COLUMN = """
UPDATE sqlml.lineage_edges SET source_column = ?
WHERE lower(source_name) = lower(?) AND lower(source_schema) = lower(?) AND source_catalog IS NULL
  AND source_type IN ('TABLE', 'VIEW') AND lower(source_column) = lower(?)
"""
_lock = threading.Lock()
_latest = datetime.datetime.min


def _next_time() -> datetime.datetime:
    """The time, later than that of any event before it in this process: events are put in order by it."""
    global _latest  # noqa: PLW0603 - one clock a process
    with _lock:
        _latest = max(utc_now(), _latest + datetime.timedelta(microseconds=1))
        return _latest


def is_recorded(cursor: Cursor, catalog: str, name: ObjectName) -> bool:
    """Whether a statement has written a table or view of that name, in whichever schema."""
    [[count]] = cursor.rows(in_catalog(_RECORDED, catalog), [name.name])
    return bool(count)


def record(cursor: Cursor, catalog: str, flow: Flow, statement: str, user: str) -> None:
    """Write that a statement has written, in the cursor's transaction."""
    edges = flow.edges()
    rows = [_edge(origin, column, catalog) for origin, column in edges]
    name, version = flow.target.name, flow.target.version
    edge_set = (
        hashlib.sha256(json.dumps([name.schema, name.name, version, *rows]).encode()).hexdigest()[:24] if rows else None
    )
    if edge_set is not None:
        columns = [list(values) for values in zip(*rows, strict=True)]
        cursor.rows(in_catalog(_EDGES, catalog), [edge_set, *columns, edge_set])
    place = [flow.target.kind, name.schema, name.name, version]
    _event(cursor, catalog, user, statement, [*place, flow.is_new, edge_set])


def record_drop(
    cursor: Cursor, catalog: str, kind: str, name: ObjectName, user: str, version: int | None = None
) -> None:
    """Write that a table, a view or a version of a model is gone: one of its name is made of something else."""
    _event(cursor, catalog, user, "DROP", [kind, name.schema, name.name, version, True, None])


def _event(cursor: Cursor, catalog: str, user: str, statement: str, values: Sequence[Any]) -> None:
    cursor.rows(in_catalog(_EVENT, catalog), [uuid.uuid4().hex, _next_time(), user, statement, *values])


def _edge(origin: Origin, column: str | None, catalog: str) -> tuple[Any, ...]:
    name = origin.name
    elsewhere = name.catalog if name.catalog and name.catalog.casefold() != catalog.casefold() else None
    return (origin.kind, elsewhere, name.schema, name.name, origin.version, origin.column, column)


_RELATIONS, _MODELS = ["TABLE", "VIEW"], ["MODEL"]


def rename(cursor: Cursor, catalog: str, old: ObjectName, new: ObjectName, *, is_model: bool = False) -> None:
    """A table, view or model has another name now."""
    values = [new.schema, new.name, old.name, old.schema, _MODELS if is_model else _RELATIONS]
    cursor.rows(in_catalog(_RENAMED_TARGET, catalog), values)
    cursor.rows(in_catalog(_RENAMED_SOURCE, catalog), values)
    # A later statement that is alike is another one: it writes what has the name then.
    _set_apart(cursor, catalog, new)


def rename_column(cursor: Cursor, catalog: str, of: ObjectName, old: str, new: str) -> None:
    """A column has another name now."""
    mark = _set_apart(cursor, catalog, of)
    cursor.rows(in_catalog(_TARGET_COLUMN, catalog), [new, mark, old])
    cursor.rows(in_catalog(_SOURCE_COLUMN, catalog), [new, of.name, of.schema, old])


def _set_apart(cursor: Cursor, catalog: str, of: ObjectName) -> str:
    mark = ":" + uuid.uuid4().hex[:12]
    cursor.rows(in_catalog(_APART, catalog), [mark, of.name, of.schema])
    cursor.rows(in_catalog(_OWN_SETS, catalog), [mark, of.name, of.schema])
    return mark
