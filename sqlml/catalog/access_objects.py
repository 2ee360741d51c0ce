"""What becomes of owners, grants, filters and masks when the objects they are about are made, dropped or renamed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlml.access.governed import Change
from sqlml.access.values import Securable
from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.catalog.grants import set_owner

# Each table of access control with the names of its columns for kind (where it has one), schema, object and column.
_ABOUT = (
    ("owners", True, "object_name", None),
    ("grants", True, "object_name", "column_name"),
    ("object_tags", True, "object_name", "column_name"),
    ("row_filters", False, "table_name", None),
    ("column_masks", False, "table_name", "column_name"),
    ("policies", True, "object_name", None),
)
_DROP = {
    "owners": "DELETE FROM sqlml.owners WHERE list_contains(?, kind) AND schema_name = ? AND object_name = ?",
    "grants": "DELETE FROM sqlml.grants WHERE list_contains(?, kind) AND schema_name = ? AND object_name = ?",
    "object_tags": "DELETE FROM sqlml.object_tags WHERE list_contains(?, kind) AND schema_name = ? AND object_name = ?",
    "policies": "DELETE FROM sqlml.policies WHERE list_contains(?, kind) AND schema_name = ? AND object_name = ?",
}
_DROP_TABLE = (
    "DELETE FROM sqlml.row_filters WHERE schema_name = ? AND table_name = ?",
    "DELETE FROM sqlml.column_masks WHERE schema_name = ? AND table_name = ?",
)
_DROP_SCHEMA = tuple(
    f"DELETE FROM sqlml.{table} WHERE schema_name = ?"  # noqa: S608 - the names are those above
    for table, *_ in _ABOUT
)
_DROP_COLUMN = (
    "DELETE FROM sqlml.grants WHERE kind = 'COLUMN' AND schema_name = ? AND object_name = ? AND column_name = ?",
    "DELETE FROM sqlml.object_tags WHERE kind = 'COLUMN' AND schema_name = ? AND object_name = ? AND column_name = ?",
)
_RENAME_COLUMN = (
    """UPDATE sqlml.grants SET column_name = ?
       WHERE kind = 'COLUMN' AND schema_name = ? AND object_name = ? AND column_name = ?""",
    """UPDATE sqlml.object_tags SET column_name = ?
       WHERE kind = 'COLUMN' AND schema_name = ? AND object_name = ? AND column_name = ?""",
)
# Of a table its columns come along.
_KINDS = {"TABLE": ["TABLE", "COLUMN"]}
_RENAME = tuple(
    f"""UPDATE sqlml.{table} SET schema_name = ?, object_name = ?
        WHERE list_contains(?, kind) AND schema_name = ? AND object_name = ?"""  # noqa: S608 - of _ABOUT
    for table, has_kind, *_ in _ABOUT
    if has_kind
)
_RENAME_TABLE = tuple(
    f"UPDATE sqlml.{table} SET schema_name = ?, table_name = ? WHERE schema_name = ? AND table_name = ?"  # noqa: S608
    for table, has_kind, *_ in _ABOUT
    if not has_kind
)


def apply_changes(cursor: Cursor, catalog: str, changes: Sequence[Change], owner: str) -> None:
    """Record what a statement made, dropped and renamed; `owner` owns what it made."""
    for change in changes:
        if change.action == "made":
            forget(cursor, catalog, change.on)
            set_owner(cursor, catalog, change.on, owner)
        elif change.action == "dropped":
            forget(cursor, catalog, change.on)
        elif change.to is not None:
            forget(cursor, catalog, change.to)
            _rename(cursor, catalog, change.on, change.to)


def forget(cursor: Cursor, catalog: str, on: Securable) -> None:
    """Nothing of what was granted on a thing may hold for another one of its name."""
    if on.kind == "SCHEMA":
        for sql in _DROP_SCHEMA:
            cursor.rows(in_catalog(sql, catalog), [on.schema])
        return
    if on.kind == "COLUMN":
        for sql in _DROP_COLUMN:
            cursor.rows(in_catalog(sql, catalog), [on.schema, on.name, on.column])
        return
    for sql in _DROP.values():
        cursor.rows(in_catalog(sql, catalog), [_KINDS.get(on.kind, [on.kind]), on.schema, on.name])
    if on.kind == "TABLE":
        for sql in _DROP_TABLE:
            cursor.rows(in_catalog(sql, catalog), [on.schema, on.name])


def _rename(cursor: Cursor, catalog: str, on: Securable, to: Securable) -> None:
    if on.kind == "COLUMN":
        for sql in _RENAME_COLUMN:
            cursor.rows(in_catalog(sql, catalog), [to.column, on.schema, on.name, on.column])
        return
    old, new = [on.schema, on.name], [to.schema, to.name]
    for sql in _RENAME:
        cursor.rows(in_catalog(sql, catalog), [*new, _KINDS.get(on.kind, [on.kind]), *old])
    for sql in _RENAME_TABLE if on.kind == "TABLE" else ():
        cursor.rows(in_catalog(sql, catalog), [*new, *old])
