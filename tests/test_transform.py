"""A model with a TRANSFORM clause is the model that is trained on columns transformed by hand, to the last bit."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

import sqlml
from sqlml.pure_functions import AGGREGATES, NOT_DETERMINISTIC, PURE, WINDOWS

_ROWS = """
CREATE TABLE data AS SELECT i AS id,
    CASE WHEN hash(i) % 11 = 0 THEN NULL WHEN hash(i) % 11 = 1 THEN 'nan'::DOUBLE ELSE (hash(i + 1) % 10000) / 7 END AS a,
    CASE WHEN hash(i + 2) % 13 > 0 THEN (hash(i + 2) % 100)::INTEGER END AS b,
    CASE WHEN hash(i + 3) % 9 > 0 THEN ['red', 'green', 'blue', 'été'][1 + (hash(i + 3) % 4)::INTEGER] END AS c,
    DATE '2024-01-01' + (hash(i + 4) % 300)::INTEGER AS d,
    string_split(['to be', 'or not', 'to be or'][1 + (hash(i + 5) % 3)::INTEGER], ' ') AS words,
    (hash(i + 6) % 1000)::DOUBLE / 10 AS amount,
    hash(i + 7) % 3 > 0 AS won
FROM range(3000) AS r(i)
"""
# As a clause, and as a query over the training rows: there, OVER () is over the same rows.
_COLUMNS = """
    ML.STANDARD_SCALER(a) OVER () AS a, ML.MIN_MAX_SCALER(b) OVER () AS b_least, ML.MAX_ABS_SCALER(b) OVER () AS b_most,
    ML.ROBUST_SCALER(a, [10, 90]) OVER () AS a_robust, ML.IMPUTER(b, 'mean') OVER () AS b_mean,
    ML.IMPUTER(c, 'most_frequent') OVER () AS c, ML.LABEL_ENCODER(c) OVER () AS c_number,
    ML.QUANTILE_BUCKETIZE(a, 5) OVER () AS a_bucket, ML.BUCKETIZE(b, [20, 50]) AS b_bucket, ML.HASH_BUCKETIZE(c, 10) AS c_hash,
    upper(c) || '!' AS loud, d, a * b / 2 AS ab, CASE WHEN b > 50 THEN 'high' ELSE 'low' END AS level
