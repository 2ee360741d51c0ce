"""What the shell makes of half a statement: where it ends, what may come next, what is not remembered."""

from __future__ import annotations

import duckdb
import pytest

from sqlml.shell.charts import chart_of
from sqlml.shell.completion import complete
from sqlml.shell.history import has_secret
from sqlml.shell.names import Names, RelationName
from sqlml.shell.words import is_command, is_complete

NAMES = Names(
    relations=(
        RelationName("shop", "main", "customers", ("id", "Full Name", "order", "age"), is_visible=True),
        RelationName("shop", "main", "orders", ("id", "total"), is_visible=True),
        RelationName("shop", "old", "archive", ("year",), is_visible=False),
    ),
    models=("churn", "old.price"),
    functions=("ml_predict", "ml_predict_proba", "ml_roc_curve", "abs", "arg_max"),
    keywords=("select", "from", "order", "abort"),
    reserved=frozenset(["select", "from", "order"]),
    model_types=("linear_reg", "logistic_reg"),
    options={"l2_reg": "penalty", "learn_rate": "step"},
)


@pytest.mark.parametrize(
    "text", ["SELECT 1;", "SELECT ';' ; -- done", "", " \n", "SELECT $$ ; $$;", "/* ; */ SELECT 1; "]
)
def test_complete(text):
    assert is_complete(text, duckdb.tokenize)


@pytest.mark.parametrize(
    "text", ["SELECT 1", "SELECT ';", 'SELECT ";', "SELECT $$ ;", "SELECT 1 -- ;", "SELECT 1 /* ;", "SELECT 1; /* é ;"]
)
def test_not_complete(text):
    assert not is_complete(text, duckdb.tokenize)


def test_commands_are_told_from_statements():
    assert is_command("  \\d")
    assert is_command(".tables")
    assert not is_command(".5")
    assert not is_command("SELECT '\\d'")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("sel", "", ["select"]),
        ("SELECT 1; DROP M", "", ["MODEL"]),
        ("FROM c", "", ["customers"]),
        ("SELECT * FROM customers, o", "", ["orders"]),
        ("SELECT to", " FROM orders", ["total"]),
        ("SELECT c.", " FROM customers c", ["id", '"Full Name"', '"order"', "age"]),
        ("SELECT o.t", " FROM customers AS c JOIN orders AS o", ["total"]),
        ('SELECT "Fu', " FROM customers", ['"Full Name"']),
        ("FROM old.", "", ["archive", "price"]),
        ("FROM shop.or", "", ["orders"]),
        ("FROM ML.R", "", ["ROC_CURVE("]),
        ("SELECT ml_predict('c", "", ["'churn'"]),
        ("SELECT upper('c", "", []),
        ("FROM ML.EVALUATE(MODEL c", "", ["churn"]),
        ("DROP MODEL IF EXISTS ch", "", ["churn"]),
        ("CREATE MODEL m OPTIONS (model_type='lin", "", ["'linear_reg'"]),
        ("CREATE MODEL m OPTIONS (l", "", ["l2_reg", "learn_rate"]),
        ("CREATE MODEL m OPTIONS (model_type='linear_reg', l2", "", ["l2_reg"]),
        ("CREATE MODEL m OPTIONS (l2_reg=1) AS SELECT ab", " FROM orders", ["abs(", "abort"]),
        ("-- FROM c", "", []),
        ("SELECT 1 /* FROM c", "", []),
        ("SELECT é FROM c", "", ["customers"]),
        ("SELECT arg_m", "", ["arg_max("]),
    ],
)
def test_completion(before, after, expected):
    assert [c.text for c in complete(before, after, NAMES, duckdb.tokenize)][: len(expected) or 1] == expected


def test_a_secret_is_told_from_a_column_of_that_name():
    assert has_secret("CREATE OR REPLACE PERSISTENT SECRET s (TYPE s3)", duckdb.tokenize)
    assert has_secret("SELECT 1; create secret (TYPE s3);", duckdb.tokenize)
    assert not has_secret("SELECT secret FROM t; SELECT 'CREATE SECRET'", duckdb.tokenize)


def test_charts():
    roc = chart_of(["threshold", "recall", "false_positive_rate"], [(0.1, 1.0, 1.0), (0.5, 1.0, 0.0), (0.9, 0.0, 0.0)])
    assert "area 1.000" in roc
    assert chart_of(["threshold", "recall", "false_positive_rate"], [(0.1, None, None)]) is None
    bars = chart_of(["feature", "importance_gain"], [(f"f{i}", float(i)) for i in range(30)], width=60)
    assert bars.splitlines()[1].startswith("f29 │█")
    assert bars.endswith("│ and 10 more")
    assert max(map(len, bars.splitlines())) <= 60
    assert chart_of(["feature"], [("a",)]) is None
    assert chart_of(["feature", "importance_gain"], []) is None
