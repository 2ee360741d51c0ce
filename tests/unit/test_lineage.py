"""Which features are computed from what the label is computed from."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.dialect import parse_query
from sqlml.lineage import label_lineage

# query, label, features that give it away alone, features that do together
DERIVED = [
    ("SELECT *, status = 'gone' AS y FROM t", ["status"], []),
    ("SELECT t.*, t.status = 'gone' AS y FROM t", ["status"], []),
    ("SELECT a, upper(status) AS s, status = 'gone' AS y FROM t", ["s"], []),
    ("SELECT a, coalesce(STATUS, '') AS s, t.status = 'gone' AS y FROM t", ["s"], []),
    ("SELECT * REPLACE (status || '!' AS status), status = 'gone' AS y FROM t", ["status"], []),
    ("SELECT * RENAME (status AS s), status = 'gone' AS y FROM t", ["s"], []),
    ("WITH c AS (SELECT *, status AS s FROM t) SELECT a, s, s = 'gone' AS y FROM c", ["s"], []),
    ("SELECT a, k.s, y FROM (SELECT a, status, status = 'gone' FROM t) AS k(a, s, y)", ["s"], []),
    ("SELECT a, b * 2 AS twice, twice > 3 AS y FROM t", ["twice"], []),
    ("SELECT a, b, a + b AS y FROM t", [], ["a", "b"]),
    ("SELECT a, a + b AS c, a - b AS y FROM t", ["c"], []),
    ("SELECT a, avg(b) OVER (PARTITION BY a) AS mean, b AS y FROM t", ["mean"], []),
    ("SELECT a, sum(b) OVER (ORDER BY a) AS so_far, b AS y FROM t", ["so_far"], []),
    ("SELECT a, avg(b) AS mean, sum(b) AS y FROM t GROUP BY a", ["mean"], []),
    ("SELECT rank() OVER (ORDER BY b) AS place, b AS y FROM t", ["place"], []),
    ("SELECT b, b + 1 AS y FROM t UNION ALL SELECT b, b + 1 FROM u", ["b"], []),
    ("SELECT b AS f, b + 1 AS y FROM t UNION ALL BY NAME SELECT b AS y, b AS f FROM u", ["f"], []),
    ("SELECT x.*, v.b > 1 AS y FROM (SELECT a, b FROM t) AS x JOIN (SELECT a, b FROM u) AS v USING (a)", [], []),
    ("SELECT *, w > 1 AS y FROM t JOIN (SELECT a AS k, b AS w FROM u) AS v ON t.a = v.k", ["w"], []),
    ("SELECT *, t.status = 'gone' AS y FROM t JOIN (SELECT a AS k FROM u) AS v ON t.a = v.k", ["status"], []),
]
CLEAN = [
    "SELECT a, b, status FROM t",
    "SELECT a, b, status = 'gone' AS y FROM t",
    "SELECT * EXCLUDE (status), status = 'gone' AS y FROM t",
    "SELECT a, a - b AS y FROM t",
    "SELECT lag(b) OVER (ORDER BY a) AS before, b AS y FROM t",
    "SELECT avg(b) OVER (ORDER BY a ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING) AS before, b AS y FROM t",
    "SELECT avg(b) OVER (ORDER BY a ROWS BETWEEN 7 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS f, b AS y FROM t",
    "SELECT b, lead(b) OVER (ORDER BY a) AS y FROM t",
    "SELECT a, sum(b) FILTER (WHERE status < 'm') AS s, sum(b) FILTER (WHERE status >= 'm') AS y FROM t GROUP BY a",
    "SELECT a, sum(CASE WHEN status < 'm' THEN b END) AS s, sum(CASE WHEN status > 'm' THEN b END) AS y FROM t GROUP BY a",
    "SELECT p.b, f.b AS y FROM t AS p JOIN t AS f ON f.a = p.a + 1",
    "WITH m AS (SELECT a, b FROM t) SELECT p.b, f.b AS y FROM m AS p JOIN m AS f ON f.a = p.a + 1",
    "SELECT a, b, (SELECT count(*) FROM u WHERE u.a = t.a) > 0 AS y FROM t",
    "SELECT a, a + random() AS y FROM t",
    "SELECT hash(i) % 9 AS a, hash(i + 1) % 7 AS b, hash(i + 2) % 2 = 0 AS y FROM range(9) AS r(i)",
    "SELECT i AS x, 2 * i + 1 AS y FROM range(9) AS r(i)",
    "FROM t",
]


def _lineage(con: sqlml.Connection, query: str):
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b, 'x' AS status")
    con.execute("CREATE TABLE u AS FROM t")
    names = con.execute(query).columns
    return label_lineage(parse_query(query), names, names[-1], names[:-1])


@pytest.mark.parametrize(("query", "alone", "together"), DERIVED, ids=[d[0] for d in DERIVED])
def test_derived(con: sqlml.Connection, query: str, alone: list[str], together: list[str]) -> None:
    found = _lineage(con, query)
    assert (list(found.features), list(found.together)) == (alone, together)


@pytest.mark.parametrize("query", CLEAN)
def test_clean(con: sqlml.Connection, query: str) -> None:
    found = _lineage(con, query)
    assert (found.features, found.together) == ((), ())


def test_pivots_exports_and_what_is_explained(tmp_path: Path) -> None:
    with sqlml.connect(tmp_path / "a.duckdb") as con:
        con.execute("CREATE TABLE s AS SELECT i AS x, i % 2 AS g FROM range(10) AS r(i); CREATE TABLE t (a INTEGER)")
        con.execute("CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['x']) AS SELECT x, g FROM s")
        con.execute("CREATE TABLE p AS PIVOT s ON g USING sum(x)")
        con.execute("CREATE VIEW u AS UNPIVOT s ON x, g INTO NAME n VALUE v")
        con.execute("EXPLAIN ANALYZE INSERT INTO t SELECT x FROM s")
        con.execute(f"EXPORT MODEL m TO '{tmp_path / 'm.sql'}'")
        con.execute("EXPLAIN INSERT INTO t SELECT g FROM s")
        columns = """
            SELECT target_table_name, target_column_name, source_column_name FROM system.access.column_lineage
            WHERE target_type <> 'MODEL' ORDER BY ALL
        """
        assert con.execute(columns).fetchall() == [
            *(("p", to, of) for to in ("0", "1") for of in ("g", "x")),
            ("t", "a", "x"),
            ("u", "v", "g"),
            ("u", "v", "x"),
        ]
        exported = "SELECT source_table_name FROM system.access.table_lineage WHERE target_path = ?"
        assert con.execute(exported, [str(tmp_path / "m.sql")]).fetchall() == [("m",)]
        con.execute("BEGIN")
        con.execute(f"EXPORT MODEL m TO '{tmp_path / 'again.sql'}'")
        con.execute("ROLLBACK")
        assert con.execute(exported, [str(tmp_path / "again.sql")]).fetchall() == []
