"""`inspect(engine)`: tables, views, columns, constraints, indexes, sequences and comments, from DuckDB's catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exc, text
from sqlalchemy.engine import reflection
from sqlalchemy.engine.default import DefaultDialect
from sqlglot import exp, parse_one

from sqlml.sqlalchemy.compiler import IdentifierPreparer, split_schema
from sqlml.sqlalchemy.type_names import read_type

# What sqlml keeps in a database: not the user's tables, but they can be asked for by name.
OUR_SCHEMAS = ("sqlml", "sqlml_models")

_SCHEMAS = text("""
SELECT database_name, schema_name, database_name = current_database() AS is_current FROM duckdb_schemas()
WHERE database_name NOT IN ('system', 'temp') AND schema_name NOT IN ('sqlml', 'sqlml_models')
ORDER BY is_current DESC, database_name, schema_name
""")
_PLACE = text("""
SELECT database_name, schema_name FROM duckdb_schemas()
WHERE lower(database_name) = lower(coalesce(:catalog, current_database())) AND lower(schema_name) = lower(:schema)
UNION ALL
SELECT database_name, schema_name FROM duckdb_schemas()
WHERE CAST(:catalog AS VARCHAR) IS NULL AND lower(database_name) = lower(:schema) AND schema_name = 'main'
""")
# A name without its schema means a temporary relation first, as in a query.
_RELATIONS = text("""
SELECT database_name, schema_name, table_name, 'table' AS kind, temporary, comment, NULL AS sql FROM duckdb_tables()
WHERE (lower(database_name), schema_name) IN (SELECT (:catalog, :schema) UNION ALL SELECT ('temp', 'main') WHERE :temp)
UNION ALL
SELECT database_name, schema_name, view_name, 'view', temporary, comment, sql FROM duckdb_views()
WHERE NOT internal
AND (lower(database_name), schema_name) IN (SELECT (:catalog, :schema) UNION ALL SELECT ('temp', 'main') WHERE :temp)
ORDER BY temporary DESC, 3
""")
_COLUMNS = text("""
SELECT c.column_name, c.data_type, c.column_default, c.is_nullable, c.comment, i.is_generated = 'ALWAYS'
FROM duckdb_columns() AS c
LEFT JOIN information_schema.columns AS i
ON i.table_catalog = c.database_name AND i.table_schema = c.schema_name AND i.table_name = c.table_name
AND i.column_name = c.column_name
WHERE c.database_name = :catalog AND c.schema_name = :schema AND c.table_name = :name ORDER BY c.column_index
""")
_CONSTRAINTS = text("""
SELECT constraint_name, constraint_column_names, referenced_table, referenced_column_names, expression
FROM duckdb_constraints()
WHERE database_name = :catalog AND schema_name = :schema AND table_name = :name AND constraint_type = :kind
ORDER BY constraint_index
""")
_INDEXES = text("""
SELECT index_name, is_unique, sql FROM duckdb_indexes()
WHERE database_name = :catalog AND schema_name = :schema AND table_name = :name ORDER BY index_name
""")
_SEQUENCES = text("""
SELECT sequence_name FROM duckdb_sequences()
WHERE lower(database_name) = :catalog AND schema_name = :schema ORDER BY sequence_name
""")


class Reflection(DefaultDialect):
    """What an Inspector asks a dialect for."""

    def _get_default_schema_name(self, connection: Any) -> str:
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar())

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        prepare = self.identifier_preparer
        assert isinstance(prepare, IdentifierPreparer)
        return [
            schema if is_current else prepare.join_schema(catalog, schema)
            for catalog, schema, is_current in connection.execute(_SCHEMAS)
        ]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def has_schema(self, connection: Any, schema_name: str, **kw: Any) -> bool:
        catalog, schema = split_schema(schema_name)
        return connection.execute(_PLACE, {"catalog": catalog, "schema": schema}).first() is not None

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def _place(self, connection: Any, schema: str | None = None, **kw: Any) -> tuple[str, str] | None:
        """The catalog and schema that a `schema` means; an attached database by its name alone means its main."""
        catalog, name = split_schema(schema or self.default_schema_name or "main")
        row = connection.execute(_PLACE, {"catalog": catalog, "schema": name}).first()
        return None if row is None else (row[0], row[1])

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def _relations(self, connection: Any, schema: str | None = None, **kw: Any) -> Sequence[Any]:
        place = self._place(connection, schema, **kw)
        if place is None:
            return ()
        at = {"catalog": place[0].lower(), "schema": place[1], "temp": schema is None}
        found: Sequence[Any] = connection.execute(_RELATIONS, at).all()
        return found

    def _find(self, connection: Any, name: str, schema: str | None, **kw: Any) -> Any:
        for row in self._relations(connection, schema, **kw):
            if row.table_name.lower() == name.lower():
                return row
        return None

    def _relation(self, connection: Any, name: str, schema: str | None, **kw: Any) -> Any:
        found = self._find(connection, name, schema, **kw)
        if found is None:
            raise exc.NoSuchTableError(name if schema is None else f"{schema}.{name}")
        return found

    def _names(self, connection: Any, schema: str | None, kind: str, *, temporary: bool, **kw: Any) -> list[str]:
        rows = self._relations(connection, schema, **kw)
        return [row.table_name for row in rows if row.kind == kind and row.temporary == temporary]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        return self._find(connection, table_name, schema, **kw) is not None

    def get_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names(connection, schema, "table", temporary=False, **kw)

    def get_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names(connection, schema, "view", temporary=False, **kw)

    def get_temp_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names(connection, None, "table", temporary=True, **kw)

    def get_temp_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names(connection, None, "view", temporary=True, **kw)

    def get_view_definition(self, connection: Any, view_name: str, schema: str | None = None, **kw: Any) -> str:
        row = self._relation(connection, view_name, schema, **kw)
        if row.kind != "view":
            raise exc.NoSuchTableError(view_name)
        return str(row.sql)

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_sequence_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        place = self._place(connection, schema, **kw)
        if place is None:
            return []
        at = {"catalog": place[0].lower(), "schema": place[1]}
        return list(connection.execute(_SEQUENCES, at).scalars())

    def has_sequence(self, connection: Any, sequence_name: str, schema: str | None = None, **kw: Any) -> bool:
        names = self.get_sequence_names(connection, schema, **kw)
        return sequence_name.lower() in (name.lower() for name in names)

    def _of(self, query: Any, connection: Any, name: str, schema: str | None, kw: Any, **more: Any) -> Sequence[Any]:
        """The rows of a query about one table."""
        row = self._relation(connection, name, schema, **kw)
        at = {"catalog": row.database_name, "schema": row.schema_name, "name": row.table_name, **more}
        found: Sequence[Any] = connection.execute(query, at).all()
        return found

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        rows = self._of(_COLUMNS, connection, table_name, schema, kw)
        return [_column(*row) for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        for row in self._of(_CONSTRAINTS, connection, table_name, schema, kw, kind="PRIMARY KEY"):
            return {"name": row[0], "constrained_columns": list(row[1])}
        return reflection.ReflectionDefaults.pk_constraint()

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_foreign_keys(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        rows = self._of(_CONSTRAINTS, connection, table_name, schema, kw, kind="FOREIGN KEY")
        # DuckDB's foreign keys stay in their schema.
        return [
            {
                "name": name,
                "constrained_columns": list(columns),
                "referred_schema": schema,
                "referred_table": table,
                "referred_columns": list(referred),
                "options": {},
            }
            for name, columns, table, referred, _ in rows
        ]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_unique_constraints(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        rows = self._of(_CONSTRAINTS, connection, table_name, schema, kw, kind="UNIQUE")
        return [{"name": row[0], "column_names": list(row[1])} for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_check_constraints(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        rows = self._of(_CONSTRAINTS, connection, table_name, schema, kw, kind="CHECK")
        return [{"name": row[0], "sqltext": _bare(row[4])} for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_indexes(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        rows = self._of(_INDEXES, connection, table_name, schema, kw)
        return [_index(*row) for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator, unused-ignore]
    def get_table_comment(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        return {"text": self._relation(connection, table_name, schema, **kw).comment}


def _column(
    name: str,
    data_type: str,
    default: str | None,
    is_nullable: bool,  # noqa: FBT001 - a row of the catalog
    comment: str | None,
    is_generated: bool | None,  # noqa: FBT001
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "type": read_type(data_type),
        "nullable": is_nullable,
        "default": None if is_generated else default,
        "comment": comment,
    }
    if is_generated:
        # DuckDB casts the expression to the type of its column.
        text = (default or "").removeprefix("CAST(").removesuffix(f" AS {data_type})")
        found["computed"] = {"sqltext": _bare(text), "persisted": False}
    elif default is not None:
        tree = parse_one(default, dialect="duckdb")
        found["autoincrement"] = isinstance(tree, exp.Anonymous) and tree.name.lower() == "nextval"
    return found


def _bare(sql: str) -> str:
    """An expression without the parentheses that DuckDB puts around it."""
    while isinstance(parse_one(sql, dialect="duckdb"), exp.Paren):
        sql = sql[1:-1]
    return sql


def _index(name: str, is_unique: bool, sql: str) -> dict[str, Any]:  # noqa: FBT001 - a row of the catalog
    """An index; the catalog gives what it is on only in its SQL."""
    tree = parse_one(sql, dialect="duckdb").find(exp.IndexParameters)
    assert tree is not None
    parts = [part.this if isinstance(part, exp.Ordered) else part for part in tree.args["columns"]]
    names = [part.name if isinstance(part, exp.Column) else None for part in parts]
    found: dict[str, Any] = {"name": name, "unique": is_unique, "column_names": names, "dialect_options": {}}
    if None in names:
        found["expressions"] = [part.name if n else part.sql("duckdb") for part, n in zip(parts, names, strict=True)]
    return found
