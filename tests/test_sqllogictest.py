"""The reader of .test files: it reads what DuckDB writes, and a file that is wrong fails."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.sqllogictest import DOORS, BadFile, Record, Run, read, render

_SESSION = DOORS[0]

_FILE = """# name: x.test
# description: everything there is
# group: [x]

statement ok
CREATE TABLE t (a INTEGER, b VARCHAR)

statement ok con1
INSERT INTO t VALUES (2, 'x y'), (1, ''), (3, NULL)

# a comment
query IT rowsort
SELECT * FROM t
----
1	(empty)
2	x y
3	NULL

query IT valuesort con1
SELECT a, a + 10
FROM t
----
1
11
12
13
2
3

query RI
SELECT 1.5, 2
----
1.5
2

query T
SELECT 'abc'
----
<REGEX>:a.c

query T
SELECT 'abc'
----
<!REGEX>:x.*

query I
SELECT 1 WHERE false
----

statement error
SELECT nope FROM t
----
[42704]
<REGEX>:column .nope. not

skipif session
statement ok
THIS IS NOT SQL

onlyif postgres
statement ok
NOR IS THIS

restart

query I
SELECT count(*) FROM t
----
3

statement ok
ATTACH '__TEST_DIR__/b.db' AS b

load __TEST_DIR__/c.db

statement ok
CREATE TABLE only_here (a INTEGER)

statement error
SELECT * FROM t
----
does not exist

load __TEST_DIR__/c.db readonly

statement error
CREATE TABLE another (a INTEGER)
----
[25006]
"""


def _run(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.test"
    path.write_text(text)
    folder = tmp_path / "run"
    folder.mkdir()
    Run(_SESSION, folder).file(path)


def test_runs(tmp_path: Path) -> None:
    _run(_FILE, tmp_path)


def test_reads() -> None:
    records = read(_FILE)
    assert [r.kind for r in records].count("query") == 7
    assert records[1] == Record("ok", 8, "INSERT INTO t VALUES (2, 'x y'), (1, ''), (3, NULL)", "con1")
    assert records[3].sql == "SELECT a, a + 10\nFROM t"
    assert (records[3].types, records[3].sort, records[3].connection) == ("IT", "valuesort", "con1")


WRONG = [
    ("statement ok\nSELECT nope", "failed"),
    ("statement error\nSELECT 1\n----\nx", "should fail"),
    ("statement error\nSELECT nope\n----\nsomething else", "lacks"),
    ("query I\nSELECT 1\n----\n2", "expected"),
    ("query I\nSELECT 1\n----\n1\n1", "expected"),
    ("query I\nSELECT 1\n----", "expected"),
    ("query I\nSELECT 1 WHERE false\n----\n1", "expected"),
    ("query II\nSELECT 1\n----\n1\t2", "1 columns, not 2"),
    ("query I\nSELECT 1, 2\n----\n1", "2 columns, not 1"),
    ("query I\nSELECT 'x'\n----\nx", "which is not I"),
    ("query R\nSELECT 1\n----\n1", "which is not R"),
    ("query T\nSELECT 'abc'\n----\n<REGEX>:b", "expected"),
    ("query T\nSELECT 'abc'\n----\n<!REGEX>:a.*", "expected"),
    ("query II\nSELECT 1, 2\n----\n1\n2\n3", "no rows of 2 columns"),
    ("query I\nSELECT * FROM (VALUES (2), (1)) AS v(a)\n----\n1\n2", "expected"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_fails(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=message) as raised:
        _run(text + "\n", tmp_path)
    assert f"{tmp_path / 'x.test'}:1:" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "statement maybe\nSELECT 1",
        "statement ok\n\nSELECT 1",
        "statement ok\nSELECT 1\n----\n1",
        "statement error\nSELECT 1",
        "query\nSELECT 1\n----\n1",
        "query X\nSELECT 1\n----\n1",
        "query I sometimes\nSELECT 1\n----\n1",
        "query I\nSELECT 1",
        "SELECT 1",
        "require json",
    ],
)
def test_what_is_not_the_format_is_refused(text: str) -> None:
    with pytest.raises(BadFile, match="line 1"):
        read(text)


VALUES = [
    "NULL::INTEGER", "true", "42", "-1.5::DOUBLE", "1e20::DOUBLE", "1e-7::DOUBLE", "'nan'::DOUBLE", "'-inf'::DOUBLE", "12.50::DECIMAL(6,2)", "170141183460469231731687303715884105727::HUGEINT",
    "'text'", "'it''s'", "DATE '2024-01-02'", "TIMESTAMP '2024-01-02 03:04:05'", "TIMESTAMP '2024-01-02 03:04:05.6'", "TIME '03:04:05'", "[1, NULL, 3]", "['a', 'b c', 'it''s', 'NULL', '', 'a,b', ' a', 'a\\b']",
    "{'a': 1, 'b': 'x', 'c': [true, false]}", "MAP {'a': 1.5, 'b,c': NULL}", "MAP {true: [1]}", "[{'label': true, 'prob': 0.5::DOUBLE}]", "[DATE '2024-01-02', NULL]", "[TIMESTAMP '2024-01-02']", "[[1], []]",
    "'\\x01ab''\"\\xFF'::BLOB", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_values_are_written_as_duckdb_writes_them(value: str) -> None:
    con = duckdb.connect()
    [(found, text)] = con.execute(f"SELECT {value} AS v, CAST(v AS VARCHAR)").fetchall()
    kind = con.execute(f"SELECT {value}").description[0][1]
    con.close()
    assert render(found, kind) == ("NULL" if text is None else text)
