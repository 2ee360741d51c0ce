"""Constants of the SQL forms: DuckDB reads back every bit."""

from __future__ import annotations

import numpy as np

import sqlml
from sqlml.dialect import to_sql
from sqlml.sql_form.writing import number


def test_constants_are_doubles_to_the_bit() -> None:
    anything = np.frombuffer(np.random.default_rng(7).bytes(8 * 2000))
    values = [*anything[np.isfinite(anything)], 0.0, -0.0, 5e-324, -1.7976931348623157e308, 0.1, 1e22, 100.0]
    sql = ", ".join(to_sql(number(value)) for value in values)
    with sqlml.connect() as con:
        [(found, kind)] = con.execute(f"SELECT l, typeof(l) FROM (SELECT [{sql}] AS l)").fetchall()
    assert kind == "DOUBLE[]"
    assert np.array(found).tobytes() == np.array(values).tobytes()
