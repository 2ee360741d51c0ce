"""`sqlml run` and `sqlml trust`, as a shell sees them."""

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest

import sqlml

SQLML = [sys.executable, "-m", "sqlml.cli"]
SCRIPT = """
-- a comment; with a semicolon
CREATE TABLE t AS SELECT i % 7 AS a, (i * 37) % 11 AS b, a * 2 + b * 0.5 AS y FROM range(600) AS r(i);
CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM t;
SELECT a, b, round(ml_predict('m', t), 6) AS p, NULL AS nothing, 'x|y;' AS text FROM t WHERE a = $a ORDER BY b LIMIT 2;
"""


def run(*arguments, stdin=None, **options):
    return subprocess.run(
        [*SQLML, *arguments], input=stdin, capture_output=True, text=True, timeout=120, check=False, **options
    )


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "s.sql"
    path.write_text(SCRIPT)
    return str(path)


def test_csv(script):
    done = run("run", script, "--format", "csv", "--param", "a=3")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["model", "version", "metrics", "seconds"]
    assert rows[1][:2] == ["m", "1"]
    assert json.loads(rows[1][2])["r2_score"] == pytest.approx(1)
    assert rows[2:] == [
        ["a", "b", "p", "nothing", "text"],
        ["3", "0", "6.0", "", "x|y;"],
        ["3", "0", "6.0", "", "x|y;"],
    ]


def test_json(script):
    done = run("run", script, "--format", "json", "--param", "a=3")
    decoder, text, found = json.JSONDecoder(), done.stdout.strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    assert found[1] == [{"a": 3, "b": 0, "p": 6.0, "nothing": None, "text": "x|y;"}] * 2


def test_markdown_and_table(script):
    markdown = run("run", script, "--format", "markdown", "--param", "a=3").stdout
    assert "| 3 | 0 | 6 |  | x\\|y; |" in markdown
    table = run("run", script, "--param", "a=3").stdout
    assert "NULL" in table
    assert "x|y;" in table


def test_a_table_says_how_many_rows_it_leaves_out():
    done = run("run", "-", stdin="SELECT * FROM range(1000)")
    assert "1,000 rows, 40 shown" in done.stdout


def test_the_database_is_kept_and_read_only_is_kept_too(tmp_path, script):
    db = str(tmp_path / "x.duckdb")
    assert run("run", script, "--db", db, "--param", "a=3").returncode == 0
    done = run("run", "-", "--db", db, "--read-only", "--format", "csv", stdin="SELECT ml_predict('m', a := 1, b := 2)")
    assert round(float(done.stdout.splitlines()[1]), 6) == 3
    refused = run("run", "-", "--db", db, "--read-only", stdin="DROP MODEL m")
    assert refused.returncode == 1
    assert "Error 25006" in refused.stderr


@pytest.mark.parametrize(
    ("sql", "state", "hint"),
    [
        ("SELECT 1;\nSELECT nope", "42704", "LINE 2"),
        ("SELECT ml_predict('none', a := 1)", "42704", "SHOW MODELS"),
        ("CREATE MODEL m OPTIONS (model_typ='linear_reg') AS SELECT 1 AS label", "22023", "model_type"),
    ],
)
def test_an_error_stops_the_script(sql, state, hint):
    done = run("run", "-", "--format", "csv", stdin=sql + "; SELECT 'not reached'")
    assert done.returncode == 1
    assert f"Error {state}" in done.stderr
    assert hint in done.stderr
    assert "not reached" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "/nowhere/x.sql"], "there is no file"),
        (["run", "-", "--param", "a"], "NAME=VALUE"),
        (["trust", "/nowhere/x.duckdb"], "there is no file"),
        ([], "COMMAND"),
    ],
)
def test_misuse(arguments, said):
    done = run(*arguments, stdin="")
    assert done.returncode == 2
    assert said in done.stderr


def test_an_unused_parameter_is_an_error(script):
    done = run("run", script, "--param", "a=3", "--param", "aa=4")
    assert done.returncode == 1
    assert 'Did you mean "a"?' in done.stderr


def test_interrupt_leaves_nothing(tmp_path):
    db = tmp_path / "x.duckdb"
    sql = """CREATE TABLE t AS SELECT random() AS a, random() AS b, random() AS y FROM range(100000);
             SELECT 'begun' AS sign;
             CREATE MODEL m OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['y'],
                                     max_iterations=100000, early_stop=false) AS FROM t;"""
    process = subprocess.Popen(
        [*SQLML, "run", "-", "--db", str(db), "--format", "csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    process.stdin.write(sql)
    process.stdin.close()
    while "begun" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert "Interrupted" in process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    con = sqlml.connect(db)
    assert con.execute("SHOW MODELS").fetchall() == []
    assert con.execute("SELECT count(*) FROM t").fetchone() == (100000,)
    con.close()


def test_trust_signs_a_file_from_elsewhere(tmp_path, script):
    db = str(tmp_path / "x.duckdb")
    theirs = {**os.environ, "SQLML_CONFIG_DIR": str(tmp_path / "theirs")}
    mine = {**os.environ, "SQLML_CONFIG_DIR": str(tmp_path / "mine")}
    assert run("run", script, "--db", db, "--param", "a=3", env=theirs).returncode == 0
    predict = "SELECT ml_predict('m', a := 1, b := 2)"
    refused = run("run", "-", "--db", db, stdin=predict, env=mine)
    assert refused.returncode == 1
    assert "sqlml trust" in refused.stderr
    asked = run("trust", db, stdin="", env=mine)
    assert asked.returncode == 1
    assert "m version 1" in asked.stdout
    assert run("trust", db, "--yes", env=mine).returncode == 0
    assert run("run", "-", "--db", db, stdin=predict, env=mine).returncode == 0
    assert "Every model" in run("trust", db, env=mine).stdout
    assert (tmp_path / "mine" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_output_to_a_closed_pipe_ends_quietly():
    process = subprocess.Popen(
        [*SQLML, "run", "-", "--format", "csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write("SELECT * FROM range(3000000)")
    process.stdin.close()
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()
