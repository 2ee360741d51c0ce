"""DuckDB's text of a type, `STRUCT(a INTEGER)[]`, as a type of SQLAlchemy's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import types
from sqlalchemy.sql.type_api import TypeEngine
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlml.sqlalchemy import types as ours

_Type = exp.DataType.Type

_SIMPLE: dict[Any, type[TypeEngine[Any]]] = {
    _Type.BOOLEAN: types.BOOLEAN,
    _Type.TINYINT: ours.TINYINT,
    _Type.SMALLINT: types.SMALLINT,
    _Type.INT: types.INTEGER,
    _Type.BIGINT: types.BIGINT,
    _Type.INT128: ours.HUGEINT,
    _Type.UTINYINT: ours.UTINYINT,
    _Type.USMALLINT: ours.USMALLINT,
    _Type.UINT: ours.UINTEGER,
    _Type.UBIGINT: ours.UBIGINT,
    _Type.UINT128: ours.UHUGEINT,
    _Type.BIGNUM: ours.BIGNUM,
    _Type.FLOAT: types.REAL,
    _Type.DOUBLE: types.DOUBLE,
    _Type.TEXT: types.VARCHAR,
    _Type.VARCHAR: types.VARCHAR,
    _Type.VARBINARY: types.BLOB,
    _Type.BLOB: types.BLOB,
    _Type.BIT: ours.BIT,
    _Type.UUID: types.UUID,
    _Type.JSON: types.JSON,
    _Type.DATE: types.DATE,
    _Type.TIME: types.TIME,
    _Type.TIMESTAMP: types.TIMESTAMP,
    _Type.TIMESTAMP_S: ours.TIMESTAMP_S,
    _Type.TIMESTAMP_MS: ours.TIMESTAMP_MS,
    _Type.TIMESTAMP_NS: ours.TIMESTAMP_NS,
    _Type.INTERVAL: ours.INTERVAL,
}


def read_type(text: str) -> TypeEngine[Any]:
    """The type that DuckDB's catalog writes so; one that SQLAlchemy cannot express stays as its name."""
    try:
        tree = exp.DataType.build(text, dialect="duckdb")
    except SqlglotError:
        return ours.Other(text)
    return _of(tree)


def _of(tree: Any) -> TypeEngine[Any]:
    kind, parts = tree.this, tree.expressions
    if kind in _SIMPLE:
        return _SIMPLE[kind]()
    if kind == _Type.TIMESTAMPTZ:
        return types.TIMESTAMP(timezone=True)
    if kind == _Type.TIMETZ:
        return types.TIME(timezone=True)
    if kind == _Type.DECIMAL:
        precision, scale = (int(part.name) for part in parts) if parts else (18, 3)
        return types.DECIMAL(precision, scale)
    if kind == _Type.ENUM:
        return types.Enum(*(part.name for part in parts))
    if kind in (_Type.ARRAY, _Type.LIST):
        return _list(tree)
    if kind == _Type.MAP:
        return ours.MAP(_of(parts[0]), _of(parts[1]))
    if kind in (_Type.STRUCT, _Type.UNION) and parts and all(isinstance(part, exp.ColumnDef) for part in parts):
        made = ours.UNION if kind == _Type.UNION else ours.STRUCT
        return made({part.name: _of(part.args["kind"]) for part in parts})
    return ours.Other(tree.sql(dialect="duckdb"))


def _list(tree: Any) -> TypeEngine[Any]:
    inner = _of(tree.expressions[0])
    if tree.args.get("values"):
        return ours.ARRAY(inner, int(tree.args["values"][0].name))
    if type(inner) is types.ARRAY:
        # SQLAlchemy has one ARRAY with a number of dimensions for lists of lists.
        return types.ARRAY(inner.item_type, dimensions=(inner.dimensions or 1) + 1)
    return types.ARRAY(inner, dimensions=1)
