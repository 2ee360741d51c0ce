"""The audit log: what is in it, what it survives, and that what was done to it shows."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sqlml
from sqlml.audit.log import audit_path, head_path
from sqlml.audit.redaction import action_of, is_read, redacted
from sqlml.audit.verification import rows_of, verify
from sqlml.cli import main
from sqlml.signing import signing_key


@pytest.fixture
def governed(tmp_path: Path) -> str:
    path = str(tmp_path / "two words.duckdb")
    con = sqlml.connect(path)
    con.execute("CREATE TABLE points (a INTEGER)")
    con.execute("CREATE USER ana SUPERUSER PASSWORD 'topsecret'")
    con.execute("CREATE USER bob")
    con.close()
    return path


def rows(path: str) -> list[dict[str, Any]]:
    key = signing_key(create=False)
    assert key is not None
    return [found["row"] for _, found, _ in rows_of(audit_path(path), [key]) if "row" in found]


def test_allowed_refused_and_unreadable_statements_are_recorded(governed: str) -> None:
    con = sqlml.connect(governed, user="bob")
    for sql in ("SELECT 41", "CREATE USER eve", "SELEC 'hidden'"):
        with contextlib.suppress(sqlml.SqlmlError):
            con.execute(sql)
    con.close()
    last = rows(governed)[-3:]
    assert [(row["user"], row["decision"], row["error"]) for row in last] == [
        ("bob", "allow", None),
        ("bob", "deny", "42501"),
        ("bob", "allow", "42601"),
    ]
    text = audit_path(governed).read_text()
    assert "hidden" not in text
    assert "41" not in [row["statement"] for row in last]
    assert "topsecret" not in text


def test_a_rollback_does_not_erase_it(governed: str) -> None:
    con = sqlml.connect(governed, user="ana")
    for sql in ("BEGIN", "INSERT INTO points VALUES (7)", "ROLLBACK"):
        con.execute(sql)
    con.close()
    assert [row["action_name"] for row in rows(governed)][-3:] == ["BEGIN", "INSERT", "ROLLBACK"]


def test_a_killed_process_loses_nothing_that_was_answered(governed: str) -> None:
    code = (
        "import sqlml, sys, time\n"
        "con = sqlml.connect(sys.argv[1], user='ana')\n"
        "for n in range(20): con.execute(f'SELECT {n} AS n{n}').fetchall()\n"
        "print('answered', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, governed], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"answered\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert [row["statement"] for row in rows(governed)][-1] == "SELECT ? AS n19"
    assert main(["audit", "verify", governed]) == 0


@pytest.mark.parametrize("harm", ["flip", "remove", "cut"])
def test_what_was_done_to_it_shows(governed: str, harm: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = audit_path(governed)
    lines = log.read_bytes().splitlines(keepends=True)
    assert len(lines) == 2
    harmed = {"flip": [lines[0].replace(b"CREATE", b"CREATF", 1), lines[1]], "remove": lines[1:], "cut": lines[:1]}
    log.write_bytes(b"".join(harmed[harm]))
    assert main(["audit", "verify", governed]) == 1
    said = capsys.readouterr().err
    assert {"flip": "Row 1 was altered", "remove": "Row 1 is missing", "cut": "ends with row 1, and 2"}[harm] in said


def test_a_torn_last_row_is_said_and_gone_on_after(governed: str) -> None:
    log, key = audit_path(governed), signing_key(create=False)
    assert key is not None
    with log.open("ab") as file:
        file.write(b"0123 half a ro")
    verdict = verify(log, [key])
    assert verdict.problem is None
    assert verdict.note is not None
    sqlml.connect(governed, user="ana").execute("SELECT 1")
    assert verify(log, [key]).note is None
    assert verify(log, [key]).problem is None


def test_a_file_without_users_has_no_log(tmp_path: Path) -> None:
    path = str(tmp_path / "plain.duckdb")
    con = sqlml.connect(path)
    con.execute("SELECT 1")
    con.close()
    assert not audit_path(path).exists()
    assert not head_path(audit_path(path)).exists()


def test_show_gives_rows_as_json(governed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "show", governed]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["action_name"] for row in shown] == ["CREATE_USER", "CREATE_USER"]


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT a FROM t WHERE b = 'x' AND c > 1.5 -- why", "SELECT a FROM t WHERE b = ? AND c > ?"),
        ("ALTER USER bob PASSWORD 'y'", "ALTER USER bob PASSWORD ?"),
        ('ALTER USER bob PASSWORD "y"', "ALTER USER bob PASSWORD ?"),
        ("SELECT $$body$$", "SELECT ?"),
    ],
)
def test_literals_are_redacted(sql: str, kept: str) -> None:
    session = sqlml.connect(":memory:").session
    assert redacted(sql, session.database.tokenize) == kept


def test_a_script_is_no_read() -> None:
    assert is_read("SELECT ?;", "SELECT")
    assert not is_read("SELECT ?; GRANT x TO y", "SELECT")


def test_actions_are_the_first_words() -> None:
    assert action_of("create or replace model m") == "CREATE_MODEL"
    assert action_of("GRANT SELECT ON t TO bob") == "GRANT"


def test_what_a_line_says(governed: str) -> None:
    con = sqlml.connect(governed, user="ana")
    con.execute("GRANT USE SCHEMA ON SCHEMA main TO bob; GRANT SELECT ON TABLE points TO bob")
    con.execute("INSERT INTO points SELECT 7 FROM range(3)")
    with contextlib.suppress(sqlml.SqlmlError):
        sqlml.connect(governed, user="bob").execute("SELECT a FROM points; CREATE TABLE hidden (a INTEGER)")
    con.execute("CREATE TABLE hidden AS SELECT 1 AS a")
    with contextlib.suppress(sqlml.SqlmlError):
        sqlml.connect(governed, user="bob").execute("SELECT a FROM hidden")
    assert (rows(governed)[-1]["decision"], rows(governed)[-1]["error"]) == ("deny", "42704")
    con.execute("CREATE VIEW seen AS SELECT a FROM points")
    con.executemany("INSERT INTO points VALUES (?)", [[1], [2]])
    for _ in range(2):
        con.execute("SELECT a FROM seen").fetchall()
    with contextlib.suppress(sqlml.SqlmlError):
        sqlml.connect(governed, user="bob").execute("DELETE FROM points")
    con.close()
    last = [(r["user"], r["action_name"], r["objects"], r["rows"], r["decision"]) for r in rows(governed)[-5:]]
    assert last == [
        ("ana", "CREATE_VIEW", ["main.points"], None, "allow"),
        ("ana", "INSERT", ["main.points"], 2, "allow"),
        ("ana", "SELECT", ["main.points", "main.seen"], None, "allow"),
        ("ana", "SELECT", ["main.points", "main.seen"], None, "allow"),
        ("bob", "DELETE", ["main.points"], None, "deny"),
    ]


def test_another_folder(governed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").mkdir()
    before = audit_path(governed).read_bytes()
    monkeypatch.setenv("SQLML_AUDIT_DIR", str(tmp_path / "logs"))
    with sqlml.connect(governed, user="ana", read_only=True) as con:
        con.execute("SELECT 1")
    assert [row["action_name"] for row in rows(governed)] == ["SELECT"]
    assert audit_path(governed).parent == tmp_path / "logs"
    monkeypatch.delenv("SQLML_AUDIT_DIR")
    assert audit_path(governed).read_bytes() == before


def test_who_was_not_let_in_is_recorded(governed: str) -> None:
    with pytest.raises(sqlml.SqlmlError):
        sqlml.connect(governed, user="eve")
    last = rows(governed)[-1]
    assert (last["user"], last["action_name"], last["decision"], last["error"]) == ("eve", "LOGIN", "deny", "42501")


def test_transactions_doors_and_rules(governed: str, capsys: pytest.CaptureFixture[str]) -> None:
    con = sqlml.connect(governed, user="ana", autocommit=False)
    con.execute("INSERT INTO points VALUES (1)")
    con.execute("SELECT a FROM points").fetchall()
    con.commit()
    con.rollback()
    con.close()
    last = rows(governed)[-3:]
    assert [row["action_name"] for row in last] == ["INSERT", "SELECT", "COMMIT"]
    assert len({row["transaction_id"] for row in last}) == 1
    assert last[0]["transaction_id"]
    with contextlib.suppress(sqlml.SqlmlError):
        sqlml.connect(governed, user="bob").execute("CREATE SCHEMA s")
    assert rows(governed)[-1]["rule"] == "CREATE SCHEMA ON CATALOG the catalog"
    (Path(governed).parent / "a.sql").write_text("FROM points;")
    assert main(["run", str(Path(governed).parent / "a.sql"), "--db", governed, "--user", "ana"]) == 0
    assert [row["door"] for row in rows(governed)[-2:]] == ["python", "run"]


def test_a_query_reads_it(governed: str) -> None:
    con = sqlml.connect(governed, user="ana")
    for n in range(40):
        con.execute(f"SELECT {n} AS n{n}").fetchall()
    asked = """
        SELECT user_identity.email, action_name, response.status_code, request_params['statement'], decision
        FROM "system".access."audit" WHERE action_name = $1 ORDER BY event_id::BIGINT DESC LIMIT 2 OFFSET 1
    """
    assert con.execute(asked, ["SELECT"]).fetchall() == [
        ("ana", "SELECT", 200, f"SELECT ? AS n{n}", "allow") for n in (38, 37)
    ]
    path = audit_path(governed)
    path.write_bytes(path.read_bytes().replace(b"n38", b"n83"))
    with pytest.raises(sqlml.SqlmlError, match="was altered"):
        con.execute(asked, ["SELECT"]).fetchall()
    con.close()


def test_a_long_log_is_read_in_parts(governed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlml.audit.reading._PART", 500)
    con = sqlml.connect(governed, user="ana")
    for n in range(30):
        con.execute(f"SELECT {n}").fetchall()
    found = con.execute("SELECT event_id::INT FROM system.access.audit ORDER BY ALL").fetchall()
    assert found == [(n,) for n in range(1, 33)]
    con.close()


def test_old_rows_are_left_out(governed: str, capsys: pytest.CaptureFixture[str]) -> None:
    con = sqlml.connect(governed, user="ana")
    con.execute("SELECT 1")
    assert main(["audit", "prune", governed, "--keep", "1"]) == 0
    assert capsys.readouterr().out == "0 rows are gone, 3 are kept.\n"
    assert main(["audit", "prune", governed, "--keep", "0"]) == 0
    assert capsys.readouterr().out == "3 rows are gone, 0 are kept.\n"
    # The process that has the log open goes on in the new one.
    for n in range(3):
        con.execute(f"SELECT {n} AS n{n}")
    con.close()
    assert main(["audit", "verify", governed]) == 0
    assert capsys.readouterr().out == "All 3 rows are as they were written.\n"
    assert [row["statement"] for row in rows(governed)] == [f"SELECT ? AS n{n}" for n in range(3)]
    log = audit_path(governed)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    assert main(["audit", "verify", governed]) == 1
    assert "Row 4 is missing" in capsys.readouterr().err


def test_a_process_that_was_killed_as_it_pruned(governed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlml.audit import pruning

    def killed(*_: Any) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(pruning, "written_head", killed)
    assert main(["audit", "prune", governed, "--keep", "0"]) == 130
    monkeypatch.undo()
    con = sqlml.connect(governed, user="ana")
    con.execute("SELECT 1")
    con.close()
    assert main(["audit", "verify", governed]) == 0


def test_a_file_without_users_has_a_log_where_one_asks_for_it(tmp_path: Path) -> None:
    path = str(tmp_path / "plain.duckdb")
    con = sqlml.connect(path)
    for sql in ("SELECT 1", "SET sqlml_audit = 'strict'", "SELECT 2 AS two", "SET sqlml_audit = off", "SELECT 3"):
        con.execute(sql)
    con.close()
    assert [row["action_name"] for row in rows(path)] == ["SET", "SELECT", "SET"]
    with pytest.raises(sqlml.SqlmlError, match="in memory has no audit log"):
        sqlml.connect().execute("SET sqlml_audit = 'on'")


def test_a_key_that_was_retired_still_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "config"))
    path = str(tmp_path / "a.duckdb")
    with sqlml.connect(path) as con:
        con.execute("CREATE USER ana SUPERUSER")
        con.execute("SELECT 1")
    con.close()
    assert main(["key", "rotate"]) == 0
    with sqlml.connect(path, user="ana") as con:
        con.execute("SELECT 2")
    con.close()
    capsys.readouterr()
    assert main(["audit", "verify", path]) == 0
    assert capsys.readouterr().out == "All 3 rows are as they were written.\n"
