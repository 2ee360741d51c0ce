"""DuckDB's own statements behave as in plain DuckDB: same bytes sent, same rows, same errors in the same place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sqlml
from sqlml import errors
from tests.road.conftest import Connect, train

SETUP = """
CREATE TABLE t AS SELECT i AS a, i * 2.5 AS b, ['x', 'y', 'z'][i % 3 + 1] AS c, i % 2 = 0 AS d,
                         DATE '2020-01-01' + i::INTEGER AS e FROM range(30) AS r(i);
CREATE TABLE models AS SELECT 5 AS q;
CREATE TABLE model AS SELECT 6 AS model;
CREATE TABLE ml AS SELECT 7 AS predict, 'abc' AS s, {'x': 5} AS model;
CREATE TABLE runs AS SELECT 8 AS ml_predict;
CREATE SCHEMA ml;
CREATE MACRO ml.foo(x) AS x + 1;
CREATE MACRO ml.rows(n) AS TABLE SELECT * FROM range(n);
"""

# Each is sent to both in turn.
STATEMENTS = r"""
FROM t
FROM t SELECT a LIMIT 3
FROM t WHERE a > 3 SELECT a, b ORDER BY ALL
SELECT * EXCLUDE (b) REPLACE (a + 1 AS a) FROM t ORDER BY a
SELECT * RENAME (a AS z) FROM t ORDER BY z LIMIT 2
SELECT COLUMNS('a|b') FROM t ORDER BY a LIMIT 2
SELECT min(COLUMNS(* EXCLUDE (c, d))) FROM t
SELECT COLUMNS(lambda x: x LIKE 'a%') FROM t ORDER BY 1 LIMIT 2
PIVOT t ON d USING avg(a) GROUP BY c ORDER BY c
UNPIVOT (SELECT a::DOUBLE AS a, b::DOUBLE AS b FROM t WHERE a < 2) ON a, b
FROM t PIVOT (count(*) FOR c IN ('x', 'y')) ORDER BY ALL
SELECT t.a, s.p FROM t ASOF JOIN (SELECT 10 * i AS q, i AS p FROM range(3) AS r(i)) AS s ON t.a >= s.q ORDER BY t.a
SELECT * FROM t POSITIONAL JOIN range(3) LIMIT 3
SELECT a FROM t SEMI JOIN range(3) AS r(a) USING (a) ORDER BY a
SELECT list_transform([1, 2, 3], lambda x: x + 1), [x * 2 FOR x IN [1, 2, 3] IF x > 1]
SELECT list_reduce([1, 2, 3], lambda x, y: x + y)
SUMMARIZE t
SUMMARIZE SELECT a FROM t
DESCRIBE t
DESCRIBE SELECT a, e FROM t
DESCRIBE model
DESCRIBE models
SHOW model
SHOW "models"
SHOW runs
SHOW TABLES
SHOW DATABASES
SELECT * FROM models, model, ml, runs
SELECT model FROM model AS model
SELECT ml.predict, ml.s.upper(), ml.model.x, upper(ml.s) FROM ml
SELECT ml.foo(3), "ml"."foo"(4), ML.FOO(5), memory.ml.foo(6)
FROM ml.rows(3)
SELECT ml_predict FROM runs
SELECT ml_predict.a FROM (SELECT 1 AS a) AS ml_predict
WITH ml_predict(a) AS (SELECT 1) SELECT * FROM ml_predict
SELECT 'SELECT ml_predict(''m'', t)', $$CREATE MODEL x; '$$, $q$DROP MODEL $$ y$q$, "a" FROM t WHERE a = 0
SELECT 1 -- ml_predict('m', t)
SELECT /* ml_predict( /* nested */ */ 2
SELECT 'it''s', E'a\nb', x'4142', 1_000, 0x10, 1e3, .5, 'é💥' AS "ü 💥"
SELECT 5 // 2, 2 ** 3, 2 ^ 3, 7 % 4, 5 & 3, 5 | 3, ~5, 5 << 1
SELECT 'abc'[2:], [1, 2, 3][-1], {'a': 1}.a, MAP {'k': 1}['k'], (1, 2)
SELECT a, row_number() OVER w FROM t WINDOW w AS (ORDER BY a DESC) QUALIFY row_number() OVER w <= 2 ORDER BY a
SELECT c, count(*) FROM t GROUP BY ALL ORDER BY ALL
SELECT c, d, count(*) FROM t GROUP BY GROUPING SETS ((c), (d), ()) ORDER BY ALL
SELECT DISTINCT ON (c) c, a FROM t ORDER BY c, a
SELECT a FROM t USING SAMPLE 5 ROWS (reservoir, 7)
SELECT * FROM t LIMIT 10%
SELECT q: a, t.b FROM t LIMIT 1
SELECT #1, a FROM t ORDER BY #1 LIMIT 1
VALUES (1, 'a'), (2, 'b')
(SELECT 1 AS a) UNION ALL BY NAME (SELECT 2 AS b)
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT * FROM r
SELECT unnest([1, 2]), unnest({'x': 1, 'y': 2})
SELECT * FROM query('SELECT 1 AS one')
SELECT * FROM query_table('models')
EXPLAIN SELECT 42
CREATE MACRO plus(x, y := 2) AS x + y
SELECT plus(1), plus(1, y := 5)
CREATE OR REPLACE MACRO some(n) AS TABLE SELECT * FROM range(n)
SELECT * FROM some(2)
CREATE VIEW v AS FROM t SELECT a
SELECT count(*) FROM v
CREATE TYPE mood AS ENUM ('sad', 'happy')
SELECT 'happy'::mood
CREATE SEQUENCE seq
SELECT nextval('seq'), nextval('seq')
CREATE TABLE u (id INTEGER PRIMARY KEY, v VARCHAR DEFAULT 'x', g INTEGER GENERATED ALWAYS AS (id + 1))
INSERT INTO u (id) VALUES (1), (2) RETURNING *
INSERT INTO u BY NAME SELECT 3 AS id
INSERT OR REPLACE INTO u (id, v) VALUES (1, 'y')
UPDATE u SET v = 'z' WHERE id = 2
MERGE INTO u USING (SELECT 9 AS id) AS s ON u.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)
FROM u ORDER BY id
DELETE FROM u WHERE id = 9
TRUNCATE u
ALTER TABLE u ADD COLUMN w DOUBLE
COMMENT ON TABLE u IS 'mine'
CREATE INDEX i ON u (v)
PREPARE mine AS SELECT $1 + 1, $2 || 'x'
EXECUTE mine(1, 'a')
DEALLOCATE mine
SET VARIABLE answer = 42
SELECT getvariable('answer')
SET threads = 2
SELECT current_setting('threads')
RESET threads
PRAGMA table_info('u')
PRAGMA show_tables
CALL pragma_table_info('u')
SELECT * FROM t SELECT
SELECT * FORM t
SELECT a,, b FROM t
SELECT nope FROM t
SELECT a FROM nope
SELECT nope(a) FROM t
SELECT ml.nope(a) FROM t
SELECT 1 + 'x'::INTEGER
SELECT c::INTEGER FROM t
SELECT 'abc
SELECT "abc
SELECT /* open
INSERT INTO u (id) VALUES (1), (1)
CREATE TABLE t (a INTEGER)
DROP TABLE nope
SELECT error('boom')
EXECUTE nope
SELECT ((1 + 2)
SELECT 1; SELECT 2; SELECT 3
SELECT 1; SELECT nope; SELECT 3
DROP VIEW v
BEGIN
INSERT INTO models VALUES (6)
ROLLBACK
FROM models
COMMIT
"""
LINES = [line for line in STATEMENTS.splitlines() if line.strip()]


@pytest.fixture
def both(connect: Connect) -> Iterator[tuple[sqlml.Connection, Any]]:
    ours, plain = connect(":memory:"), duckdb.connect(":memory:")
    for con in (ours, plain):
        con.execute(SETUP)
    yield ours, plain
    plain.close()


def place(error: duckdb.Error) -> tuple[int, int] | None:
    """Line and column that DuckDB marks in an error of its own."""
    marked = re.search(r"LINE (\d+): (.*)\n( *)\^", str(error))
    return (int(marked[1]), len(marked[3]) - len(f"LINE {marked[1]}: ") + 1) if marked else None


def test_every_statement(both: tuple[sqlml.Connection, Any]) -> None:
    ours, plain = both
    for sql in LINES:
        expected: Any
        try:
            cursor = plain.execute(sql)
            expected = (cursor.description, cursor.rowcount) if cursor is not None else (None, -1)
            rows = plain.fetchall() if expected[0] else []
        except duckdb.Error as error:
            expected = error
        if isinstance(expected, duckdb.Error):
            with pytest.raises(errors.SqlmlError) as caught:
                ours.execute(sql).fetchall()
            said = str(expected).partition(": ")[2].partition("\n")[0]
            assert caught.value.message.startswith(said), sql
            marked = place(expected)
            if marked is not None:
                assert (caught.value.line, caught.value.column) == marked, sql
            continue
        result = ours.execute(sql)
        assert str(result.description) == str(expected[0]), sql
        assert result.rowcount == expected[1], sql
        found = result.fetchall() if expected[0] else []
        if sql.startswith("SHOW TABLES"):
            found = [row for row in found if (row[0],) in rows]
        if not sql.startswith(("SHOW DATABASES", "PRAGMA show_tables")):
            assert repr(found) == repr(rows), sql


def test_the_text_is_sent_to_the_byte(both: tuple[sqlml.Connection, Any]) -> None:
    ours, _ = both
    for sql in LINES:
        for text in (sql, f"-- é\n{sql} -- c"):
            try:
                assert ours.plan(text).sql == text
            except errors.SqlmlError as error:
                raise AssertionError(sql) from error


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("SELECT 1,\n       nope,\n       3", "nope"),
        ("-- é 💥\nSELECT 'é 💥', nope", "nope"),
        ("SELECT ml_predict('line', p), nope FROM points AS p", "nope"),
        ("SELECT ml_predict('line', p) AS é,\n  ml_predict('line', p),\n  nope FROM points AS p", "nope"),
        ("SELECT ml_predict('line',\n  p),\n  nope\nFROM points AS p", "nope"),
        ("SELECT * FROM ML.PREDICT(MODEL line,\n (SELECT *\n  FROM points)) AS q\nWHERE nope > 1", "nope"),
        ("SELECT * FROM ML.PREDICT(MODEL line, (SELECT nope FROM points))", "nope"),
        ("SELECT 1; SELECT 2;\nSELECT ml_predict('line', p) FROM points AS p WHERE nope", "nope"),
        ("SELECT ml_predict('line', x := 1);\n\nSELECT nope", "nope"),
        ("SELECT ml_predict('line', x := 1) FROM nope", "nope"),
        ("SELECT ml_predict('lime', x := 1)", "'lime'"),
        ("SELECT 1, ml_predict('line', z := 1)", "ml_predict"),
        (
            "CREATE MODEL m OPTIONS (model_type='linear_reg',\n input_label_cols=['y'])\nAS SELECT nope FROM points",
            "nope",
        ),
        ("CREATE MODEL m OPTIONS (model_type='linear_reg')\nAS SELECT x, FROM points WHERE", "WHERE"),
        ("SELECT ml_predict('line', x := 1) FORM points", "points"),
        ("SHOW MODELS nope", "nope"),
        ("DROP MODEL nope", "nope"),
    ],
)
def test_errors_point_into_the_users_text(a: sqlml.Connection, sql: str, wrong: str) -> None:
    train(a)
    with pytest.raises(errors.SqlmlError) as caught:
        a.execute(sql).fetchall()
    at = sql.rindex(wrong)
    line = sql.count("\n", 0, at) + 1
    column = at - (sql.rfind("\n", 0, at) + 1) + 1
    assert (caught.value.line, caught.value.column) == (line, column), caught.value
    assert caught.value.excerpt is not None
    shown, mark = caught.value.excerpt.split("\n")
    assert shown[mark.index("^") :].startswith(wrong)


def test_copy_attach_export(both: tuple[sqlml.Connection, Any], tmp_path: Path) -> None:
    ours, plain = both
    for name, con in (("ours", ours), ("plain", plain)):
        folder = tmp_path / name
        folder.mkdir()
        con.execute(f"COPY t TO '{folder}/t.parquet' (FORMAT parquet)")
        con.execute(f"COPY (FROM t WHERE a < 3) TO '{folder}/t.csv' (HEADER, DELIMITER ';')")
        con.execute(f"ATTACH '{folder}/other.duckdb' AS other")
        con.execute("CREATE TABLE other.main.copied AS FROM t")
        con.execute("USE other")
        assert con.execute("SELECT count(*) FROM copied").fetchall() == [(30,)]
        con.execute("USE memory")
        con.execute("DETACH other")
        assert con.execute(f"SELECT count(*) FROM '{folder}/t.parquet'").fetchall() == [(30,)]
        assert con.execute(f"FROM read_csv('{folder}/t.csv')").fetchall()[0][2] == "x"
    assert (tmp_path / "ours/t.csv").read_bytes() == (tmp_path / "plain/t.csv").read_bytes()


MIXED = r"""
FROM points AS p SELECT x, ml_predict('line', p) AS g ORDER BY ALL LIMIT 2
SELECT * EXCLUDE (y), ml_predict('line', p) AS g FROM points AS p ORDER BY x LIMIT 2
SELECT * REPLACE (ml_predict('line', p) AS y) FROM points AS p ORDER BY x LIMIT 2
SELECT COLUMNS('x|g') FROM (SELECT *, ml_predict('line', p) AS g FROM points AS p) ORDER BY x LIMIT 2
SELECT max(COLUMNS(*)), max(ml_predict('line', p)) AS g FROM points AS p
PIVOT (SELECT x % 2 AS odd, ml_predict('line', p) AS g FROM points AS p) ON odd USING max(g)
UNPIVOT (SELECT ml_predict('line', p) AS g, y FROM points AS p) ON g, y ORDER BY ALL LIMIT 2
SELECT p.x, ml_predict('line', p) AS g FROM points AS p ASOF JOIN (SELECT 3.0 AS k) AS s ON p.x >= s.k ORDER BY p.x LIMIT 2
SELECT ml_predict('line', p) AS g FROM points AS p POSITIONAL JOIN range(60) ORDER BY g LIMIT 1
SELECT list_transform([1.0, 2.0], lambda v: ml_predict('line', x := v)) AS g
SELECT [ml_predict('line', x := v) FOR v IN [1.0, 2.0] IF v > 1] AS g
SELECT x::INTEGER % 2 AS odd, max(ml_predict('line', p)) AS g FROM points AS p GROUP BY ALL ORDER BY ALL
SELECT x, ml_predict('line', p) AS g FROM points AS p QUALIFY row_number() OVER (ORDER BY ml_predict('line', p) DESC) = 1
SELECT g: ml_predict('line', p), p.x FROM points AS p ORDER BY p.x LIMIT 1
SELECT ml_predict('line', p).round(1)::VARCHAR.length() AS g FROM points AS p ORDER BY x LIMIT 1
SELECT {'g': ml_predict('line', p), 'v': [x, y][1:]} AS s FROM points AS p ORDER BY x LIMIT 1
SELECT * FROM points AS p, (SELECT ml_predict('line', p) AS g) ORDER BY x LIMIT 1
WITH RECURSIVE r(x) AS (SELECT 1.0::DOUBLE UNION ALL SELECT ml_predict('line', r) FROM r WHERE x < 20) FROM r
SELECT p.* EXCLUDE (y) FROM ML.PREDICT(MODEL line, (FROM points WHERE x < 2)) AS p ORDER BY x
FROM ML.PREDICT(MODEL line, TABLE points) SELECT max(predicted_y) AS g
SELECT ? + ml_predict('line', x := ?::DOUBLE) AS g, x'41' AS h, ?::VARCHAR AS i
SELECT column_name, column_type, max FROM (SUMMARIZE FROM ML.PREDICT(MODEL line, TABLE points))
"""


def test_duckdb_only_syntax_beside_ml_predict(a: sqlml.Connection) -> None:
    """Each statement answers as it does with a macro of DuckDB's in the place of the model."""
    train(a)
    a.execute("CREATE MACRO line_of(v) AS 2.0 * v + 1")
    a.execute("CREATE MACRO predicted_lines(t) AS TABLE SELECT 2.0 * x + 1 AS predicted_y, * FROM query_table(t)")
    for sql in MIXED.strip().splitlines():
        params = [1, 2, "q"] if "?" in sql else None
        same = re.sub(r"ml_predict\('line', (\w+)\)", r"line_of(\1.x)", sql)
        same = re.sub(r"ml_predict\('line', x := ([^)]+)\)", r"line_of(\1)", same)
        same = same.replace("ML.PREDICT(MODEL line, TABLE points)", "predicted_lines('points')")
        same = same.replace(
            "ML.PREDICT(MODEL line, (FROM points WHERE x < 2))",
            "(SELECT 2.0 * x + 1 AS predicted_y, * FROM points WHERE x < 2)",
        )
        assert "ml_predict" not in same.lower()
        assert "ML." not in same
        found, expected = a.execute(sql, params).arrow(), a.execute(same, params).arrow()
        assert found.column_names == expected.column_names, sql
        assert rounded(found.to_pylist()) == rounded(expected.to_pylist()), sql


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    try:
        return str(round(float(value), 6)) if isinstance(value, str) else value
    except ValueError:
        return value
