"""has_table_privilege and its like say what one may do, and of what one may not see nothing."""

from __future__ import annotations

import pytest

import sqlml
from sqlml.errors import InvalidOption, NotFound

_MADE = """
CREATE USER boss; CREATE USER ana; CREATE USER bob; CREATE GROUP hr; GRANT hr TO ana;
GRANT USE SCHEMA ON SCHEMA main TO public;
CREATE TABLE t AS SELECT 1 AS id, 2 AS code; CREATE TABLE secret AS SELECT 1 AS id;
CREATE TABLE "two words" AS SELECT 1 AS "my id"; CREATE SCHEMA vault; CREATE TABLE vault.gold AS SELECT 1 AS a;
CREATE VIEW v AS SELECT * FROM t; CREATE MACRO f(a) AS a + 1; CREATE MACRO g(a) AS a + 1;
GRANT EXECUTE ON FUNCTION f TO ana; GRANT SELECT ON TABLE "two words" TO hr WITH GRANT OPTION;
GRANT SELECT (id) ON TABLE t TO ana; GRANT SELECT ON VIEW v TO ana;
"""


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("asking") / "asking.db"
    boss = sqlml.connect(path)
    boss.execute(_MADE)
    ana = sqlml.connect(path, user="ana")
    yield boss, ana
    for connection in (boss, ana):
        connection.close()


_SAID = {
    "has_table_privilege('v', 'SELECT')": True,
    "has_table_privilege('V', 'insert, select')": True,
    "has_table_privilege('asking.main.v', 'SELECT')": True,
    "pg_catalog.has_table_privilege('v', 'SELECT')": True,
    "has_table_privilege('v', 'INSERT')": False,
    "has_table_privilege('v', 'TRIGGER')": False,
    """has_table_privilege('main."two words"', 'SELECT')""": True,
    """has_table_privilege('"two words"', 'SELECT WITH GRANT OPTION')""": True,
    "has_table_privilege('v', 'SELECT WITH GRANT OPTION')": False,
    "has_table_privilege('secret', 'SELECT')": False,
    "has_table_privilege('nothing', 'SELECT')": False,
    "has_table_privilege('vault.gold', 'SELECT')": False,
    "has_table_privilege('sqlml.grants', 'SELECT')": False,
    "has_table_privilege('t', 'SELECT')": False,
    "has_table_privilege(NULL, 'SELECT')": None,
    "has_table_privilege(current_user, 'v', 'SELECT')": True,
    "has_table_privilege('hr', '\"two words\"', 'SELECT')": True,
    "has_table_privilege('hr', 'v', 'SELECT')": False,
    "has_table_privilege('public', 'v', 'SELECT')": False,
    "has_any_column_privilege('t', 'SELECT')": True,
    "has_any_column_privilege('secret', 'SELECT')": False,
    "has_column_privilege('t', 'ID', 'SELECT')": True,
    "has_column_privilege('t', 'code', 'SELECT')": False,
    "has_column_privilege('t', 'nothing', 'SELECT')": False,
    """has_column_privilege('"two words"', 'my id', 'SELECT')""": True,
    "has_column_privilege('secret', 'id', 'SELECT')": False,
    "has_schema_privilege('main', 'USAGE')": True,
    "has_schema_privilege('main', 'CREATE')": False,
    "has_schema_privilege('vault', 'USAGE')": False,
    "has_schema_privilege('nothing', 'USAGE')": False,
    "has_database_privilege('asking', 'CONNECT')": True,
    "has_database_privilege('nothing', 'CONNECT')": False,
    "has_function_privilege('f', 'EXECUTE')": True,
    "has_function_privilege('main.F(integer)', 'EXECUTE')": True,
    "has_function_privilege('g', 'EXECUTE')": False,
    "has_function_privilege('nothing', 'EXECUTE')": False,
    "pg_has_role('HR', 'MEMBER')": True,
    "pg_has_role('ana', 'hr', 'USAGE')": True,
    "pg_has_role('boss', 'MEMBER')": False,
    "pg_has_role('nobody', 'MEMBER')": False,
}


