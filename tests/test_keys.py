"""Keys that take the place of others: what was signed before stays good until they are forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml import signing
from sqlml.cli import main
from sqlml.errors import ArtifactRefused

ASKED = "SELECT round(ml_predict('line', p), 3) FROM points AS p WHERE x = 7"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "config"))
    path = str(tmp_path / "two words.duckdb")
    with sqlml.connect(path) as con:
        con.execute("CREATE TABLE points AS SELECT i AS x, 2.0 * i AS y FROM range(30) AS r(i)")
        con.execute("CREATE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM points")
        con.execute("CREATE FUNCTION twice(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS 'x * 2'")
    con.close()
    return path


def _answers(path: str) -> list[tuple]:
    con = sqlml.connect(path)
    found = con.execute(ASKED).fetchall() + con.execute("SELECT twice(21)").fetchall()
    con.close()
    return found


def test_rotation_signs_files_again(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = signing.signing_key(create=False)
    assert before is not None
    assert main(["key", "rotate", file]) == 0
    assert "1 model version(s) and 1 function(s) were signed again" in capsys.readouterr().out
    after = signing.signing_key(create=False)
    assert after is not None
    assert after != before
    assert [oct(path.stat().st_mode & 0o777) for path in signing.key_path().parent.iterdir()] == ["0o600"] * 2
    assert main(["key", "show"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[:2] for line in shown.splitlines()] == [
        [signing.key_id(after), "signs"],
        [signing.key_id(before), "retired:"],
    ]
    assert before.hex() not in shown
    assert _answers(file) == [(14.0,), (42,)]
    assert main(["key", "forget", signing.key_id(before)]) == 0
    assert _answers(file) == [(14.0,), (42,)]


def test_what_was_not_signed_again_is_taken_until_the_key_is_forgotten(file: str) -> None:
    old, _ = signing.rotate()
    assert _answers(file) == [(14.0,), (42,)]
    signing.forget(signing.key_id(old))
    con = sqlml.connect(file)
    with pytest.raises(ArtifactRefused, match="not signed with your key"):
        con.execute(ASKED)
    con.close()


def test_what_cannot_be_forgotten(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    own = signing.signing_key(create=False)
    assert own is not None
    for name in (signing.key_id(own), "../signing", "0" * 16):
        assert main(["key", "forget", name]) == 1
        assert "There is no retired key" in capsys.readouterr().err
    assert main(["key", "forget"]) == 2
    assert main(["key", "rotate", file + "x"]) == 2
    assert _answers(file) == [(14.0,), (42,)]
    assert signing.retired_keys() == []


def test_a_damaged_artifact_is_not_signed_again(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    con = sqlml.connect(file)
    con.execute("UPDATE sqlml.artifacts SET body = body || '\\x20'::BLOB")
    con.close()
    assert main(["key", "rotate", file]) == 1
    assert "is damaged" in capsys.readouterr().err


def test_a_process_that_was_killed_between_the_two_files(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = signing._write_key

    def killed(aside: Path, key: bytes, path: Path) -> None:
        if path == signing.key_path():
            raise KeyboardInterrupt
        written(aside, key, path)

    monkeypatch.setattr(signing, "_write_key", killed)
    with pytest.raises(KeyboardInterrupt):
        signing.rotate()
    assert _answers(file) == [(14.0,), (42,)]
