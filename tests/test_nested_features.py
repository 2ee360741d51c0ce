"""A model of lists and structs is the model of their parts as columns, to the last bit, for every model type."""

from __future__ import annotations

import numpy as np
import pytest

import sqlml
from sqlml.shapes import SPARSE, STRUCT, VECTOR, WORDS, read_as, shape_of

_ROWS = """
CREATE TABLE nested AS SELECT i AS id,
    CASE WHEN i % 17 > 0 THEN {'city': ['x', 'y', NULL][1 + i % 3], 'floor': CASE WHEN i % 7 > 0 THEN i % 7 END,
                               'since': DATE '2024-01-01' + (i % 300)::INTEGER} END AS place,
    CASE WHEN i % 19 > 0 THEN [hash(i) % 100 / 7, CASE WHEN i % 5 > 0 THEN hash(i + 1) % 9 END]::FLOAT[2] END AS spot,
    CASE WHEN i % 23 > 0 THEN string_split(['to be', 'or not', 'to be or'][1 + i % 3], ' ') END AS words,
    CASE WHEN i % 29 > 0 THEN [{'index': i % 3, 'value': i % 4}, {'index': 8, 'value': 1}] END AS sparse,
    hash(i + 3) % 100 / 10 + i % 7 AS y, (hash(i + 3) % 10 + i % 7) % 3 > 0 AS won
FROM range(600) AS r(i)
"""
_PARTS = """
CREATE TABLE parts AS SELECT id, place.city AS place_city, place.floor::DOUBLE AS place_floor, place.since AS place_since,
    spot[1]::DOUBLE AS spot_1, spot[2]::DOUBLE AS spot_2,
    list_contains(words, 'be')::DOUBLE AS words_be, list_contains(words, 'not')::DOUBLE AS words_not,
    list_contains(words, 'or')::DOUBLE AS words_or, list_contains(words, 'to')::DOUBLE AS words_to,
    CASE WHEN sparse IS NOT NULL THEN (sparse[1].index = 0)::DOUBLE * sparse[1].value END AS sparse_0,
    CASE WHEN sparse IS NOT NULL THEN (sparse[1].index = 1)::DOUBLE * sparse[1].value END AS sparse_1,
    CASE WHEN sparse IS NOT NULL THEN (sparse[1].index = 2)::DOUBLE * sparse[1].value END AS sparse_2,
    CASE WHEN sparse IS NOT NULL THEN 1::DOUBLE END AS sparse_8, y, won FROM nested
"""
MODELS = [
    ("linear_reg", "y", ""),
    ("logistic_reg", "won", ""),
    ("boosted_tree_classifier", "won", ""),
    ("random_forest_regressor", "y", ", num_parallel_tree = 5"),
    ("naive_bayes", "won", ""),
    ("knn_regressor", "y", ""),
    ("sklearn", "y", ", model_class = 'Ridge'"),
]


@pytest.mark.parametrize(("model_type", "label", "more"), MODELS)
def test_equals_the_model_of_the_parts(con: sqlml.Connection, model_type: str, label: str, more: str) -> None:
    con.execute(_ROWS)
    con.execute(_PARTS)
    other = "won" if label == "y" else "y"
    # SEQ by the same column: the split goes by the hash of the row else.
    options = (
        f"OPTIONS (model_type = '{model_type}', input_label_cols = ['{label}'], data_split_method = 'NO_SPLIT'{more})"
    )
    con.execute(f"CREATE MODEL whole {options} AS SELECT * EXCLUDE ({other}) FROM nested")
    con.execute(f"CREATE MODEL flat {options} AS SELECT * EXCLUDE ({other}) FROM parts")
    assert con.execute("SELECT count(DISTINCT sha256), count(*) FROM sqlml.artifacts").fetchall() == [(1, 2)]
    score = "map_values(ml_predict_proba('{}', {}))" if label == "won" else "[ml_predict('{}', {})]"
    answers = {}
    for model, rows in (("whole", "nested"), ("flat", "parts")):
        found = con.execute(f"SELECT {score.format(model, 'r')} FROM {rows} AS r ORDER BY id").fetchall()
        answers[model] = [answer for (answer,) in found]
    assert np.allclose(answers["whole"], answers["flat"], rtol=1e-12, atol=1e-12)
    macro = "map_values(sqlml_models.whole(r).probs)" if label == "won" else "[sqlml_models.whole(r)]"
    macros = [a for (a,) in con.execute(f"SELECT {macro} FROM nested AS r ORDER BY id").fetchall()]
    assert np.allclose(macros, answers["whole"], rtol=1e-12, atol=1e-12)


