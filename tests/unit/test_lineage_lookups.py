"""What lineage looked up is used again only while names mean the same."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml

_SOURCES = (
    "SELECT source_table_full_name FROM system.access.table_lineage WHERE target_table_name = 'kept' ORDER BY ALL"
)


@pytest.fixture
def con(tmp_path: Path):
    with sqlml.connect(tmp_path / "a.duckdb") as found:
        found.execute("CREATE TABLE t AS SELECT 1 AS x; CREATE TABLE kept (x INTEGER)")
        found.execute("INSERT INTO kept SELECT x FROM t")
        yield found


def _sources(con: sqlml.Connection) -> list[str | None]:
    return list(dict.fromkeys(row[0] for row in con.execute(_SOURCES).fetchall()))


def test_a_temporary_table_takes_the_place_of_a_table(con: sqlml.Connection) -> None:
    con.execute("CREATE TABLE other AS SELECT 2 AS x FROM range(3)")
    con.execute("CREATE TEMP TABLE t AS SELECT x FROM other")
    con.execute("INSERT INTO kept SELECT x + 1 FROM t")
    assert _sources(con) == ["a.main.other", "a.main.t"]


def test_another_search_path_means_other_tables(con: sqlml.Connection) -> None:
    con.execute("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 5 AS x; SET search_path = 's,main'")
    con.execute("INSERT INTO kept SELECT x + 1 FROM t")
    assert _sources(con) == ["a.main.t", "a.s.t"]


def test_what_another_connection_makes_is_seen(con: sqlml.Connection, tmp_path: Path) -> None:
    with sqlml.connect(tmp_path / "a.duckdb") as other:
        other.execute("DROP TABLE t; CREATE VIEW t AS SELECT 7 AS x")
    con.execute("INSERT INTO kept SELECT x + 1 FROM t")
    kinds = con.execute("SELECT DISTINCT source_type FROM system.access.table_lineage ORDER BY ALL").fetchall()
    assert ("VIEW",) in kinds


def test_what_a_transaction_made_is_forgotten_with_it(con: sqlml.Connection) -> None:
    con.execute("BEGIN; ALTER TABLE t RENAME TO u; CREATE TABLE t AS SELECT 3 AS x, 4 AS y")
    con.execute("INSERT INTO kept SELECT y FROM t")
    con.execute("ROLLBACK")
    con.execute("INSERT INTO kept SELECT x + 1 FROM t")
    columns = con.execute(
        "SELECT DISTINCT source_column_name FROM system.access.column_lineage ORDER BY ALL"
    ).fetchall()
    assert columns == [("x",)]
