"""Golden tests of planning: what the user writes, and the SQL that DuckDB is sent. No database is opened."""

from __future__ import annotations

import pytest

from sqlml.errors import NotFound
from tests.golden import HERE, Pair, plan, read_pairs

PAIRS = [(path, pair) for path in sorted(HERE.glob("*.sql")) for pair in read_pairs(path)]


@pytest.mark.parametrize(("path", "pair"), PAIRS, ids=lambda v: f"line {v.line}" if isinstance(v, Pair) else v.stem)
def test_rewrite(path, pair: Pair) -> None:
    assert plan(pair.written, pair.params).sql == pair.expected


def test_each_file_has_pairs() -> None:
    assert {path.stem for path, _ in PAIRS} == {path.stem for path in HERE.glob("*.sql")}
    assert len(PAIRS) > 40


PLANS = [
    (
        "SELECT id, ml_predict('churn', c) FROM customers AS c",
        {"reads": "customers(age, id, plan)", "writes": "", "models": "churn@2", "calls": "ml_predict"},
        "EXECUTE MODEL shop.main.churn, SELECT TABLE customers",
    ),
    (
        "SELECT * FROM ML.PREDICT(MODEL churn, TABLE customers)",
        {"reads": "customers", "writes": "", "models": "churn@2", "calls": "ml_predict"},
        "EXECUTE MODEL shop.main.churn, SELECT TABLE customers",
    ),
    (
        "SELECT * FROM ML.EVALUATE(MODEL churn)",
        {"reads": "", "writes": "", "models": "churn@2", "calls": "ml_evaluate"},
        "EXECUTE MODEL shop.main.churn",
    ),
    (
        "INSERT INTO scores (id, spend) SELECT id, ml_predict('spend', c) FROM customers AS c",
        {"reads": "customers(age, id, plan)", "writes": "scores", "models": "spend@1", "calls": "ml_predict"},
        "EXECUTE MODEL shop.main.spend, MODIFY TABLE scores, SELECT TABLE customers",
    ),
    (
        "CREATE TABLE kept AS SELECT ml_predict('spend', c) + ml_predict_proba('churn', c, label => true) AS s FROM customers AS c",
        {
            "reads": "customers(age, plan)",
            "writes": "kept",
            "models": "churn@2 spend@1",
            "calls": "ml_predict ml_predict_proba",
        },
        "EXECUTE MODEL shop.main.churn, EXECUTE MODEL shop.main.spend, MODIFY TABLE kept, SELECT TABLE customers",
    ),
    (
        "CREATE MODEL m OPTIONS (model_type = 'logistic_reg', input_label_cols = ['churned']) AS SELECT age, plan, churned FROM customers",
        {"reads": "customers(age, churned, plan)", "writes": "shop.main.m", "models": "", "calls": ""},
        "CREATE MODEL SCHEMA shop.main, SELECT TABLE customers",
    ),
    (
        "EXPLAIN SELECT ml_predict('churn', c) FROM customers AS c",
        {"reads": "customers(age, plan)", "writes": "", "models": "", "calls": "ml_predict"},
        "EXECUTE MODEL shop.main.churn, SELECT TABLE customers",
    ),
    ("DROP MODEL churn", {"reads": "", "writes": "churn", "models": "", "calls": ""}, "MANAGE MODEL shop.main.churn"),
    (
        "DESCRIBE MODEL churn",
        {"reads": "shop.sqlml.models", "writes": "", "models": "", "calls": ""},
        "EXECUTE MODEL shop.main.churn",
    ),
    ("SHOW MODELS", {"reads": "shop.sqlml.models", "writes": "", "models": "", "calls": ""}, ""),
    (
        "SELECT ml_predict('churn', age := 1, plan := 'pro') FROM 'people.parquet'",
        {"reads": "people.parquet", "writes": "", "models": "churn@2", "calls": "ml_predict"},
        "EXECUTE MODEL shop.main.churn, SELECT FILE people.parquet",
    ),
]


@pytest.mark.parametrize(("text", "facts", "needs"), PLANS, ids=[text[:40] for text, *_ in PLANS])
def test_a_plan_declares_what_it_touches(text: str, facts: dict[str, str], needs: str) -> None:
    made = plan(text)
    assert {
        "reads": " ".join(sorted(_relation(r) for r in made.reads or ())),
        "writes": " ".join(str(w.name) for w in made.writes),
        "models": " ".join(sorted(f"{m.name}@{m.version}" for m in made.models)),
        "calls": " ".join(sorted(made.calls)),
    } == facts
    assert ", ".join(sorted(f"{p.action} {p.kind} {p.on}" for p in made.privileges)) == needs
    assert made.artifacts == tuple(dict.fromkeys(m.sha256 for m in made.models))


def _relation(relation) -> str:
    columns = f"({', '.join(sorted(relation.columns))})" if relation.columns else ""
    return f"{relation.name}{columns}"


def test_explain_sends_the_scorer_that_is_not_folded() -> None:
    made = plan("EXPLAIN SELECT ml_predict('other.far', age := 1, plan := 'pro')")
    assert "sqlml_predict_unfolded('far-1'" in made.sql
    assert (
        "sqlml_predict('far-1'" in plan("EXPLAIN ANALYZE SELECT ml_predict('other.far', age := 1, plan := 'pro')").sql
    )


def test_a_model_with_a_sql_form_needs_no_scorer() -> None:
    for text in ("SELECT ml_predict('churn', c) FROM customers AS c", "EXPLAIN SELECT ml_predict('pet', age := 3)"):
        made = plan(text)
        assert "sqlml_predict" not in made.sql.partition(' AS "ml_predict')[0]
    assert [m.form for m in plan("SELECT ml_predict('churn', c) FROM customers AS c").models] == ["sql"]


@pytest.mark.parametrize("age", ["random()", "(SELECT max(age) FROM customers)", "ml_predict('spend', c)"])
def test_inputs_that_must_be_computed_once_go_to_the_scorer(age: str) -> None:
    made = plan(f"SELECT ml_predict('churn', age := {age}, plan := plan) FROM customers AS c")
    assert made.sql.count("sqlml_predict('churn-2'") == 1
    assert [m.form for m in made.models if m.name == "churn"] == ["kernel"]


def test_a_model_is_resolved_by_place() -> None:
    assert plan("SELECT ml_predict('shop.main.churn', age, plan) FROM customers").models[0].version == 2
    assert plan("SELECT ml_predict('main.churn@1', age, plan) FROM customers").models[0].version == 1
    assert plan("SELECT ml_predict('other.far', age, plan) FROM customers").models[0].catalog == "other"
    with pytest.raises(NotFound, match='There is no model "far"') as raised:
        plan("SELECT ml_predict('far', age, plan) FROM customers")
    assert raised.value.hint == 'Did you mean "other.main.far"?'
