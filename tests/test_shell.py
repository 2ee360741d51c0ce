"""`sqlml shell` on a terminal of its own, as a person sees it, and as a script."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

import sqlml
from sqlml.cli import main
from tests.pty_shell import Terminal

SHELL = [sys.executable, "-m", "sqlml.cli", "shell"]
LONG = "SELECT count(*) FROM range(1000000000000) AS r(i) WHERE hash(i) = 3;"
TRAINING = (
    "CREATE MODEL slow OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['y'], "
    "max_iterations=100000, early_stop=false) AS FROM numbers;"
)


@pytest.fixture
def state(tmp_path):
    return {"SQLML_STATE_DIR": str(tmp_path / "state"), "SQLML_PAGER": "less"}


@pytest.fixture
def open_shell(state):
    opened = []

    def open_it(*arguments, **options):
        terminal = Terminal("shell", *arguments, environment=state, **options)
        opened.append(terminal)
        terminal.prompt()
        return terminal

    yield open_it
    for terminal in opened:
        terminal.process.close(force=True)


@pytest.fixture
def script(monkeypatch, capfd):
    """Runs a text as standard input; gives the exit code, what was written, and the errors."""

    def run(text, *arguments):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        code = main(["shell", *arguments])
        return (code, *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A file with two models, so that no shell has to load what trains them."""
    path = tmp_path_factory.mktemp("shell") / "x.duckdb"
    con = sqlml.connect(path)
    con.execute("""
        CREATE TABLE customers AS
        SELECT i % 7 AS age, i % 5 AS "Full Name", age * 2 AS y, age > 3 AS c FROM range(200) AS r(i);
        CREATE MODEL spend OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT age, y FROM customers;
        CREATE MODEL churn OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['c'])
        AS SELECT age, "Full Name", c FROM customers;
    """)
    con.close()
    return path


@pytest.fixture
def database(trained, tmp_path):
    return str(shutil.copy(trained, tmp_path / "copy.duckdb"))


def test_statements_lines_errors_and_transactions(open_shell):
    shell = open_shell()
    # Enter begins a new line until DuckDB reads a semicolon that is one.
    shell.type("SELECT 'a;\rb' AS x, -- ;\r /* ; */ 42 AS y\r;\r")
    shell.see("42 │")
    assert "  ...>  /* ; */ 42 AS y" in shell.text
    shell.prompt()
    error = shell.run("SELECT nope FROM (SELECT 1 AS node);")
    assert "Error 42704" in error
    caret = error.splitlines().index("LINE 1: SELECT nope FROM (SELECT 1 AS node);") + 1
    assert error.splitlines()[caret] == " " * 15 + "^"
    assert "Hint:" in shell.run("SHOW MODLES LIKE 1; SELECT ml_predict('none', a := 1);")
    shell.run("BEGIN;", mark="*")
    assert "1 row" in shell.run("CREATE TABLE t AS SELECT 1 AS a;", mark="*")
    shell.run("SELECT nope;", mark="!")
    assert "Error 25P02" in shell.run("SELECT 1;", mark="!")
    shell.run("ROLLBACK;")
    assert "0 rows" in shell.run("\\d")
    # Ctrl-C clears what is typed and stays; Ctrl-D leaves, and says what becomes of a transaction.
    shell.type("SELECT half\x03")
    shell.prompt()
    shell.run("BEGIN;", mark="*")
    assert shell.leave() == 0
    assert b"rolled back" in shell.process.before


