"""Values as parameters: numpy's and pandas' own, and very large ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sqlml
from sqlml import errors


@pytest.fixture(scope="module")
def shared() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    yield con
    con.close()


MOMENT = dt.datetime(2020, 1, 1, 1, 2, 3, 500000)
VALUES: list[tuple[Any, str, Any]] = [
    (np.int64(-5), "INTEGER", -5),
    (np.uint64(2**64 - 1), "UBIGINT", 2**64 - 1),
    (np.float32(1.5), "DOUBLE", 1.5),
    (np.bool_(True), "BOOLEAN", True),
    (np.str_("x"), "VARCHAR", "x"),
    (np.datetime64("2020-01-01"), "DATE", dt.date(2020, 1, 1)),
    (np.datetime64("2020-01"), "DATE", dt.date(2020, 1, 1)),
    (np.datetime64("2020-01-01T01:02:03.5"), "TIMESTAMP", MOMENT),
    (np.datetime64("2020-01-01T01:02:03.500000000"), "TIMESTAMP", MOMENT),
    (np.datetime64("NaT"), '"NULL"', None),
    (np.timedelta64(90, "m"), "INTERVAL", dt.timedelta(minutes=90)),
    (np.array([1.5, 2.5]), "DOUBLE[]", [1.5, 2.5]),
    (np.array([[1, 2], [3, 4]]), "INTEGER[][]", [[1, 2], [3, 4]]),
    (np.array(5), "INTEGER", 5),
    (np.array(["2020-01-01T01:02:03.5", "NaT"], dtype="M8[ns]"), "TIMESTAMP[]", [MOMENT, None]),
    (np.array([np.int64(1), None], dtype=object), "INTEGER[]", [1, None]),
    (np.ma.masked_array([1, 2], mask=[False, True]), "INTEGER[]", [1, None]),
    ([np.int64(1), 2], "INTEGER[]", [1, 2]),
    ({"a": np.float64(0.5), "b": [np.int8(1)]}, "STRUCT(a DOUBLE, b INTEGER[])", {"a": 0.5, "b": [1]}),
    (pd.Timestamp("2020-01-01 01:02:03.5"), "TIMESTAMP", MOMENT),
    (
        pd.Timestamp("2020-01-01", tz="Asia/Tokyo"),
        "TIMESTAMP WITH TIME ZONE",
        dt.datetime(2019, 12, 31, 15, tzinfo=dt.UTC),
    ),
    (pd.NaT, '"NULL"', None),
    (pd.NA, '"NULL"', None),
    (pd.Timedelta("1 day"), "INTERVAL", dt.timedelta(days=1)),
    (pd.Series([1.5, 2.5]), "DOUBLE[]", [1.5, 2.5]),
    (pd.Series([1, None], dtype="Int64"), "INTEGER[]", [1, None]),
    (pd.Categorical(["a", "b"]), "VARCHAR[]", ["a", "b"]),
    (pd.Index([1, 2]), "INTEGER[]", [1, 2]),
]


@pytest.mark.parametrize(("value", "kind", "expected"), VALUES, ids=[repr(v)[:40] for v, _, _ in VALUES])
def test_numpy_and_pandas(shared: sqlml.Connection, value: Any, kind: str, expected: Any) -> None:
    assert shared.execute("SELECT typeof(v), v FROM (SELECT ? AS v)", [value]).fetchall() == [(kind, expected)]
    assert shared.execute("SELECT $v", {"v": value}).fetchall() == [(expected,)]


@pytest.mark.parametrize(
    "value", [np.datetime64("2020-01-01T00:00:00.123456789"), pd.Timestamp("2020-01-01 00:00:00.123456789")]
)
def test_nanoseconds_are_kept(shared: sqlml.Connection, value: Any) -> None:
    found = shared.execute("SELECT typeof(v), v::VARCHAR FROM (SELECT ? AS v)", [value]).fetchall()
    assert found == [("TIMESTAMP_NS", "2020-01-01 00:00:00.123456789")]


@pytest.mark.parametrize("value", [{1, 2}, 1j, object(), np.timedelta64(1, "M"), range(3), np.complex128(1)])
def test_what_duckdb_has_no_type_for(shared: sqlml.Connection, value: Any) -> None:
    with pytest.raises(errors.NotSupported) as caught:
        shared.execute("SELECT ?", [value])
    assert caught.value.hint


def test_large_ones(shared: sqlml.Connection) -> None:
    blob, text = b"\xff" * 100_000_000, "ü" * 10_000_000
    assert shared.execute("SELECT octet_length(?), ?", [blob, text]).fetchone() == (100_000_000, text)
    shared.execute("CREATE OR REPLACE TABLE big (b BLOB)")
    shared.execute("INSERT INTO big VALUES ($b)", {"b": blob})
    assert shared.execute("SELECT b FROM big").fetchone() == (blob,)
    shared.execute("DROP TABLE big")


def test_a_million_numbers(shared: sqlml.Connection) -> None:
    numbers = list(range(1_000_000))
    for value in (numbers, np.arange(1e6)):
        assert shared.execute("SELECT len($1), list_sum($1)", [value]).fetchall() == [(1_000_000, sum(numbers))]


def test_in_statements_of_ours(shared: sqlml.Connection) -> None:
    shared.execute("CREATE OR REPLACE TABLE p AS SELECT i::DOUBLE AS x, 2.0 * i + 1 AS y FROM range(60) AS r(i)")
    shared.execute("CREATE OR REPLACE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM p")
    ask = "SELECT round(ml_predict('line', x := ?), 6)"
    for value in (np.int64(10), np.float32(10), 10, pd.Series([10])[0]):
        assert shared.execute(ask, [value]).fetchall() == [(21.0,)]
    found = shared.execute(
        "SELECT round(max(ml_predict('line', x := v)), 6) FROM (SELECT unnest(?) AS v)", [np.arange(100_000.0)]
    )
    assert found.fetchall() == [(199_999.0,)]
