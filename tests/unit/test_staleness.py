"""CREATE MODEL IF STALE says why it trains, or why not."""

import pytest

import sqlml
from sqlml.statements.staleness import is_same_query

STALE = "CREATE MODEL IF STALE line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT x, y FROM t"


def why(con, sql):
    result = con.execute(sql)
    assert [c[0] for c in result.description] == ["model", "version", "metrics", "seconds", "reason"]
    [row] = result.fetchall()
    return row[1], row[4]


def test_reasons(con):
    con.execute("CREATE TABLE t AS SELECT i AS x, 2 * i AS y, i AS z FROM range(20) AS r(i)")
    same = "is up to date: the same query, options and"
    assert why(con, STALE) == (1, "there was no model yet")
    assert why(con, STALE) == (1, f"version 1 {same} 20 rows")
    assert why(con, STALE.replace("x, y", "z, y")) == (2, "the query changed")
    assert why(con, STALE) == (3, "the query changed")
    con.execute("CREATE OR REPLACE TABLE t AS FROM t ORDER BY x DESC")
    assert why(con, STALE) == (3, f"version 3 {same} 20 rows")
    con.execute("UPDATE t SET y = 7 WHERE x = 3")
    assert why(con, STALE) == (4, "the rows changed: 20 then, 20 now")
    con.execute("DELETE FROM t WHERE x = 3")
    assert why(con, STALE) == (5, "the rows changed: 20 then, 19 now")
    assert why(con, STALE.replace("['y']", "['y'], seed=1")) == (6, "the option seed changed")
    assert why(con, STALE.replace("['y']", "['y'], seed=1, experiment='e', run_name='r'"))[0] == 6
    con.execute("DROP MODEL line VERSION 6")
    assert why(con, STALE) == (5, f"version 5 {same} 19 rows")
    con.execute("ALTER TABLE t ALTER x TYPE DOUBLE")
    assert why(con, STALE) == (7, "the columns of the query changed")


def test_parameters_and_prepared_statements(con):
    con.execute("CREATE TABLE t AS SELECT i AS x, 2 * i AS y FROM range(20) AS r(i)")
    asked = f"{STALE} WHERE x < ?"
    assert [con.execute(asked, [n]).fetchone()[1] for n in (15, 15, 16, 16)] == [1, 1, 2, 2]


def test_a_read_only_file_and_an_empty_query(con, tmp_path):
    con.execute("CREATE TABLE t AS SELECT 1 AS x, 2 AS y WHERE false")
    with pytest.raises(sqlml.SqlmlError, match="no rows"):
        con.execute(STALE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SELECT a FROM t", "select  A\n-- of all\nfrom T", True),
        ("SELECT a FROM t", "SELECT a FROM u", False),
        ("SELECT a FROM t WHERE s = 'x'", "SELECT a FROM t WHERE s = 'X'", False),
        ("SELECT (", "SELECT )", False),
    ],
)
def test_same_query(one, other, same):
    assert is_same_query(one, other) is same
