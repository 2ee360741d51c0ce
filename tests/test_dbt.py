"""examples/dbt: a project whose model is trained by dbt, and only when it has to be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import sqlml

EXAMPLE = Path(__file__).parent.parent / "examples" / "dbt"
# dbt takes seconds to be loaded: one process runs it again and again.
RUNS = """
import sys
from dbt.cli.main import dbtRunner

for arguments in {runs!r}:
    print("RUN", *arguments, flush=True)
    done = dbtRunner().invoke(["--no-version-check", "--no-use-colors", "--no-send-anonymous-usage-stats", *arguments])
    if not done.success:
        sys.exit(f"failed: {{done.exception}}")
"""


def test_a_second_run_trains_nothing_and_says_why(tmp_path):
    if "SQLML_TEST_DBT" not in os.environ:
        pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed; make dbt-test brings it")
    project = tmp_path / "shop"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb*"))
    runs = [
        ["build"],
        ["run", "--select", "churn"],
        ["run", "--vars", "shift: 1", "--select", "customers", "churn"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUNS.format(runs=runs)], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line.partition("model churn ")[2] for line in done.stdout.splitlines() if "model churn version" in line]
    assert said == [
        "version 1: there was no model yet",
        "version 1: version 1 is up to date: the same query, options and 600 rows",
        "version 2: the rows changed: 600 then, 600 now",
    ]
    with sqlml.connect(project / "shop.duckdb") as con:
        assert con.execute("SELECT count(*) FROM sqlml.model_versions").fetchall() == [(2,)]
        [(rows, kind)] = con.execute("SELECT count(churns), any_value(typeof(churns)) FROM scores").fetchall()
        assert (rows, kind) == (600, "BOOLEAN")
    con.close()


def test_literals(tmp_path):
    """The values of a configuration arrive as they are: quotes, lists, nested structs."""
    jinja2 = pytest.importorskip("jinja2")
    source = (EXAMPLE / "macros" / "model.sql").read_text("utf-8").partition("{% macro")
    environment = jinja2.Environment()
    literal = environment.from_string("".join(source[1:])).module.sqlml_literal
    value = {"a": "it's", "b": ["x", "y"], "c": {"d": True, "e": False}, "f": []}
    assert duckdb.execute(f"SELECT {literal(value)}").fetchone()[0] == value
    assert duckdb.execute(f"SELECT {literal(None)}").fetchone()[0] is None
