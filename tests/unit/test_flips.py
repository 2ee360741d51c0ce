"""`DIFF MODEL ... SHOW FLIPS`: exactly the rows that are decided otherwise, and effects that add up or can be tried."""

from __future__ import annotations

import pytest

import sqlml

_ROWS = """
CREATE TABLE t AS SELECT i AS id, (i % 100)::DOUBLE AS x, (hash(i) % 100)::DOUBLE AS z, CASE WHEN i % 5 > 1 THEN 'pro' ELSE 'it''s' END AS plan,
       CASE WHEN (i % 100) + (hash(i) % 100) > 99 THEN 'yes' ELSE 'no' END AS y FROM range(1200) AS r(i);
"""


@pytest.fixture
def two(con: sqlml.Connection) -> sqlml.Connection:
    con.execute(_ROWS)
    con.execute(
        "CREATE MODEL a OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y']) AS SELECT x, plan, y FROM t"
    )
    con.execute(
        "CREATE MODEL b OPTIONS (model_type = 'boosted_tree_classifier', input_label_cols = ['y'], max_iterations = 9) "
        "AS SELECT x, z, plan, y FROM t"
    )
    con.execute(
        "CREATE MODEL c OPTIONS (model_type = 'naive_bayes', input_label_cols = ['y']) AS SELECT x, z, plan, y FROM t"
    )
    return con


@pytest.mark.parametrize("threshold", [0.5, 0.7])
@pytest.mark.parametrize("other", ["b", "c"])
def test_the_rows_that_are_decided_otherwise(two: sqlml.Connection, other: str, threshold: float) -> None:
    options = " OPTIONS (max_flips = 5000, threshold = " + str(threshold) + ") SHOW FLIPS"
    result = two.execute("DIFF MODEL a WITH " + other + " ON TABLE t" + options)
    assert result.columns[-6:] == [
        "decision_a",
        "decision_b",
        "probability_a",
        "probability_b",
        "top_features",
        "effect_in",
    ]
    found = result.fetchall()
    at = ", threshold := " + str(threshold) + ")"
    expected = two.execute(
        "SELECT id FROM t WHERE ml_predict('a', t" + at + " <> ml_predict('" + other + "', t" + at
    ).fetchall()
    assert sorted(row[0] for row in found) == sorted(row[0] for row in expected)
    assert len(found) > 100
    assert all(row[5] != row[6] for row in found)


def test_exact_effects_add_up(two: sqlml.Connection) -> None:
    """Effects are in the logit: together they are what is between the two, but for the baselines."""
    flips = two.execute(
        "DIFF MODEL a WITH b ON TABLE t OPTIONS (max_flips = 20, top_k_features = 9) SHOW FLIPS"
    ).fetchall()
    assert {row[-1] for row in flips} == {"log-odds"}
    for row in flips:
        parts = {}
        for name in "ab":
            [(value, base)] = two.execute(
                "SELECT e.prediction_value, e.baseline_prediction_value "
                "FROM (SELECT ml_explain_predict('" + name + "', t) AS e FROM t WHERE id = ?)",
                [row[0]],
            ).fetchall()
            parts[name] = value - base
        sign = 1 if row[6] == "yes" else -1
        assert {part["feature"] for part in row[-2]} == {"x", "z", "plan"}
        assert sum(part["effect"] for part in row[-2]) == pytest.approx(sign * (parts["b"] - parts["a"]), abs=1e-9)
        assert row[-2][0]["feature"] == "z"


def test_other_effects_can_be_tried(two: sqlml.Connection) -> None:
    """Where a model has no attributions: what is left of the gap with the median or most frequent value."""
    typical = two.execute("SELECT quantile_disc(x, 0.5), quantile_disc(z, 0.5), mode(plan) FROM t").fetchone()
    flips = two.execute(
        "DIFF MODEL a WITH c ON TABLE t OPTIONS (max_flips = 5, top_k_features = 9) SHOW FLIPS"
    ).fetchall()
    assert {row[-1] for row in flips} == {"probability"}
    names = ("x", "z", "plan")
    for row in flips:
        given = dict(zip(names, row[1:4], strict=True))

        def gap(values: dict[str, object], decision: str = row[6]) -> float:
            asked = [values["x"], values["plan"], decision, values["x"], values["z"], values["plan"], decision]
            [(a, b)] = two.execute(
                "SELECT ml_predict_proba('a', x := ?, plan := ?)[?], ml_predict_proba('c', x := ?, z := ?, plan := ?)[?]",
                asked,
            ).fetchall()
            return b - a

        for part in row[-2]:
            swapped = {**given, part["feature"]: typical[names.index(part["feature"])]}
            assert part["effect"] == pytest.approx(gap(given) - gap(swapped), abs=1e-9)


def test_more_classes_nulls_and_nothing(con: sqlml.Connection) -> None:
    con.execute(_ROWS)
    con.execute("CREATE TABLE u AS SELECT CASE WHEN id % 7 > 0 THEN x END AS x, z, least(id % 4, 2) AS y FROM t")
    con.execute("CREATE MODEL a OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y']) AS SELECT x, y FROM u")
    con.execute(
        "CREATE MODEL b OPTIONS (model_type = 'naive_bayes', input_label_cols = ['y']) AS SELECT x, z, y FROM u"
    )
    found = con.execute("DIFF MODEL a WITH b ON (SELECT * REPLACE (NULL AS z) FROM u) SHOW FLIPS").fetchall()
    assert all(row[3] != row[4] for row in found)
    assert con.execute("DIFF MODEL a WITH b ON (SELECT * FROM u LIMIT 0) SHOW FLIPS").fetchall() == []
    assert con.execute("DIFF MODEL a WITH a ON TABLE u SHOW FLIPS").fetchall() == []
