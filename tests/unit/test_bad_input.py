"""Bad input: each answers with an error of ours that says what is wrong and what to do; nothing is written."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sqlml
from sqlml import errors

SETUP = """
CREATE TABLE t AS SELECT i AS a, i * 2.5 AS b, ['x', 'y', 'z'][i % 3 + 1] AS c, i % 2 = 0 AS d,
                         DATE '2020-01-01' + i::INTEGER AS e, i * 3.0 + 1 AS y,
                         ['no', 'yes'][(i * 7 % 10 < 5)::INTEGER + 1] AS k FROM range(200) AS r(i);
CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, b, c, y FROM t;
CREATE MODEL lg OPTIONS (model_type = 'logistic_reg', input_label_cols = ['k']) AS SELECT a, b, c, d, e, k FROM t;
CREATE MODEL one OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, y FROM t;
"""
TYPES = ("linear_reg", "logistic_reg", "boosted_tree_regressor", "boosted_tree_classifier")


@pytest.fixture(scope="module")
def shared(own_config: Path) -> Iterator[sqlml.Connection]:
    """One database for all: every test proves that it left it as it was."""
    connection = sqlml.connect()
    connection.execute(SETUP)
    untouched(connection)
    yield connection
    connection.close()


@cache
def state_query() -> str:
    """One statement that counts everything an error could have left behind."""
    con = sqlml.connect()
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'sqlml' ORDER BY ALL").fetchall()
    con.close()
    counts = [f"(SELECT count(*) FROM sqlml.{name})" for (name,) in tables]
    counts.append("(SELECT count(*) FROM duckdb_functions() WHERE NOT internal)")
    counts.append("(SELECT list(view_name) FROM duckdb_views() WHERE NOT internal)")
    counts.append("(SELECT (count(*), sum(a), count(DISTINCT c)) FROM t)")
    return f"SELECT {', '.join(counts)}"


def state(con: sqlml.Connection) -> list[Any]:
    return con.execute(state_query()).fetchall()


@cache
def untouched(con: sqlml.Connection) -> list[Any]:
    """What there is at first, and after every test."""
    return state(con)


def refused(
    con: sqlml.Connection,
    sql: Any,
    kind: type[errors.SqlmlError],
    says: str = "",
    hint: str = "",
    params: Any = None,
) -> errors.SqlmlError:
    """Check class, SQLSTATE, text and hint of the error, that nothing was written and that the connection goes on."""
    with pytest.raises(errors.SqlmlError) as caught:
        con.execute(sql, params).fetchall()
    error = caught.value
    assert type(error) is kind, repr(error)
    assert error.sqlstate == kind.sqlstate
    assert len(error.sqlstate) == 5
    assert says in error.message, error.message
    assert error.hint, error.message
    assert hint in error.hint, error.hint
    assert "<Token" not in str(error)
    assert "sqlglot" not in str(error)
    assert con.execute("SELECT 42").fetchall() == [(42,)]
    assert state(con) == untouched(con)
    return error


def create(options: str, query: str = "SELECT a, y FROM t", words: str = "CREATE MODEL bad") -> str:
    return f"{words} OPTIONS ({options}) AS {query}"


def fit(query: str, model_type: str = "linear_reg") -> str:
    label = "y" if model_type.endswith(("linear_reg", "regressor")) else "k"
    return create(f"model_type = '{model_type}', input_label_cols = ['{label}']", query)


LINEAR = "model_type = 'linear_reg', input_label_cols = ['y']"
SPLIT = f"{LINEAR}, data_split_method"

OPTIONS = [
    ("model_type = 'linear_rg'", errors.NotFound, 'model type "linear_rg"', '"linear_reg"'),
    ("model_type = 'zzz'", errors.NotFound, '"zzz"', "boosted_tree_classifier"),
    ("model_type = ''", errors.NotFound, '""', "linear_reg"),
    ("model_typ = 'linear_reg'", errors.InvalidOption, "model_type", "linear_reg"),
    ("model_type = 3", errors.InvalidOption, "model_type", "linear_reg"),
    ("model_type = NULL", errors.InvalidOption, "model_type", "linear_reg"),
    ("input_label_cols = ['y']", errors.InvalidOption, "model_type", "linear_reg"),
    ("model_type = 'linear_reg'", errors.NotFound, 'no column "label"', "a, y"),
    ("model_type = 'linear_reg', input_label_cols = []", errors.InvalidOption, "input_label_cols", "list of strings"),
    ("model_type = 'linear_reg', input_label_cols = [3]", errors.InvalidOption, "[3]", "list of strings"),
    ("model_type = 'linear_reg', input_label_cols = [NULL]", errors.InvalidOption, "[None]", "list of strings"),
    ("model_type = 'linear_reg', input_label_cols = ['y', 'a']", errors.InvalidOption, "2 columns", "one"),
    ("model_type = 'linear_reg', input_label_cols = ['yy']", errors.NotFound, '"yy"', '"y"'),
    ("model_type = 'linear_reg', input_label_cols = ['']", errors.NotFound, '""', "a, y"),
    (f"{LINEAR}, l2_rge = 1", errors.InvalidOption, '"l2_rge"', '"l2_reg"'),
    (f"{LINEAR}, zzz = 1", errors.InvalidOption, '"zzz"', "l2_reg"),
    (f"{LINEAR}, forcedsplits_filename = '/etc/passwd'", errors.InvalidOption, "forcedsplits_filename", "l2_reg"),
    (f"{LINEAR}, l2_reg = 1, L2_REG = 2", errors.InvalidOption, '"l2_reg" is given twice', "one"),
    (f"{LINEAR}, l2_reg = 'x'", errors.InvalidOption, "'x'", "a number"),
    (f"{LINEAR}, l2_reg = true", errors.InvalidOption, "True", "a number"),
    (f"{LINEAR}, l2_reg = [1]", errors.InvalidOption, "[1]", "a number"),
    (f"{LINEAR}, l2_reg = {{'a': 1}}", errors.InvalidOption, "{'a': 1}", "a number"),
    (f"{LINEAR}, l2_reg = -1", errors.InvalidOption, "-1", ">= 0"),
    (f"{LINEAR}, l2_reg = 1e400", errors.InvalidOption, "too large", "number"),
    (f"{LINEAR}, l2_reg = {'9' * 400}", errors.InvalidOption, "too large", "number"),
    (f"{LINEAR}, l2_reg = {'9' * 9000}", errors.InvalidOption, "too large", "number"),
    (f"{LINEAR}, l2_reg = 'nan'::DOUBLE", errors.InvalidOption, "'nan'", "a number"),
    (f"{LINEAR}, l2_reg = -'a'", errors.InvalidOption, "constant", "literal"),
    (f"{LINEAR}, l2_reg = -[1]", errors.InvalidOption, "constant", "literal"),
    (f"{LINEAR}, l2_reg = -NULL", errors.InvalidOption, "constant", "literal"),
    (f"{LINEAR}, l2_reg = a", errors.InvalidOption, "not a.", "literal"),
    (f"{LINEAR}, l2_reg = (SELECT 1)", errors.InvalidOption, "SELECT 1", "literal"),
    (f"{LINEAR}, l2_reg = random()", errors.InvalidOption, "random()", "literal"),
    (f"{LINEAR}, fit_intercept = 1", errors.InvalidOption, '"fit_intercept"', "TRUE or FALSE"),
    (f"{LINEAR}, fit_intercept = 'true'", errors.InvalidOption, '"fit_intercept"', "TRUE or FALSE"),
    (f"{LINEAR}, seed = 1.5", errors.InvalidOption, "1.5", "whole number"),
    (f"{LINEAR}, seed = -1", errors.InvalidOption, "-1", ">= 0"),
    (f"{LINEAR}, seed = 4294967296", errors.InvalidOption, '"seed"', "at most"),
    (f"{LINEAR}, max_iterations = 0", errors.InvalidOption, "0", ">= 1"),
    (f"{LINEAR}, l1_reg = 1, max_iterations = {'9' * 30}", errors.InvalidOption, "too large", "at most"),
    (f"{LINEAR}, class_weights = [1]", errors.NotSupported, '"class_weights"', "Leave"),
    (f"{LINEAR}, learn_rate = 0.1", errors.NotSupported, '"learn_rate"', "Leave"),
    (f"{SPLIT} = 'X'", errors.InvalidOption, '"X"', "AUTO_SPLIT"),
    (f"{SPLIT} = 'RANDM'", errors.InvalidOption, '"RANDM"', '"RANDOM"'),
    (f"{SPLIT} = 3", errors.InvalidOption, '"3"', "AUTO_SPLIT"),
    (f"{SPLIT} = ['X']", errors.InvalidOption, "data_split_method", "AUTO_SPLIT"),
    (f"{SPLIT} = 'CUSTOM'", errors.InvalidOption, "data_split_col", "column"),
    (f"{SPLIT} = 'CUSTOM', data_split_col = 'q'", errors.NotFound, '"q"', "a, y"),
    (f"{SPLIT} = 'CUSTOM', data_split_col = 'a'", errors.InvalidOption, "BOOLEAN", "held out"),
    (f"{SPLIT} = 'SEQ', data_split_col = 'y'", errors.InvalidOption, "label", "another"),
    (f"{LINEAR}, data_split_col = 'a'", errors.InvalidOption, "'AUTO_SPLIT'", "both"),
    (f"{SPLIT} = 'RANDOM', data_split_eval_fraction = 1", errors.InvalidOption, "1.0", "<= 0.99"),
    (f"{SPLIT} = 'RANDOM', data_split_eval_fraction = 0", errors.InvalidOption, "0.0", "> 0"),
]


@pytest.mark.parametrize(("options", "kind", "says", "hint"), OPTIONS, ids=[o[0][-60:] for o in OPTIONS])
def test_options(shared: sqlml.Connection, options: str, kind: Any, says: str, hint: str) -> None:
    error = refused(shared, create(options), kind, says, hint)
    assert error.line == 1, "found while planning, so it points into the text"


TREE = "model_type = 'boosted_tree_regressor', input_label_cols = ['y']"


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("dropout = 0.5", "DART"),
        ("num_leaves = 1", "num_leaves"),
        ("subsample = 0", "subsample"),
        ("subsample = 1.1", "subsample"),
        ("max_bin = 1", "max_bin"),
        ("learn_rate = 0", "learn_rate"),
        ("min_data_in_leaf = 3000000000", "min_data_in_leaf"),
        ("booster_type = 'GBLINEAR'", "GBLINEAR"),
        ("tree_method = 'EXACT'", "EXACT"),
    ],
)
def test_tree_options(shared: sqlml.Connection, option: str, says: str) -> None:
    error = refused(shared, create(f"{TREE}, {option}"), errors.InvalidOption, says)
    assert error.line == 1


def test_options_that_lightgbm_itself_refuses(shared: sqlml.Connection) -> None:
    refused(shared, create(f"{TREE}, subsample = 1e-300"), errors.TrainingFailed, "LightGBM", "subsample")


GRAMMAR = [
    ("CREATE MODEL bad OPTIONS () AS SELECT a, y FROM t", "name of an option"),
    (create(f"{LINEAR}, l2_reg ="), "value after ="),
    (create(f"{LINEAR}, l2_reg"), "Expected ="),
    ("CREATE MODEL bad OPTIONS (model_type = 'x' seed = 1) AS SELECT 1", "Expecting )"),
    ("CREATE MODEL bad OPTIONS (model_type = 'x' AS SELECT 1", "Expecting )"),
    ("CREATE MODEL bad OPTIONS model_type = 'x' AS SELECT 1", "Expecting ("),
    (f"CREATE MODEL bad OPTIONS ({LINEAR}) AS", "query after AS"),
    (f"CREATE MODEL bad OPTIONS ({LINEAR})", "training data"),
    (f"CREATE MODEL bad OPTIONS ({LINEAR}) FROM", "table name"),
    (f"CREATE MODEL select OPTIONS ({LINEAR}) AS SELECT a, y FROM t", "table name"),
    (f"CREATE MODEL '' OPTIONS ({LINEAR}) AS SELECT a, y FROM t", "name of a model"),
    (f'CREATE MODEL "" OPTIONS ({LINEAR}) AS SELECT a, y FROM t', "zero-length"),
    (f"CREATE MODEL a.b.c.d OPTIONS ({LINEAR}) AS SELECT a, y FROM t", "name of a model"),
    (f"CREATE MODEL `a.b.c.d` OPTIONS ({LINEAR}) AS SELECT a, y FROM t", "three parts"),
    (f"CREATE MODEL {'x' * 256} OPTIONS ({LINEAR}) AS SELECT a, y FROM t", "256 characters"),
    (f"CREATE OR REPLACE MODEL IF NOT EXISTS bad OPTIONS ({LINEAR}) AS SELECT a, y FROM t", "exclude each other"),
    ("CREATE MODEL", "name of a model"),
    ("DROP MODEL a.b.c.d", "name of a model"),
    ("DESCRIBE MODEL m VERSION x", "Unexpected"),
    ("SHOW MODELS LIKE", "pattern"),
    ("SHOW MODELS LIKE 3", "pattern"),
    ("SHOW MODELS IN", "table name"),
    ("SHOW MODELS nope", "IN or LIKE"),
    ("PREPARE p AS SELECT ml_predict('m'", "Expecting )"),
    ("SELECT ml_predict('m', 'abc", "not closed"),
    ("SELECT ml_predict('m', $$abc", "not closed"),
    ("SELECT ml_predict('m', \"abc", "not closed"),
    ("SELECT ml_predict('m', t) FROM t /* open", "unterminated"),
    ("SELECT 'abc", "unterminated"),
    ("SELECT /* a /* b */ open", "unterminated"),
    ("SELECT ml_predict('m', t) FROM t garbage garbage", ""),
    (fit("SELECT a, y FROM t garbage garbage"), "Unexpected"),
    (fit("SELECT a FROM t; garbage"), "garbage"),
    ("SELECT * FROM ML.PREDICT(MODEL m, (INSERT INTO t SELECT * FROM t))", "missing"),
    ("SELECT * FROM ML.PREDICT(MODEL m, (DELETE FROM t))", "Expecting )"),
    (f"SELECT ml_predict('m', t) FROM t WHERE {'(' * 400}true{')' * 400}", "nested too deeply"),
    (fit(f"SELECT a, y FROM t WHERE {'(' * 5000}true{')' * 5000}"), "nested too deeply"),
    (f"SELECT 1; SELECT ml_predict('m', t) FROM t WHERE {'(' * 5000}true{')' * 5000}", "nested too deeply"),
    ("SELECT ml_predict('m', a := " + "+".join(["1"] * 3000) + ")", "nested too deeply"),
    ("SELECT '\udcff'", "Unicode"),
    ("SELECT '\udcff', ml_predict('m', t) FROM t", "Unicode"),
    (None, "Unicode"),
    (b"SELECT 1", "Unicode"),
]


@pytest.mark.parametrize(("sql", "says"), GRAMMAR, ids=[str(g[0])[:50].encode("ascii", "replace") for g in GRAMMAR])
def test_grammar(shared: sqlml.Connection, sql: str, says: str) -> None:
    refused(shared, sql, errors.InvalidSql, says)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t SELECT * FROM t",
        "DELETE FROM t",
        "DELETE FROM t RETURNING *",
        "UPDATE t SET a = 1",
        "CREATE TABLE q AS SELECT 1",
        "DROP TABLE t",
        "PRAGMA database_list",
        "DESCRIBE t",
        "42",
    ],
)
def test_training_data_that_is_no_query(shared: sqlml.Connection, statement: str) -> None:
    refused(shared, fit(statement), errors.InvalidSql, "trained on a query", "SELECT")
    written = statement.replace("'", "''")
    sql = f"SELECT ml_train('bad', query => '{written}', model_type => 'linear_reg', input_label_cols => ['y'])"
    refused(shared, sql, errors.InvalidSql)


def test_training_data_in_other_words(shared: sqlml.Connection) -> None:
    """Everything that is a query trains."""
    shared.execute("BEGIN")
    for number, query in enumerate(
        [
            "VALUES (1, 2), (3, 4), (5, 7)",
            "FROM t SELECT a AS col0, y AS col1",
            "PIVOT (SELECT 'col0' AS p, a, y AS col1 FROM t) ON p USING any_value(a) GROUP BY col1",
            "(SELECT a AS col0, y AS col1 FROM t)",
            "WITH q AS (FROM t) SELECT a AS col0, y AS col1 FROM q",
            "SELECT a AS col0, y AS col1 FROM t UNION ALL SELECT a, y FROM t -- comment",
        ]
    ):
        shared.execute(
            f"CREATE MODEL q{number} OPTIONS (model_type = 'linear_reg', input_label_cols = ['col1']) AS {query}"
        )
        assert shared.execute(f"SELECT ml_predict('q{number}', col0 := 2) IS NOT NULL").fetchall() == [(True,)]
    shared.execute("ROLLBACK")
    assert state(shared) == untouched(shared)


LABELS = [
    ("SELECT a FROM t", "linear_reg", errors.NotFound, 'no column "y"', "a"),
    ("SELECT y FROM t", "linear_reg", errors.TrainingFailed, "besides the label", "feature"),
    ("SELECT a, NULL AS y FROM t", "linear_reg", errors.TrainingFailed, "NULL in every row", "known"),
    ("SELECT a, NULL::DOUBLE AS y FROM t", "boosted_tree_regressor", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT a, NULL AS k FROM t", "logistic_reg", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT a, 'nan'::DOUBLE AS y FROM t", "linear_reg", errors.TrainingFailed, "no row with a label", "NULL"),
    ("SELECT a, 'nan'::FLOAT AS k FROM t", "logistic_reg", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT a, CASE a WHEN 3 THEN '-inf'::DOUBLE ELSE a END AS y FROM t", "linear_reg", errors.TrainingFailed, "infinite", "isfinite"),
    ("SELECT a, CASE a WHEN 3 THEN 'inf'::FLOAT ELSE a END AS y FROM t", "boosted_tree_regressor", errors.TrainingFailed, "infinite", "isfinite"),
    ("SELECT a, 1.7e308 * (a % 2) AS y FROM t", "linear_reg", errors.TrainingFailed, "beyond", "logarithm"),
    ("SELECT a, 1e39 * (a % 2) AS y FROM t", "boosted_tree_regressor", errors.TrainingFailed, "beyond", "logarithm"),
    ("SELECT a, c AS y FROM t", "linear_reg", errors.InvalidOption, "VARCHAR", "classifier"),
    ("SELECT a, d AS y FROM t", "boosted_tree_regressor", errors.InvalidOption, "BOOLEAN", "CAST"),
    ("SELECT a, [y] AS y FROM t", "linear_reg", errors.InvalidOption, "[]", ""),
    ("SELECT a, [a] AS k FROM t", "logistic_reg", errors.InvalidOption, "BIGINT[]", "label"),
    ("SELECT a, {'q': a} AS k FROM t", "boosted_tree_classifier", errors.InvalidOption, "STRUCT", "label"),
    ("SELECT a, 'x'::BLOB AS k FROM t", "logistic_reg", errors.InvalidOption, "BLOB", "label"),
    ("SELECT a, 'x' AS k FROM t", "logistic_reg", errors.TrainingFailed, "only the value 'x'", "WHERE"),
    ("SELECT a, 'x' AS k FROM t", "boosted_tree_classifier", errors.TrainingFailed, "only the value 'x'", "WHERE"),
    ("SELECT a, b::FLOAT AS k FROM t", "logistic_reg", errors.TrainingFailed, "200 values", "regression"),
    ("SELECT i AS a, i::VARCHAR AS k FROM range(10000) AS r(i)", "logistic_reg", errors.TrainingFailed, "10000 values", "rare"),
    ("SELECT i AS a, i::VARCHAR AS k FROM range(10000) AS r(i)", "boosted_tree_classifier", errors.TrainingFailed, "10000 values", "rare"),
    ("SELECT i AS a, i % 300 AS k FROM range(1000) AS r(i)", "boosted_tree_classifier", errors.TrainingFailed, "held out", "NO_SPLIT"),
    ("SELECT a, y, y FROM t", "linear_reg", errors.InvalidSql, 'two columns "y"', "AS"),
    ('SELECT a, y, y AS "Y" FROM t', "linear_reg", errors.InvalidSql, "two columns", "AS"),
    ("SELECT *, y FROM t", "linear_reg", errors.InvalidSql, 'two columns "y"', "EXCLUDE"),
    ("SELECT a, 1 AS A, y FROM t", "linear_reg", errors.InvalidSql, "two columns", "AS"),
]  # fmt: skip
ROWS = [
    ("SELECT a, y FROM t LIMIT 0", "linear_reg", errors.TrainingFailed, "no rows", "WHERE"),
    ("SELECT a, y FROM t WHERE false", "boosted_tree_regressor", errors.TrainingFailed, "no rows", "WHERE"),
    ("SELECT a, k FROM t LIMIT 0", "logistic_reg", errors.TrainingFailed, "no rows", "WHERE"),
    ("SELECT a, y FROM t LIMIT 1", "linear_reg", errors.TrainingFailed, "one row", "NULL"),
    ("SELECT a, k FROM t LIMIT 1", "boosted_tree_classifier", errors.TrainingFailed, "one row", "NULL"),
    ("SELECT a, CASE a WHEN 1 THEN 1 END AS y FROM t", "linear_reg", errors.TrainingFailed, "one row", "NULL"),
]
FEATURES = [
    ("SELECT NULL AS a, y FROM t", "linear_reg", errors.TrainingFailed, '"a" is NULL in every row', "EXCLUDE"),
    ("SELECT NULL::VARCHAR AS a, y FROM t", "boosted_tree_regressor", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT NULL::DATE AS a, y FROM t", "linear_reg", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT NULL::BOOLEAN AS a, k FROM t", "logistic_reg", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT 'nan'::DOUBLE AS a, k FROM t", "boosted_tree_classifier", errors.TrainingFailed, "NULL in every row", ""),
    ("SELECT CASE a WHEN 5 THEN 'inf'::DOUBLE ELSE a END AS a, y FROM t", "linear_reg", errors.TrainingFailed, "infinite", "isfinite"),
    ("SELECT 1 / (a - 5) AS a, k FROM t", "boosted_tree_classifier", errors.TrainingFailed, "infinite", "isfinite"),
    ("SELECT 1.7e308::DOUBLE * (a % 2) AS a, y FROM t", "linear_reg", errors.TrainingFailed, "beyond", "logarithm"),
    ("SELECT 1.7e308::DOUBLE * (a % 2) AS a, k FROM t", "logistic_reg", errors.TrainingFailed, "beyond", "logarithm"),
    ("SELECT 5e-324::DOUBLE * (a % 2) AS a, y FROM t", "linear_reg", errors.TrainingFailed, "", ""),
    ("SELECT [[a]] AS l, y FROM t", "linear_reg", errors.NotSupported, "BIGINT[][]", "EXCLUDE"),
    ("SELECT array_value([a], [a]) AS l, y FROM t", "linear_reg", errors.NotSupported, "BIGINT[][2]", "EXCLUDE"),
    ("SELECT {'a': [[a]]} AS l, y FROM t", "boosted_tree_regressor", errors.NotSupported, '"l.a"', "numbers or text"),
    ("SELECT MAP([1], [a]) AS l, y FROM t", "linear_reg", errors.NotSupported, "MAP", "EXCLUDE"),
    ("SELECT 'ab'::BLOB AS l, y FROM t", "linear_reg", errors.NotSupported, "BLOB", "EXCLUDE"),
    ("SELECT '{}'::JSON AS l, y FROM t", "linear_reg", errors.NotSupported, "JSON", "EXCLUDE"),
    ("SELECT '101'::BIT AS l, y FROM t", "linear_reg", errors.NotSupported, "BIT", "EXCLUDE"),
    ("SELECT union_value(q := a) AS l, y FROM t", "linear_reg", errors.NotSupported, "UNION", "EXCLUDE"),
    ("SELECT [t] AS l, y FROM t", "linear_reg", errors.NotSupported, "STRUCT", "EXCLUDE"),
    ("SELECT a, a, y FROM t", "linear_reg", errors.InvalidSql, 'two columns "a"', "AS"),
    ('SELECT a, b AS "A", y FROM t', "linear_reg", errors.InvalidSql, 'two columns "A"', "AS"),
    ('SELECT a AS "_TS_DOM_e", e, y FROM t', "linear_reg", errors.InvalidSql, '"_TS_DOM_e"', "another name"),
    ("SELECT * FROM nope", "linear_reg", errors.NotFound, "nope", ""),
    ("SELECT nope, y FROM t", "linear_reg", errors.NotFound, '"nope"', '"'),
    ("SELECT nofun(a) AS a, y FROM t", "linear_reg", errors.NotFound, "nofun", ""),
    ("SELECT c::INTEGER AS a, y FROM t", "linear_reg", errors.InvalidData, "'x'", "TRY_CAST"),
    ("'nofile.parquet'", "linear_reg", errors.EngineFailed, "nofile.parquet", "path"),
    ("'nofile.csv'", "linear_reg", errors.EngineFailed, "nofile.csv", "path"),
]  # fmt: skip
DATA = LABELS + ROWS + FEATURES


@pytest.mark.parametrize(
    ("query", "model_type", "kind", "says", "hint"), DATA, ids=[f"{d[1]}: {d[0][:60]}" for d in DATA]
)
def test_data(shared: sqlml.Connection, query: str, model_type: str, kind: Any, says: str, hint: str) -> None:
    refused(shared, fit(query, model_type), kind, says, hint)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INTEGER[]", "[1]"),
        ("STRUCT(q INTEGER)", "{'q': 1}"),
        ("INTERVAL", "to_days(a::INTEGER)"),
        ('"NULL"', "NULL"),
        ("BIGNUM", "a::BIGNUM"),
        ("BLOB", "'x'::BLOB"),
    ],
)
def test_sequential_split_by_what_has_no_order(shared: sqlml.Connection, kind: str, value: str) -> None:
    sql = create(f"{SPLIT} = 'SEQ', data_split_col = 's'", f"SELECT a, y, {value} AS s FROM t")
    refused(shared, sql, errors.InvalidOption, kind, "numbers, dates")


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "a::HUGEINT",
        "a::DECIMAL(38, 3)",
        "e",
        "e::TIMESTAMPTZ",
        "TIME '00:00:00' + to_minutes(a)",
        "c",
        "d",
        "uuid()",
    ],
)
def test_sequential_split_by_what_has_one(shared: sqlml.Connection, value: str) -> None:
    sql = create(
        f"{SPLIT} = 'SEQ', data_split_col = 's'", f"SELECT a, y, CASE WHEN a <> 7 THEN {value} END AS s FROM t"
    )
    shared.execute("BEGIN")
    shared.execute(sql)
    assert shared.execute("SELECT training_rows, evaluation_rows FROM sqlml.runs ORDER BY start_time").fetchall()[
        -1
    ] == (161, 39)
    shared.execute("ROLLBACK")


@pytest.mark.parametrize("split", ["true", "NULL::BOOLEAN"])
def test_a_split_that_leaves_nothing(shared: sqlml.Connection, split: str) -> None:
    sql = create(f"{SPLIT} = 'CUSTOM', data_split_col = 's'", f"SELECT a, y, {split} AS s FROM t")
    refused(shared, sql, errors.TrainingFailed, "no row to train on", "NO_SPLIT")


class TestLearnable:
    """What looks bad and is not: it trains, and predicts numbers."""

    @pytest.mark.parametrize("model_type", TYPES)
    def test_10_000_categories(self, shared: sqlml.Connection, model_type: str) -> None:
        label = "y" if model_type.endswith(("linear_reg", "regressor")) else "k"
        many = (
            "SELECT 'c' || (i * 7919 % 10000) AS c, (i % 100)::DOUBLE AS x, (i * 7919 % 10000) % 10 AS y,"
            " (i * 7919 % 10000) % 3 = 0 AS k FROM range(20000) AS r(i)"
        )
        shared.execute("BEGIN")
        started = time.perf_counter()
        shared.execute(fit(f"SELECT c, x, {label} FROM ({many})", model_type))
        predicted = shared.execute(f"SELECT count(ml_predict('bad', q)) FROM ({many}) AS q").fetchall()
        unseen = shared.execute("SELECT ml_predict('bad', c := 'never', x := 1) IS NOT NULL").fetchall()
        took = time.perf_counter() - started
        shared.execute("ROLLBACK")
        assert predicted == [(20000,)]
        assert unseen == [(True,)]
        assert took < 20

    def test_as_many_categories_as_rows(self, shared: sqlml.Connection) -> None:
        """The matrix fits in memory, but least squares on it would take minutes."""
        shared.execute("BEGIN")
        started = time.perf_counter()
        shared.execute(fit("SELECT 'c' || i AS c, i % 7 AS y FROM range(6000) AS r(i)"))
        took = time.perf_counter() - started
        shared.execute("ROLLBACK")
        assert took < 20

    @pytest.mark.parametrize("model_type", TYPES)
    @pytest.mark.parametrize(
        "feature",
        [
            "7",
            "CASE WHEN a = 5 THEN 'nan'::DOUBLE ELSE a END",
            "CASE WHEN a > 5 THEN a END",
            "CASE WHEN a = 5 THEN 'infinity'::DATE ELSE e END",
            "CASE WHEN a = 5 THEN '-infinity'::TIMESTAMPTZ ELSE e END",
            "1e-300::DOUBLE * a",
            "CASE WHEN a % 2 = 0 THEN '' ELSE chr(0) END",
            "to_days(a::INTEGER)",
            "a::BIGNUM",
        ],
    )
    def test_odd_features(self, shared: sqlml.Connection, model_type: str, feature: str) -> None:
        label = "y" if model_type.endswith(("linear_reg", "regressor")) else "k"
        shared.execute("BEGIN")
        shared.execute(fit(f"SELECT {feature} AS f, {label} FROM t", model_type))
        query = f"SELECT count(ml_predict('bad', q)) FROM (SELECT {feature} AS f FROM t) AS q"
        assert shared.execute(query).fetchall() == [(200,)]
        shared.execute("ROLLBACK")

    @pytest.mark.parametrize(
        ("label", "found"),
        [
            ("CASE WHEN a % 2 = 0 THEN 'it''s' ELSE 'a\"b' END", ["it's", 'a"b']),
            ("CASE WHEN a % 2 = 0 THEN '' ELSE ' ' END", ["", " "]),
            ("CASE WHEN a % 2 = 0 THEN chr(0) ELSE chr(10) END", ["\0", "\n"]),
            ("CASE WHEN a % 2 = 0 THEN 'é 💥' ELSE '\\n' END", ["é 💥", "\\n"]),
            ("CASE WHEN a % 3 = 0 THEN 'nan'::DOUBLE WHEN a % 2 = 0 THEN 0 ELSE 1.5 END", [0.0, 1.5]),
            ("CASE WHEN a % 2 = 0 THEN 'inf'::DOUBLE ELSE '-inf'::DOUBLE END", [float("inf"), float("-inf")]),
        ],
    )
    def test_odd_labels(self, shared: sqlml.Connection, label: str, found: list[Any]) -> None:
        shared.execute("BEGIN")
        shared.execute(fit(f"SELECT a % 2 AS f, {label} AS k FROM t", "boosted_tree_classifier"))
        assert shared.execute("SELECT ml_predict('bad', f := 0), ml_predict('bad', f := 1)").fetchall() == [
            tuple(found)
        ]
        shared.execute("ROLLBACK")

    @pytest.mark.parametrize(
        "columns", [("sqlml_rows", "sqlml_input_0"), ("rows_in", "rows_scored"), ("sqlml_scores", "sqlml_label")]
    )
    def test_columns_named_like_ours(self, shared: sqlml.Connection, columns: tuple[str, str]) -> None:
        first, second = columns
        shared.execute("BEGIN")
        shared.execute(fit(f"SELECT a AS {first}, c AS {second}, y FROM t"))
        query = f"(SELECT a AS {first}, c AS {second}, y FROM t WHERE a = 10)"
        row = shared.execute(
            f"SELECT round(predicted_y, 6), {first}, {second} FROM ML.PREDICT(MODEL bad, {query})"
        ).fetchall()
        assert row == [(31.0, 10, "y")]
        assert shared.execute(f"SELECT r2_score IS NULL FROM ML.EVALUATE(MODEL bad, {query})").fetchall() == [(True,)]
        shared.execute("ROLLBACK")

    @pytest.mark.parametrize(
        "name",
        [
            "sum",
            "select",
            "lower",
            "ml_predict",
            "model",
            " ",
            "a.b",
            "q\"u'o`te",
            "模型 é 💥",
            "x" * 255,
            "line\nbreak",
            "--",
            "$$",
            "m@1",
        ],
    )
    def test_odd_names(self, shared: sqlml.Connection, name: str) -> None:
        quoted = '"' + name.replace('"', '""') + '"'
        shared.execute("BEGIN")
        shared.execute(fit("SELECT a, y FROM t").replace("MODEL bad", f"MODEL {quoted}"))
        literal = "'" + quoted.replace("'", "''") + "'"
        assert shared.execute(f"SELECT round(ml_predict({literal}, a := 10), 6)").fetchall() == [(31.0,)]
        assert shared.execute("SELECT round(ml_predict(?, a := ?), 6)", [quoted, 10]).fetchall() == [(31.0,)]
        found = shared.execute(f"SELECT round(predicted_y, 6) FROM ML.PREDICT(MODEL {quoted}, (SELECT 10 AS a))")
        assert found.fetchall() == [(31.0,)]
        shared.execute(
            f"CREATE VIEW over AS SELECT round(ml_predict({literal}, a := 10), 6) AS y, sum(1) AS s, lower('A') AS l"
        )
        assert shared.execute("FROM over").fetchall() == [(31.0, 1, "a")]
        assert name in [row[2] for row in shared.execute("SHOW MODELS").fetchall()]
        shared.execute(f"DESCRIBE MODEL {quoted}")
        shared.execute(f"DROP MODEL {quoted} CASCADE")
        shared.execute("ROLLBACK")


NAMES = [
    ("SELECT ml_predict('mm', t) FROM t", errors.NotFound, '"mm"', '"m"'),
    ("SELECT ml_predict('zzz', t) FROM t", errors.NotFound, '"zzz"', "SHOW MODELS"),
    ("SELECT ml_predict('', t) FROM t", errors.NotFound, '""', "SHOW MODELS"),
    ("SELECT ml_predict(' ', t) FROM t", errors.NotFound, '" "', "SHOW MODELS"),
    (f"SELECT ml_predict('{'x' * 5000}', t) FROM t", errors.NotFound, "xxx", "SHOW MODELS"),
    ("SELECT ml_predict('nope.m', t) FROM t", errors.NotFound, '"nope.m"', ""),
    ("SELECT ml_predict('a.b.c.d', t) FROM t", errors.NotFound, "a.b.c.d", ""),
    ("SELECT ml_predict('m@7', t) FROM t", errors.NotFound, "version 7", "1"),
    ("SELECT ml_predict(m, t) FROM t", errors.InvalidOption, "column m", "'m'"),
    ('SELECT ml_predict("m", t) FROM t', errors.InvalidOption, "column", "'m'"),
    ("SELECT ml_predict(c, t) FROM t", errors.InvalidOption, "column c", "'c'"),
    ("SELECT ml_predict(NULL, t) FROM t", errors.InvalidOption, "not the name of a model", ""),
    ("SELECT ml_predict(3, t) FROM t", errors.InvalidOption, "3", ""),
    ("SELECT ml_predict('m' || 'x', t) FROM t", errors.InvalidOption, "constant", "literal"),
    ("SELECT * FROM ML.PREDICT(MODEL mm, TABLE t)", errors.NotFound, '"mm"', '"m"'),
    ("SELECT * FROM ML.PREDICT(MODEL m VERSION 7, TABLE t)", errors.NotFound, "version 7", "1"),
    ("SELECT * FROM ML.PREDICT(MODEL m@prod, TABLE t)", errors.NotFound, '"prod"', "SET ALIAS prod"),
    ("SELECT * FROM ML.PREDICT(m, TABLE t)", errors.InvalidOption, "column m", "'m'"),
    ("DROP MODEL mm", errors.NotFound, '"mm"', '"m"'),
    ("DROP MODEL m VERSION 7", errors.NotFound, "version 7", "1"),
    ("DESCRIBE MODEL mm", errors.NotFound, '"mm"', '"m"'),
    ("DESCRIBE MODEL m VERSION 7", errors.NotFound, "version 7", "1"),
    ("EXPLAIN DROP MODEL mm", errors.NotFound, '"mm"', '"m"'),
    ("EXPLAIN SELECT ml_predict('mm', t) FROM t", errors.NotFound, '"mm"', '"m"'),
    ("PREPARE p AS SELECT ml_predict('mm', a := 1)", errors.NotFound, '"mm"', '"m"'),
    ("CREATE VIEW v AS SELECT ml_predict('mm', t) FROM t", errors.NotFound, '"mm"', '"m"'),
    (fit("SELECT a, y FROM t").replace("bad", "m"), errors.AlreadyExists, '"m"', "OR REPLACE"),
    (fit("SELECT a, y FROM t").replace("bad", "M"), errors.AlreadyExists, '"M"', "OR REPLACE"),
    (fit("SELECT a, y FROM t").replace("bad", "nope.bad"), errors.NotFound, '"nope"', "SCHEMA"),
    (fit("SELECT a, y FROM t").replace("bad", "man.bad"), errors.NotFound, '"man"', '"main"'),
    (fit("SELECT a, y FROM t").replace("bad", "nope.main.bad"), errors.NotFound, '"nope"', "ATTACH"),
    (fit("SELECT a, y FROM t").replace("bad", "temp.bad"), errors.NotSupported, '"temp"', "database"),
    (fit("SELECT a, y FROM t").replace("bad", "system.main.bad"), errors.NotSupported, '"system"', "database"),
    ("SELECT ml_predct('m', t) FROM t", errors.NotFound, "ml_predct", '"ml_predict"'),
    ("SELECT ML.PREDCT('m', t) FROM t", errors.NotFound, "predct", '"ml_predict"'),
    ("SELECT * FROM ML.PREDICTT(MODEL m, TABLE t)", errors.NotFound, "ML.PREDICTT", '"ML.PREDICT"'),
    ("SELECT * FROM ML.FORECAST(MODEL m)", errors.NotSupported, "ML.FORECAST", "docs"),
    ("SELECT AI.GENERATE('x')", errors.NotSupported, "AI.GENERATE", "docs"),
    ("SELECT ai_query('x', 'y')", errors.NotSupported, "AI_QUERY", "docs"),
    ("ALTER MODEL mm RENAME TO n", errors.NotFound, '"mm"', '"m"'),
    ("EXPORT MODEL m TO '/tmp/x'", errors.InvalidOption, "does not say a format", ".sql"),
    ("EXPORT MODEL m TO 'x.sql' (DIALECT 'postgress')", errors.InvalidOption, '"postgress"', '"postgres"'),
    ("EXPORT MODEL m TO 'x.sql' (OVERWRITE 'yes')", errors.InvalidOption, "overwrite", "TRUE or FALSE"),
    ("EXPORT MODEL m TO 'x.json' (DIALECT 'duckdb')", errors.InvalidOption, '"duckdb"', ".sql"),
    ("EXPORT MODEL m", errors.InvalidOption, "one file", "TO 'churn.sql'"),
    ("IMPORT MODEL n FROM ''", errors.InvalidOption, "one file", "FROM 'churn.json'"),
    ("IMPORT MODEL n FROM 'n.json' OPTIONS (model_path = 'm.json')", errors.InvalidOption, "one file", "FROM"),
    ("IMPORT MODEL n FROM 'n.json' OPTIONS (classes = ['a'])", errors.InvalidOption, "two or more", "classes"),
    ("IMPORT MODEL n FROM 'n.json' INPUT (a DOUBLE, A DOUBLE)", errors.InvalidSql, "twice", "apart"),
    ("IMPORT MODEL n FROM 'n.txt' OUTPUT (a DOUBLE, b DOUBLE)", errors.NotSupported, "one label", "one"),
    ("IMPORT MODEL n FROM 'n.onnx' (allow_pickle)", errors.InvalidOption, "no pickle", "Leave"),
    ("IMPORT MODEL nowhere.n FROM 'n.json'", errors.NotFound, '"nowhere"', "Create it"),
    ("EXPORT MODEL m TO 'no such folder/x.json'", errors.NotFound, "no such folder", "Create"),
    ("GRANT EXECUTE ON MODEL m TO bob", errors.InvalidOption, "database with users", "CREATE USER"),
    ("EXPLAIN MODEL mm", errors.NotFound, '"mm"', '"m"'),
    ("EXECUTE nope(1)", errors.NotFound, '"nope"', "PREPARE"),
]
CALLS = [
    ("SELECT ml_predict()", errors.InvalidOption, "needs a model", "'model'"),
    ("SELECT ml_predict('m')", errors.NotFound, "no features", "a BIGINT"),
    ("SELECT ml_predict('m', a) FROM t", errors.NotFound, '"b", "c"', "a BIGINT"),
    ("SELECT ml_predict('m', a := 1, b := 2)", errors.NotFound, '"c"', "a BIGINT"),
    ("SELECT ml_predict('m', a := 1, b := 2, cc := 'x')", errors.NotFound, '"c"', '"cc"'),
    ("SELECT ml_predict('m', a := 1, a := 2, b := 2, c := 'x')", errors.InvalidOption, '"a"', "one"),
    ("SELECT ml_predict('m', 1, 2)", errors.NotFound, "no name", "feature := value"),
    ("SELECT ml_predict('m', {'a': 1, 'b': 2})", errors.NotFound, '"c"', "a BIGINT"),
    ("SELECT ml_predict('m', q) FROM (SELECT a, b FROM t) AS q", errors.NotFound, '"c"', "a BIGINT"),
    ("SELECT ml_predict('m', q) FROM t AS q(r, s, u)", errors.NotFound, '"a", "b", "c"', "a BIGINT"),
    ("SELECT ml_predict('m', nope) FROM t", errors.NotFound, '"nope"', '"'),
    ("SELECT ml_predict('m', q) FROM (SELECT a::VARCHAR AS a, b, c FROM t) AS q", errors.WrongType, '"a"', "CAST"),
    ("SELECT ml_predict('m', q) FROM (SELECT a, b, 'x'::BLOB AS c FROM t) AS q", errors.WrongType, '"c"', "CAST"),
    ("SELECT ml_predict('m', q) FROM (SELECT [a] AS a, b, c FROM t) AS q", errors.WrongType, '"a"', "CAST"),
    ("SELECT ml_predict('m', a := 'x', b := 2, c := 'x')", errors.WrongType, "VARCHAR", "CAST"),
    ("SELECT ml_predict('m', 'x', 2, 'x')", errors.WrongType, "VARCHAR", "CAST"),
    ("SELECT ml_predict('m', a := true, b := 2, c := 'x')", errors.WrongType, "BOOLEAN", "CAST"),
    ("SELECT ml_predict('m', a := [1], b := 2, c := 'x')", errors.WrongType, "LIST", "CAST"),
    ("SELECT ml_predict('m', a := {'x': 1}, b := 2, c := 'x')", errors.WrongType, "STRUCT", "CAST"),
    ("SELECT ml_predict('m', a := DATE '2020-01-01', b := 2, c := 'x')", errors.WrongType, "DATE", "CAST"),
    ("SELECT ml_predict('m', a := 1::TEXT, b := 2, c := 'x')", errors.WrongType, "VARCHAR", "CAST"),
    ("SELECT ml_predict('m', a := 1, b := 2, c := 5)", errors.WrongType, '"c"', "CAST"),
    ("SELECT ml_predict('m', a := upper('x'), b := 2, c := 'x')", errors.InvalidData, "'X'", "TRY_CAST"),
    ("SELECT ml_predict('lg', t, threshold => 2) FROM t", errors.InvalidOption, "2", "0 to 1"),
    ("SELECT ml_predict('lg', t, threshold => 'x') FROM t", errors.InvalidOption, "'x'", "0 to 1"),
    ("SELECT ml_predict('lg', t, threshold => a) FROM t", errors.InvalidOption, "constant", "literal"),
    ("SELECT ml_predict('lg', t, treshold => 0.1) FROM t", errors.InvalidOption, '"treshold"', '"threshold"'),
    ("SELECT ml_predict('m', t, threshold => 0.1) FROM t", errors.InvalidOption, "two classes", "Leave"),
    ("SELECT ml_predict_proba('m', t) FROM t", errors.InvalidOption, "no probabilities", "ml_predict"),
    ("SELECT ml_predict_proba('lg', t, label => 'yess') FROM t", errors.InvalidOption, '"yess"', '"yes"'),
    ("SELECT ml_predict('m', t) OVER () FROM t", errors.InvalidOption, "window", "OVER"),
    ("SELECT * FROM ML.PREDICT(MODEL m)", errors.InvalidOption, "rows", "TABLE t"),
    ("SELECT * FROM ML.PREDICT(MODEL m, t)", errors.InvalidOption, "TABLE t", "TABLE t"),
    ("SELECT * FROM ML.PREDICT(MODEL m, TABLE nope)", errors.NotFound, "nope", ""),
    ("SELECT * FROM ML.PREDICT(MODEL m, TABLE t, 3)", errors.InvalidOption, "too many", "STRUCT"),
    ("SELECT * FROM ML.PREDICT(MODEL m, TABLE t, STRUCT(0.5 AS treshold))", errors.InvalidOption, '"treshold"', '"threshold"'),
    ("SELECT * FROM ML.PREDICT(MODEL m, TABLE t, STRUCT(0.5 AS threshold))", errors.InvalidOption, "two classes", "Leave"),
    ("SELECT * FROM ML.PREDICT(MODEL m, (SELECT a FROM t))", errors.NotFound, '"b", "c"', "a BIGINT"),
    ("SELECT * FROM ML.PREDICT(MODEL m, (SELECT a, b, c, nope FROM t))", errors.NotFound, '"nope"', '"'),
    ("SELECT * FROM ML.PREDICT(MODEL m, (SELECT *, 1 AS predicted_y FROM t))", errors.AlreadyExists, '"predicted_y"', "EXCLUDE"),
    ("SELECT * FROM ML.PREDICT()", errors.InvalidOption, "needs a model", ""),
    ("SELECT * FROM ML.EVALUATE(MODEL m, (SELECT a, b, c FROM t))", errors.NotFound, '"y"', "known"),
    ("SELECT * FROM ML.EVALUATE(MODEL m, (SELECT a, b, c, 'x' AS y FROM t))", errors.WrongType, "VARCHAR", "CAST"),
    ("SELECT * FROM ML.EVALUATE(MODEL lg, STRUCT(0.3 AS threshold))", errors.NotFound, "rows", "TABLE t"),
    ("SELECT ml_evaluate('m')", errors.NotSupported, "table function", "FROM"),
    ("CALL ml_predict('m', 1)", errors.NotSupported, "", "query"),
    ("SELECT ml_train()", errors.InvalidOption, "name of the model", "ml_train"),
    ("SELECT ml_train('bad')", errors.InvalidOption, "needs a query", "query"),
    ("SELECT ml_train('bad', 'SELECT 1', 3)", errors.InvalidOption, "too many", "Name"),
    ("SELECT ml_train('bad', 'SELECT 1', options => 3)", errors.InvalidOption, "struct", "options"),
    ("SELECT ml_train('bad', query => 3, model_type => 'linear_reg')", errors.InvalidOption, "needs a query", ""),
    ("SELECT ml_train('bad', query => 'FROM t', replace => 'yes')", errors.InvalidOption, "'yes'", "TRUE"),
    ("SELECT ml_train('bad', query => 'FROM t; DROP TABLE t', model_type => 'linear_reg')", errors.InvalidSql, "One statement", ""),
    ("SELECT 1, ml_train('bad', 'FROM t', model_type => 'linear_reg')", errors.NotSupported, "ml_train", "CREATE MODEL"),
    ("CREATE VIEW v AS SELECT ml_train('bad', 'FROM t', model_type => 'linear_reg')", errors.NotSupported, "ml_train", "CREATE MODEL"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "kind", "says", "hint"), NAMES + CALLS, ids=[n[0][:70] for n in NAMES + CALLS])
def test_names_and_calls(shared: sqlml.Connection, sql: str, kind: Any, says: str, hint: str) -> None:
    refused(shared, sql, kind, says, hint)


ASK = "SELECT ml_predict('m', a := ?, b := ?, c := ?)"
NAMED = "SELECT ml_predict('m', a := $a, b := $b, c := $c)"


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT ?", None),
        ("SELECT ?", []),
        ("SELECT ?", [1, 2]),
        ("SELECT $a", {"b": 1}),
        ("SELECT $a", {"a": 1, "b": 2}),
        ("SELECT ?", 5),
        ("SELECT ?", "a"),
        ("SELECT ?", b"a"),
        ("SELECT ? + ?", np.array([1, 2])),
        (ASK, None),
        (ASK, []),
        (ASK, [1, 2]),
        (ASK, [1, 2, "x", 4]),
        (ASK, {"a": 1}),
        (ASK, 5),
        (ASK, "1xy"),
        (ASK, {1, 2, 3}),
        (ASK, (value for value in (1, 2, "x"))),
        (ASK, np.array([1, 2, 3])),
        (NAMED, {"a": 1, "b": 2}),
        (NAMED, {"a": 1, "b": 2, "c": "x", "d": 4}),
        (NAMED, [1, 2, "x"]),
        ("SELECT 1; SELECT ml_predict('one', a := ?)", [1]),
        ("CREATE VIEW v AS SELECT ml_predict('one', a := ?)", [1]),
        ("SELECT ml_predict(?, a := 1)", [3]),
        ("SELECT ml_predict(?, a := 1)", [None]),
        (create(f"{LINEAR}, l2_reg = ?"), [float("nan")]),
        (create(f"{LINEAR}, l2_reg = ?"), [float("inf")]),
        (create(f"{LINEAR}, l2_reg = ?"), [10**5000]),
        (create(f"{LINEAR}, l2_reg = ?"), [object()]),
        (create(f"{LINEAR}, l2_reg = ?"), ["x"]),
        (create("model_type = ?", "SELECT a, y FROM t WHERE a > ?"), ["linear_reg"]),
    ],
)
def test_parameters(shared: sqlml.Connection, sql: str, params: Any) -> None:
    refused(shared, sql, errors.InvalidOption, params=params)


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        (ASK, [1, 2, "x"]),
        (ASK, (1, 2, "x")),
        (ASK, deque([1, 2, "x"])),
        (NAMED, {"a": 1, "b": 2, "c": "x"}),
        (NAMED, {"A": 1, "B": 2, "C": "x"}),
        ("SELECT ml_predict('m', a := $2, b := $1, c := $3)", [2, 1, "x"]),
        ("SELECT ml_predict(?, a := ?, b := ?, c := ?)", ["m", 1, 2, "x"]),
    ],
)
def test_parameters_that_fit(shared: sqlml.Connection, sql: str, params: Any) -> None:
    expected = shared.execute("SELECT ml_predict('m', a := 1, b := 2, c := 'x')").fetchall()
    assert shared.execute(sql, params).fetchall() == expected


def test_values_that_duckdb_cannot_take(shared: sqlml.Connection) -> None:
    refused(shared, ASK, errors.NotSupported, "object", params=[object(), 1, "x"])
    with pytest.raises(errors.InvalidData, match="surrogate"):
        shared.execute(ASK, [1, 2, "\udcff"])


class TestScripts:
    def test_nothing_runs_when_one_statement_cannot_be_read(self, shared: sqlml.Connection) -> None:
        for bad in ("garbage", "SELECT 1 FROM", "SELECT ml_predict('m'", "DROP MODEL a.b.c.d", "SELECT 'abc"):
            refused(shared, f"{fit('SELECT a, y FROM t')}; {bad}", errors.InvalidSql)
            refused(shared, f"{bad}; {fit('SELECT a, y FROM t')}", errors.InvalidSql)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT ml_predict('m', a := 1, b := 2, c := 'x;y')",
            "SELECT ml_predict('m', a := 1, b := 2, c := $$x;'y$$)",
            "SELECT 'ml_predict(;'; SELECT ml_predict('m', a := 1, b := 2, c := $q$x;$$'$q$)",
            "SELECT 1;; ;SELECT ml_predict('m', a := 1, b := 2, c := 'x');;",
            "; ; /* ; */ SELECT ml_predict /* ' */ ('m' -- ;\n, a := 1, b := 2, c := 'x') -- ;",
            "SELECT ml_predict('m', /* a /* nested ; */ b */ a := 1, b := 2, c := E'it\\'s;')",
            "SELECT \"ml_predict\"('m', a := 1, b := 2, c := 'x')",
            "SELECT ML . PREDICT ('m', a := 1, b := 2, c := 'x')",
            "PREPARE s AS SELECT ml_predict('m', a := $1, b := 2, c := 'x'); EXECUTE s(1); DEALLOCATE s;"
            " SELECT ml_predict('m', a := 1, b := 2, c := 'x')",
        ],
    )
    def test_quotes_and_comments_are_opaque(self, shared: sqlml.Connection, sql: str) -> None:
        [(value,)] = shared.execute(sql).fetchall()
        assert 3.6 < value < 3.8

    @pytest.mark.parametrize("sql", ["", "  \n ", ";", ";;", "-- nothing", "/* nothing */", "\ufeff"])
    def test_nothing(self, shared: sqlml.Connection, sql: str) -> None:
        result = shared.execute(sql)
        with pytest.raises(errors.ConnectionClosed) as caught:
            result.fetchall()
        assert caught.value.hint
        assert shared.execute("SELECT 42").fetchall() == [(42,)]


class TestOpening:
    HOLDER = "import sys, duckdb; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"

    def test_a_file_that_another_process_has_open(self, tmp_path: Path) -> None:
        path = tmp_path / "held.duckdb"
        holder = subprocess.Popen(
            [sys.executable, "-c", self.HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        for read_only in (False, True):
            with pytest.raises(errors.DatabaseLocked) as caught:
                sqlml.connect(path, read_only=read_only)
            assert caught.value.sqlstate == "55006"
            assert "held.duckdb" in caught.value.message
            assert "Close it" in str(caught.value.hint)
        holder.communicate("")
        sqlml.connect(path).close()

    def test_two_processes_may_read(self, tmp_path: Path) -> None:
        path = tmp_path / "read.duckdb"
        con = sqlml.connect(path)
        con.execute("CREATE TABLE t AS SELECT i AS a, 2 * i AS y FROM range(9) AS r(i)")
        con.execute(fit("SELECT a, y FROM t"))
        con.close()
        con = sqlml.connect(path, read_only=True)
        read = "import sys, json, sqlml; c = sqlml.connect(sys.argv[1], read_only=True); print(json.dumps(c.execute('SELECT round(ml_predict(\\'bad\\', a := 3), 6)').fetchall()))"
        found = subprocess.run([sys.executable, "-c", read, str(path)], capture_output=True, text=True, check=True)
        assert json.loads(found.stdout) == [[6.0]]
        assert con.execute("SELECT round(ml_predict('bad', a := 3), 6)").fetchall() == [(6.0,)]
        con.close()

    @pytest.mark.parametrize("name", ["", "no/such/folder/x.duckdb", "folder"])
    def test_no_such_place(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "folder").mkdir()
        path = tmp_path / name
        for read_only in (False, True):
            with pytest.raises(errors.SqlmlError) as caught:
                sqlml.connect(path, read_only=read_only)
            assert caught.value.hint
            assert caught.value.sqlstate in ("42704", "58000")

    def test_a_file_that_does_not_exist_read_only(self, tmp_path: Path) -> None:
        with pytest.raises(errors.NotFound) as caught:
            sqlml.connect(tmp_path / "nope.duckdb", read_only=True)
        assert caught.value.hint
        assert list(tmp_path.iterdir()) == []

    def test_settings_that_do_not_exist(self) -> None:
        with pytest.raises(errors.SqlmlError) as caught:
            sqlml.connect(config={"no_such_setting": 1})
        assert "no_such_setting" in caught.value.message

    def test_the_same_file_in_two_ways(self, tmp_path: Path) -> None:
        path = tmp_path / "x.duckdb"
        con = sqlml.connect(path)
        with pytest.raises(errors.InvalidOption) as caught:
            sqlml.connect(path, read_only=True)
        assert caught.value.hint
        con.close()
        sqlml.connect(path, read_only=True).close()

    def test_a_failed_open_lets_go_of_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "x.duckdb"
        con = sqlml.connect(path)
        con.execute("INSERT INTO sqlml.migrations VALUES (999, 'later', now()::TIMESTAMP)")
        con.close()
        with pytest.raises(errors.NewerFile) as caught:
            sqlml.connect(path)
        held = caught.value  # the traceback keeps what failed alive
        done = subprocess.run(
            [sys.executable, "-c", "import sys, duckdb; duckdb.connect(sys.argv[1])", str(path)],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (held, done.stderr)


class TestRegistered:
    @pytest.mark.parametrize("data", [None, 5, "text", object()])
    def test_what_is_no_table(self, con: sqlml.Connection, data: Any) -> None:
        with pytest.raises(errors.SqlmlError):
            con.register("r", data)
        assert con.execute("SELECT 42").fetchall() == [(42,)]

    def test_duplicate_columns_of_a_frame(self, con: sqlml.Connection) -> None:
        table = pa.Table.from_arrays([pa.array([1, 2, 3]), pa.array([1, 2, 3]), pa.array([2, 4, 6])], ["a", "A", "y"])
        try:
            con.register("r", table)
            con.execute(fit("FROM r"))
        except errors.SqlmlError:
            assert con.execute("SHOW MODELS").fetchall() == []
        assert con.execute("SELECT 42").fetchall() == [(42,)]


def test_an_error_prints_what_where_and_what_to_do(shared: sqlml.Connection) -> None:
    error = refused(shared, "SELECT 1,\n  ml_predict('mm', t) FROM t", errors.NotFound)
    assert str(error).splitlines() == [
        'There is no model "mm".',
        "LINE 2:   ml_predict('mm', t) FROM t",
        "                     ^",
        'Hint: Did you mean "m"?',
    ]