def test_completion(open_shell, database):
    shell = open_shell("--db", database)
    for typed, expected in {
        "SELECT * FROM cust\t": "SELECT * FROM customers",
        "SHOW MODEL W\t": "SHOW MODEL WARNINGS",
        "DROP MODEL s\t": "DROP MODEL spend",
        "SELECT ml_predict('s\t": "SELECT ml_predict('spend'",
        "SELECT c.ag\t FROM customers AS c": "SELECT c.ag FROM customers AS c",
        'SELECT * FROM customers WHERE "F\t': 'SELECT * FROM customers WHERE "Full Name"',
        "SELECT * FROM ML.ROC\t": "SELECT * FROM ML.ROC_CURVE(",
        "CREATE MODEL x OPTIONS (model_type='linear_r\t": "CREATE MODEL x OPTIONS (model_type='linear_reg'",
        "CREATE MODEL x OPTIONS (input_l\t": "CREATE MODEL x OPTIONS (input_label_cols",
        "\\ti\t": "\\timing",
        "\\d cus\t": "\\d customers",
    }.items():
        shell.type(typed)
        shell.wait(lambda t, e=expected: t.last.endswith(e) or e in t.text)
        shell.type("\x03")
        shell.prompt()
    # With the table behind the cursor its columns are known.
    shell.type("SELECT ag FROM customers" + "\x1b[D" * 15 + "\t")
    shell.see("age         customers")
    shell.type("\x03")
    shell.prompt()
    shell.run("ALTER TABLE customers RENAME TO clients;")
    shell.type("FROM cli\t")
    shell.see("FROM clients")


def test_ctrl_c_cancels_the_statement_and_not_the_shell(open_shell, tmp_path):
    db = tmp_path / "x.duckdb"
    shell = open_shell("--db", str(db), columns=150)
    shell.run("CREATE TABLE numbers AS SELECT random() AS a, random() AS b, random() AS y FROM range(50000);")
    for statement in (LONG, TRAINING):
        shell.type(f"{statement}\r")
        if statement is TRAINING:
            # The progress bar: how many of the trees are there.
            shell.see("/100000")
        time.sleep(0.4)
        # Impatient: the second must not cut short what the first one undoes.
        shell.type("\x03")
        shell.type("\x03")
        shell.see("Interrupted")
        shell.prompt()
        assert "50000" in shell.run("SELECT count(*) AS n FROM numbers;")
    assert "0 rows" in shell.run("SHOW MODELS;")
    assert shell.leave() == 0
    con = sqlml.connect(db, read_only=True)
    assert con.execute("SELECT count(*) FROM sqlml.model_versions").fetchone() == (0,)
    con.close()


def test_history_goes_on_and_is_the_users_own(open_shell, tmp_path):
    shell = open_shell()
    shell.run("SELECT 'first' || 'time' AS x;")
    shell.run("CREATE SECRET s (TYPE nothing, SECRET 'hidden');")
    assert shell.leave() == 0
    path = tmp_path / "state" / "shell_history"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "hidden" not in path.read_text()
    path.chmod(0o644)
    shell = open_shell()
    assert path.stat().st_mode & 0o777 == 0o600
    shell.type("\x1b[A")
    shell.see("SELECT 'first' || 'time' AS x;")
    shell.type("\r")
    shell.see("firsttime")


def test_commands(open_shell, database, tmp_path):
    (tmp_path / "more.sql").write_text("SELECT 'from a file' AS f;\n\\i none.sql\n")
    shell = open_shell("--db", database, columns=150)
    shell.run('CREATE TABLE "my t" AS SELECT i AS id, i * 2 AS y FROM range(200) AS r(i);')
    assert "│ my t      │ table │  200 │" in shell.run(".tables")
    assert "│ id          │ BIGINT" in shell.run('\\d "my t"')
    assert "copy.duckdb" in shell.run("\\l")
    assert "linear_reg" in shell.run("\\dm")
    assert "ml_predict_proba" in shell.run("\\df ml_pred*")
    assert 'CREATE TABLE "my t"' in shell.run(".schema")
    read = shell.run(f"\\i {tmp_path / 'more.sql'}")
    assert "from a file" in read
    assert "none.sql cannot be read" in read
    assert "Error 42704" in shell.run("\\d none")
    assert 'Did you mean "\\timing"?' in shell.run("\\timin")
    shell.run("\\timing")
    assert "Time: " in shell.run("SELECT 1;")
    shell.run("\\timing off")
    assert "row 1 ──" in shell.run("\\x") or "row 2 ──" in shell.run('FROM "my t" LIMIT 2;')
    shell.run("\\x off")
    shell.run("\\format csv")
    assert "id,y\n0,0" in shell.run('FROM "my t" LIMIT 1;')
    shell.run(f"\\o '{tmp_path / 'out.csv'}'")
    assert "7,14" not in shell.run('FROM "my t";')
    shell.run("\\o")
    assert (tmp_path / "out.csv").read_text().splitlines()[8] == "7,14"
    assert "There is no format" in shell.run("\\format tabel")
    shell.run("\\format table")
    assert "\\pager [on|off]" in shell.run("\\?")
    # What is much wider or longer than the terminal is paged; q leaves the pager.
    shell.type("SELECT " + ", ".join(f"repeat('x', 20) AS x{i}" for i in range(12)) + ";\r")
    shell.wait(lambda t: t.last == "(END)")
    assert any(line.startswith("│ x0 ") and line.endswith(">") for line in shell.text.splitlines())
    shell.type("q")
    shell.prompt()
    shell.type('FROM "my t";\r')
    shell.wait(lambda t: t.last == ":")
    assert "│ 199 │" not in shell.text
    shell.type("q")
    shell.prompt()
    shell.run("\\rows 3")
    assert "The first 3 rows; there are more" in shell.run('FROM "my t";')
    shell.type("\\q\r")
    shell.wait(lambda t: not t.process.isalive())