"""
MODELS = [
    ("linear_reg", "amount"),
    ("boosted_tree_regressor", "amount"),
    ("logistic_reg", "won"),
    ("boosted_tree_classifier", "won"),
]


@pytest.fixture
def data(con: sqlml.Connection) -> sqlml.Connection:
    con.execute(_ROWS)
    return con


def _options(model_type: str, label: str) -> str:
    return f"OPTIONS (model_type = '{model_type}', input_label_cols = ['{label}'])"


def assert_close(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    """Equal to the digits that plain SQL and the kernel share: sums are added up in another order."""
    flat = [[v for cell in row for v in (cell if isinstance(cell, list) else [cell])] for row in (*found, *expected)]
    assert len(found) == len(expected)
    for one, other in zip(flat[: len(found)], flat[len(found) :], strict=True):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("model_type", "label"), MODELS)
def test_equals_the_model_of_transformed_columns(data: sqlml.Connection, model_type: str, label: str) -> None:
    options = _options(model_type, label)
    data.execute(f"CREATE MODEL raw TRANSFORM ({_COLUMNS}, {label}) {options} AS SELECT * FROM data")
    data.execute(f"CREATE TABLE made AS SELECT id, {_COLUMNS}, {label} FROM data")
    data.execute(f"CREATE MODEL hand {options} AS SELECT * EXCLUDE (id) FROM made")
    # The same bytes were learned, and are scored alike from raw columns.
    assert len(set(data.execute("SELECT sha256 FROM sqlml.artifacts").fetchall())) == 1
    score = "map_values(ml_predict_proba('{}', {}))" if label == "won" else "[ml_predict('{}', {})]"
    raw = data.execute(f"SELECT id, {score.format('raw', 'r')} FROM data AS r ORDER BY id").fetchall()
    hand = data.execute(f"SELECT id, {score.format('hand', 'h')} FROM made AS h ORDER BY id").fetchall()
    assert_close(raw, hand)
    found = data.execute("SELECT * FROM ML.EVALUATE(MODEL raw, TABLE data)").fetchall()
    assert_close(found, data.execute("SELECT * FROM ML.EVALUATE(MODEL hand, TABLE made)").fetchall())
    assert (
        data.execute("SELECT * FROM ML.EVALUATE(MODEL raw)").fetchall()
        == data.execute("SELECT * FROM ML.EVALUATE(MODEL hand)").fetchall()
    )


def test_ml_transform_gives_what_was_trained_on(data: sqlml.Connection) -> None:
    data.execute(
        f"CREATE MODEL raw TRANSFORM ({_COLUMNS}, amount) {_options('linear_reg', 'amount')} AS SELECT * FROM data"
    )
    # As text: NaN is not NaN.
    made = f"SELECT s::VARCHAR FROM (SELECT id, {_COLUMNS} FROM data) AS s ORDER BY id"
    names = "a, b_least, b_most, a_robust, b_mean, c, c_number, a_bucket, b_bucket, c_hash, loud, d, ab, level"
    replayed = f"SELECT s::VARCHAR FROM (SELECT id, {names} FROM ML.TRANSFORM(MODEL raw, TABLE data)) AS s ORDER BY id"
    assert data.execute(replayed).fetchall() == data.execute(made).fetchall()


def test_vectors_become_a_feature_a_place(data: sqlml.Connection) -> None:
    options = _options("linear_reg", "amount")
    data.execute(
        f"""CREATE MODEL raw TRANSFORM (ML.ONE_HOT_ENCODER(c) OVER () AS c, ML.BAG_OF_WORDS(words) OVER () AS w,
            ML.NORMALIZER([b, 1]) AS n, ML.FEATURE_CROSS(STRUCT(c, lower(c) AS l)) AS x, amount) {options}
            AS SELECT * FROM data"""
    )
    # Number 0, what is not in the vocabulary, is NULL here; every word is in it.
    data.execute(
        """CREATE TABLE made AS SELECT id,
            (c IS NULL)::DOUBLE AS c_0, coalesce((c = 'blue')::DOUBLE, 0) AS c_1, coalesce((c = 'green')::DOUBLE, 0) AS c_2,
            coalesce((c = 'red')::DOUBLE, 0) AS c_3, coalesce((c = 'été')::DOUBLE, 0) AS c_4,
            list_contains(words, 'be')::DOUBLE AS w_1, list_contains(words, 'not')::DOUBLE AS w_2,
            list_contains(words, 'or')::DOUBLE AS w_3, list_contains(words, 'to')::DOUBLE AS w_4,
            ML.NORMALIZER([b, 1])[1] AS n_1, ML.NORMALIZER([b, 1])[2] AS n_2, c || '_' || lower(c) AS x_c_l, amount
            FROM data"""
    )
    data.execute(f"CREATE MODEL hand {options} AS SELECT * EXCLUDE (id) FROM made")
    raw = data.execute("SELECT ml_predict('raw', r) FROM data AS r ORDER BY id").fetchall()
    assert_close(raw, data.execute("SELECT ml_predict('hand', h) FROM made AS h ORDER BY id").fetchall())
    assert len(set(data.execute("SELECT sha256 FROM sqlml.artifacts").fetchall())) == 1


def test_the_order_of_the_rows_changes_nothing(data: sqlml.Connection) -> None:
    options = _options("linear_reg", "amount")
    for order in ("id", "hash(id)", "a DESC"):
        data.execute(
            f"CREATE OR REPLACE MODEL m TRANSFORM ({_COLUMNS}, amount) {options} AS SELECT * FROM data ORDER BY {order}"
        )
    assert len(set(data.execute("SELECT sha256 FROM sqlml.artifacts").fetchall())) == 1
    assert len(set(data.execute("SELECT clause FROM sqlml.transforms").fetchall())) == 1


def test_survives_the_file(tmp_path) -> None:
    path = tmp_path / "kept.duckdb"
    with sqlml.connect(path) as first:
        first.execute(_ROWS)
        first.execute(
            f"CREATE MODEL m TRANSFORM ({_COLUMNS}, amount) {_options('linear_reg', 'amount')} AS SELECT * FROM data"
        )
        before = first.execute("SELECT ml_predict('m', r) FROM data AS r ORDER BY id").fetchall()
        first.execute("CREATE VIEW asked AS SELECT id, ml_predict('m', r) AS guess FROM data AS r")
    first.close()
    again = sqlml.connect(path)
    assert again.execute("SELECT ml_predict('m', r) FROM data AS r ORDER BY id").fetchall() == before
    assert_close(again.execute("SELECT guess FROM asked ORDER BY id").fetchall(), before)
    again.close()


def test_the_macro_of_transform_only_needs_no_sqlml(tmp_path) -> None:
    path = tmp_path / "plain.duckdb"
    first = sqlml.connect(path)
    first.execute(_ROWS)
    first.execute(
        "CREATE MODEL prep TRANSFORM (ML.STANDARD_SCALER(b) OVER () AS b, c) OPTIONS (model_type = 'transform_only') AS FROM data"
    )
    expected = first.execute("SELECT b, c FROM ML.TRANSFORM(MODEL prep, TABLE data) ORDER BY id").fetchall()
    first.close()
    plain = duckdb.connect(str(path))
    made = plain.execute(
        "SELECT s.b, s.c FROM (SELECT id, sqlml_models.prep({'b': b, 'c': c}) AS s FROM data) ORDER BY id"
    )
    assert made.fetchall() == expected
    plain.close()


@pytest.mark.parametrize(("model_type", "label"), MODELS)
def test_a_plain_process_scores_from_raw_columns(tmp_path: Any, model_type: str, label: str) -> None:
    path = tmp_path / "plain.duckdb"
    first = sqlml.connect(path)
    first.execute(_ROWS)
    options = f"OPTIONS (model_type = '{model_type}', input_label_cols = ['{label}'], max_iterations = 5)"
    first.execute(f"CREATE MODEL asked TRANSFORM ({_COLUMNS}, {label}) {options} AS SELECT * FROM data")
    first.execute("CREATE VIEW told AS SELECT id, ml_predict('asked', r) AS answer FROM data AS r")
    expected = first.execute("SELECT ml_predict('asked', r) FROM data AS r ORDER BY id").fetchall()
    first.close()
    plain = duckdb.connect(str(path))
    macro = "asked(r).label" if label == "won" else "asked(r)"
    assert_close(plain.execute(f"SELECT {macro} FROM data AS r ORDER BY id").fetchall(), expected)
    assert_close(plain.execute("SELECT answer FROM told ORDER BY id").fetchall(), expected)
    plain.close()


def test_the_lists_of_functions_are_the_engines() -> None:
    plain = duckdb.connect()
    known = plain.execute(
        "SELECT function_name, function_type, stability,"
        " regexp_matches(concat_ws(' ', parameter_types::VARCHAR, return_type), 'TIME ZONE|TIMESTAMPTZ')"
        " FROM duckdb_functions() WHERE internal"
    ).fetchall()
    plain.close()
    names = {name for name, *_ in known}
    assert {name for name, kind, *_ in known if kind == "aggregate" and name.isidentifier()} - {
        "count_star"
    } <= AGGREGATES
    assert {name for name, kind, *_ in known if kind == "window"} <= WINDOWS
    # With a time zone they depend on a setting: TRANSFORM has them, of a session as of a column.
    unstable = ("VOLATILE", "CONSISTENT_WITHIN_QUERY")
    changing = {name for name, _, stability, is_zoned in known if stability in unstable and not is_zoned}
    assert not changing & PURE
    assert not PURE & (AGGREGATES | WINDOWS | NOT_DETERMINISTIC)
    # Written without a call of that name, or by the parser.
    assert PURE - names <= {"coalesce", "list_value"}
