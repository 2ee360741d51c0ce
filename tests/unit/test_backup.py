"""`sqlml backup` and `sqlml restore`: whole copies, checked, or nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sqlml
from sqlml.backup import backup, manifest_path, restore
from sqlml.cli import main
from sqlml.errors import AlreadyExists, InvalidData, NotFound, PermissionDenied

_ASK = "SELECT count(*), sum(ml_predict('line', p)) FROM points AS p"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a model, a sequence, an index and a view, and a key of its own."""
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "key"))
    path = tmp_path / "two words.duckdb"
    with sqlml.connect(path) as con:
        con.execute("CREATE SEQUENCE ids; CREATE TABLE points (a BIGINT DEFAULT nextval('ids'), y DOUBLE)")
        con.execute("INSERT INTO points (y) SELECT 2.0 * i FROM range(50) AS r(i); CREATE INDEX by_y ON points (y)")
        con.execute("CREATE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM points")
        con.execute("CREATE VIEW scored AS SELECT a, ml_predict('line', p) AS y FROM points AS p")
    return path


def test_a_fresh_process_answers_from_what_was_restored(file: Path, tmp_path: Path) -> None:
    """Rows, model, view, sequence and index."""
    copy, again = tmp_path / "copy.duckdb", tmp_path / "again.duckdb"
    assert main(["backup", str(file), "to", str(copy)]) == 0
    assert main(["restore", str(copy), "TO", str(again)]) == 0
    assert again.read_bytes() == file.read_bytes()
    asked = f"import sqlml; c = sqlml.connect({str(again)!r}); print(c.execute({_ASK!r}).fetchall(), c.execute('FROM scored').fetchall()[:1])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    with sqlml.connect(file) as con:
        expected = f"{con.execute(_ASK).fetchall()} {con.execute('FROM scored').fetchall()[:1]}"
    assert done.stdout.strip() == expected


def test_what_is_only_in_the_log_is_copied_too(file: Path, tmp_path: Path) -> None:
    """A process that was killed leaves its last commits there."""
    dying = (
        f"import os, sqlml; c = sqlml.connect({str(file)!r}); "
        "c.execute('INSERT INTO points (y) VALUES (7)'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", dying], check=False)
    assert file.with_name(f"{file.name}.wal").exists()
    backup(file, tmp_path / "copy.duckdb")
    restore(tmp_path / "copy.duckdb", tmp_path / "again.duckdb")
    with sqlml.connect(tmp_path / "again.duckdb") as con:
        assert con.execute("SELECT count(*) FROM points").fetchall() == [(51,)]


_WRITES = """
import sys, sqlml
con = sqlml.connect({!r})
con.execute("CREATE TABLE a (n BIGINT); CREATE TABLE b (n BIGINT, text VARCHAR)")
con.execute({!r})
n = 0
print('open', flush=True)
while True:
    n += 1
    con.execute("BEGIN")
    con.execute("INSERT INTO a VALUES (?)", [n])
    con.execute("INSERT INTO b SELECT ?, repeat('x', 100) FROM range(?)", [n, 5000 if n % 7 == 0 else 1])
    con.execute("COMMIT")
"""


@pytest.mark.parametrize("checkpoints", ["SELECT 1", "SET checkpoint_threshold = '2MB'"])
def test_a_file_that_another_process_writes_to_is_copied_as_it_is_at_one_moment(
    file: Path, tmp_path: Path, checkpoints: str
) -> None:
    """Every transaction is in both tables or in none."""
    code = _WRITES.format(str(file), checkpoints)
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "open\n"
        for n in range(4):
            backup(file, tmp_path / f"copy{n}.duckdb")
    finally:
        other.kill()
        other.communicate()
    last = 0
    for n in range(4):
        restore(tmp_path / f"copy{n}.duckdb", tmp_path / f"again{n}.duckdb")
        with sqlml.connect(tmp_path / f"again{n}.duckdb") as con:
            [(a, highest)] = con.execute("SELECT count(*), max(n) FROM a").fetchall()
            [(b, same)] = con.execute("SELECT count(DISTINCT n), bool_and(length(text) = 100) FROM b").fetchall()
            assert (a, a, same) == (highest or 0, b, True if a else None)
            assert a >= last
            assert con.execute(_ASK).fetchall()[0][0] == 50
            last = a
    assert last > 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".copy")] == []


def test_a_file_that_others_only_read_is_copied(file: Path, tmp_path: Path) -> None:
    holding = "import sys, sqlml; c = sqlml.connect({!r}, read_only=True); print('open', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", holding.format(str(file))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"
    try:
        backup(file, tmp_path / "copy.duckdb")
    finally:
        other.communicate()
    assert (tmp_path / "copy.duckdb").read_bytes() == file.read_bytes()


def test_nothing_is_overwritten_and_damage_is_seen(file: Path, tmp_path: Path) -> None:
    """A copy or file that is there stays; one bit decides."""
    copy, again = tmp_path / "copy.duckdb", tmp_path / "again.duckdb"
    backup(file, copy)
    with pytest.raises(AlreadyExists, match="already"):
        backup(file, copy)
    with pytest.raises(AlreadyExists):
        restore(copy, file)
    body = bytearray(copy.read_bytes())
    body[-1] ^= 1
    copy.write_bytes(body)
    with pytest.raises(InvalidData, match="manifest says"):
        restore(copy, again)
    manifest_path(copy).write_text("{}")
    with pytest.raises(InvalidData, match="not the manifest"):
        restore(copy, again)
    manifest_path(copy).unlink()
    with pytest.raises(NotFound, match="manifest"):
        restore(copy, again)
    with pytest.raises(NotFound):
        backup(tmp_path / "nothing", again)
    assert [p.name for p in tmp_path.iterdir() if "again" in p.name] == []


def test_another_key_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a machine with another key the models have to be trusted first."""
    copy, again = tmp_path / "copy.duckdb", tmp_path / "again.duckdb"
    made = backup(file, copy)
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "other"))
    assert main(["restore", str(copy), "to", str(again)]) == 0
    said = capsys.readouterr().err
    assert str(made.key_id) in said
    assert "Hint: " in said
    assert "sqlml trust" in said


def test_only_superusers_take_all_of_a_governed_file(file: Path, tmp_path: Path) -> None:
    """Others would take what they may not read."""
    with sqlml.connect(file) as con:
        con.execute("CREATE USER boss; CREATE USER ana")
    with pytest.raises(PermissionDenied, match="everything"):
        backup(file, tmp_path / "copy.duckdb", user="ana")
    backup(file, tmp_path / "copy.duckdb", user="boss")
