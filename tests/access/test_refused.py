"""A statement that is refused has run nothing: no Python function of a user's, not even where DuckDB would fold it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import sqlml

_SETUP = """
CREATE TABLE secret AS SELECT 1 AS id, 'x' AS code;
CREATE TABLE mine AS SELECT 1 AS id, 'x' AS code;
CREATE FUNCTION seen(s VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON AS $$
import os
def seen(s):
    with open(os.environ["SQLML_TEST_SEEN"], "a") as file:
        file.write("called ")
    return s
$$;
CREATE MACRO by_macro(s) AS seen(s);
CREATE VIEW shown AS SELECT seen(code) AS code FROM secret;
CREATE USER ana;
GRANT USE SCHEMA, CREATE TABLE, CREATE VIEW, CREATE FUNCTION, CREATE MODEL ON SCHEMA main TO ana;
GRANT EXECUTE ON FUNCTION seen TO ana;
GRANT EXECUTE ON FUNCTION by_macro TO ana;
GRANT SELECT, MODIFY ON TABLE mine TO ana;
"""
REFUSED = (
    "SELECT seen('constant') FROM secret",
    "SELECT seen(code) FROM secret",
    "SELECT by_macro('constant'), (SELECT max(code) FROM secret)",
    "SELECT * FROM mine WHERE code = seen('constant') AND id IN (SELECT id FROM secret)",
    "SELECT * FROM shown",
    "WITH a AS (SELECT seen('constant') AS s), b AS (FROM secret) FROM a, b",
    "VALUES (seen('constant')), ((SELECT code FROM secret))",
    "SELECT seen('constant') UNION ALL SELECT code FROM secret",
    "SELECT seen('constant') FROM mine ORDER BY (SELECT max(id) FROM secret)",
    "SELECT seen('constant') LIMIT (SELECT max(id) FROM secret)",
    "PIVOT secret ON seen(code) USING count(*)",
    "PIVOT (SELECT seen('constant') AS s, id FROM secret) ON s USING sum(id)",
    "EXPLAIN ANALYZE SELECT seen(code) FROM secret",
    "EXPLAIN SELECT seen('constant') FROM secret",
    "DESCRIBE SELECT seen('constant') FROM secret",
    "SUMMARIZE SELECT seen(code) FROM secret",
    "CREATE TABLE made AS SELECT seen('constant') AS s FROM secret",
    "CREATE VIEW made AS SELECT seen('constant') AS s FROM secret",
    "CREATE MACRO made() AS (SELECT seen('constant') FROM secret)",
    "CREATE TABLE made (s VARCHAR DEFAULT seen('constant'), t INTEGER DEFAULT nextval('secret_ids'))",
    "CREATE TABLE made (s VARCHAR CHECK (seen(s) = (SELECT max(code) FROM secret)))",
    "CREATE TYPE made AS ENUM (SELECT seen(code) FROM secret)",
    "CREATE INDEX made ON secret (seen(code))",
    "INSERT INTO mine SELECT id, seen('constant') FROM secret",
    "INSERT INTO secret VALUES (2, seen('constant'))",
    "UPDATE secret SET code = seen('constant')",
    "UPDATE mine SET code = seen('constant') FROM secret WHERE secret.id = mine.id",
    "DELETE FROM secret WHERE code = seen('constant')",
    "DELETE FROM mine USING secret WHERE mine.code = seen('constant')",
    "MERGE INTO mine USING secret ON mine.id = secret.id WHEN MATCHED THEN UPDATE SET code = seen('constant')",
    "COPY (SELECT seen('constant')) TO '/tmp/nowhere.csv'",
    "COPY (SELECT seen(code) FROM secret) TO '/tmp/nowhere.csv'",
    "SELECT seen('constant') FROM '/tmp/nowhere.csv'",
    "SELECT seen('constant') FROM read_text('/tmp/nowhere.txt')",
    "SELECT seen('constant'), getenv('HOME')",
    "SET VARIABLE kept = seen('constant') || (SELECT max(code) FROM secret)",
    "SET threads = seen('1')::INTEGER",
    "CALL ml_train('made', 'SELECT seen(code) AS c, id FROM secret', model_type => 'linear_reg', "
    "input_label_cols => ['id'])",
    "CREATE MODEL made OPTIONS (model_type='linear_reg', input_label_cols=['id']) AS SELECT seen(code) AS c, id "
    "FROM secret",
    "SELECT * FROM query('SELECT seen(''constant'') FROM secret')",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    with contextlib.closing(sqlml.connect(str(folder / "shop.duckdb"))) as con:
        con.execute("CREATE USER boss")
        con.execute(_SETUP)
    return folder


@pytest.fixture
def ana(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlml.Connection]:
    monkeypatch.setenv("SQLML_TEST_SEEN", str(folder / "seen.txt"))
    (folder / "seen.txt").write_text("")
    with contextlib.closing(sqlml.connect(str(folder / "shop.duckdb"), user="ana")) as con:
        yield con


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_refused_calls_nothing(ana: sqlml.Connection, folder: Path, sql: str) -> None:
    with pytest.raises(sqlml.Error) as refused:
        ana.execute(sql).fetchall()
    assert refused.value.sqlstate in ("42501", "42704", "42601", "0A000")
    assert refused.value.hint
    assert (folder / "seen.txt").read_text() == ""


def test_what_is_allowed_calls_it(ana: sqlml.Connection, folder: Path) -> None:
    for sql in ("SELECT seen('constant')", "SELECT by_macro(code) FROM mine"):
        ana.execute(sql).fetchall()
    assert (folder / "seen.txt").read_text() == "called called "
