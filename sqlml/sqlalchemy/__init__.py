"""SQLAlchemy: `create_engine("sqlml:///shop.duckdb")`, DuckDB's types, `insert` with ON CONFLICT, `models(engine)`."""

from sqlalchemy.dialects.postgresql import insert

from sqlml.sqlalchemy.dialect import SqlmlDialect
from sqlml.sqlalchemy.models import Model, models, named_argument
from sqlml.sqlalchemy.types import (
    ARRAY,
    BIGNUM,
    BIT,
    HUGEINT,
    INTERVAL,
    LIST,
    MAP,
    STRUCT,
    TIMESTAMP_MS,
    TIMESTAMP_NS,
    TIMESTAMP_S,
    TINYINT,
    UBIGINT,
    UHUGEINT,
    UINTEGER,
    UNION,
    USMALLINT,
    UTINYINT,
    Other,
)

__all__ = [
    "ARRAY",
    "BIGNUM",
    "BIT",
    "HUGEINT",
    "INTERVAL",
    "LIST",
    "MAP",
    "STRUCT",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP_S",
    "TINYINT",
    "UBIGINT",
    "UHUGEINT",
    "UINTEGER",
    "UNION",
    "USMALLINT",
    "UTINYINT",
    "Model",
    "Other",
    "SqlmlDialect",
    "insert",
    "models",
    "named_argument",
]
