"""CREATE MODEL against the same by hand: `con.sql(query).to_arrow_table()`, lightgbm.Dataset, lightgbm.train."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow as pa

import sqlml
from benchmarks.measure import CONSOLE, Figure, compare, ratio_figures

_OPTIONS = "max_iterations=100, num_leaves=31, early_stop=FALSE"
_BOUND = 1.10
# How LightGBM goes about it is left to itself by hand, as it would be.
_EXECUTION = ("deterministic", "force_col_wise", "num_threads")

_NUMBERS = """
CREATE TABLE numbers AS
SELECT *, 3 * x0 + 2 * x1 * x2 - x3 + sin(6 * x4) + random() - 0.5 AS y,
       CASE WHEN 2 * x0 + x1 * x2 + random() > 1.7 THEN 'late' ELSE 'on time' END AS answer
FROM (SELECT {columns} FROM range({rows}))
"""

_MIXED = """
CREATE TABLE mixed AS
SELECT *, 3 * x0 + coalesce(x1, 0.7) + hash(s0) % 7 + hash(s4) % 3 + random() AS y
FROM (SELECT x0, {nulls}, {strings} FROM numbers)
"""


def measure(*, rows: int, repeats: int) -> list[Figure]:
    """The ratio for numbers, for NULLs and strings, and for a classifier."""
    con = sqlml.connect()
    hand = duck_of(con)
    make_tables(con, rows)
    figures: list[Figure] = []
    shape = f"{rows:,} x 20"
    for name, table, label, kind, split, bound in (
        (f"regressor, {shape} numbers, same rows", "numbers", "y", "regressor", "NO_SPLIT", _BOUND),
        (f"regressor, {shape} numbers, default split", "numbers", "y", "regressor", "AUTO_SPLIT", _BOUND),
        (f"classifier, {shape} numbers, same rows", "numbers", "answer", "classifier", "NO_SPLIT", _BOUND),
        (f"regressor, {rows:,} x 15 with NULLs + 5 strings", "mixed", "y", "regressor", "NO_SPLIT", None),
    ):
        query = f"SELECT * EXCLUDE ({'answer' if label == 'y' else 'y'}) FROM {table}"
        query = f"SELECT * FROM {table}" if table == "mixed" else query
        ours = _create(con, query, label, kind, split)
        ours()
        theirs = _by_hand(hand, query, label, _parameters(con))
        found = compare(ours, theirs, repeats=repeats, tell=name)
        figures += ratio_figures(name, found, bound)
    con.close()
    return figures


def make_tables(con: sqlml.Connection, rows: int) -> None:
    """`numbers`: 20 columns of numbers, a numeric and a text label; `mixed`: 10% NULL in 14 of 15, and 5 strings."""
    CONSOLE.print(f"[dim]making {rows:,} rows[/]")
    con.execute("SELECT setseed(0.42)").fetchall()
    con.execute(_NUMBERS.format(columns=", ".join(f"random() AS x{i}" for i in range(20)), rows=rows)).fetchall()
    nulls = ", ".join(f"CASE WHEN random() > 0.1 THEN x{i} END AS x{i}" for i in range(1, 15))
    sizes = (5, 20, 100, 500, 1000)
    strings = ", ".join(
        f"CASE WHEN random() > 0.02 THEN 'value {i} ' || CAST(floor(random() * {n}) AS INTEGER) END AS s{i}"
        for i, n in enumerate(sizes)
    )
    con.execute(_MIXED.format(nulls=nulls, strings=strings)).fetchall()


def duck_of(con: sqlml.Connection) -> Any:
    """A plain DuckDB cursor on the same database."""
    return con.session.database.database.root.cursor()


def _create(con: sqlml.Connection, query: str, label: str, kind: str, split: str) -> Any:
    sql = f"""CREATE OR REPLACE MODEL m OPTIONS (model_type='boosted_tree_{kind}', input_label_cols=['{label}'],
              data_split_method='{split}', {_OPTIONS}) AS {query}"""
    return lambda: con.execute(sql).fetchall()


def _parameters(con: sqlml.Connection) -> dict[str, Any]:
    """What the last CREATE MODEL gave to LightGBM, from its record of the run."""
    from sqlml.boosting import BoostingOptions, parameters

    recorded = dict(
        con.execute(
            "SELECT key, value FROM sqlml.params "
            "WHERE run_id = (SELECT run_id FROM sqlml.runs ORDER BY version DESC LIMIT 1)"
        ).fetchall()
    )
    names = parameters(BoostingOptions(), "regression", rows=1, classes=0, seed=0)
    return {name: _value(recorded[name]) for name in names if name not in _EXECUTION}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _by_hand(con: duckdb.DuckDBPyConnection, query: str, label: str, params: dict[str, Any]) -> Any:
    def work() -> Any:
        import lightgbm

        table = con.sql(query).to_arrow_table()
        target = table.column(label)
        if pa.types.is_string(target.type):
            target = pa.chunked_array([target.combine_chunks().dictionary_encode().indices])
        features = table.drop_columns([label])
        categorical = [f.name for f in features.schema if pa.types.is_string(f.type)]
        for name in categorical:
            codes = features.column(name).combine_chunks().dictionary_encode().indices
            features = features.set_column(features.schema.get_field_index(name), name, codes)
        data = lightgbm.Dataset(features, label=target, categorical_feature=categorical, params=params)
        return lightgbm.train(params, data, num_boost_round=100)

    return work
