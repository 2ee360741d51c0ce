"""`sqlml doctor`: a healthy file, and one file for each way to damage it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import sqlml
from sqlml.cli import main
from sqlml.doctor import database_file

MODELS = """
CREATE TABLE t AS SELECT i % 7 AS a, (i * 37) % 11 AS b, a * 2 + b * 0.5 AS y, a > 3 AS c FROM range(200) AS r(i);
CREATE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT a, b, y FROM t;
CREATE OR REPLACE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT a, y FROM t;
ALTER MODEL line SET ALIAS Champion = 1;
ALTER MODEL line SET TAGS (team = 'x');
CREATE MODEL "My forest" OPTIONS (model_type='random_forest_classifier', input_label_cols=['c'], num_parallel_tree=3)
AS SELECT a, b, c FROM t;
CREATE MODEL scaled TRANSFORM (ML.STANDARD_SCALER(a) OVER () AS a, y)
OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT a, y FROM t;
CREATE FUNCTION twice(x DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON AS 'def twice(x): return 2 * x';
"""


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    path = tmp_path_factory.mktemp("doctor") / "x.duckdb"
    con = sqlml.connect(path)
    con.execute(MODELS)
    con.close()
    return path


@pytest.fixture
def file(healthy, tmp_path):
    return Path(shutil.copy(healthy, tmp_path / "copy.duckdb"))


def examine(path):
    """The findings about a file, without those about the installation."""
    return database_file.examine_file(path)


def failed(path):
    return [f"{f.check}: {f.detail} {f.hint}" for f in examine(path) if f.status == "failed"]


def damage(path, sql):
    with duckdb.connect(str(path)) as con:
        con.execute(sql)


def test_a_file_whose_log_was_not_written_back(healthy, tmp_path):
    path = tmp_path / "y.duckdb"
    with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
        con.execute("PRAGMA disable_checkpoint_on_shutdown; CREATE TABLE t (a INT)")
        con.execute("INSERT INTO t FROM range(10)")
        shutil.copy(tmp_path / "x.duckdb", path)
        shutil.copy(tmp_path / "x.duckdb.wal", tmp_path / "y.duckdb.wal")
    assert [f.status for f in examine(path)] == ["ok", "note"]


def test_a_healthy_file(file):
    before = file.stat().st_mtime_ns
    findings = {f.check: (f.status, f.detail) for f in examine(file)}
    assert findings["artifacts"] == ("ok", "4 of 4 are signed with your key and what was signed")
    assert findings["references"][0] == "ok"
    assert findings["functions"][0] == "ok"
    assert findings["macros"] == ("ok", "18 of 18 are what their models give")
    assert {status for status, _ in findings.values()} == {"ok"}
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE sqlml.artifacts SET body = 'x'::BLOB WHERE format = 'linear'", "changed after it was signed"),
        ("UPDATE sqlml.artifacts SET signature = 'f00'", "not signed with your key"),
        ("UPDATE sqlml.artifacts SET size_bytes = 1", "another size"),
        ("UPDATE sqlml.features SET name = 'b2' WHERE name = 'b'", "changed after it was signed"),
        ("UPDATE sqlml.transforms SET clause = '{'", "cannot be read"),
        ("DELETE FROM sqlml.artifacts WHERE version = 2", "has no artifact"),
        ("DELETE FROM sqlml.model_versions WHERE version = 2", "sqlml.artifacts to nothing in model_versions"),
        ("DELETE FROM sqlml.runs", "sqlml.metrics to nothing in runs"),
        ("UPDATE sqlml.aliases SET version = 7", "1 row refers from sqlml.aliases"),
        ("INSERT INTO sqlml.tags VALUES ('none', NULL, 'k', 'v')", "1 row refers from sqlml.tags to nothing in models"),
        ("DROP TABLE sqlml.features", "features"),
        ("UPDATE sqlml.functions SET body = 'import os'", '"twice" in Python is not signed'),
        ("CREATE OR REPLACE MACRO sqlml_models.line(features) AS 42", '"line" is not what its model gives'),
        ('DROP MACRO sqlml_models."my forest@1"', '"my forest@1" is missing'),
        ("DROP SCHEMA sqlml CASCADE; CREATE SCHEMA sqlml; CREATE TABLE sqlml.migrations (a INT)", "not ours"),
        ("INSERT INTO sqlml.migrations VALUES (9999, 'later', now())", "newer sqlml"),
    ],
)
def test_what_was_tampered_with_is_found(file, sql, said):
    damage(file, sql)
    assert said in "\n".join(failed(file))


def test_a_macro_that_fails_is_written_again_only_when_asked(file, capsys):
    damage(file, 'CREATE OR REPLACE MACRO sqlml_models.line(features) AS 42; DROP MACRO sqlml_models."line@2"')
    assert len(failed(file)) == 2
    assert len(failed(file)) == 2
    assert main(["doctor", str(file), "--repair"]) == 0
    assert "macros were written again" in capsys.readouterr().out
    assert failed(file) == []
    with duckdb.connect(str(file)) as con:
        assert round(con.execute("SELECT sqlml_models.line({'a': 1, 'b': 2})").fetchone()[0], 6) == 3


def test_repair_writes_no_macro_of_an_artifact_that_was_changed(file, capsys):
    damage(file, "UPDATE sqlml.artifacts SET signature = 'f00'; DROP MACRO sqlml_models.line")
    assert main(["doctor", str(file), "--repair", "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert {f["check"]: f["detail"] for f in findings}["repair"] == "0 macros were written again"


def test_what_is_only_worth_knowing(file):
    damage(file, "CREATE MACRO sqlml_models.mine(x) AS 1; CREATE OR REPLACE MACRO main.line(x) AS 1")
    notes = [f.detail for f in examine(file) if f.status == "note"]
    assert len(notes) == 2
    assert failed(file) == []


def test_every_table_has_to_refer_to_something(healthy):
    with duckdb.connect(str(healthy), read_only=True) as con:
        tables = con.execute(
            "SELECT DISTINCT table_name FROM duckdb_columns() "
            "WHERE schema_name = 'sqlml' AND column_name IN ('model_id', 'run_id')"
        ).fetchall()
    assert {name for (name,) in tables} == {table for table, *_ in database_file._REFERENCES}


def test_files_that_are_not_ours(tmp_path):
    path = tmp_path / "x.duckdb"
    path.write_bytes(b"not a database" * 1000)
    assert failed(path)
    plain = tmp_path / "plain.duckdb"
    duckdb.connect(str(plain)).close()
    assert [f.status for f in examine(plain)] == ["ok", "note"]


def test_an_older_file_is_told(file):
    damage(file, "DELETE FROM sqlml.migrations WHERE version >= 7; DROP TABLE sqlml.functions")
    assert [(f.check, f.status) for f in examine(file)][1:] == [("schema", "note")]


def test_the_command(file, tmp_path, monkeypatch, capsys):
    command = [sys.executable, "-m", "sqlml.cli", "doctor", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    findings = json.loads(done.stdout)
    assert {"python", "sqlml", "package", "duckdb", "signing key", "artifacts"} <= {f["check"] for f in findings}
    assert all(set(f) == {"check", "status", "detail", "hint"} for f in findings)
    (tmp_path / "signing.key").write_text("00" * 32)
    (tmp_path / "signing.key").chmod(0o644)
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path))
    assert main(["doctor"]) == 1
    assert "1 of" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 1
    [failed] = [f for f in json.loads(capsys.readouterr().out) if f["status"] == "failed"]
    assert "can be read by other users" in failed["detail"]
    assert "chmod 600" in failed["hint"]


@pytest.mark.parametrize(("arguments", "said"), [(["/nowhere/x.duckdb"], "no file"), (["--repair"], "takes a file")])
def test_misuse(arguments, said, capsys):
    assert main(["doctor", *arguments]) == 2
    assert said in capsys.readouterr().err
