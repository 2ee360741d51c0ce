"""Lineage of whole pipelines, compared with lists that were written by hand."""

from __future__ import annotations

import threading

import pytest

import sqlml
from sqlml.errors import PermissionDenied

WAYS = (
    "SELECT source || coalesce('@' || source_version, '') || coalesce('.' || source_column, '') AS a, "
    "target || coalesce('@' || target_version, '') || coalesce('.' || target_column, '') AS b FROM ML.LINEAGE("
)


def ways(con, of, direction="upstream", column=None):
    """Edges as 'from -> to', without their order."""
    asked = f"'{of}', '{direction}'" + (f", column := '{column}'" if column else "")
    return {f"{a} -> {b}" for a, b in con.execute(WAYS + asked + ")").fetchall()}


STEPS = [
    "CREATE VIEW raw AS SELECT * FROM 'customers.csv'",
    # The CTE has the name of the view that it reads.
    "CREATE TABLE features AS WITH raw AS (SELECT id, age / 10 AS decade, plan, churned FROM raw WHERE email <> '') "
    "SELECT * FROM raw",
    "CREATE MODEL churn OPTIONS (model_type='logistic_reg', input_label_cols=['churned']) AS "
    "SELECT decade, plan, churned FROM features WHERE id >= 0",
    "CREATE TABLE predictions AS SELECT id, ml_predict('churn', f) AS leaves FROM features AS f",
    "CREATE TABLE report AS SELECT f.plan, count(*) FILTER (WHERE p.leaves) AS leaving "
    "FROM predictions AS p JOIN features AS f USING (id) GROUP BY ALL",
    "COPY (SELECT plan AS which, leaving FROM report) TO 'report.csv'",
]

CSV = "customers.csv"
RAW = {f"{CSV}.{c} -> main.raw.{c}" for c in ("id", "age", "plan", "email", "churned")}
FEATURES = {
    "main.raw.id -> main.features.id",
    "main.raw.age -> main.features.decade",
    "main.raw.plan -> main.features.plan",
    "main.raw.churned -> main.features.churned",
}
CHURN = {f"main.features.{c} -> main.churn@1.{c}" for c in ("decade", "plan", "churned")}
PREDICTIONS = {
    "main.features.id -> main.predictions.id",
    "main.features.decade -> main.predictions.leaves",
    "main.features.plan -> main.predictions.leaves",
    "main.churn@1 -> main.predictions.leaves",
}
REPORT = {"main.features.plan -> main.report.plan", "main.predictions.leaves -> main.report.leaving"}
FILE = {"main.report.plan -> report.csv.which", "main.report.leaving -> report.csv.leaving"}


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{i},{20 + i % 50},{['basic', 'pro'][i % 2]},m{i}@example.org,{i % 3 == 0}" for i in range(200))
    (tmp_path / CSV).write_text("id,age,plan,email,churned\n" + rows + "\n")
    con = sqlml.connect(tmp_path / "shop.duckdb")
    for step in STEPS:
        con.execute(step)
    yield con
    if not con.closed:
        con.close()


def test_all_that_a_report_was_made_from(pipeline):
    without = {f"{CSV}.{c} -> main.raw.{c}" for c in ("id", "email")}
    assert ways(pipeline, "report.csv") == FILE | REPORT | (PREDICTIONS | FEATURES | RAW | CHURN) - without - {
        "main.features.id -> main.predictions.id",
        "main.raw.id -> main.features.id",
    }


def test_all_that_was_made_from_a_file(pipeline):
    assert ways(pipeline, CSV, "downstream") == RAW | FEATURES | CHURN | PREDICTIONS | REPORT | FILE


def test_one_column_both_ways(pipeline):
    assert ways(pipeline, CSV, "downstream", "age") == {
        f"{CSV}.age -> main.raw.age",
        "main.raw.age -> main.features.decade",
        "main.features.decade -> main.churn@1.decade",
        "main.features.decade -> main.predictions.leaves",
        "main.churn@1 -> main.predictions.leaves",
        "main.predictions.leaves -> main.report.leaving",
        "main.report.leaving -> report.csv.leaving",
    }
    assert ways(pipeline, "report", "upstream", "plan") == {
        "main.features.plan -> main.report.plan",
        "main.raw.plan -> main.features.plan",
        f"{CSV}.plan -> main.raw.plan",
    }
    # The address decided which rows there are; no value comes from it.
    assert ways(pipeline, "raw", "downstream", "email") == set()


