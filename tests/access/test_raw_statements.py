"""Statements of superusers that only DuckDB reads: what they make has an owner, what they drop leaves no grant."""

from __future__ import annotations

import pytest

import sqlml
from sqlml.access.governed import Change
from sqlml.access.values import Securable
from sqlml.errors import InvalidSql, NotFound, SqlmlError
from sqlml.session_raw import changes_between

_OWNERS = "SELECT kind, schema_name, object_name, owner FROM sqlml.owners WHERE kind <> 'CATALOG' ORDER BY ALL"


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "raw.db"
    boss = sqlml.connect(path)
    boss.execute("""CREATE USER boss; CREATE USER ana; CREATE USER "two words" SUPERUSER;
        GRANT USE SCHEMA ON SCHEMA main TO public; CREATE MACRO "table macro"() AS TABLE SELECT 1 AS one;
        GRANT EXECUTE ON FUNCTION "table macro" TO ana""")
    second, ana = sqlml.connect(path, user="two words"), sqlml.connect(path, user="ana")
    yield boss, second, ana
    for connection in (boss, second, ana):
        connection.close()


def _owners(connection: sqlml.Connection) -> list[tuple[str, ...]]:
    return connection.session.database.rows(_OWNERS)


def test_what_is_made_has_its_maker_as_owner(users) -> None:
    boss, second, ana = users
    before = _owners(boss)
    second.execute("BEGIN")
    second.execute("CREATE TYPE pair AS STRUCT(a INTEGER)")
    second.execute("ROLLBACK")
    assert _owners(boss) == before
    second.execute("CREATE TYPE pair AS STRUCT(a INTEGER)")
    assert set(_owners(boss)) - set(before) == {("TABLE", "main", "pair", "two words")}
    second.execute("DROP TYPE pair")
    assert _owners(boss) == before
    with pytest.raises(InvalidSql):
        ana.execute("CREATE TYPE pair AS STRUCT(a INTEGER)")


def test_what_is_dropped_leaves_no_grants_to_its_names_next_bearer(users) -> None:
    boss, _, ana = users
    assert ana.execute('FROM "table macro"()').fetchall() == [(1,)]
    boss.execute("BEGIN")
    boss.execute('DROP MACRO TABLE "table macro"')
    boss.execute("ROLLBACK")
    assert ana.execute('FROM "table macro"()').fetchall() == [(1,)]
    boss.execute('DROP MACRO TABLE "table macro"')
    boss.execute('CREATE MACRO "table macro"() AS TABLE SELECT 2 AS two')
    with pytest.raises(NotFound):
        ana.execute('FROM "table macro"()')
    boss.execute("PREPARE again AS SELECT 1")
    with pytest.raises(SqlmlError):
        boss.execute('DROP MACRO TABLE "no such macro"')


def test_things_are_followed_by_their_numbers() -> None:
    table, moved, macro = (Securable.of(k, "main", n) for k, n in (("TABLE", "t"), ("TABLE", "u"), ("FUNCTION", "f")))
    there = {table: "table 1", macro: "macro 2"}
    assert changes_between(there, there) == []
    assert changes_between(there, {table: "table 9", macro: "macro 2"}) == []
    assert changes_between(there, {moved: "table 1", macro: "macro 2"}) == [Change("renamed", table, moved)]
    assert changes_between(there, {moved: "table 3"}) == [
        Change("dropped", table),
        Change("dropped", macro),
        Change("made", moved),
    ]
    old, new = Securable.of("SCHEMA", "old"), Securable.of("SCHEMA", "new")
    inside, outside = Securable.of("TABLE", "old", "t"), Securable.of("TABLE", "new", "t")
    changes = changes_between({inside: "table 1", old: "schema 1"}, {outside: "table 1", new: "schema 1"})
    assert changes == [Change("renamed", old, new), Change("renamed", inside, outside)]
