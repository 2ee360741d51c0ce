"""`executemany`: as one execute after the other, only faster; all or nothing."""

from __future__ import annotations

import datetime as dt
import enum
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sqlml
from sqlml import errors, session_many

ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))


class Grade(enum.IntEnum):
    GOOD = 1


class Text(str):
    __slots__ = ()


VALUES: dict[str, list[Any]] = {
    "nothing": [None],
    "bool": [True, False, None],
    "small": [1, -5, 0, 127],
    "int": [1, 2**31, -(2**40), None],
    "wide": [1, 2**63, 2**64, 2**100, -(2**127), None],
    "widest": [2**127, 2**128 - 1],
    "float": [1.5, -0.0, float("nan"), float("inf"), 1e300, None],
    "mixed": [1, 2.5, None, 2**53 + 1, 0.1],
    "text": ["a", "", "é 💥", "a\0b", "12", None],
    "numbers as text": ["1", "02", "-3"],
    "times as text": ["2020-01-01", "2020-01-01 01:02:03"],
    "lists as text": ["[1, 2]", "{'a': 1}", "[]"],
    "bytes": [b"", b"a\0\xff", bytearray(b"x"), memoryview(b"y")],
    "date": [dt.date(2020, 2, 29), dt.date.min, dt.date.max, None],
    "datetime": [dt.datetime(2020, 1, 1, 1, 2, 3, 456789), dt.datetime.min, dt.datetime.max],
    "aware": [dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2020, 7, 1, 12, 30, tzinfo=ZONE), None],
    "both": [dt.datetime(2020, 1, 1, tzinfo=ZONE), dt.datetime(2020, 1, 1), dt.date(2020, 1, 1)],
    "time": [dt.time(1, 2, 3, 4), dt.time.max, None],
    "aware time": [dt.time(1, 2, tzinfo=ZONE)],
    "interval": [dt.timedelta(days=1, seconds=5, microseconds=7), dt.timedelta(days=-1, seconds=3), dt.timedelta(400)],
    "decimal": [Decimal("1.5"), Decimal("-0.10"), Decimal("1E+3"), Decimal("0.001"), None],
    "long decimal": [Decimal("12345678901234567890.123"), Decimal("1.12345678901234567")],
    "too long decimal": [Decimal("1" * 45), Decimal("NaN")],
    "decimal and int": [Decimal("1.25"), 3, 2.5],
    "uuid": [uuid.UUID(int=5), uuid.UUID(int=2**128 - 1), None],
    "list": [[1, 2], [], [None], None, [2**40]],
    "floats": [[0.5, 1.5], [2.5]],
    "mixed lists": [[1, 2.5], ["a"], [[1], [2, 3]], (1, 2)],
    "struct": [{"a": 1, "b": "x"}, {"b": "y", "a": 2}, {"a": None, "b": None}, None],
    "other structs": [{"a": 1, "b": "x", "c": [1]}, {"a": 1}, {}],
    "map": [{"key": ["k"], "value": [2]}],
    "numpy": [np.int64(5), np.float32(1.5), np.bool_(True), np.str_("7"), None],
    "arrays": [np.array([1.5, 2.5]), np.array([1, 2]), np.array([], dtype="int64")],
    "numpy times": [np.datetime64("2020-01-01"), np.datetime64("2020-01-01T01:02:03.5"), np.datetime64("NaT")],
    "nanoseconds": [np.datetime64("2020-01-01T01:02:03.123456789"), pd.Timestamp("2020-01-01 00:00:00.000000001")],
    "pandas": [pd.Timestamp("2020-01-01 01:02:03.5"), pd.NaT, pd.NA, pd.Timestamp("2020-01-01", tz="Europe/Berlin")],
    "pandas length": [pd.Timedelta("1 day 2 hours"), np.timedelta64(5, "s")],
    "subclasses": [Grade.GOOD, Text("12"), True],
}
SCALARS = ["VARCHAR", "BIGINT", "DOUBLE", "DECIMAL(38, 10)"]
TIMES = ["VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "INTERVAL"]
NESTED = ["VARCHAR", "JSON", "INTEGER[]", "DOUBLE[]", "STRUCT(a BIGINT, b VARCHAR)", "MAP(VARCHAR, INTEGER)"]
TYPES = {
    **dict.fromkeys(
        ("date", "datetime", "aware", "both", "time", "aware time", "numpy times", "pandas", "times as text"), TIMES
    ),
    **{n: [*TIMES, "TIMESTAMP_NS"] for n in ("interval", "pandas length", "nanoseconds")},
    **dict.fromkeys(
        ("list", "floats", "mixed lists", "struct", "other structs", "map", "arrays", "lists as text"), NESTED
    ),
    **{n: [*SCALARS, "HUGEINT", "UHUGEINT"] for n in ("wide", "widest")},
    **{n: [*SCALARS, "ENUM ('a', '12')"] for n in ("text", "subclasses")},
    **{n: ["VARCHAR", "BLOB", "UUID"] for n in ("bytes", "uuid")},
    **{n: [*SCALARS, "FLOAT", "DECIMAL(18, 1)", "INTEGER"] for n in ("decimal", "decimal and int")},
}


@pytest.fixture(scope="module")
def shared() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    yield con
    con.close()


def outcome(con: sqlml.Connection, kind: str, send: Callable[[], Any]) -> Any:
    """What the table has after it, or the kind of error."""
    con.execute(f"CREATE OR REPLACE TABLE t (n INTEGER, v {kind})")
    try:
        send()
    except errors.SqlmlError as error:
        con.rollback()
        return type(error)
    return con.execute("SELECT n, v::VARCHAR, v FROM t").fetchall()


@pytest.mark.parametrize("name", VALUES)
def test_every_type_is_as_by_execute(shared: sqlml.Connection, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value twice, so that the first ones are sent alone and all are sent in a batch."""
    values, sql = VALUES[name], "INSERT INTO t VALUES (?, ?)"
    monkeypatch.setattr(session_many, "_ALONE", len(values))
    rows = [(i, v) for i, v in enumerate(values + values)]
    for kind in TYPES.get(name, SCALARS):

        def one_by_one() -> None:
            shared.begin()
            for row in rows:
                shared.execute(sql, row)
            shared.commit()

        expected = outcome(shared, kind, one_by_one)
        found = outcome(shared, kind, lambda: shared.executemany(sql, rows))
        assert repr(found) == repr(expected), kind


def test_columns_that_tell_types_apart(shared: sqlml.Connection) -> None:
    shared.execute("CREATE OR REPLACE TABLE t (u UNION(i INTEGER, b BIGINT), v VARIANT, w STRUCT(x VARIANT)[])")
    sql, row = "INSERT INTO t VALUES (?, ?, ?)", (5, 5, [{"x": 5}])
    shared.execute(sql, row)
    shared.executemany(sql, [row] * 30)
    tags = "SELECT DISTINCT union_tag(u), variant_typeof(v), variant_typeof(w[1].x) FROM t"
    assert len(rows_of(shared, tags)) == 1


def rows_of(con: sqlml.Connection, sql: str = "FROM t") -> list[Any]:
    return con.execute(sql).fetchall()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were sent alone by each call."""
    counts: list[int] = []
    original = session_many._Many._one_by_one

    def counted(self: Any, rows: Any) -> None:
        counts.append(len(rows))
        original(self, rows)

    monkeypatch.setattr(session_many._Many, "_one_by_one", counted)
    return counts


STATEMENTS = [
    ("INSERT INTO t VALUES (?, ?)", True),
    ("INSERT INTO t (v, k) VALUES ($2, $1)", True),
    ("INSERT INTO main.t SELECT $1, $2", True),
    ("INSERT INTO t BY NAME SELECT ? AS k, ? AS v", True),
    ("INSERT INTO t VALUES (CAST(? AS INTEGER), CAST(? AS VARCHAR))", True),
    ("INSERT INTO t BY NAME SELECT ? AS k, ? AS v, upper('x') AS w", True),
    ("UPDATE t SET v = $2 WHERE k = $1", True),
    ("UPDATE t AS x SET v = $2, w = upper(w) WHERE x.k = $1 AND x.d < DATE '2021-01-01'", True),
    ("UPDATE t SET v = $2, w = $2 WHERE k = $1 AND k <> $1 + 1", False),
    ("UPDATE t SET v = $2, w = $2 WHERE k = $1 AND k >= $1", True),
    ("DELETE FROM t WHERE k = $1 AND v <> $2", True),
    ("DELETE FROM main.t AS x WHERE $1 = x.k AND x.v = CAST($2 AS VARCHAR)", True),
    # Text is cast to whatever is asked for where it is a parameter, and only there.
    ("UPDATE t SET w = $1 WHERE d = $2", False),
    ("DELETE FROM t WHERE k = $1 AND d BETWEEN $2 AND d", False),
    ("INSERT INTO t BY NAME SELECT ? + 1 AS k, md5(upper(?)) AS v", False),
    ("INSERT INTO t BY NAME SELECT round(1.234, ?) AS k, ? AS v", False),
    ("INSERT INTO t BY NAME SELECT ? AS k, typeof(?) AS v", False),
    ("INSERT INTO t BY NAME SELECT ? AS k, string_agg(?) AS v", False),
    ("INSERT INTO t BY NAME SELECT $1 AS k, $2 AS v, string_agg('a') AS w", False),
    ("INSERT INTO t (k, v) VALUES (?, ?), (-1, 'more')", False),
    ("INSERT INTO t (k, v) SELECT ?, v || ? FROM t WHERE k = 1", False),
    ("INSERT INTO t (k, v) VALUES (?, (SELECT min(v) || ? FROM t))", False),
    ("WITH x AS (SELECT 'x' AS x) INSERT INTO t (k, v) SELECT ?, x || ? FROM x", False),
    ("UPDATE t SET v = v || $2 WHERE k = $1", False),
    ("UPDATE t SET v = v || $2 WHERE k > $1 AND k < 5", False),
    ("UPDATE t SET k = $1 + 1000, v = $2 WHERE k = $1", False),
    ("UPDATE t SET v = $2 WHERE k = $1 AND w IN (SELECT w FROM t)", False),
    ("DELETE FROM t AS x WHERE x.k = $1 OR x.v = $2", False),
    ("MERGE INTO t USING (SELECT $1 AS k, $2 AS v) AS s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v", False),
]


@pytest.mark.parametrize(("sql", "at_once"), STATEMENTS, ids=[sql for sql, _ in STATEMENTS])
def test_every_statement_is_as_by_execute(shared: sqlml.Connection, sent: list[int], sql: str, at_once: bool) -> None:
    rows = [(i, f"2020-01-0{i % 7 + 1}") for i in range(30)]
    start = "SELECT i AS k, 'old' AS v, 'w' AS w, DATE '2020-01-03' AS d FROM range(40) AS r(i)"
    found = []
    for send in (
        lambda: [shared.execute(sql, row).rowcount for row in rows],
        lambda: [shared.executemany(sql, rows).rowcount],
    ):
        shared.execute(f"CREATE OR REPLACE TABLE t AS {start}")
        if "BY NAME" not in sql and sql.startswith("INSERT INTO") and "t (" not in sql:
            shared.execute("ALTER TABLE t DROP w; ALTER TABLE t DROP d")
        changed = sum(send())
        found.append((changed, rows_of(shared, "FROM t ORDER BY ALL")))
    assert found[0] == found[1]
    assert (sum(sent) < len(rows)) == at_once


def test_rows_that_meet_one_another_are_sent_alone(con: sqlml.Connection, sent: list[int]) -> None:
    con.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v VARCHAR)")
    upsert = "INSERT INTO t VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = t.v || excluded.v"
    assert con.executemany(upsert, [(i, "a") for i in range(50)]).rowcount == 50
    assert sum(sent) == 8
    assert con.executemany(upsert, [(i % 5, "b") for i in range(50)]).rowcount == 50
    assert rows_of(con, "FROM t WHERE k IN (0, 7) ORDER BY k") == [(0, "a" + "b" * 10), (7, "a")]
    con.executemany("UPDATE t SET v = ? WHERE k = ?", [(f"c{i}", i % 25) for i in range(50)])
    assert rows_of(con, "SELECT v FROM t WHERE k IN (0, 24) ORDER BY k") == [("c25",), ("c49",)]
    con.executemany("UPDATE t SET v = v || ? WHERE k = ?", [("x", "01") for _ in range(50)])
    assert rows_of(con, "SELECT v FROM t WHERE k = 1") == [("c26" + "x" * 50,)]
    con.executemany("UPDATE t SET v = ? WHERE k = ?", [(f"d{i}", ("1", "01")[i % 2]) for i in range(50)])
    assert rows_of(con, "SELECT v FROM t WHERE k = 1") == [("d49",)]


def test_order_and_defaults(con: sqlml.Connection) -> None:
    con.execute("CREATE SEQUENCE s; CREATE TABLE t (id INTEGER DEFAULT nextval('s'), v INTEGER, w INTEGER DEFAULT 7)")
    con.executemany("INSERT INTO t (v) VALUES (?)", ([i] for i in range(30_000)))
    assert rows_of(con, "SELECT count(*), count_if(id = v + 1), count_if(rowid = v), sum(w) FROM t") == [
        (30_000, 30_000, 30_000, 210_000)
    ]


def test_rows_of_every_shape(con: sqlml.Connection) -> None:
    con.execute('CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."a ""t""" ("x y" INTEGER, v VARCHAR)')
    sql = 'INSERT INTO "My Schema"."a ""t""" ("x y", V) VALUES ($Number, $text)'
    assert con.executemany(sql, ({"number": i, "TEXT": "a"} for i in range(30))).rowcount == 30
    assert con.executemany(sql, [{"text": "b", "number": 1}, {"number": 1, "text": "c"}] * 20).rowcount == 40
    positional = 'INSERT INTO "My Schema"."a ""t""" VALUES (?, ?)'
    frame = pd.DataFrame({"a": range(30), "b": ["x"] * 30})
    assert con.executemany(positional, frame.itertuples(index=False)).rowcount == 30
    assert con.executemany(positional, [[1, "l"], (2, "t")] * 15).rowcount == 30
    assert con.executemany(positional, []).rowcount == 0
    assert con.execute('SELECT count(*) FROM "My Schema"."a ""t"""').fetchall() == [(130,)]


@pytest.mark.parametrize(
    ("rows", "what", "at"),
    [
        ([(1, "a")] * 20 + [(1,)], errors.InvalidOption, 21),
        ([(1, "a")] * 20 + [(1, "a", 2)], errors.InvalidOption, 21),
        ([(1, "a")] * 20 + ["ab"], errors.InvalidOption, 21),
        ([(1, "a")] * 20 + [5], errors.InvalidOption, 21),
        ([(1, "a")] * 20 + [None], errors.InvalidOption, 21),
        ([(1, "a")] * 20 + [{"a": 1}], errors.SqlmlError, 21),
        ([(1, "a")] * 20 + [(1, {1, 2})], errors.NotSupported, 21),
        ([("x", "a")], errors.InvalidData, 1),
        ([(1, "a")] * 3 + [(None, "a")], errors.ConstraintViolation, 4),
        ([(1, "a\ud800")] * 20, errors.SqlmlError, 1),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_a_bad_row_leaves_nothing(shared: sqlml.Connection, rows: Any, what: Any, at: int, inside: bool) -> None:
    con = shared
    con.execute("CREATE OR REPLACE TABLE t (a INTEGER NOT NULL, b VARCHAR)")
    if inside:
        con.begin()
    try:
        with pytest.raises(what) as caught:
            con.executemany("INSERT INTO t VALUES (?, ?)", rows)
        assert f"row {at} of executemany" in caught.value.message
        if inside and at > 1:
            with pytest.raises(errors.TransactionAborted):
                con.commit()
    finally:
        con.rollback()
    assert rows_of(con) == []


def test_a_bad_row_among_many(shared: sqlml.Connection) -> None:
    shared.execute("CREATE OR REPLACE TABLE t (a INTEGER CHECK (a < 90), b VARCHAR)")
    with pytest.raises(errors.ConstraintViolation) as caught:
        shared.executemany("INSERT INTO t VALUES (?, ?)", [(i, "a") for i in range(100)])
    assert "(rows 73 to 100 of executemany)" in caught.value.message
    assert caught.value.line is None
    with pytest.raises(ZeroDivisionError):
        shared.executemany("INSERT INTO t VALUES (?, ?)", ((1, str(1 // (50 - i))) for i in range(100)))
    assert rows_of(shared) == []
    shared.begin()
    with pytest.raises(errors.ConstraintViolation):
        shared.executemany("INSERT INTO t VALUES (?, ?)", [(i, "a") for i in range(100)])
    shared.rollback()
    assert shared.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall() == [(0,)]


@pytest.mark.parametrize("sql", ["SELECT ?", "INSERT INTO t VALUES (?) RETURNING a", "FROM t WHERE a = ?"])
def test_statements_that_give_rows(shared: sqlml.Connection, sql: str) -> None:
    shared.execute("CREATE OR REPLACE TABLE t (a INTEGER)")
    shared.begin()
    with pytest.raises(errors.InvalidSql, match="give no rows"):
        shared.executemany(sql, [(1,)] * 20)
    assert rows_of(shared) == []
    shared.rollback()


@pytest.mark.parametrize("rows", ["ab", b"ab", {"a": 1}, 5, None])
def test_what_is_not_rows(shared: sqlml.Connection, rows: Any) -> None:
    shared.execute("CREATE OR REPLACE TABLE t (a INTEGER)")
    with pytest.raises(errors.InvalidOption):
        shared.executemany("INSERT INTO t VALUES (?)", rows)


def test_errors_in_the_statement_point_at_it(shared: sqlml.Connection) -> None:
    shared.execute("CREATE OR REPLACE TABLE t (a INTEGER)")
    with pytest.raises(errors.NotFound) as caught:
        shared.executemany("INSERT INTO t\n  VALUES (nowhere(?))", [(i,) for i in range(100)])
    assert (caught.value.line, caught.value.column) == (2, 11)


def test_calls_of_models(con: sqlml.Connection, sent: list[int]) -> None:
    con.execute("CREATE TABLE p AS SELECT i::DOUBLE AS x, 2.0 * i + 1 AS y FROM range(60) AS r(i)")
    con.execute("CREATE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM p")
    con.execute("CREATE TABLE t (x DOUBLE, y DOUBLE)")
    con.executemany("INSERT INTO t VALUES ($x, ml_predict('line', x := $x))", [{"x": float(i)} for i in range(100)])
    assert sent == [8]
    assert rows_of(con, "SELECT count(*), max(abs(y - 2 * x - 1)) < 1e-6 FROM t") == [(100, True)]


def test_without_autocommit(tmp_path: Any) -> None:
    path = tmp_path / "x.duckdb"
    con, other = sqlml.connect(path, autocommit=False), sqlml.connect(path)
    other.execute("CREATE TABLE t (a INTEGER)")
    con.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(100)])
    assert rows_of(other) == []
    con.rollback()
    con.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(100)])
    con.commit()
    assert len(rows_of(other)) == 100
    con.close()
    other.close()


def test_memory_is_bounded(con: sqlml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of rows is a number of bytes, whatever their number."""
    monkeypatch.setattr(session_many, "_BYTES", 1_000_000)
    con.execute("CREATE TABLE t (b BLOB)")
    tracemalloc.start()
    con.executemany("INSERT INTO t VALUES (?)", ([bytes(50_000)] for _ in range(800)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows_of(con, "SELECT count(*), sum(octet_length(b)) FROM t") == [(800, 40_000_000)]
    assert peak < 12_000_000


def test_numbers_are_sent_at_once(con: sqlml.Connection, sent: list[int]) -> None:
    """Also those of several types: they would be sent one by one otherwise, a thousand times slower."""
    con.execute("CREATE TABLE t (a DOUBLE, b DECIMAL(10, 2), c VARCHAR, d DOUBLE[])")
    rows = [
        (i if i % 2 else i / 2, Decimal(i) / 100, i if i % 3 else f"x{i}", [float(i)] * (i % 3)) for i in range(5_000)
    ]
    con.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    assert sent == [8]
    assert rows_of(con) == [(float(a), b, str(c), d) for a, b, c, d in rows]
