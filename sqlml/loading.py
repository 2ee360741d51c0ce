"""`sqlml.load(duckdb.connect("shop.duckdb"))`: SQL functions for a DuckDB connection that the user has already."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from sqlml_udfs import LOADED

from sqlml.connection import Connection
from sqlml.engine import Database
from sqlml.engine_loaded import needs_macros, place_macros, search_path_of
from sqlml.loaded_functions import LoadedFunctions
from sqlml.session import Session
from sqlml.session_audit import name_door

# As in load.sql.
SCALARS = ("ml_train", "ml_predict", "ml_predict_proba", "ml_explain_predict")
TABLES = (
    *("ml_advanced_weights", "ml_confusion_matrix", "ml_correlation", "ml_describe_data", "ml_evaluate"),
    *("ml_explain_predict", "ml_feature_importance", "ml_feature_info", "ml_global_explain", "ml_partition_info"),
    *("ml_predict", "ml_roc_curve", "ml_training_info", "ml_transform", "ml_weights"),
)


def load(duckdb_connection: Any) -> Connection:
    """Give a DuckDB connection the functions of sqlml; gives a Connection of sqlml's over the same database.

        con = duckdb.connect("shop.duckdb")
        sqlml.load(con)
        con.sql("SELECT ml_train('churn', 'FROM customers', {'model_type': 'logistic_reg'})")
        con.sql("SELECT id, ml_predict('churn', c) FROM customers AS c")

    `ml_train` trains on what is committed, and commits. `ml_predict`, `ml_predict_proba` and `ml_explain_predict` are
    VARIANT; the table functions (`FROM ml_evaluate('churn')`) and the macros of the models have types. They are those
    of this connection: load each cursor of it too. What it does not have, the Connection has: all of sqlml's SQL.

    Nothing is written, and no setting changed; an open result of the connection ends. Raises AlreadyExists where a
    function of the user's has one of the names, InvalidOption in a transaction, PermissionDenied where plain
    connections may not be let in.
    """
    shared = Database.of(duckdb_connection)
    session = Session(shared)
    name_door(session, "load")
    try:
        session.authorise_load()
        path = search_path_of(duckdb_connection)
        session.database.use(path)
        if needs_macros(duckdb_connection, [*SCALARS, *TABLES]):
            shared.register_udfs(LOADED, LoadedFunctions(shared).sources())
            place_macros(duckdb_connection, _script())
    except BaseException:
        session.close()
        raise
    return Connection(session)


@cache
def _script() -> str:
    return files("sqlml").joinpath("load.sql").read_text("utf-8")
