"""Functions in Python beyond what .test files say: interrupts, folders, permissions, trust."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

import sqlml
from sqlml.cli import main
from sqlml.errors import (
    AlreadyExists,
    ArtifactRefused,
    Cancelled,
    InvalidOption,
    InvalidSql,
    NotFound,
    PermissionDenied,
    PythonFailed,
)

SHOUT = '''
"""`shout(s VARCHAR) -> VARCHAR`: louder."""

import pyarrow.compute as pc


class Shout:
    """Text in capitals.

    SELECT shout('a');
    """

    name = "shout"
    parameters = ("VARCHAR",)
    returns = "VARCHAR"
    has_side_effects = False

    def __call__(self, s):
        return pc.utf8_upper(s)
'''
UDF = """
class Given:
    name = "{name}"
    parameters = {parameters}
    returns = "{returns}"
    has_side_effects = False

    def __call__(self, x):
        {body}
"""


def _udf(folder: Path, name: str, *, parameters: str = "('BIGINT',)", returns: str = "BIGINT", body: str = "return x"):
    folder.joinpath(f"{name}.py").write_text(UDF.format(name=name, parameters=parameters, returns=returns, body=body))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "udfs"
    made.mkdir()
    (made / "shout.py").write_text(SHOUT)
    (made / "_notes.py").write_text("this is not Python")
    return made


@pytest.mark.parametrize("body", ["import time\ntime.sleep(60)\nreturn x", "while True:\n    pass\nreturn x"])
def test_an_interrupt_stops_a_function_that_never_returns(con: sqlml.Connection, body: str) -> None:
    con.execute(f"CREATE FUNCTION forever(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS $$\n{body}\n$$")
    con.execute("CREATE TABLE t AS SELECT 1 AS a")
    for sql in (
        "SELECT forever(x) FROM range(10000) AS r(x)",
        "INSERT INTO t SELECT forever(x) FROM range(3) AS r(x)",
        "SELECT forever(1)",
    ):
        threading.Timer(0.2, con.interrupt).start()
        with pytest.raises(Cancelled):
            con.execute(sql).fetchall()
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            con.execute(sql).fetchall()
    assert con.execute("SELECT count(*) FROM t").fetchall() == [(1,)]


def test_a_function_is_the_readers_once_it_is_committed(tmp_path: Path) -> None:
    con, other = sqlml.connect(tmp_path / "a.db"), sqlml.connect(tmp_path / "a.db")
    con.begin()
    con.execute("CREATE FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS $$ x + 1 $$")
    with pytest.raises(NotFound):
        other.execute("SELECT f(1)")
    con.commit()
    assert other.execute("SELECT f(1)").fetchall() == [(2,)]
    other.begin()
    assert other.execute("SELECT f(1)").fetchall() == [(2,)]
    con.execute("CREATE OR REPLACE FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS $$ x + 2 $$")
    # The transaction that began before goes on with the body it saw.
    assert other.execute("SELECT f(1)").fetchall() == [(2,)]
    other.rollback()
    assert other.execute("SELECT f(1)").fetchall() == [(3,)]
    con.close()
    other.close()


def test_a_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _udf(folder, "any_kind", parameters="None")
    con = sqlml.connect(tmp_path / "a.db", udfs=folder)
    second = sqlml.connect(tmp_path / "a.db", udfs=str(folder))
    for each in (con, second):
        assert each.execute("SELECT shout('a'), shout(NULL), any_kind(5)").fetchall() == [("A", None, 5)]
    assert con.execute("SHOW FUNCTIONS LIKE 'shout'").fetchall() == [
        ("temp", "main", "shout", "python", "shout(s VARCHAR) -> VARCHAR", "Text in capitals.")
    ]
    second.close()
    con.close()
    # The file keeps nothing of it.
    con = sqlml.connect(tmp_path / "a.db")
    with pytest.raises(NotFound):
        con.execute("SELECT shout('a')")
    con.close()
    script = tmp_path / "a.sql"
    script.write_text("SELECT shout('b') AS s;")
    assert main(["run", str(script), "--udfs", str(folder), "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines() == ["s", "B"]
    assert main(["run", str(script), "--udfs", str(tmp_path / "nowhere")]) == 1
    assert "There is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "text", "error", "said"),
    [
        ("bad", "x = ", PythonFailed, "bad.py failed: SyntaxError"),
        ("bad", "import a_module_that_is_not_there", PythonFailed, "ModuleNotFoundError"),
        ("bad", "class A: pass", NotFound, 'no class with name = "bad"'),
        ("bad", "class A:\n    name = 'bad'", InvalidOption, 'does not say its "parameters"'),
        ("bad", UDF.format(name="bad", parameters="('NUMBRE',)", returns="BIGINT", body=""), PythonFailed, "bad.py"),
        ("bad", UDF.format(name="bad", parameters="('NUMBRE',)", returns="BIGINT", body="pass"), NotFound, "NUMBRE"),
        (
            "bad",
            UDF.format(name="bad", parameters="('(',)", returns="BIGINT", body="pass"),
            InvalidSql,
            "syntax error",
        ),
        ("bad", UDF.format(name="bad", parameters="5", returns="BIGINT", body="pass"), InvalidOption, "not DuckDB's"),
        (
            "bad",
            UDF.format(name="bad", parameters="()", returns="BIGINT", body="pass"),
            InvalidOption,
            "takes 1 arrays",
        ),
        (
            "lower",
            UDF.format(name="lower", parameters="('BIGINT',)", returns="BIGINT", body="pass"),
            AlreadyExists,
            "lower",
        ),
    ],
)
def test_a_folder_that_cannot_be_read(folder: Path, file: str, text: str, error: type, said: str) -> None:
    (folder / f"{file}.py").write_text(text)
    with pytest.raises(error, match=said) as raised:
        sqlml.connect(udfs=folder)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return x[:1]", "returned 1 values for 3 rows"),
        ("return ['a'] * len(x)", "which is not BIGINT"),
        ("return None", "returned NoneType"),
        ("raise ValueError('no')", r"failed: ValueError: no \(line 9 of its body\)"),
    ],
)
def test_wrong_answers_of_a_folder(folder: Path, body: str, said: str) -> None:
    _udf(folder, "wrong", body=body)
    con = sqlml.connect(udfs=folder)
    with pytest.raises(PythonFailed, match=said):
        con.execute("SELECT wrong(x) FROM range(3) AS r(x)").fetchall()
    con.close()


def test_python_can_be_switched_off(tmp_path: Path, folder: Path) -> None:
    con = sqlml.connect(tmp_path / "a.db")
    con.execute("CREATE FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS $$ x + 1 $$")
    con.close()
    con = sqlml.connect(tmp_path / "a.db", allow_python=False)
    for sql in ("SELECT f(1)", "CREATE FUNCTION g() RETURNS BIGINT LANGUAGE PYTHON AS '1'"):
        with pytest.raises(PermissionDenied, match="off here") as raised:
            con.execute(sql).fetchall()
        assert "allow_python=True" in raised.value.hint
    con.execute("DROP FUNCTION f")
    con.close()
    with pytest.raises(PermissionDenied, match="off here"):
        sqlml.connect(allow_python=False, udfs=folder)


def test_a_file_from_elsewhere_is_trusted_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.db"
    marker = tmp_path / "touched"
    con = sqlml.connect(path)
    con.execute(
        "CREATE FUNCTION f() RETURNS BIGINT LANGUAGE PYTHON AS $$\n"
        f"from pathlib import Path\nPath({str(marker)!r}).touch()\ndef f():\n    return 1\n$$"
    )
    con.register_model("m", lambda frame: frame["a"], example={"a": [1.0]})
    con.close()
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "other"))
    con = sqlml.connect(path)
    with pytest.raises(ArtifactRefused, match='The function "f" is not signed with your key'):
        con.execute("SELECT f()").fetchall()
    con.close()
    assert not marker.exists()
    assert main(["trust", str(path), "--yes"]) == 0
    said = capsys.readouterr().out
    assert "m version 1: python, cloudpickle" in said
    assert "runs Python code when it is loaded" in said
    assert "function f() -> BIGINT, Python:" in said
    assert "Signed 1 model version and 1 function." in said
    con = sqlml.connect(path)
    assert con.execute("SELECT f(), ml_predict('m', a := 2)").fetchall() == [(1, 2.0)]
    con.close()
    assert marker.exists()
    assert main(["trust", str(path), "--yes"]) == 0
    assert "is signed with your key" in capsys.readouterr().out


def test_other_functions_stay_duckdbs(con: sqlml.Connection) -> None:
    for sql in (
        "CREATE FUNCTION f(x) AS x + 1 -- LANGUAGE PYTHON",
        "CREATE OR REPLACE MACRO f(x) AS x || $$ LANGUAGE PYTHON $$",
        "CREATE MACRO g(language, python) AS language",
    ):
        assert con.plan(sql).sql == sql
        con.execute(sql)
