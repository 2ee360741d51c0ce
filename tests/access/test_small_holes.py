"""Ways around access control that are none: foreign keys, grants of others, functions that hide, names of the privilege views."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.errors import InvalidSql, NotFound, NotSupported, SqlmlError


@pytest.fixture
def shop(tmp_path: Path):
    path = tmp_path / "shop.db"
    boss = sqlml.connect(path)
    boss.execute(
        """CREATE TABLE people (id INT PRIMARY KEY, "e mail" VARCHAR); INSERT INTO people VALUES (1, 'canary'), (2, 'b');
           CREATE TABLE open (id INT PRIMARY KEY); CREATE TABLE secret AS SELECT 'canary' AS a;
           CREATE MACRO first_only(id) AS id = 1;
           CREATE USER boss; CREATE USER ana; CREATE USER bob; CREATE USER eve; CREATE ROLE reader; GRANT reader TO ana;
           ALTER TABLE people SET ROW FILTER first_only ON (id);
           GRANT USE SCHEMA ON SCHEMA main TO public; GRANT CREATE TABLE, CREATE FUNCTION ON SCHEMA main TO ana;
           GRANT SELECT ON open, people TO ana, bob WITH GRANT OPTION"""
    )
    ana, bob = sqlml.connect(path, user="ana"), sqlml.connect(path, user="bob")
    yield boss, ana, bob
    for connection in (boss, ana, bob):
        connection.close()


def test_a_foreign_key_asks_no_filtered_table(shop) -> None:
    _, ana, _ = shop
    for definition in ("(id INT REFERENCES people (id))", "(id INT, FOREIGN KEY (id) REFERENCES people (id))"):
        with pytest.raises(NotSupported, match="foreign key"):
            ana.execute(f"CREATE TABLE asks {definition}")
    ana.execute("CREATE TABLE asks (id INT REFERENCES open (id))")


def test_the_grant_option_takes_back_only_its_own(shop) -> None:
    boss, ana, bob = shop
    ana.execute("GRANT SELECT ON open TO eve")
    bob.execute("REVOKE SELECT ON open FROM eve")
    assert len(boss.execute("SHOW GRANTS ON open TO eve").fetchall()) == 1
    bob.execute("REVOKE SELECT ON open FROM ana")
    assert len(boss.execute("SHOW GRANTS ON open TO ana").fetchall()) >= 1
    ana.execute("REVOKE SELECT ON open FROM eve")
    assert boss.execute("SHOW GRANTS ON open TO eve").fetchall() == []


def test_what_hides_something_stays(shop) -> None:
    boss, ana, _ = shop
    for dropped in ("DROP MACRO first_only", "DROP FUNCTION first_only"):
        with pytest.raises(SqlmlError, match=r"row filter of main\.people"):
            boss.execute(dropped)
    with pytest.raises(SqlmlError):
        ana.execute("CREATE OR REPLACE MACRO first_only(id) AS true")
    assert ana.execute("SELECT count(*) FROM people").fetchall() == [(1,)]


def test_what_was_granted_on_a_function_ends_with_it(shop) -> None:
    """Whichever way it was dropped."""
    boss, ana, _ = shop
    for dropped in ("DROP FUNCTION twice", "DROP MACRO twice", "DROP FUNCTION IF EXISTS main.twice"):
        boss.execute("CREATE MACRO twice(x) AS 2 * x; GRANT EXECUTE ON FUNCTION twice TO ana")
        assert ana.execute("SELECT twice(2)").fetchall() == [(4,)]
        with pytest.raises(SqlmlError):
            ana.execute(dropped)
        boss.execute(f"{dropped}; CREATE MACRO twice(x) AS 'canary'")
        with pytest.raises(NotFound):
            ana.execute("SELECT twice(2)")
        boss.execute("DROP MACRO twice")
    ana.execute("CREATE MACRO mine(x) AS x")
    ana.execute("DROP FUNCTION mine")
    ana.execute("DROP FUNCTION IF EXISTS mine")


def test_privilege_views_show_what_is_ones_own(shop) -> None:
    boss, ana, bob = shop
    boss.execute('GRANT SELECT ("e mail") ON people TO reader; GRANT SELECT ON SCHEMA main TO eve')
    own = "SELECT grantee, table_name, privilege_type, is_grantable, inherited_from FROM information_schema."
    assert bob.execute(f"{own}table_privileges ORDER BY ALL").fetchall() == [
        ("bob", "open", "SELECT", "YES", "NONE"),
        ("bob", "people", "SELECT", "YES", "NONE"),
    ]
    assert bob.execute(f"{own}role_table_grants").fetchall() == bob.execute(f"{own}table_privileges").fetchall()
    inherited = boss.execute(f"{own}table_privileges WHERE grantee = 'eve' ORDER BY ALL").fetchall()
    assert [row[1:3] for row in inherited] == [("open", "SELECT"), ("people", "SELECT"), ("secret", "SELECT")]
    columns = "SELECT grantee, column_name FROM information_schema.column_privileges WHERE grantee = 'reader'"
    assert ana.execute(columns).fetchall() == [("reader", "e mail")]
    assert bob.execute(columns).fetchall() == []
    roles = "SELECT role_name FROM information_schema."
    assert ana.execute(f"{roles}applicable_roles").fetchall() == [("reader",)]
    assert ana.execute(f"{roles}enabled_roles ORDER BY ALL").fetchall() == [("ana",), ("reader",)]
    assert ana.execute("SELECT schema_name FROM information_schema.schema_privileges").fetchall()
    assert ana.execute("SELECT privilege_type FROM information_schema.catalog_privileges").fetchall() == [
        ("USE CATALOG",)
    ]
    filters = "SELECT table_name, filter_name, target_columns FROM information_schema.row_filters"
    assert boss.execute(filters).fetchall() == [("people", "first_only", "id")]
    assert ana.execute(filters).fetchall() == []
    for name in ("table_privileges", "routine_privileges", "column_masks", "table_tags", "columns", "tables"):
        assert "secret" not in str(bob.execute(f"FROM information_schema.{name}").fetchall())
    with pytest.raises(NotFound):
        bob.execute("FROM information_schema.no_such_view")


def test_names_are_compared_as_duckdb_compares_them(shop) -> None:
    """Without case in ASCII alone: a grant on one of these names is none on the other."""
    boss, ana, _ = shop
    for granted, other in (("straße", "strasse"), ("Ä", "ä"), ("\u212aey", "key")):
        boss.execute(f"""CREATE TABLE "{granted}" AS SELECT 1 AS a; CREATE TABLE "{other}" AS SELECT 'canary' AS a;
                         GRANT SELECT ON "{granted}" TO ana""")
        assert ana.execute(f'FROM "{granted}"').fetchall() == [(1,)]
        with pytest.raises(NotFound):
            ana.execute(f'FROM "{other}"')
        listed = [name for (name,) in ana.execute("SELECT table_name FROM information_schema.tables").fetchall()]
        assert granted in listed
        assert other not in listed
    boss.execute('CREATE TABLE masked ("Ä" INT, "ä" INT); INSERT INTO masked VALUES (1, 2)')
    boss.execute('GRANT SELECT ("Ä") ON masked TO ana')
    assert ana.execute("FROM masked").fetchall() == [(1,)]
    assert ana.execute('SELECT count(*) FROM OPEN, "PEOPLE"').fetchall() == [(0,)]


def test_statements_that_break_the_parser_are_refused_and_left_to_superusers(shop) -> None:
    boss, ana, _ = shop
    with pytest.raises(InvalidSql, match="missing at the end") as refused:
        ana.execute("SHOW ALL")
    assert refused.value.hint
    boss.execute("SHOW ALL")