def test_the_order_of_the_rows_changes_nothing(con: sqlml.Connection) -> None:
    con.execute(_ROWS)
    for order in ("id", "hash(id)", "y DESC"):
        con.execute(
            "CREATE OR REPLACE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) "
            f"AS SELECT * EXCLUDE (won) FROM nested ORDER BY {order}"
        )
    assert con.execute("SELECT count(DISTINCT sha256) FROM sqlml.artifacts").fetchall() == [(1,)]


def test_an_embedding_is_one_value_for_the_kernel(con: sqlml.Connection) -> None:
    con.execute(
        "CREATE TABLE texts AS SELECT [hash(i + k) % 100 / 50 - 1 FOR k IN range(384)]::FLOAT[384] AS e, "
        "e[1] - 2 * e[384] AS y FROM range(500) AS r(i)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'], l2_reg = 0.001) AS FROM texts"
    )
    [(_, plan)] = con.execute("EXPLAIN SELECT ml_predict('m', t) FROM texts AS t").fetchall()[:1]
    # Planned as one field, not as 384.
    assert "scored by: the kernel" in plan
    assert len(plan) < 2_000
    [(worst, rows)] = con.execute("SELECT max(abs(ml_predict('m', t) - y)), count(*) FROM texts AS t").fetchall()
    assert worst < 0.01
    assert rows == 500
    # NULL, and NULL among the numbers, across the batches of the kernel.
    found = con.execute(
        "SELECT ml_predict('m', e := CASE WHEN i % 3 > 0 THEN [CASE WHEN i % 3 > 1 THEN 0.5 END FOR k IN range(384)] END) "
        "FROM range(5000) AS r(i)"
    ).fetchall()
    assert found[0] == found[3] == found[1]
    assert found[2] != found[0]


@pytest.mark.parametrize(
    ("duckdb_type", "family", "read"),
    [
        ("FLOAT[3]", VECTOR, "DOUBLE[3]"),
        ("BOOLEAN[]", VECTOR, "DOUBLE[]"),
        ("ENUM('a', 'b]')[]", WORDS, "TEXT[]"),
        ('STRUCT("index" INTEGER, "value" FLOAT)[]', SPARSE, 'STRUCT("index" BIGINT, "value" DOUBLE)[]'),
        ("STRUCT(k BIGINT, v DECIMAL(9,2))[2]", SPARSE, "STRUCT(k BIGINT, v DOUBLE)[]"),
        (
            'STRUCT("a ""b" HUGEINT, c STRUCT(d VARCHAR[], e DATE))',
            STRUCT,
            'STRUCT("a ""b" DOUBLE, c STRUCT(d TEXT[], e DATE))',
        ),
    ],
)
def test_shapes(duckdb_type: str, family: str, read: str) -> None:
    shape = shape_of(duckdb_type)
    assert shape is not None
    assert shape.family == family
    assert read_as(duckdb_type, "x", {}).sql(dialect="duckdb") == read


@pytest.mark.parametrize(
    "duckdb_type",
    ["INTEGER", "INTEGER[][]", "BLOB[]", "DATE[]", "MAP(VARCHAR, INTEGER)", "STRUCT(a VARCHAR, b INTEGER)[]"],
)
def test_no_shapes(duckdb_type: str) -> None:
    assert shape_of(duckdb_type) is None
