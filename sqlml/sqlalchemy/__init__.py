"""SQLAlchemy: `create_engine("sqlml:///shop.duckdb")`, DuckDB's types, `insert` with ON CONFLICT, `models(engine)`."""

from sqlalchemy.dialects.postgresql import distinct_on, insert

from sqlml.sqlalchemy.dialect import SqlmlDialect
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
