"""The instance of a governed file: what DuckDB itself refuses, whoever asks."""

from __future__ import annotations

import contextlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import sqlml
from sqlml.errors import PermissionDenied

_SETTINGS = """SELECT current_setting('enable_external_access'), current_setting('lock_configuration'),
    current_setting('autoload_known_extensions'), current_setting('autoinstall_known_extensions'),
    current_setting('allow_community_extensions'), current_setting('python_enable_replacements')"""
_HARDENED = [(False, True, False, False, False, False)]


def _settings(con: sqlml.Connection) -> list[tuple[object, ...]]:
    return con.session.database.rows(_SETTINGS)


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n2\n")
    found = str(tmp_path / "house.duckdb")
    with contextlib.closing(sqlml.connect(found)) as con:
        con.execute("CREATE USER boss; CREATE USER ana; CREATE TABLE t AS SELECT range AS i FROM range(100000)")
        con.execute("CREATE VOLUME landing LOCATION ?", [str(tmp_path / "landing")])
        con.execute("GRANT READ VOLUME ON VOLUME landing TO ana")
    return found


def test_opens_hardened(path: str, tmp_path: Path) -> None:
    with (
        contextlib.closing(sqlml.connect(path, user="boss")) as boss,
        contextlib.closing(sqlml.connect(path, user="ana")) as ana,
    ):
        assert _settings(boss) == _HARDENED
        assert boss.execute("FROM 'volume://landing/a.csv'").fetchall() == [(1,)]
        for sql in (f"FROM '{tmp_path}/b.csv'", f"ATTACH '{tmp_path}/other.duckdb'", "SET threads = 1",
                    f"COPY t TO '{tmp_path}/out.csv'", "SET lock_configuration = false", "PRAGMA enable_profiling",
                    "SET enable_external_access = true", f"SET allowed_directories = ['{tmp_path}']",
                    f"EXPORT DATABASE '{tmp_path}/exported'", "INSTALL httpfs"):  # fmt: skip
            with pytest.raises(sqlml.Error) as error:
                boss.execute(sql)
            assert error.value.hint
        # What sqlml and sessions set goes on to work.
        for con in (boss, ana):
            con.execute("SET TimeZone = 'UTC'")
            con.register("frame", pa.table({"x": [1, 2]}))
            assert con.execute("SELECT sum(x) FROM frame").fetchall() == [(3,)]
            assert con.execute("SELECT uuid() AS u").arrow().num_rows == 1
        # A sort that does not fit into memory has its folder; so does the log.
        boss.execute("CREATE TABLE sorted AS FROM t ORDER BY hash(i)")
        boss.execute("CHECKPOINT")
        assert not (tmp_path / "out.csv").exists()


def test_other_instances_are_not_affected(path: str, tmp_path: Path) -> None:
    with (
        contextlib.closing(sqlml.connect(path, user="ana")),
        contextlib.closing(sqlml.connect(str(tmp_path / "open.duckdb"))) as con,
    ):
        assert con.execute(f"FROM '{tmp_path}/b.csv'").fetchall() == [(2,)]
        con.execute("SET threads = 1")
    with duckdb.connect(path) as again:
        assert again.execute(f"FROM '{tmp_path}/b.csv'").fetchall() == [(2,)]


def test_a_superuser_may_open_with_files(path: str, tmp_path: Path) -> None:
    config = {"enable_external_access": True}
    with pytest.raises(PermissionDenied, match="superuser"):
        sqlml.connect(path, user="ana", config=config)
    with contextlib.closing(sqlml.connect(path, user="boss", config=config)) as boss:
        assert boss.execute(f"FROM '{tmp_path}/b.csv'").fetchall() == [(2,)]
        with pytest.raises(PermissionDenied):
            boss.execute("SET threads = 1")
        # Files are still closed to others, by the gate.
        with contextlib.closing(sqlml.connect(path, user="ana", config=config)) as ana:
            assert ana.execute("FROM 'volume://landing/a.csv'").fetchall() == [(1,)]
            with pytest.raises(PermissionDenied):
                ana.execute(f"FROM '{tmp_path}/b.csv'")
    with contextlib.closing(sqlml.connect(path, user="ana")) as ana:
        assert _settings(ana) == _HARDENED


def test_the_first_user_keeps_files_until_another_acts(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.csv").write_text("x\n1\n")
    (tmp_path / "later").mkdir()
    with contextlib.closing(sqlml.connect(str(tmp_path / "new.duckdb"))) as con:
        con.execute("BEGIN; CREATE USER boss")
        con.execute("ROLLBACK")
        assert _settings(con)[0][:3] == (True, False, True)
        con.execute("CREATE USER boss; CREATE USER ana")
        con.execute("SELECT 1")
        assert _settings(con) == [(True, False, False, False, False, False)]
        con.execute("CREATE VOLUME landing LOCATION ?", [str(tmp_path / "landing")])
        con.execute("GRANT READ VOLUME ON VOLUME landing TO ana; SET SESSION AUTHORIZATION ana")
        assert con.execute("FROM 'volume://landing/a.csv'").fetchall() == [(1,)]
        assert _settings(con) == _HARDENED
        con.execute("RESET SESSION AUTHORIZATION")
        con.execute("CREATE VOLUME later LOCATION ?", [str(tmp_path / "later")])
        con.execute("GRANT READ VOLUME, WRITE VOLUME ON VOLUME later TO ana; SET SESSION AUTHORIZATION ana")
        with pytest.raises(PermissionDenied, match="while the database was open"):
            con.execute("COPY (SELECT 1 AS x) TO 'volume://later/b.csv'")
    with contextlib.closing(sqlml.connect(str(tmp_path / "new.duckdb"), user="ana")) as con:
        con.execute("COPY (SELECT 1 AS x) TO 'volume://later/b.csv'")
        assert con.execute("FROM 'volume://later/b.csv'").fetchall() == [(1,)]
