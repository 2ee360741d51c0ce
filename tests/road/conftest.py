"""Fixtures of the road tests: a database file, connections to it, and a small model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sqlml

Connect = Callable[..., sqlml.Connection]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file that does not exist yet."""
    return tmp_path / "road.duckdb"


@pytest.fixture
def connect(path: Path) -> Iterator[Connect]:
    """Opens connections, to `path` by default, and closes them after the test."""
    opened: list[sqlml.Connection] = []

    def open_one(where: Any = path, **options: Any) -> sqlml.Connection:
        opened.append(sqlml.connect(where, **options))
        return opened[-1]

    yield open_one
    for connection in opened:
        if not connection.closed:
            connection.close()


@pytest.fixture
def a(connect: Connect) -> sqlml.Connection:
    """The first connection, with 60 rows of y = 2x + 1 in points."""
    connection = connect()
    connection.execute("CREATE TABLE points AS SELECT i::DOUBLE AS x, 2.0 * i + 1 AS y FROM range(60) AS r(i)")
    return connection


@pytest.fixture
def b(a: sqlml.Connection, connect: Connect) -> sqlml.Connection:
    """A second connection to the same file."""
    return connect()


def train(con: sqlml.Connection, name: str = "line", slope: float = 2.0, words: str = "CREATE") -> Any:
    """Train y = slope * x + 1; returns the row of the result."""
    return con.execute(
        f"{words} MODEL {name} OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'])"
        f" AS SELECT x, {slope} * x + 1 AS y FROM points"
    ).fetchone()


def at_10(con: sqlml.Connection, name: str = "line") -> float:
    """What the model predicts for x = 10, rounded."""
    row = con.execute(f"SELECT round(ml_predict('{name}', x := 10.0), 6)").fetchone()
    assert row is not None
    return float(row[0])


def catalog_state(con: sqlml.Connection, catalog: str = "") -> dict[str, int]:
    """How many rows each table of schema sqlml has, and how many macros there are."""
    tables = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'sqlml' AND database_name = coalesce(nullif(?, ''), current_database())",
        [catalog],
    ).fetchall()
    prefix = f'"{catalog}".' if catalog else ""
    state = {name: con.execute(f"SELECT count(*) FROM {prefix}sqlml.{name}").fetchall()[0][0] for (name,) in tables}
    macros = "SELECT count(*) FROM duckdb_functions() WHERE schema_name = 'sqlml_models'"
    state["macros"] = con.execute(macros).fetchall()[0][0]
    return state
