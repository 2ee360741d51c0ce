"""The functions in Python of a database: rows of `sqlml.functions`, each with the macro that statements call."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.catalog.schema import schema_version
from sqlml.dialect import parse_query, to_sql
from sqlml.errors import NotSupported
from sqlml.python_functions import PREFIX, FunctionVersion
from sqlml.types import Column, ObjectName

_COLUMNS = """schema_name, function_name, function_id, parameter_names, parameter_types, return_type, entry_point,
is_vectorized, is_deterministic, body, description, signature"""
# The first migration that has the table.
_SINCE = 7


# What passes through Arrow unchanged.
_TYPES = frozenset(
    [
        *("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "INT128", "UTINYINT", "USMALLINT", "UINT", "UBIGINT"),
        *("UINT128", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "TEXT", "VARBINARY", "UUID", "ENUM", "DATE", "TIME"),
        *(
            "TIMESTAMP",
            "TIMESTAMPNTZ",
            "TIMESTAMP_S",
            "TIMESTAMP_MS",
            "TIMESTAMP_NS",
            "TIMESTAMPTZ",
            "INTERVAL",
            "LIST",
            "ARRAY",
        ),
        *("STRUCT", "MAP"),
    ]
)


def check_type(duckdb_type: str) -> None:
    """Refuse a type that Python would be given, or would give back, as another value.

    Raises NotSupported.
    """
    kinds = [str(getattr(t.this, "value", t.this)) for t in _type(duckdb_type).find_all(exp.DataType)]
    wrong = [kind for kind in kinds if kind not in _TYPES]
    if wrong and duckdb_type != "JSON":
        raise NotSupported(
            f"A function in Python cannot have the type {duckdb_type}.", hint="Use VARCHAR and cast the value in SQL."
        )


def read_functions(cursor: Cursor, catalog: str, version: int | None = None) -> list[FunctionVersion]:
    """Every function that the database keeps, those included whose macro was dropped by DuckDB's own DROP MACRO.

    `version` is that of its tables, where it is known.
    """
    if (schema_version(cursor, catalog) if version is None else version) < _SINCE:
        return []
    rows = cursor.rows(in_catalog(f"SELECT {_COLUMNS} FROM sqlml.functions", catalog))  # noqa: S608 - constants
    return [_function(catalog, row) for row in rows]


def _function(catalog: str, row: tuple[Any, ...]) -> FunctionVersion:
    (schema, name, function_id, names, types, returns, entry, vectorized, deterministic, *rest) = row
    body, description, signature = rest
    return FunctionVersion(
        catalog=catalog,
        schema=schema,
        name=name,
        function_id=function_id,
        parameters=tuple(Column(n, t) for n, t in zip(names, types, strict=True)),
        returns=returns,
        entry_point=entry,
        is_vectorized=vectorized,
        is_deterministic=deterministic,
        body=body,
        description=description,
        signature=signature,
    )


def find_called(cursor: Cursor, name: ObjectName) -> str | None:
    """The id of the function in Python that a name calls: None where there is none, or something else."""
    found = cursor.rows(
        """SELECT macro_definition FROM duckdb_functions()
           WHERE database_name = ? AND lower(schema_name) = lower(?) AND lower(function_name) = lower(?)
           AND contains(macro_definition, ?)""",
        [name.catalog, name.schema, name.name, PREFIX],
    )
    if not found:
        return None
    definition = parse_query(f"SELECT {found[0][0]}")
    called = [call.name for call in definition.find_all(exp.Anonymous) if call.name.startswith(PREFIX)]
    return called[0].removeprefix(PREFIX) if called else None


def is_builtin(cursor: Cursor, name: str) -> bool:
    """Whether DuckDB, or an extension of it, has a function of that name."""
    sql = "SELECT count(*) FROM duckdb_functions() WHERE internal AND lower(function_name) = lower(?)"
    return bool(cursor.rows(sql, [name])[0][0])


def has_macro(cursor: Cursor, name: ObjectName) -> bool:
    """Whether there is a macro of that name."""
    sql = """SELECT count(*) FROM duckdb_functions()
             WHERE database_name = ? AND lower(schema_name) = lower(?) AND lower(function_name) = lower(?)"""
    return bool(cursor.rows(sql, [name.catalog, name.schema, name.name])[0][0])


def insert_function(cursor: Cursor, function: FunctionVersion, key_id: str, user: str) -> None:
    """Keep a function; the rows of one of that name that was there before go."""
    delete_function(cursor, ObjectName(function.name, function.schema, function.catalog))
    values = [
        *(function.function_id, function.schema, function.name),
        *([p.name for p in function.parameters], [p.type for p in function.parameters]),
        *(function.returns, function.entry_point, function.is_vectorized, function.is_deterministic),
        *(function.body, function.description, function.signature, key_id, utc_now(), user),
    ]
    marks = ", ".join("?" for _ in values)
    cursor.rows(in_catalog(f"INSERT INTO sqlml.functions VALUES ({marks})", function.catalog), values)  # noqa: S608


def delete_function(cursor: Cursor, name: ObjectName) -> None:
    """Forget the functions of a name."""
    sql = "DELETE FROM sqlml.functions WHERE lower(schema_name) = lower(?) AND lower(function_name) = lower(?)"
    cursor.rows(in_catalog(sql, str(name.catalog)), [name.schema, name.name])


def create_function_macro(cursor: Cursor, function: FunctionVersion) -> None:
    """`CREATE OR REPLACE MACRO f(x DOUBLE) AS sqlml_python_<id>(current_connection_id(), x)`."""
    parameters = [
        exp.ColumnDef(this=exp.to_identifier(p.name, quoted=True), kind=_type(p.type)) for p in function.parameters
    ]
    arguments = [exp.column(p.name, quoted=True) for p in function.parameters]
    connection = exp.Anonymous(this="current_connection_id")
    call: exp.Expr = exp.Anonymous(this=function.udf_name, expressions=[connection, *arguments])
    if function.returns == "JSON":
        call = exp.cast(call, _type(function.returns))
    head = exp.UserDefinedFunction(this=_macro(function), expressions=parameters, wrapped=True)
    made = exp.Create(this=head, kind="MACRO", replace=True, expression=call)
    if function.catalog == "temp":
        made.set("properties", exp.Properties(expressions=[exp.TemporaryProperty()]))
    cursor.rows(to_sql(made))


def drop_function_macro(cursor: Cursor, name: ObjectName) -> None:
    """Drop the macro of a function."""
    cursor.rows(to_sql(exp.Drop(tables=[_table(name)], kind="MACRO")))


def _macro(function: FunctionVersion) -> exp.Table:
    if function.catalog == "temp":
        return exp.Table(this=exp.to_identifier(function.name, quoted=True))
    return _table(ObjectName(function.name, function.schema, function.catalog))


def _table(name: ObjectName) -> exp.Table:
    parts = [exp.to_identifier(part, quoted=True) for part in (name.name, name.schema, name.catalog)]
    return exp.Table(this=parts[0], db=parts[1], catalog=parts[2])


def _type(duckdb_type: str) -> exp.DataType:
    return exp.DataType.build(duckdb_type, dialect="duckdb")


def sign_function(cursor: Cursor, function: FunctionVersion, key_id: str) -> None:
    """Write the signature of a function that is kept."""
    sql = "UPDATE sqlml.functions SET signature = ?, key_id = ? WHERE function_id = ?"
    cursor.rows(in_catalog(sql, function.catalog), [function.signature, key_id, function.function_id])
