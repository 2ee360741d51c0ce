"""The linter as a whole: clean data raise nothing, each rule is tested, the cost is bounded, notices arrive."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlglot import exp

import sqlml
from sqlml.catalog.schema import _migrations
from sqlml.dialect import parse
from sqlml.fitting import TrainingData
from sqlml.lineage import LabelLineage
from sqlml.lint_rules import LINT_RULES
from sqlml.linting import lint
from sqlml.preprocessing import Preprocessor, Text
from sqlml.types import Feature, Progress
from tests.sqllogictest import read

HERE = Path(__file__).parent

# Data set, label, model type, further options: none has a leak.
CLEAN = {
    "numbers": (
        "SELECT random() AS a, random() * 1000 AS b, (random() * 1e6)::BIGINT AS c, random() > 0.5 AS y FROM range(5000)",
        "y",
        "boosted_tree_classifier",
        "",
    ),
    "noise to be predicted": (
        "SELECT random() AS a, random() AS b, random() AS y FROM range(3000)",
        "y",
        "linear_reg",
        "",
    ),
    "few values, many twins": (
        "SELECT *, a + b + random() AS y FROM (SELECT (random() * 10)::INT AS a, (random() * 5)::INT AS b FROM range(3000))",
        "y",
        "boosted_tree_regressor",
        "",
    ),
    "orders": (
        """SELECT *, random() < coalesce(amount, 50) / 100 AS late FROM (
                  SELECT DATE '2024-01-01' + (random() * 300)::INT AS day, ['a', 'b', NULL][1 + (random() * 2)::INT] AS kind,
                         CASE WHEN random() > 0.2 THEN (random() * 90)::DECIMAL(8, 2) END AS amount,
                         'town ' || (random() * 300)::INT AS town FROM range(4000))""",
        "late",
        "boosted_tree_classifier",
        "",
    ),
    "a time series held out in order": (
        """SELECT day, lag(sold) OVER (ORDER BY day) AS before, avg(sold) OVER (ORDER BY day ROWS 7 PRECEDING EXCLUDE
                  CURRENT ROW) AS week, sold FROM (SELECT DATE '2020-01-01' + i::INT AS day, 50 + 20 * sin(i / 58) + 20 *
                  random() AS sold FROM range(1500) AS t(i))""",
        "sold",
        "boosted_tree_regressor",
        ", data_split_method = 'SEQ', data_split_col = 'day'",
    ),
    "houses": (
        """SELECT *, area * 3 + rooms * 20 + random() * 150 AS price FROM (SELECT (random() * 160 + 40)::INT AS area,
                  (random() * 5)::INT AS rooms, ['x', 'y', 'z'][1 + (random() * 2)::INT] AS place FROM range(2000))""",
        "price",
        "linear_reg",
        "",
    ),
    "a rare class": (
        "SELECT *, random() * a > 0.9 AS y FROM (SELECT random() AS a, random() AS b FROM range(20000))",
        "y",
        "boosted_tree_classifier",
        "",
    ),
    "two measurements of each": (
        "SELECT random() AS a, (random() * 9)::INT AS b, random() AS y, random() > 0.8 AS is_test FROM range(3000)",
        "y",
        "linear_reg",
        ", data_split_method = 'CUSTOM', data_split_col = 'is_test'",
    ),
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_data_raise_nothing(con: sqlml.Connection, name: str) -> None:
    query, label, model_type, options = CLEAN[name]
    for seed in (0.1, 0.2, 0.3):
        con.execute(f"SELECT setseed({seed})").fetchall()
        con.execute("SET threads = 1")
        con.execute(f"CREATE OR REPLACE TABLE t AS {query}")
        con.execute(
            f"CREATE OR REPLACE MODEL m OPTIONS (model_type = '{model_type}', input_label_cols = ['{label}']{options}) AS FROM t"
        )
    assert con.execute("SHOW MODEL WARNINGS").fetchall() == []


@pytest.mark.parametrize("model_type", ["boosted_tree_classifier", "logistic_reg"])
def test_penguins_raise_nothing(con: sqlml.Connection, model_type: str) -> None:
    import palmerpenguins

    con.register("penguins", palmerpenguins.load_penguins())
    for label in ("species", "sex", "island"):
        con.execute(
            f"CREATE OR REPLACE MODEL m OPTIONS (model_type = '{model_type}', input_label_cols = ['{label}'], l2_reg = 1, strict = true) "
            f"AS FROM penguins WHERE {label} IS NOT NULL"
        )


def test_every_rule_has_a_test_and_says_what_it_does() -> None:
    files = {path.stem: path.read_text("utf-8") for path in (HERE / "sql" / "lint_rules").glob("*.test")}
    assert set(files) == set(LINT_RULES.names())
    page = (HERE.parent / "docs" / "linting.md").read_text("utf-8")
    for rule in LINT_RULES:
        assert rule.__doc__
        assert f"`{rule.name}`" in page
        records = read(files[rule.name])
        assert any(record.kind == "error" for record in records)
        assert any("strict = true" in record.sql and record.kind == "ok" for record in records), (
            "what is clean, strictly"
        )


def _numbers(rows: int, columns: int) -> tuple[object, TrainingData]:
    """A million rows as training has them."""
    con = sqlml.connect()
    names = [f"x{i}" for i in range(columns)]
    con.execute(f"CREATE TABLE t AS SELECT {', '.join(f'random() AS {n}' for n in names)}, random() AS y")
    creation = con.plan(
        "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM t"
    ).details
    con.close()
    random = np.random.default_rng(0)
    matrix = random.random((columns, rows))
    held_out = random.random((columns, 10_000))
    return creation.task, TrainingData(
        columns=dict(zip(names, matrix, strict=True)),
        target=random.random(rows),
        held_out=dict(zip(names, held_out, strict=True)),
        held_out_target=random.random(10_000),
        preprocessor=Preprocessor("label", ()),
        classes=(),
        report=lambda _: None,
        check_cancelled=lambda: None,
    )


def test_the_cost_is_bounded() -> None:
    """1,000,000 rows x 20 columns: less than 0.1 s of processor time for all rules together."""
    task, data = _numbers(990_000, 20)
    spent = []
    for _ in range(5):
        started = time.thread_time()
        assert lint(task, data, LabelLineage()) == ()
        spent.append(time.thread_time() - started)
    assert min(spent) < 0.1


def test_many_columns_cost_no_more() -> None:
    task, data = _numbers(20_000, 400)
    started = time.thread_time()
    assert lint(task, data, LabelLineage()) == ()
    assert time.thread_time() - started < 0.5


def test_a_twin_is_found_among_a_million_rows() -> None:
    task, data = _numbers(300_000, 3)
    held_out = {n: np.concatenate([data.columns[n][-300:], c[300:]]) for n, c in data.held_out.items()}
    [found] = lint(task, replace(data, held_out=held_out), LabelLineage())
    assert str(found).startswith("300 of 10,000 rows held out have the same features as a row that trains")
    assert found.rule == "duplicates_across_split"


def test_text_is_compared_by_its_codes() -> None:
    task, data = _numbers(2_000, 2)
    codes = np.arange(2_000) % 7
    feature = Feature("x1", "VARCHAR", "text")
    inputs = tuple(replace(i, kind="category", feature=feature) if i.name == "x1" else i for i in task.inputs)
    values = list("abcdefg")
    data.columns["x1"] = Text(codes, values)
    held_out = {**data.held_out, "x1": Text(np.arange(10_000) % 7, values)}
    told = replace(data, held_out=held_out, target=(codes * codes % 5).astype(np.float64))
    [found] = lint(replace(task, inputs=inputs), told, LabelLineage())
    assert (found.rule, found.feature) == ("single_feature_predicts_label", "x1")


def test_warnings_are_notices(con: sqlml.Connection) -> None:
    heard: list[Progress] = []
    con.on_progress(heard.append)
    con.execute("CREATE TABLE t AS SELECT a, 2 * a AS y, 1 AS one FROM range(9) AS r(a)")
    con.execute(
        "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT *, y + 1 AS more FROM t"
    )
    said = [(p.done, p.total, p.message.rpartition(" ")[2]) for p in heard if p.stage == "warning"]
    assert said == [(1, 2, "[constant_column]"), (2, 2, "[derived_from_label]")]
    assert heard[-1] == Progress("done", 1, 1)


def test_the_command_line_prints_warnings(tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text(
        "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, a + 1 AS y, 7 AS one FROM range(5) AS r(a);"
    )
    done = subprocess.run(
        [sys.executable, "-m", "sqlml.cli", "run", str(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        'Warning: The feature "one" has the same value in every training row; nothing can be learned from it. '
        "Leave it out. [constant_column]"
    ]


def test_old_files_keep_their_warnings(tmp_path: Path) -> None:
    """A file from before warnings were rows: the texts of its runs become some."""
    path = tmp_path / "old.db"
    with sqlml.connect(path) as con:
        con.execute(
            "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, a + 1 AS y FROM range(5) AS r(a)"
        )
        con.execute("UPDATE sqlml.runs SET warnings = ['first', 'second']")
        [(since,)] = con.execute("SELECT version FROM sqlml.migrations WHERE name = 'warnings'").fetchall()
        for number, _, statements in _migrations():
            for made in (parse(text) for text in statements if number >= since):
                if isinstance(made, exp.Create):
                    con.execute(f"DROP {made.kind} {made.find(exp.Table)}")
        con.execute("DELETE FROM sqlml.migrations WHERE version >= ?", [since])
    con.close()
    with sqlml.connect(path) as con:
        found = con.execute("SHOW MODEL WARNINGS").fetchall()
    con.close()
    assert [row[4:] for row in found] == [(1, "fit", None, "first"), (2, "fit", None, "second")]
