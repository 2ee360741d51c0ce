"""The schema `sqlml` of a database file: made once, migrated in order, refused when it is newer than this code."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sqlglot import exp

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.dialect import to_sql
from sqlml.errors import AlreadyExists, NewerFile, NotFound, ReadOnly

SCHEMA = "sqlml"
MACROS = "sqlml_models"


@cache
def _migrations() -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    found = []
    for file in sorted(files("sqlml.catalog.migrations").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("--")]
            statements = tuple(s.strip() for s in "\n".join(lines).split(";") if s.strip())
            found.append((int(number), name, statements))
    return tuple(found)


def newest_schema() -> int:
    """The number of the last migration that this code knows."""
    return _migrations()[-1][0]


def has_schema(cursor: Cursor, catalog: str) -> bool:
    """Whether the catalog has the schema `sqlml`."""
    found = cursor.rows(
        "SELECT count(*) FROM duckdb_schemas() WHERE database_name = ? AND lower(schema_name) = ?", [catalog, SCHEMA]
    )
    return bool(found[0][0])


def schema_version(cursor: Cursor, catalog: str) -> int:
    """The number of the last migration, 0 where there is none.

    Raises NewerFile when the file knows migrations that this code does not, AlreadyExists when the schema
    belongs to someone else.
    """
    if not has_schema(cursor, catalog):
        return 0
    if not {"version", "applied_at"} <= _columns(cursor, catalog):
        raise AlreadyExists(
            f'The database "{catalog}" has a schema "{SCHEMA}" that is not ours.',
            hint="sqlml keeps its tables there: rename that schema, or use another file.",
        )
    version = int(cursor.rows(in_catalog("SELECT coalesce(max(version), 0) FROM sqlml.migrations", catalog))[0][0])
    newest = newest_schema()
    if version > newest:
        raise NewerFile(
            f'The database "{catalog}" was written by a newer sqlml (schema {version}, this one knows {newest}).',
            hint="Upgrade: pip install --upgrade sqlml",
        )
    return version


def _columns(cursor: Cursor, catalog: str) -> set[str]:
    """The columns of the table of migrations, none where there is no such table."""
    table = to_sql(exp.table_("migrations", SCHEMA, catalog, quoted=True))
    try:
        # duckdb_columns() and duckdb_tables() make all of DuckDB's own views first, in each instance that opens.
        return {str(name) for (name,) in cursor.rows("SELECT name FROM pragma_table_info(?)", [table])}
    except NotFound:
        return set()


def migrate(cursor: Cursor, catalog: str) -> int:
    """Bring the schema up to date, inside the cursor's transaction; gives its version, the newest from now on."""
    version = schema_version(cursor, catalog)
    pending = [m for m in _migrations() if m[0] > version]
    if not pending:
        return version
    if version == 0:
        for schema in (SCHEMA, MACROS):
            name = exp.Table(this=None, db=exp.to_identifier(schema), catalog=exp.to_identifier(catalog, quoted=True))
            cursor.rows(to_sql(exp.Create(this=name, kind="SCHEMA", exists=True)))
        cursor.rows(
            in_catalog(
                "CREATE TABLE sqlml.migrations (version INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)",
                catalog,
            )
        )
    for _, _, statements in pending:
        for statement in statements:
            cursor.rows(in_catalog(statement, catalog))
    made = "INSERT INTO sqlml.migrations SELECT unnest(?), unnest(?), ?"
    numbers, titles = [m[0] for m in pending], [m[1] for m in pending]
    cursor.rows(in_catalog(made, catalog), [numbers, titles, utc_now()])
    return newest_schema()


def check_writable(cursor: Cursor, catalog: str) -> None:
    """Refuse a database that is open for reading only.

    Raises ReadOnly.
    """
    found = cursor.rows("SELECT readonly FROM duckdb_databases() WHERE database_name = ?", [catalog])
    if found and found[0][0]:
        raise ReadOnly(
            f'The database "{catalog}" is open for reading only.',
            hint="Connect without read_only=True, and ATTACH without READ_ONLY.",
        )