def test_they_say_what_one_may_do(users) -> None:
    boss, ana = users
    said = ana.execute(f"SELECT {', '.join(_SAID)}").fetchone()
    assert dict(zip(_SAID, said, strict=True)) == _SAID
    assert boss.execute("""SELECT has_table_privilege('secret', 'DELETE'), has_table_privilege('ana', 'secret', 'SELECT'),
        has_table_privilege('nothing', 'SELECT')""").fetchall() == [(True, False, False)]


def test_they_are_asked_of_rows_too(users) -> None:
    _, ana = users
    rows = "SELECT table_name, has_table_privilege(table_name, 'SELECT') FROM information_schema.tables ORDER BY 1"
    assert ana.execute(rows).fetchall() == [("t", False), ("two words", True), ("v", True)]
    rows = "SELECT has_table_privilege(n, 'SELECT') FROM (VALUES ('secret'), ('main.V'), ('nothing'), (NULL)) AS x(n)"
    assert ana.execute(rows).fetchall() == [(False,), (True,), (False,), (None,)]
    rows = "SELECT c, has_column_privilege('t', c, 'SELECT') FROM (VALUES ('id'), ('code'), ('nothing')) AS x(c)"
    assert ana.execute(rows).fetchall() == [("id", True), ("code", False), ("nothing", False)]
    assert ana.execute("SELECT has_table_privilege(?, 'SELECT')", ["v"]).fetchall() == [(True,)]
    ana.execute("PREPARE asked AS SELECT has_table_privilege($1, 'SELECT')")
    assert ana.execute("EXECUTE asked('secret')").fetchall() == [(False,)]


def test_what_is_granted_and_taken_away_counts_at_once(users) -> None:
    boss, ana = users
    asked = "SELECT has_table_privilege('secret', 'SELECT')"
    ana.execute("CREATE TEMP VIEW asking_again AS SELECT has_table_privilege('secret', 'SELECT') AS may")
    said = []
    for change in ("GRANT SELECT ON TABLE secret TO ana", "REVOKE SELECT ON TABLE secret FROM ana"):
        boss.execute(f"BEGIN; {change}; ROLLBACK")
        said += [ana.execute(asked).fetchone(), ana.execute("FROM asking_again").fetchone()]
        boss.execute(change)
        said += [ana.execute(asked).fetchone(), ana.execute("FROM asking_again").fetchone()]
    ana.execute("DROP VIEW asking_again")
    assert said == [(False,), (False,), (True,), (True,), (True,), (True,), (False,), (False,)]


def test_what_cannot_be_asked(users) -> None:
    _, ana = users
    for text in (
        "has_table_privilege('t')",
        "has_table_privilege('v', 'SELEC')",
        "has_table_privilege('v', lower('SELECT'))",
        "has_table_privilege('v', privilege := 'SELECT')",
        "pg_has_role('hr', 'SELECT')",
    ):
        with pytest.raises(InvalidOption) as raised:
            ana.execute(f"SELECT {text}")
        assert raised.value.hint
    for user in ("bob", "boss", "nobody"):
        with pytest.raises(NotFound, match="no user or role"):
            ana.execute(f"SELECT has_table_privilege('{user}', 'v', 'SELECT')")


def test_without_users_all_is_true() -> None:
    with sqlml.connect() as con:
        con.execute("CREATE TABLE t (a INTEGER)")
        assert con.execute("""SELECT has_table_privilege('t', 'SELECT'), has_column_privilege('t', 'a', 'SELECT'),
            has_schema_privilege('main', 'USAGE'), has_function_privilege('f', 'EXECUTE'),
            pg_has_role('any', 'MEMBER')""").fetchall() == [(True, True, True, True, True)]
