"""`con.register`: dataframes and Arrow tables by name, in queries and in training."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sqlml
from sqlml import errors

COLUMNS = {"x": [float(i) for i in range(40)], "y": [2.0 * i + 1 for i in range(40)]}
TRAIN = "CREATE OR REPLACE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS "


@pytest.fixture(scope="module")
def shared() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    yield con
    con.close()


def reader() -> Any:
    table = pa.table(COLUMNS)
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(7))


KINDS = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, lazy": lambda: pl.LazyFrame(COLUMNS),
    "Arrow": lambda: pa.table(COLUMNS),
    "a batch": lambda: pa.record_batch(COLUMNS),
    "a reader": reader,
}


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_trained_from_it(shared: sqlml.Connection, kind: str) -> None:
    shared.register("frame", KINDS[kind]())
    shared.execute(f"{TRAIN} SELECT x, y FROM frame")
    assert shared.execute("SELECT round(ml_predict('line', x := 100), 6)").fetchall() == [(201.0,)]
    described = [row for row in shared.execute("DESCRIBE MODEL line").fetchall() if row[0] == "source"]
    assert described == [("source", "frame", "registered dataframe", None)]
    explained = [row for row in shared.execute("EXPLAIN MODEL line").fetchall() if row[0] == "source"]
    assert explained[0] == ("source", "registered dataframe frame", "x, y")
    if kind == "a reader":
        with pytest.raises(errors.SqlmlError, match="read only once"):
            shared.execute("FROM frame").fetchall()
    else:
        frame = "SELECT count(*), max(abs(predicted_y - y)) < 1e-6 FROM ML.PREDICT(MODEL line, TABLE frame)"
        assert shared.execute(frame).fetchall() == [(40, True)]
    shared.unregister("frame")
    assert shared.execute("SELECT round(ml_predict('line', x := 100), 6)").fetchall() == [(201.0,)]


def test_a_table_of_the_database_is_no_dataframe(shared: sqlml.Connection) -> None:
    shared.execute("CREATE OR REPLACE TEMP TABLE mine AS SELECT i::DOUBLE AS x, i * 2.0 AS y FROM range(9) AS r(i)")
    shared.execute(f"{TRAIN} FROM mine")
    described = [row for row in shared.execute("DESCRIBE MODEL line").fetchall() if row[0] == "source"]
    assert described == [("source", "temp.main.mine", None, None)]


@pytest.mark.parametrize("name", ['a "b" c', "main.x", "select", "Ünï", "a'b", "a;b"])
def test_any_name(shared: sqlml.Connection, name: str) -> None:
    shared.register(name, pa.table(COLUMNS))
    quoted = '"' + name.replace('"', '""') + '"'
    assert shared.execute(f"SELECT count(*) FROM {quoted}").fetchall() == [(40,)]
    shared.execute(f"{TRAIN} FROM {quoted}")
    shared.unregister(name.upper())
    with pytest.raises(errors.NotFound):
        shared.execute(f"SELECT count(*) FROM {quoted}")


@pytest.mark.parametrize("name", ["", None, 5])
def test_no_name(shared: sqlml.Connection, name: Any) -> None:
    with pytest.raises(errors.InvalidOption):
        shared.register(name, pa.table(COLUMNS))


@pytest.mark.parametrize("data", [{"a": [1]}, [1], None, pd.DataFrame(), "SELECT 1"])
def test_no_table(shared: sqlml.Connection, data: Any) -> None:
    with pytest.raises(errors.SqlmlError):
        shared.register("frame", data)
    with pytest.raises(errors.NotFound):
        shared.unregister("frame")


def test_names_that_are_taken(shared: sqlml.Connection) -> None:
    shared.execute("CREATE OR REPLACE TABLE taken (a INTEGER); CREATE OR REPLACE VIEW seen AS SELECT 1 AS a")
    for name in ("taken", "TAKEN", "seen"):
        with pytest.raises(errors.AlreadyExists, match="would be hidden") as caught:
            shared.register(name, pa.table(COLUMNS))
        assert caught.value.hint
        with pytest.raises(errors.NotFound, match="Nothing is registered"):
            shared.unregister(name)
    assert shared.execute("FROM seen").fetchall() == [(1,)]


def test_registered_again_it_is_replaced(shared: sqlml.Connection) -> None:
    for n in (1, 2):
        shared.register("again", pa.table({"a": [n]}))
        assert shared.execute("FROM again").fetchall() == [(n,)]
    shared.register("AGAIN", pa.table({"b": ["x"]}))
    assert shared.execute("SELECT b FROM again").fetchall() == [("x",)]
    shared.execute("DROP VIEW again")
    with pytest.raises(errors.NotFound):
        shared.unregister("again")
    shared.register("again", pa.table({"a": [3]}))
    shared.unregister("again")
    with pytest.raises(errors.NotFound) as caught:
        shared.unregister("agian")
    assert caught.value.hint == 'Did you mean "again"?'


def test_transactions(shared: sqlml.Connection) -> None:
    shared.register("kept", pa.table({"a": [1]}))
    shared.begin()
    shared.register("fresh", pa.table({"a": [1]}))
    shared.register("kept", pa.table({"a": [2]}))
    assert shared.execute("FROM kept, fresh").fetchall() == [(2, 1)]
    shared.rollback()
    assert shared.execute("FROM kept").fetchall() == [(1,)]
    with pytest.raises(errors.NotFound):
        shared.execute("FROM fresh")
    shared.begin()
    shared.unregister("kept")
    shared.rollback()
    assert shared.execute("FROM kept").fetchall() == [(1,)]
    shared.unregister("kept")


def test_others_do_not_see_it(tmp_path: Path) -> None:
    con, other = sqlml.connect(tmp_path / "x.duckdb"), sqlml.connect(tmp_path / "x.duckdb")
    con.register("mine", pa.table({"a": [1]}))
    with pytest.raises(errors.NotFound):
        other.execute("FROM mine")
    other.register("mine", pa.table({"a": [2]}))
    assert con.execute("FROM mine").fetchall() == [(1,)]
    con.execute("CREATE TABLE kept AS FROM mine")
    con.close()
    other.close()
    with sqlml.connect(tmp_path / "x.duckdb", read_only=True) as again:
        assert again.execute("FROM kept").fetchall() == [(1,)]
        again.register("mine", pa.table({"a": [3]}))
        assert again.execute("FROM mine").fetchall() == [(3,)]
    again.close()


@pytest.mark.parametrize("ends", ["unregister", "close"])
def test_it_is_let_go(ends: str) -> None:
    con = sqlml.connect()
    frame = pa.table({"a": [1, 2]})
    alive = weakref.ref(frame)
    con.register("frame", frame)
    del frame
    gc.collect()
    assert con.execute("SELECT sum(a) FROM frame").fetchall() == [(3,)]
    con.unregister("frame") if ends == "unregister" else con.close()
    gc.collect()
    assert alive() is None
    if ends == "unregister":
        con.close()