def test_it_is_in_the_file(pipeline, tmp_path):
    before = ways(pipeline, "report.csv", "both")
    pipeline.close()
    with sqlml.connect(tmp_path / "shop.duckdb", read_only=True) as con:
        assert ways(con, "report.csv", "both") == before


def test_rolled_back_with_the_statement(con):
    con.execute("CREATE TABLE t (a INTEGER); CREATE TABLE u (b INTEGER)")
    con.execute("BEGIN")
    con.execute("INSERT INTO u SELECT a FROM t")
    assert ways(con, "u") == {"main.t.a -> main.u.b"}
    con.execute("ROLLBACK")
    assert ways(con, "u") == set()
    with pytest.raises(sqlml.Error):
        con.execute("INSERT INTO u SELECT a / 0 || 'x' FROM (SELECT 1 AS a FROM t UNION ALL SELECT 2)")
    assert ways(con, "u") == set()


def test_a_repeated_statement_follows_what_its_names_mean(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b; CREATE TABLE u (x INTEGER)")
    for _ in range(3):
        con.execute("INSERT INTO u FROM (SELECT COLUMNS('^[ac]$') FROM t)")
    assert con.execute("SELECT count(*) FROM sqlml.lineage_events WHERE target_name = 'u'").fetchone() == (1,)
    con.execute("CREATE OR REPLACE TABLE t AS SELECT 1 AS b, 2 AS c")
    con.execute("INSERT INTO u FROM (SELECT COLUMNS('^[ac]$') FROM t)")
    assert ways(con, "u") == {"main.t.a -> main.u.x", "main.t.c -> main.u.x"}


def test_what_is_made_anew_forgets_and_what_is_made_of_itself_does_not(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE s AS SELECT 1 AS c")
    con.execute("CREATE TABLE u AS SELECT a FROM t")
    con.execute("CREATE OR REPLACE TABLE u AS SELECT c FROM s")
    assert ways(con, "u") == {"main.s.c -> main.u.c"}
    con.execute("CREATE OR REPLACE TABLE u AS SELECT c + 1 AS c FROM u")
    assert ways(con, "u") == {"main.s.c -> main.u.c"}
    con.execute("DROP TABLE u; CREATE TABLE u (c INTEGER)")
    assert ways(con, "u") == set()
    con.execute("CREATE TABLE IF NOT EXISTS u AS SELECT a FROM t")
    assert ways(con, "u") == set()


def test_new_names(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u AS SELECT a FROM t; CREATE TABLE w AS SELECT a FROM u")
    con.execute("ALTER TABLE u RENAME TO v; ALTER TABLE v RENAME COLUMN a TO b")
    assert ways(con, "w") == {"main.t.a -> main.v.b", "main.v.b -> main.w.a"}
    con.execute("CREATE TABLE u AS SELECT 1 AS a")
    assert ways(con, "u", "both") == set()
    con.execute("CREATE TABLE d AS SELECT i AS x, 2 * i AS y FROM range(9) AS r(i)")
    con.execute("CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT x, y FROM d")
    con.execute("CREATE TABLE p AS SELECT ml_predict('m', x := x) AS z FROM d")
    con.execute("ALTER MODEL m RENAME TO n")
    assert "main.n@1 -> main.p.z" in ways(con, "p")
    assert ways(con, "n") == {"main.d.x -> main.n@1.x", "main.d.y -> main.n@1.y"}


def test_temporary_tables_stand_for_what_they_were_made_from(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b")
    con.execute("CREATE TEMP TABLE step AS SELECT a + 1 AS c FROM t WHERE b > 0")
    con.execute("INSERT INTO step SELECT b FROM t")
    con.execute("CREATE TABLE u AS SELECT c AS d FROM step")
    assert ways(con, "u") == {"main.t.a -> main.u.d", "main.t.b -> main.u.d"}


def test_dataframes_macros_and_several_statements(con):
    import pandas

    con.register("frame", pandas.DataFrame({"a": [1], "b": [2]}))
    con.execute("CREATE MACRO twice(v) AS v * 2; CREATE TABLE t AS SELECT a, twice(b) AS c FROM frame")
    con.execute("CREATE MACRO of_t(k) AS TABLE SELECT a + k AS p FROM t; CREATE TABLE u AS SELECT p FROM of_t(1)")
    assert ways(con, "u") == {"main.t.a -> main.u.p", "frame.a -> main.t.a"}
    assert ways(con, "t") == {"frame.a -> main.t.a", "frame.b -> main.t.c"}


def test_prepared_statements(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u (b INTEGER)")
    con.execute("PREPARE p AS INSERT INTO u SELECT a FROM t WHERE a = $1")
    con.execute("EXECUTE p(1)")
    assert ways(con, "u") == {"main.t.a -> main.u.b"}


def test_quoted_names_in_other_schemas(con):
    con.execute('CREATE SCHEMA s; CREATE TABLE s."My Table" AS SELECT 1 AS "a b"')
    con.execute('CREATE TABLE s.u AS SELECT "a b" + 1 AS "c.d" FROM s."My Table"')
    assert ways(con, 's."My Table"', "downstream") == {"s.My Table.a b -> s.u.c.d"}


def test_a_mask_hides_a_column_but_not_where_values_come_from(tmp_path):
    with sqlml.connect(tmp_path / "shop.duckdb") as con:
        con.execute("CREATE TABLE people AS SELECT i AS id, 'm' || i AS email, i % 5 AS age FROM range(50) AS r(i)")
        con.execute("CREATE TABLE leavers AS SELECT id, id % 2 = 0 AS gone FROM people")
        con.execute("CREATE USER boss SUPERUSER PASSWORD 'a long password'")
        con.execute("CREATE USER ann PASSWORD 'another password'; GRANT SELECT ON TABLE people TO ann")
        con.execute("GRANT USE SCHEMA, CREATE TABLE ON SCHEMA main TO ann")
        con.execute("CREATE FUNCTION hidden(v VARCHAR) RETURNS VARCHAR RETURN '***'")
        con.execute("ALTER TABLE people ALTER COLUMN email SET MASK hidden")
        with sqlml.connect(tmp_path / "shop.duckdb", user="ann") as ann:
            ann.execute(
                "CREATE TABLE mine AS WITH people AS (SELECT id, email FROM people) SELECT email AS e FROM people"
            )
            with pytest.raises(PermissionDenied, match="Lineage names tables"):
                ann.execute("SELECT * FROM ML.LINEAGE('mine')")
        assert ways(con, "mine") == {"main.people.email -> main.mine.e"}
        assert con.execute("SELECT DISTINCT created_by FROM ML.LINEAGE('mine')").fetchall() == [("ann",)]


def test_two_sessions_write_alike_at_once(tmp_path):
    with sqlml.connect(tmp_path / "shop.duckdb") as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u0 (b INTEGER); CREATE TABLE u1 (b INTEGER)")
        failed = []

        def write(number):
            try:
                with sqlml.connect(tmp_path / "shop.duckdb") as own:
                    for i in range(20):
                        own.execute(f"INSERT INTO u{number} SELECT a + {i} FROM t")
            except sqlml.Error as error:
                failed.append(error)

        threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        assert ways(con, "u0") == {"main.t.a -> main.u0.b"}
        assert con.execute("SELECT count(*) FROM u1").fetchone() == (20,)


def test_what_is_made_of_nothing_leaves_nothing(con):
    con.execute(
        "CREATE TABLE t AS SELECT i AS a FROM range(3) AS r(i); CREATE OR REPLACE TABLE t AS SELECT 2 AS a; DROP TABLE t"
    )
    assert con.execute("SELECT count(*) FROM sqlml.lineage_events").fetchone() == (0,)
    con.execute("CREATE TEMP TABLE step AS SELECT 1 AS a; CREATE TABLE u AS SELECT a FROM step")
    assert ways(con, "u") == set()
