"""The reader of training rows: batches of any size, NULLs, text, and every order of the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

import sqlml
from sqlml.errors import InvalidData
from sqlml.preprocessing import Text
from sqlml.training_rows import TrainingRows


@dataclass(frozen=True)
class _Input:
    name: str
    kind: str


_INPUTS = (_Input("a", "numeric"), _Input("t", "category"), _Input("b", "calendar"))


def _batch(rows: list[tuple]) -> pa.RecordBatch:
    a, t, b, label, h = zip(*rows, strict=True)
    columns = (pa.array(a, pa.float64()), pa.array(t, pa.string()), pa.array(b, pa.int64()))
    return pa.RecordBatch.from_arrays(
        [*columns, pa.array(label, pa.string()), pa.array(h, pa.uint64())], names=["0", "1", "2", "3", "4"]
    )


_ROWS = [
    (1.5, "x", 1, "yes", 10),
    (None, None, 2, "no", 11),
    (2.5, "y", None, None, 12),
    (3.5, "x", 4, "yes", 13),
    (4.5, "z", 5, "no", 14),
]


@pytest.mark.parametrize("sizes", [(5,), (1, 1, 1, 1, 1), (2, 3), (3, 0, 2)])
def test_rows_come_back_in_the_order_asked_for(sizes: tuple[int, ...]) -> None:
    rows = TrainingRows(_INPUTS)
    at = 0
    for size in sizes:
        rows.add(_batch(_ROWS[at : at + size]) if size else _batch(_ROWS).slice(0, 0))
        at += size
    assert len(rows) == 5
    assert rows.label.to_pylist() == ["yes", "no", None, "yes", "no"]
    assert rows.row_hash.to_pylist() == [10, 11, 12, 13, 14]
    assert rows.split is None
    columns = rows.in_order(np.array([4, 1, 0], dtype=np.int64))
    assert list(columns) == ["a", "t", "b"]
    np.testing.assert_array_equal(columns["a"], [4.5, np.nan, 1.5])
    np.testing.assert_array_equal(columns["b"], [5, 2, 1])
    text = columns["t"]
    assert isinstance(text, Text)
    assert [None if c < 0 else text.values[c] for c in text.codes] == ["z", None, "x"]


def test_an_error_in_the_last_row_stops_training_and_leaves_nothing() -> None:
    con = sqlml.connect()
    with pytest.raises(InvalidData, match="nope"):
        con.execute("""CREATE MODEL m OPTIONS(model_type='linear_reg', input_label_cols=['y']) AS
            SELECT i * 1.0 AS x, CASE WHEN i = 399999 THEN error('nope') ELSE i END AS y FROM range(400000) r(i)""")
    assert con.execute("SHOW MODELS").fetchall() == []
    assert con.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize("kind", ["boosted_tree_regressor", "linear_reg"])
def test_several_batches_in_any_order_make_the_same_model(kind: str) -> None:
    con = sqlml.connect()
    con.execute("""CREATE TABLE t AS SELECT (i * 7919) % 1000 / 1000 AS a, CASE WHEN i % 11 > 0 THEN i % 97 END AS b,
        CASE WHEN i % 13 > 0 THEN 'c' || i % 300 END AS c, hash(i) % 1000 AS y FROM range(300000) r(i)""")
    shas = set()
    for order in ("1, 2, 3, 4", "hash(a, b, c, y)"):
        con.execute(f"""CREATE OR REPLACE MODEL m OPTIONS(model_type='{kind}', input_label_cols=['y']) AS
            SELECT * FROM (SELECT * FROM t ORDER BY {order})""")
        shas |= set(con.execute("SELECT sha256 FROM sqlml.artifacts ORDER BY ALL DESC").fetchall())
    assert len(shas) == 1
