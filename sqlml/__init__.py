"""SQL-first machine learning inside DuckDB.

import sqlml
con = sqlml.connect("shop.duckdb")
con.execute("CREATE MODEL churn OPTIONS (model_type='logistic_reg', input_label_cols=['churned']) AS FROM customers")
con.execute("SELECT id, ml_predict('churn', c) FROM customers AS c").df()
"""

from sqlml.connection import Connection, connect
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
from sqlml.result import Result
from sqlml.session import Session
from sqlml.types import Plan, Progress

__version__ = "0.1.0"

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"

__all__ = [
    "Connection",
    "DataError",
    "DatabaseError",
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
    "Warning",
    "__version__",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]
