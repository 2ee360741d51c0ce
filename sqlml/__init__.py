"""SQL-first machine learning inside DuckDB.

import sqlml
con = sqlml.connect("shop.duckdb")
con.execute("CREATE MODEL churn OPTIONS (model_type='logistic_reg', input_label_cols=['churned']) AS FROM customers")
con.execute("SELECT id, ml_predict('churn', c) FROM customers AS c").df()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from sqlml.async_connection import AsyncConnection, AsyncCursor, aconnect
    from sqlml.connection import Connection, connect
    from sqlml.cursor import Cursor
    from sqlml.loading import load
    from sqlml.model_card import ModelCard
    from sqlml.model_evaluation import Evaluation
    from sqlml.result import Result
    from sqlml.session import Session
    from sqlml.types import Plan, Progress

__version__ = "0.1.0"

# What is loaded when it is first asked for, and where it lives: a tool that only looks for the module, its version
# or its errors does not wait for DuckDB and sqlglot.
_LATER = {
    "AsyncConnection": "sqlml.async_connection",
    "AsyncCursor": "sqlml.async_connection",
    "Connection": "sqlml.connection",
    "Cursor": "sqlml.cursor",
    "Evaluation": "sqlml.model_evaluation",
    "ModelCard": "sqlml.model_card",
    "Plan": "sqlml.types",
    "Progress": "sqlml.types",
    "Result": "sqlml.result",
    "Session": "sqlml.session",
    "aconnect": "sqlml.async_connection",
    "connect": "sqlml.connection",
    "load": "sqlml.loading",
}

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
    "Evaluation",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "ModelCard",
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
    if name not in _LATER:
        raise AttributeError(f"module 'sqlml' has no attribute {name!r}", name=name, obj=import_module("sqlml"))
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
