"""PEP 249 beyond the public suite: cursors, types, autocommit, closing, the optional extensions, threads."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sqlml
from sqlml import errors


@pytest.fixture(scope="module")
def shared() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    yield con
    con.close()


@pytest.fixture
def cur(shared: sqlml.Connection) -> sqlml.Cursor:
    return shared.cursor()


TYPE_CODES = {
    "STRING": ["'a'", "'a'::ENUM ('a')", "'1'::JSON"],
    "BINARY": ["'a'::BLOB", "'1'::BIT"],
    "NUMBER": ["1", "1::TINYINT", "1::UHUGEINT", "1.5", "1::FLOAT", "1::DOUBLE", "1::BIGNUM", "1::BIGINT"],
    "DATETIME": ["DATE '2020-01-01'", "now()", "TIME '01:00:00'", "INTERVAL 1 DAY", "'2020-01-01'::TIMESTAMP_NS"],
    "ROWID": ["1::BIGINT"],
}


@pytest.mark.parametrize("name", TYPE_CODES)
def test_type_codes(cur: sqlml.Cursor, name: str) -> None:
    for value in TYPE_CODES[name]:
        code = cur.execute(f"SELECT {value} AS v").description[0][1]
        assert code == getattr(sqlml, name), value
        assert getattr(sqlml, name) == code, value
        others = {"STRING", "BINARY", "NUMBER", "DATETIME"} - {name, "NUMBER" if name == "ROWID" else name}
        assert not any(code == getattr(sqlml, other) for other in others), value
    assert {sqlml.STRING: 1}[sqlml.STRING] == 1
    assert sqlml.STRING != sqlml.NUMBER
    for value in ("[1]", "{'a': 1}", "true"):
        code = cur.execute(f"SELECT {value} AS v").description[0][1]
        assert not any(code == getattr(sqlml, other) for other in TYPE_CODES)


def test_constructors(cur: sqlml.Cursor) -> None:
    values = [sqlml.Date(2020, 1, 2), sqlml.Time(1, 2, 3), sqlml.Timestamp(2020, 1, 2, 3, 4, 5), sqlml.Binary(b"\0x")]
    assert cur.execute("SELECT ?, ?, ?, ?", values).fetchone() == tuple(values)
    ticks = dt.datetime(2020, 1, 2, 3, 4, 5).timestamp()
    assert sqlml.DateFromTicks(ticks) == dt.date(2020, 1, 2)
    assert sqlml.TimeFromTicks(ticks) == dt.time(3, 4, 5)
    assert sqlml.TimestampFromTicks(ticks) == dt.datetime(2020, 1, 2, 3, 4, 5)
    assert [sqlml.Binary(v) for v in ("é", bytearray(b"a"), memoryview(b"b"))] == ["é".encode(), b"a", b"b"]
    with pytest.raises(TypeError):
        sqlml.Binary(5)


@pytest.mark.parametrize(
    ("sql", "rowcount"),
    [
        ("CREATE OR REPLACE TABLE t (a INTEGER)", -1),
        ("INSERT INTO t VALUES (1), (2)", 2),
        ("UPDATE t SET a = 3", 2),
        ("DELETE FROM t", 2),
        ("INSERT INTO t SELECT 1 WHERE false", 0),
        ("SET threads = 2", -1),
        ("CREATE OR REPLACE VIEW v AS SELECT 1 AS a", -1),
        ("BEGIN; ROLLBACK", -1),
        ("DROP VIEW v", -1),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS b INTEGER", -1),
        ("CREATE OR REPLACE TABLE u AS SELECT 1 AS a", 1),
    ],
)
def test_statements_without_rows(cur: sqlml.Cursor, sql: str, rowcount: int) -> None:
    for before in ("CREATE OR REPLACE TABLE t AS SELECT 1 AS a FROM range(2)", "CREATE OR REPLACE VIEW v AS SELECT 1"):
        cur.execute(before)
    cur.execute("SELECT 1").execute(sql)
    assert cur.description is None
    assert cur.rowcount == rowcount
    assert cur.rownumber is None
    for fetch in (cur.fetchone, cur.fetchall, cur.fetchmany, cur.df, cur.nextset, lambda: next(cur)):
        with pytest.raises(sqlml.ProgrammingError):
            fetch()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ('SELECT 7::BIGINT AS "Count"', [(7,)]),
        ('SELECT 7::BIGINT AS "Count" WHERE false', []),
        ('SELECT true AS "Success" WHERE false', []),
        ('INSERT INTO t VALUES (7) RETURNING a AS "Count"', [(7,)]),
        ("SHOW MODELS", []),
        ("SELECT 1; FROM range(2)", [(0,), (1,)]),
    ],
)
def test_statements_with_rows(cur: sqlml.Cursor, sql: str, rows: list[Any]) -> None:
    cur.execute("CREATE OR REPLACE TABLE t (a BIGINT)").execute(sql)
    assert cur.description
    assert all(len(column) == 7 for column in cur.description)
    assert cur.rowcount == -1
    assert cur.fetchall() == rows


def test_fetching(cur: sqlml.Cursor) -> None:
    cur.execute("FROM range(10)")
    assert (cur.arraysize, cur.rownumber) == (1, 0)
    assert cur.fetchmany() == [(0,)]
    cur.arraysize = 3
    assert cur.fetchmany() == [(1,), (2,), (3,)]
    assert next(cur) == (4,)
    assert cur.rownumber == 5
    assert list(cur) == [(i,) for i in range(5, 10)]
    assert (cur.fetchone(), cur.fetchmany(2), cur.fetchall(), cur.rownumber) == (None, [], [], 10)
    assert cur.execute("SELECT 1 AS a").df()["a"].tolist() == [1]
    assert cur.execute("SELECT 1 AS a").arrow().to_pydict() == {"a": [1]}
    with pytest.raises(sqlml.NotSupportedError):
        cur.scroll(1)
    assert cur.lastrowid is None


def test_several_cursors_read_at_once(shared: sqlml.Connection) -> None:
    first, second = shared.cursor().execute("FROM range(5)"), shared.cursor().execute("FROM range(5, 10)")
    assert list(zip(first, second, strict=True)) == [((i,), (i + 5,)) for i in range(5)]


def test_callproc(shared: sqlml.Connection, cur: sqlml.Cursor) -> None:
    shared.execute("CREATE OR REPLACE MACRO twice(x) AS x * 2; CREATE OR REPLACE MACRO upto(n) AS TABLE FROM range(n)")
    shared.execute('CREATE SCHEMA IF NOT EXISTS "s t"; CREATE OR REPLACE MACRO "s t"."f g"(x) AS x + 1')
    assert cur.callproc("twice", [4]) == [4]
    assert cur.fetchall() == [(8,)]
    cur.callproc("upto", (2,))
    assert cur.fetchall() == [(0,), (1,)]
    cur.callproc('"s t"."f g"', (2,))
    assert cur.fetchall() == [(3,)]
    cur.callproc("range", [2])
    for name in ("no such thing", "twice(1); DROP TABLE t", ""):
        with pytest.raises(sqlml.Error):
            cur.callproc(name, [1])


def test_closed() -> None:
    con = sqlml.connect()
    cur, closed = con.cursor(), con.cursor()
    with closed:
        closed.execute("FROM range(5)")
    closed.close()
    uses = {
        "execute": ("SELECT 1",),
        "executemany": ("SELECT 1", []),
        "fetchone": (),
        "fetchmany": (),
        "fetchall": (),
        "nextset": (),
        "setinputsizes": ([1],),
        "setoutputsize": (1,),
        "callproc": ("lower", ["A"]),
        "__next__": (),
    }
    for name, arguments in uses.items():
        with pytest.raises(sqlml.InterfaceError, match="cursor is closed"):
            getattr(closed, name)(*arguments)
    cur.execute("FROM range(5)")
    assert not con.closed
    con.close()
    assert con.closed
    for name, arguments in uses.items():
        with pytest.raises(sqlml.InterfaceError, match="connection is closed"):
            getattr(cur, name)(*arguments)
    for use in (con.commit, con.rollback, con.cursor, con.close, lambda: setattr(con, "autocommit", False)):
        with pytest.raises(sqlml.InterfaceError):
            use()
    cur.close()


def test_exceptions_of_a_connection(shared: sqlml.Connection) -> None:
    with pytest.raises(shared.ProgrammingError) as caught:
        shared.cursor().execute("FROM nowhere")
    assert caught.value.sqlstate == "42704"
    for name in ("Warning", "Error", "DataError", "InternalError", "IntegrityError", "NotSupportedError"):
        assert getattr(shared, name) is getattr(sqlml, name)


def test_messages_and_errorhandler(shared: sqlml.Connection) -> None:
    cur = shared.cursor()
    with pytest.raises(errors.NotFound):
        cur.execute("FROM nowhere")
    assert [kind for kind, _ in cur.messages] == [errors.NotFound]
    cur.execute("SELECT 1")
    assert cur.messages == []
    heard: list[Any] = []
    cur.errorhandler = lambda *what: heard.append(what)
    assert cur.execute("FROM nowhere") is None
    [(connection, cursor, kind, error)] = heard
    assert (connection, cursor, kind) == (shared, cur, errors.NotFound)
    assert isinstance(error, errors.NotFound)
    shared.errorhandler = cur.errorhandler
    try:
        assert shared.cursor().errorhandler is shared.errorhandler
    finally:
        shared.errorhandler = None


class TestAutocommit:
    @pytest.fixture
    def pair(self, tmp_path: Path) -> Iterator[tuple[sqlml.Connection, sqlml.Connection]]:
        other = sqlml.connect(tmp_path / "x.duckdb")
        other.execute("CREATE TABLE t (a INTEGER)")
        con = sqlml.connect(tmp_path / "x.duckdb", autocommit=False)
        yield con, other
        for one in (con, other):
            if not one.closed:
                one.close()

    def rows(self, con: sqlml.Connection) -> list[int]:
        return [a for (a,) in con.execute("FROM t ORDER BY a").fetchall()]

    def test_commit_and_rollback(self, pair: Any) -> None:
        con, other = pair
        assert (con.autocommit, other.autocommit) == (False, True)
        con.commit()
        con.rollback()
        con.execute("INSERT INTO t VALUES (1)")
        con.cursor().execute("INSERT INTO t VALUES (2)")
        assert (self.rows(con), self.rows(other)) == ([1, 2], [])
        con.rollback()
        assert self.rows(con) == []
        con.execute("INSERT INTO t VALUES (3)")
        con.commit()
        con.commit()
        assert self.rows(other) == [3]
        con.execute("INSERT INTO t VALUES (4)")
        con.close()
        assert self.rows(other) == [3]

    def test_with(self, pair: Any) -> None:
        con, other = pair
        with con:
            con.execute("INSERT INTO t VALUES (1)")
        assert self.rows(other) == [1]
        with pytest.raises(ZeroDivisionError), con:
            con.executemany("INSERT INTO t VALUES (?)", ([1 / i] for i in (1, 0)))
        assert self.rows(con) == [1]

    def test_in_sql(self, pair: Any) -> None:
        con, other = pair
        con.execute("BEGIN")
        con.execute("INSERT INTO t VALUES (1)")
        con.execute("/* now */ COMMIT")
        con.execute("INSERT INTO t VALUES (2)")
        assert self.rows(other) == [1]
        con.execute("INSERT INTO t SELECT CASE WHEN true THEN 3 END")
        con.execute("ROLLBACK")
        con.execute("COMMIT; BEGIN; INSERT INTO t VALUES (4)")
        assert self.rows(other) == [1]
        con.commit()
        assert self.rows(other) == [1, 4]
        con.begin()
        con.rollback()

    def test_errors(self, pair: Any) -> None:
        con, other = pair
        con.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(errors.InvalidData):
            con.execute("SELECT 'a'::INTEGER").fetchall()
        with pytest.raises(errors.TransactionAborted):
            con.execute("SELECT 1")
        with pytest.raises(errors.TransactionAborted):
            con.commit()
        con.rollback()
        assert self.rows(con) == []
        con.execute("INSERT INTO t VALUES (2)")
        con.commit()
        assert self.rows(other) == [2]

    def test_switching(self, pair: Any) -> None:
        con, other = pair
        con.execute("INSERT INTO t VALUES (1)")
        con.autocommit = True
        con.execute("INSERT INTO t VALUES (2)")
        assert self.rows(other) == [1, 2]
        con.autocommit = False
        con.execute("INSERT INTO t VALUES (3)")
        assert self.rows(other) == [1, 2]
        con.rollback()
        with pytest.raises(errors.InvalidOption):
            con.autocommit = None
        con.autocommit = True
        con.begin()
        con.execute("INSERT INTO t VALUES (4)")
        con.autocommit = False
        con.execute("INSERT INTO t VALUES (5)")
        con.rollback()
        assert self.rows(other) == [1, 2]

    def test_models(self, pair: Any) -> None:
        con, other = pair
        train = "CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM p"
        con.execute("CREATE TABLE p AS SELECT i::DOUBLE AS x, i * 2.0 AS y FROM range(9) AS r(i)")
        con.commit()
        con.execute(train)
        con.register_model("own", lambda frame: frame["x"] * 2, example={"x": [1.0]})
        con.rollback()
        assert con.execute("SHOW MODELS").fetchall() == []
        con.execute(train)
        assert other.execute("SHOW MODELS").fetchall() == []
        con.commit()
        assert len(other.execute("SHOW MODELS").fetchall()) == 1


class TestThreads:
    def run(self, works: list[Any]) -> None:
        failed: list[BaseException] = []
        start = threading.Barrier(len(works))

        def call(work: Any) -> None:
            try:
                start.wait()
                work()
            except BaseException as error:  # noqa: BLE001 - raised below, by the thread that asserts
                failed.append(error)

        threads = [threading.Thread(target=call, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def test_two_on_two_connections(self) -> None:
        def work(i: int) -> Any:
            def run() -> None:
                con = sqlml.connect(":memory:two_threads")
                con.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)") if i else None
                for _ in range(50):
                    assert con.execute("SELECT count(*), max(i) FROM range(3000) AS r(i)").fetchall() == [(3000, 2999)]
                con.close()

            return run

        self.run([work(0), work(1)])

    def test_two_on_one_connection(self, con: sqlml.Connection) -> None:
        """Statements and fetches wait for one another: each cursor reads its own rows to the end."""
        assert sqlml.threadsafety == 2

        def work(offset: int) -> Any:
            def run() -> None:
                cur = con.cursor()
                for _ in range(15):
                    cur.execute("SELECT i + ? FROM range(5000) AS r(i)", [offset])
                    found = [cur.fetchone() for _ in range(5)] + cur.fetchmany(1000) + list(cur)
                    assert found == [(i + offset,) for i in range(5000)]
                    cur.execute("SELECT i + ? AS v FROM range(5000) AS r(i)", [offset])
                    first = cur.fetchone()
                    assert [first[0], *cur.arrow()["v"].to_pylist()] == list(range(offset, offset + 5000))

            return run

        self.run([work(0), work(10_000), work(20_000)])

    def test_a_batch_of_one_thread_is_one(self, con: sqlml.Connection) -> None:
        con.execute("CREATE TABLE t (a INTEGER)")
        self.run([lambda: con.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(2000)])] * 3)
        assert con.execute("SELECT count(*) FROM t").fetchall() == [(6000,)]
