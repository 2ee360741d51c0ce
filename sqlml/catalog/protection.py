"""Writing row filters and column masks; who may do so is decided elsewhere."""

from __future__ import annotations

from sqlml.access.values import Applied, Securable
from sqlml.catalog.cursor import Cursor, in_catalog


def set_row_filter(cursor: Cursor, catalog: str, table: Securable, filtering: Applied) -> None:
    """Filter a table's rows; a filter that is there is replaced."""
    drop_row_filter(cursor, catalog, table)
    cursor.rows(
        in_catalog("INSERT INTO sqlml.row_filters VALUES (?, ?, ?, ?, ?, ?)", catalog),
        [table.schema, table.name, *_applied(filtering)],
    )


def drop_row_filter(cursor: Cursor, catalog: str, table: Securable) -> bool:
    """Filter a table no longer; whether it was."""
    dropped = cursor.rows(
        in_catalog("DELETE FROM sqlml.row_filters WHERE schema_name = ? AND table_name = ? RETURNING 1", catalog),
        [table.schema, table.name],
    )
    return bool(dropped)


def set_mask(cursor: Cursor, catalog: str, column: Securable, masking: Applied) -> None:
    """Mask a column; a mask that is there is replaced."""
    drop_mask(cursor, catalog, column)
    cursor.rows(
        in_catalog("INSERT INTO sqlml.column_masks VALUES (?, ?, ?, ?, ?, ?, ?)", catalog),
        [column.schema, column.name, column.column, *_applied(masking)],
    )


def drop_mask(cursor: Cursor, catalog: str, column: Securable) -> bool:
    """Mask a column no longer; whether it was."""
    dropped = cursor.rows(
        in_catalog(
            """DELETE FROM sqlml.column_masks
               WHERE schema_name = ? AND table_name = ? AND column_name = ? RETURNING 1""",
            catalog,
        ),
        [column.schema, column.name, column.column],
    )
    return bool(dropped)


def _applied(applied: Applied) -> list[object]:
    return [applied.function_schema, applied.function, list(applied.arguments), applied.set_by]
