"""What privileges can be on: the schemas, tables, columns, functions, models and volumes of a file."""

from __future__ import annotations

from sqlml.access.values import CATALOG, Securable
from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.catalog.schema import MACROS, SCHEMA, has_schema

_OURS = (SCHEMA, MACROS)
_READ = {
    "SCHEMA": "SELECT schema_name, '', '' FROM duckdb_schemas() WHERE database_name = ? AND NOT internal",
    "TABLE": "SELECT schema_name, table_name, '' FROM duckdb_tables() WHERE database_name = ? AND NOT internal",
    "VIEW": "SELECT schema_name, view_name, '' FROM duckdb_views() WHERE database_name = ? AND NOT internal",
    "COLUMN": """SELECT schema_name, table_name, column_name FROM duckdb_columns()
                 WHERE database_name = ? AND NOT internal""",
    "FUNCTION": """SELECT DISTINCT schema_name, function_name, '' FROM duckdb_functions()
                   WHERE database_name = ? AND NOT internal""",
}


def read_securables(cursor: Cursor, catalog: str, kind: str) -> list[Securable]:
    """All of a kind that the file has, those of schema `sqlml` aside; a VIEW is given as a TABLE."""
    if kind == "CATALOG":
        return [CATALOG]
    if kind == "MODEL":
        if not has_schema(cursor, catalog):
            return []
        rows = cursor.rows(in_catalog("SELECT schema_name, model_name FROM sqlml.models", catalog))
        return [Securable.of("MODEL", *row) for row in rows]
    if kind == "VOLUME":
        return [
            Securable("VOLUME", "", name)
            for (name,) in cursor.rows(in_catalog("SELECT folded_name FROM sqlml.volumes", catalog))
        ]
    if kind not in _READ:
        return []
    # DuckDB counts the schema `main` among its own.
    sql = _READ[kind]
    found = [Securable.of("TABLE" if kind == "VIEW" else kind, *row) for row in cursor.rows(sql, [catalog])]
    if kind == "SCHEMA":
        found.append(Securable("SCHEMA", "main"))
    return [s for s in dict.fromkeys(found) if s.schema not in _OURS]
