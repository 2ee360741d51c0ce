"""SQL-first machine learning inside DuckDB.

import sqlml
con = sqlml.connect("shop.duckdb")
con.execute("CREATE MODEL churn OPTIONS (model_type='logistic_reg', input_label_cols=['churned']) AS FROM customers")
con.execute("SELECT id, ml_predict('churn', c) FROM customers AS c").df()
"""

from typing import TYPE_CHECKING, Any

from sqlml.connection import Connection, connect
from sqlml.cursor import Cursor
from sqlml.dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    apilevel,
    paramstyle,
    threadsafety,
)
from sqlml.errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SqlmlError,
    Warning,  # noqa: A004 - the name PEP 249 asks for
)
from sqlml.load import load
from sqlml.result import Result
from sqlml.session import Session
from sqlml.types import Plan, Progress

if TYPE_CHECKING:
    from sqlml.async_connection import AsyncConnection, AsyncCursor, aconnect

__version__ = "0.1.0"

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "AsyncConnection",
    "AsyncCursor",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "Plan",
    "ProgrammingError",
    "Progress",
    "Result",
    "Session",
    "SqlmlError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "__version__",
    "aconnect",
    "apilevel",
    "connect",
    "load",
    "paramstyle",
    "threadsafety",
]


def __getattr__(name: str) -> Any:
    # asyncio is loaded by those who use it.
    if name in ("AsyncConnection", "AsyncCursor", "aconnect"):
        from sqlml import async_connection

        return getattr(async_connection, name)
    raise AttributeError(f"module 'sqlml' has no attribute {name!r}")