def test_charts_on_a_terminal(open_shell, database):
    shell = open_shell("--db", database, lines=60)
    assert "age │██" in shell.run("SELECT * FROM ML.FEATURE_IMPORTANCE(MODEL churn);")
    curve = shell.run("FROM ML.ROC_CURVE(MODEL churn);")
    assert "ROC curve, area 1.000" in curve
    assert "0.5 │" in curve
    shell.run("\\chart off")
    assert "██" not in shell.run("SELECT * FROM ML.FEATURE_IMPORTANCE(MODEL churn);")


def test_a_history_that_cannot_be_kept_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    shell = Terminal("shell", environment={"SQLML_STATE_DIR": str(tmp_path / "file")})
    shell.prompt()
    # The terminal breaks lines where a path is long, within words too.
    assert "cannotbekept" in "".join(shell.text.split())
    assert shell.leave() == 0


def test_standard_input_is_a_script(script):
    code, out, errors = script(
        "CREATE TABLE t AS SELECT 42 AS a;\n\\format csv\nFROM t;\n.tables\nSELECT 'no semicolon' AS x"
    )
    assert code == 0, errors
    assert out.splitlines()[:3] == ["format csv", "a", "42"]
    assert out.endswith("x\nno semicolon\n")
    assert "OK" not in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;\n\n  SELECT nope;\nSELECT 'not reached';", "LINE 3:   SELECT nope"),
        ("\\i /nowhere/x.sql\nSELECT 'not reached';", "cannot be read"),
        ("\\nope\nSELECT 'not reached';", "There is no command \\nope"),
        ("\\rows none", "not a number"),
        ("\\timing maybe", "not on or off"),
        ("\\d a.b.c.d.e", "not a name"),
        ("\\o /nowhere/x.csv", "cannot be written"),
    ],
)
def test_an_error_ends_a_script(script, text, said):
    code, out, errors = script(text)
    assert code == 1
    assert said in errors
    assert "not reached" not in out


def test_a_file_that_reads_itself_is_an_error(script, tmp_path):
    path = tmp_path / "self.sql"
    path.write_text(f"\\i {path}\n")
    code, _, errors = script(f"\\i {path}\n")
    assert code == 1
    assert "is read by itself" in errors


def test_an_interrupted_script_says_so(tmp_path):
    process = subprocess.Popen(SHELL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write("\\format csv\nSELECT 'begun' AS sign;\n" + LONG)
    process.stdin.close()
    while "begun" not in process.stdout.readline():
        pass
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert "Interrupted" in process.stderr.read()
    process.stdout.close()
    process.stderr.close()


def test_without_prompt_toolkit_it_says_what_to_install(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'prompt_toolkit' else find(name, *rest)\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    terminal = Terminal("shell", environment={"PYTHONPATH": path})
    terminal.see("pip install 'sqlml[shell]'")
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(SHELL, input="SELECT 1;", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    terminal.process.close(force=True)
