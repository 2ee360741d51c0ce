"""executemany in a governed database: many rows are added at once, and nothing is allowed that one row was not."""

from __future__ import annotations

import time

import pytest

import sqlml
from sqlml.errors import ConstraintViolation, LimitExceeded, NotFound, PermissionDenied, SqlmlError

_MADE = """
CREATE USER boss; CREATE USER ana; GRANT USE SCHEMA ON SCHEMA main TO public;
CREATE TABLE t (id INTEGER, word VARCHAR); CREATE TABLE "two words" (id INTEGER PRIMARY KEY, word VARCHAR);
CREATE TABLE secret (id INTEGER, word VARCHAR); CREATE TABLE narrow (id INTEGER, word VARCHAR);
CREATE TABLE only_rows (id INTEGER, word VARCHAR); INSERT INTO only_rows VALUES (1, 'canary'), (2, 'shown');
CREATE MACRO shown(i) AS i > 1; ALTER TABLE only_rows SET ROW FILTER shown ON (id);
GRANT SELECT, INSERT ON TABLE t TO ana; GRANT SELECT, MODIFY ON TABLE "two words" TO ana;
GRANT INSERT (id) ON TABLE narrow TO ana; GRANT SELECT, MODIFY ON TABLE only_rows TO ana;
"""
_ROWS = [(i, f"w{i}") for i in range(100)]


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "many.db"
    boss = sqlml.connect(path)
    boss.execute(_MADE)
    ana = sqlml.connect(path, user="ana")
    yield boss, ana
    for connection in (boss, ana):
        connection.close()


def test_ten_thousand_rows_take_no_ten_thousand_decisions(users) -> None:
    _, ana = users
    started = time.perf_counter()
    cursor = ana.executemany("INSERT INTO t VALUES (?, ?)", [(i, f"w{i}") for i in range(10_000)])
    assert time.perf_counter() - started < 5
    assert cursor.rowcount == 10_000
    assert ana.execute("SELECT count(*), sum(id), max(word) FROM t").fetchall() == [(10_000, 49_995_000, "w9999")]


def test_names_transactions_and_constraints(users) -> None:
    boss, ana = users
    ana.execute("BEGIN")
    ana.executemany("INSERT INTO main.T (word, id) VALUES ($word, $id)", [{"id": i, "word": None} for i in range(50)])
    assert ana.execute("SELECT count(id), count(word) FROM t").fetchall() == [(50, 0)]
    ana.execute("ROLLBACK")
    assert boss.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    ana.executemany('INSERT INTO "two words" VALUES (?, ?)', _ROWS)
    with pytest.raises(ConstraintViolation):
        ana.executemany('INSERT INTO "two words" VALUES (?, ?)', [(1000 + i, "") for i in range(50)] + _ROWS)
    ana.executemany('INSERT INTO "two words" VALUES (?, ?) ON CONFLICT DO NOTHING', [(i, "") for i in range(90, 110)])
    ana.executemany('UPDATE "two words" SET word = ? WHERE id = ?', [(str(i), i) for i in range(20)])
    found = ana.execute('SELECT count(*), count_if(word = id::VARCHAR) FROM "two words"').fetchall()
    assert found == [(110, 20)]
    ana.execute("PREPARE adding AS INSERT INTO t VALUES ($1, $2)")
    ana.executemany("EXECUTE adding(?, ?)", _ROWS[:10])
    assert ana.execute("SELECT count(*) FROM t").fetchall() == [(10,)]


def test_nothing_is_added_that_one_row_may_not(users) -> None:
    boss, ana = users
    refused = (
        "INSERT INTO secret VALUES (?, ?)",
        "INSERT INTO narrow VALUES (?, ?)",
        "INSERT INTO narrow (id, word) VALUES (?, ?)",
        "INSERT INTO t SELECT ?, word FROM secret WHERE word <> ?",
        "INSERT INTO t VALUES (?, (SELECT max(word) FROM secret WHERE word <> ?))",
        "INSERT INTO sqlml.principals (name, kind) VALUES (?, ?)",
        "INSERT INTO t VALUES (?, getenv(?))",
        "DELETE FROM t WHERE id = ? AND word = ?",
    )
    for text in refused:
        with pytest.raises(SqlmlError) as raised:
            ana.executemany(text, _ROWS)
        assert isinstance(raised.value, NotFound | PermissionDenied), text
        assert raised.value.hint
    ana.executemany("INSERT INTO narrow (id) VALUES (?)", [(i,) for i in range(100)])
    assert boss.execute("SELECT count(*), count(word) FROM narrow").fetchall() == [(100, 0)]
    assert boss.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    # What is hidden stays so, also in the errors of conditions over many rows.
    with pytest.raises(SqlmlError) as raised:
        ana.executemany("DELETE FROM only_rows WHERE (word || ?)::INTEGER = ?", [("", i) for i in range(100)])
    assert "canary" not in str(raised.value)
    ana.executemany("UPDATE only_rows SET word = ? WHERE id = ?", [("new", i) for i in range(20)])
    assert boss.session.database.rows("SELECT word FROM only_rows ORDER BY id") == [("canary",), ("new",)]


def test_a_grant_that_is_taken_away_meanwhile_counts(users) -> None:
    boss, ana = users

    def rows():
        for i in range(200):
            if i == 100:
                boss.execute("REVOKE INSERT ON TABLE t FROM ana")
            yield (i, "")

    with pytest.raises(PermissionDenied, match="INSERT"):
        ana.executemany("INSERT INTO t VALUES (?, ?)", rows())
    assert boss.execute("SELECT count(*) FROM t").fetchall() == [(0,)]


def test_all_rows_together_are_held_to_the_limit(users) -> None:
    boss, ana = users
    boss.execute("ALTER USER ana SET LIMIT rows = 150")
    for text in ("INSERT INTO t VALUES (?, ?)", "INSERT INTO t SELECT ?, ?"):
        assert ana.executemany(text, _ROWS).rowcount == 100
        with pytest.raises(LimitExceeded, match="limit rows"):
            ana.executemany(text, _ROWS + _ROWS)
    assert boss.execute("SELECT count(*) FROM t").fetchall() == [(200,)]
