"""What programs ask PostgreSQL's catalog and information_schema, and what a user is told: what she may know of."""

from __future__ import annotations

import pytest

import sqlml
from sqlml.errors import NotFound, SqlmlError

_MADE = """
CREATE USER boss; CREATE USER ana; GRANT USE SCHEMA ON SCHEMA main TO public; CREATE SCHEMA vault;
CREATE TABLE t (id INTEGER, canary_column VARCHAR DEFAULT 'canary_default');
COMMENT ON TABLE t IS 'of t'; COMMENT ON COLUMN t.canary_column IS 'canary_comment';
CREATE TABLE canary_table (id INTEGER); COMMENT ON TABLE canary_table IS 'canary';
CREATE TABLE vault.canary_gold (id INTEGER); CREATE TYPE canary_mood AS ENUM ('canary'); CREATE SEQUENCE canary_ids;
CREATE INDEX canary_index ON canary_table (id); CREATE TABLE "two words" ("my id" INTEGER);
CREATE VIEW v AS SELECT id FROM canary_table; CREATE VIEW canary_view AS FROM canary_table;
CREATE MACRO canary_macro() AS 1; COMMENT ON MACRO canary_macro IS 'canary';
GRANT SELECT (id) ON TABLE t TO ana; GRANT SELECT ON TABLE "two words" TO ana; GRANT SELECT ON VIEW v TO ana;
"""
_MORE = "".join(f"CREATE TABLE more_{i} (id INTEGER); GRANT SELECT ON TABLE more_{i} TO ana;" for i in range(12))
_TOLD = {
    "SELECT table_name FROM INFORMATION_SCHEMA.TABLES ORDER BY 1": ["t", "two words", "v"],
    'SELECT TABLE_NAME FROM "Information_Schema"."Tables" ORDER BY 1': ["t", "two words", "v"],
    "SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS ORDER BY ALL": ["id", "id", "my id"],
    "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE catalog_name = 'told'": ["main"],
    "SELECT relname FROM PG_CATALOG.PG_CLASS ORDER BY 1": ["t", "two words", "v"],
    "SELECT c.relname FROM pg_class AS c ORDER BY 1": ["t", "two words", "v"],
    "SELECT nspname FROM pg_catalog.pg_namespace": ["main"],
    "SELECT tablename FROM pg_tables WHERE schemaname = 'main' ORDER BY 1": ["t", "two words"],
    "SELECT viewname FROM pg_catalog.pg_views": ["v"],
    "SELECT definition FROM pg_catalog.pg_views": [None],
    "SELECT attname FROM pg_attribute ORDER BY ALL": ["id", "id", "my id"],
    "SELECT description FROM pg_catalog.pg_description WHERE description IS NOT NULL": ["of t"],
    "SELECT typname FROM pg_type WHERE typname = 'int4' AND typnamespace IS NOT NULL": ["int4"],
    "SELECT datname FROM pg_database WHERE datname <> 'temp'": ["told"],
    """SELECT n.nspname || '.' || c.relname || '.' || a.attname FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
       WHERE c.relkind IN ('r', 'v') AND pg_table_is_visible(c.oid) AND a.attnum > 0
       ORDER BY 1""": ["main.t.id", "main.two words.my id", "main.v.id"],
}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("told") / "told.db"
    boss = sqlml.connect(path)
    boss.execute(_MADE)
    ana = sqlml.connect(path, user="ana")
    yield boss, ana
    for connection in (boss, ana):
        connection.close()


def _column(connection: sqlml.Connection, text: str) -> list[object]:
    return [row[0] for row in connection.execute(text).fetchall()]


def test_one_is_told_of_what_one_may_know(users) -> None:
    boss, ana = users
    for text, told in _TOLD.items():
        assert _column(ana, text) == told, text
    assert [row[-1] for row in ana.execute("SHOW ALL TABLES").fetchall()] == ["t", "two words", "v"]
    assert {"canary_table", "canary_gold", "canary_view"} < set(_column(boss, "SELECT relname FROM pg_class"))
    ana.execute("PREPARE named AS SELECT relname FROM pg_class WHERE relname = $1")
    assert ana.execute("EXECUTE named('canary_table')").fetchall() == []
    assert ana.execute("EXECUTE named('t')").fetchall() == [("t",)]


def test_a_view_of_it_shows_all_that_there_is_of_nothing_hidden(users) -> None:
    _, ana = users
    views = ("am", "attribute", "class", "collation", "database", "description", "namespace", "tables", "tablespace")
    for view in (*views, "type", "views"):
        assert "canary" not in str(ana.execute(f"SELECT * FROM pg_catalog.pg_{view}").fetchall()), view
    # A table of one's own has its name, and what was made in a transaction ends with it.
    ana.execute("BEGIN; CREATE TEMP TABLE pg_class AS SELECT 1 AS mine")
    assert ana.execute("FROM pg_class").fetchall() == [(1,)]
    assert "pg_class" in _column(ana, "SELECT relname FROM pg_catalog.pg_class")
    ana.execute("ROLLBACK")
    assert "pg_class" not in _column(ana, "SELECT relname FROM pg_catalog.pg_class")


def test_what_cannot_be_told_by_name_is_closed(users) -> None:
    _, ana = users
    closed = ("constraint", "depend", "enum", "index", "proc", "sequence", "sequences", "settings", "attrdef")
    for view in (*closed, "prepared_statements", "authid", "shadow"):
        with pytest.raises(NotFound) as raised:
            ana.execute(f"FROM pg_catalog.pg_{view}")
        assert raised.value.hint
    for text in ("FROM other.pg_catalog.pg_class", "FROM pg_catalog.pg_class AT (VERSION => 1)"):
        with pytest.raises(SqlmlError):
            ana.execute(text)


def test_no_condition_sees_what_is_left_out(users) -> None:
    boss, ana = users
    boss.execute(_MORE)
    try:
        _ask_with_errors(ana)
    finally:
        boss.execute("".join(f"DROP TABLE more_{i};" for i in range(12)))


def _ask_with_errors(ana: sqlml.Connection) -> None:
    for relation, name in (
        ("information_schema.tables", "table_name"),
        ("information_schema.columns", "table_name"),
        ("duckdb_tables()", "table_name"),
        ("duckdb_columns()", "column_name"),
        ("pg_catalog.pg_class", "relname"),
        ("pg_catalog.pg_attribute", "attname"),
    ):
        seen = f"CASE WHEN {name} LIKE 'canary%' THEN error(concat('it is ', {name})) ELSE true END"
        assert ana.execute(f"SELECT 1 FROM {relation} WHERE {seen}").fetchall(), relation
