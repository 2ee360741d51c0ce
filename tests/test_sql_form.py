"""Models as plain SQL: the same answers as the kernel and the estimator, in a plain DuckDB process too."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlglot
from sqlglot import exp

import sqlml
from sqlml import artifacts, errors
from sqlml.catalog.models import read_body
from sqlml.catalog.snapshot import read_snapshot
from sqlml.dialect import to_sql
from sqlml.features import all_inputs
from sqlml.scoring import load_scorer
from sqlml.sql_form import sql_form
from sqlml.sql_form.export import DIALECTS, exported

ROWS = 100_000
# Numbers with NULL, NaN and infinities; text with NULL, an empty and unseen ones; dates and timestamps; few values, so
# that many equal a split threshold.
DATA = """
CREATE TABLE data AS SELECT i AS id,
  CASE WHEN i % 11 = 0 THEN NULL WHEN i >= 2000 AND i % 13 = 0 THEN 'nan'::DOUBLE WHEN i >= 2000 AND i % 17 = 0 THEN 'inf'::DOUBLE
       WHEN i >= 2000 AND i % 19 = 0 THEN '-inf'::DOUBLE ELSE (hash(i) % 200)::DOUBLE / 4 - 20 END AS num,
  (hash(i + 1) % 12)::INTEGER AS whole, ['red', 'green', 'it''s', '', NULL, 'new'][1 + (hash(i + 2) % if(i < 2000, 5, 6))::INTEGER] AS "The Colour",
  CASE WHEN i % 9 > 0 THEN hash(i) % 2 = 0 END AS flag, 'c' || hash(i + 3) % if(i < 2000, 40, 45) AS many,
  CASE WHEN i % 7 > 0 THEN DATE '2023-12-25' + (hash(i + 4) % 40)::INTEGER END AS day,
  TIMESTAMP '2024-01-01' + (hash(i + 5) % 5000)::INTEGER * INTERVAL 37 MINUTE AS moment, (hash(i + 6) % 1000 / 8)::DECIMAL(10, 3) AS amount,
  coalesce(num, 0) + whole + len(coalesce("The Colour", '')) + hash(i + 7) % 20 AS y,
  hash(i) % 200 + 9 * (hash(i + 1) % 12) + hash(i + 7) % 50 > 170 AS two, ['a', 'b', 'it''s'][1 + (hash(i) % 200 + hash(i + 7) % 60)::INTEGER // 87] AS three
FROM range(100_000) AS r(i)
"""
FEATURES = 'num, whole, "The Colour", flag, many, day, moment, amount'
TREES = "max_iterations = {}, num_leaves = {}, early_stop = false, min_data_in_leaf = 5"
MODELS = {
    "line": ("linear_reg", "y", "l2_reg = 1"),
    "lasso": ("linear_reg", "y", "l1_reg = 200"),
    "two": ("logistic_reg", "two", "l2_reg = 1"),
    "three": ("logistic_reg", "three", "l2_reg = 1"),
    "bayes": ("naive_bayes", "three", "smoothing = 1"),
    "trees": ("boosted_tree_regressor", "y", TREES.format(5, 16)),
    "two trees": ("boosted_tree_classifier", "two", TREES.format(5, 16)),
    "three trees": ("boosted_tree_classifier", "three", TREES.format(3, 12)),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, own_config: Path) -> Path:
    path = tmp_path_factory.mktemp("forms") / "forms.db"
    con = sqlml.connect(path)
    con.execute(DATA)
    for name, (kind, label, options) in MODELS.items():
        con.execute(
            f"CREATE MODEL \"{name}\" OPTIONS (model_type = '{kind}', input_label_cols = ['{label}'], {options})"
            f" AS SELECT {FEATURES}, {label} FROM data WHERE id < 2000"
        )
        con.execute(f'CREATE VIEW "view of {name}" AS SELECT id, ml_predict(MODEL "{name}", d) AS p FROM data AS d')
    con.close()
    return path


@pytest.fixture
def opened(file: Path):
    con = sqlml.connect(file)
    yield con
    con.close()


# Several tests compare with the same scores of the same file.
_SCORED: dict[str, tuple[Any, ...]] = {}


def _scored(con: sqlml.Connection, name: str) -> tuple[Any, ...]:
    """The model, its document, its inputs as SQL, and its scores by SQL and by the kernel."""
    if name not in _SCORED:
        _SCORED[name] = _score(con, name)
    return _SCORED[name]


def _score(con: sqlml.Connection, name: str) -> tuple[Any, ...]:
    [model] = read_snapshot(con.session.database, [name]).versions
    document = artifacts.document(model, read_body(con.session.database, model))
    form = sql_form(model, document)
    assert form is not None
    view = con.plan(f'CREATE VIEW v AS SELECT ml_predict(MODEL "{name}", d) AS p FROM data AS d').sql
    struct = view[view.index("{") : view.rindex("}") + 1]
    kernel = _matrix(con, f"sqlml_predict('{model.sha256}', {struct})")
    inputs = {i.name: i.sql(exp.column(i.feature.name, table="d", quoted=True)) for i in all_inputs(model.features)}
    sql = to_sql(form.scores(inputs))
    return model, document, struct, _matrix(con, sql), kernel


def _matrix(con: sqlml.Connection, scores: str) -> np.ndarray:
    """(rows x outputs) of an expression of DOUBLE[] over the data."""
    lists = con.execute(f"SELECT {scores} AS s FROM data AS d ORDER BY id").arrow().column("s").combine_chunks()
    return lists.flatten().to_numpy().reshape(ROWS, -1)


@pytest.mark.parametrize("name", MODELS)
def test_sql_is_the_kernel_is_the_estimator(opened: sqlml.Connection, name: str) -> None:
    model, document, struct, ours, kernel = _scored(opened, name)
    assert ours.shape == kernel.shape == (ROWS, max(1, len(model.classes)))
    # Probabilities are at most 1, and predictions of y and all their terms are small: the bound is 1e-12 of the size.
    assert np.all(np.abs(ours - kernel) <= 1e-12 * np.maximum(1, np.abs(kernel)))
    rows = opened.execute(f"SELECT {struct} AS s FROM data AS d ORDER BY id").arrow().column("s").combine_chunks()
    arrays = {rows.type.field(i).name: rows.field(i) for i in range(rows.type.num_fields)}
    estimator = load_scorer(model.format, document).score(arrays)
    assert np.all(np.abs(ours - estimator) <= 1e-12 * np.maximum(1, np.abs(estimator)))
    if model.classes:
        gap = np.sort(kernel, axis=1)
        sure = gap[:, -1] - gap[:, -2] > 1e-12
        assert np.array_equal(ours.argmax(axis=1)[sure], kernel.argmax(axis=1)[sure])
        assert sure.sum() > ROWS * 0.99


@pytest.mark.parametrize("name", MODELS)
def test_ml_predict_takes_the_sql_form(opened: sqlml.Connection, name: str) -> None:
    plan = opened.plan(f'SELECT ml_predict(MODEL "{name}", d) FROM data AS d')
    assert [m.form for m in plan.models] == ["sql"]
    assert "sqlml_predict" not in plan.sql
    model, _, _, ours, _ = _scored(opened, name)
    found = opened.execute(f'SELECT ml_predict(MODEL "{name}", d) AS p FROM data AS d ORDER BY id').arrow()["p"]
    if model.classes:
        named = [str(v).lower() if isinstance(v, bool) else v for v in found.to_pylist()]
        assert named == [model.classes[k] for k in ours.argmax(axis=1)]
    else:
        assert np.array_equal(found.to_numpy(), ours[:, 0])


PLAIN = """
import json, sys
import duckdb
assert "sqlml" not in sys.modules
path, names = json.load(sys.stdin)
con = duckdb.connect(path)
con.execute("SET enable_progress_bar = false")
found = {}
for name in names:
    answer = con.execute(f'SELECT to_json("{name}"(c)) FROM data AS c ORDER BY id').fetchall()
    views = con.execute(f'SELECT p::VARCHAR FROM "view of {name}" WHERE id < 20000 ORDER BY id').fetchall()
    pinned = con.execute(f'SELECT count(*) FROM data AS c WHERE id < 1000 AND sqlml_models."{name}@1"(c) IS DISTINCT FROM sqlml_models."{name}"(c)')
    found[name] = [[a for (a,) in answer], [v for (v,) in views], pinned.fetchall()[0][0]]
row = "{'DAY': NULL, 'Whole': '7', 'the colour': 'red', 'FLAG': true, 'more': [1], 'many': 5, 'moment': 'no moment', 'Amount': 'x', 'num': 1.5}"
found["row"] = con.execute(f"SELECT line({row}), two({row}).label, three({row}).label").fetchall()[0]
print(json.dumps(found))
"""


def test_a_plain_duckdb_process_scores(file: Path) -> None:
    con = sqlml.connect(file)
    expected = {name: _scored(con, name) for name in MODELS}
    row = {"num": 1.5, "whole": 7, '"The Colour"': "'red'", "flag": "true", "many": "'5'"}
    values = ", ".join(f"{k} := {v}" for k, v in row.items()) + ", day := NULL, moment := NULL, amount := NULL"
    calls = ", ".join(f"ml_predict('{name}', {values})" for name in ("line", "two", "three"))
    answered = list(con.execute(f"SELECT {calls}").fetchall()[0])
    con.close()
    output = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN],
        input=json.dumps([str(file), list(MODELS)]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert output.returncode == 0, output.stderr
    found = json.loads(output.stdout)
    assert found.pop("row") == pytest.approx(answered)
    for name, (model, _, _, ours, _) in expected.items():
        answers, views, differing = found[name]
        assert differing == 0
        if not model.classes:
            assert np.allclose([float(a) for a in answers], ours[:, 0], rtol=1e-12, atol=0)
            assert np.allclose([float(v) for v in views], ours[:20000, 0], rtol=1e-12, atol=0)
            continue
        read = [json.loads(a) for a in answers]
        labels = [model.classes[k] for k in ours.argmax(axis=1)]
        assert [str(r["label"]).lower() if isinstance(r["label"], bool) else r["label"] for r in read] == labels
        assert views == labels[:20000]
        assert np.allclose([r["probs"][model.classes[-1]] for r in read], ours[:, -1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", MODELS)
def test_an_export_read_back_says_the_same(opened: sqlml.Connection, name: str, dialect: str) -> None:
    """Written in a dialect and read by it again, as DuckDB's SQL; dates only where they can be written."""
    if dialect not in ("duckdb", "postgres"):
        [model] = read_snapshot(opened.session.database, [name]).versions
        document = artifacts.document(model, read_body(opened.session.database, model))
        with pytest.raises(errors.NotSupported, match='"day" is DATE'):
            exported(model, document, dialect, exp.to_table("data"))
        return
    model, document, _, ours, _ = _scored(opened, name)
    text = exported(model, document, dialect, exp.to_table("data"))
    [tree] = sqlglot.parse(text, read=dialect)
    again = tree.sql(dialect=dialect, pretty=True)
    assert text == f"{again};\n"
    sql = tree.sql(dialect="duckdb").replace("TIMEZONE", "timezone")
    table = opened.execute(f"SELECT * FROM ({sql}) AS e ORDER BY id").arrow()
    label = model.label
    if model.classes:
        found = np.column_stack([table[f"probability_{c}"].to_numpy() for c in model.classes])
        named = [str(v).lower() if isinstance(v, bool) else v for v in table[f"predicted_{label}"].to_pylist()]
        assert named == [model.classes[k] for k in ours.argmax(axis=1)]
    else:
        found = table[f"predicted_{label}"].to_numpy()[:, None]
    assert np.all(np.abs(found - ours) <= 1e-12 * np.maximum(1, np.abs(ours)))


def test_a_changed_artifact_is_not_written_as_sql(opened: sqlml.Connection) -> None:
    [model] = read_snapshot(opened.session.database, ["line"]).versions
    body = read_body(opened.session.database, model)
    assert body is not None
    for changed, bytes_of_it in ((model, body + b" "), (replace(model, signature="00"), body)):
        with pytest.raises(errors.ArtifactRefused):
            artifacts.document(changed, bytes_of_it)


def test_large_ensembles_keep_the_kernel(con: sqlml.Connection) -> None:
    con.execute("CREATE TABLE t AS SELECT hash(i) % 5000 AS x, hash(i + 1) % 99 AS y FROM range(5000) AS r(i)")
    for rounds, form in ((1, "sql"), (4, "kernel")):
        con.execute(
            f"CREATE OR REPLACE MODEL m OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['y'],"
            f" max_iterations = {rounds}, num_leaves = 200, min_data_in_leaf = 1, early_stop = false) AS FROM t"
        )
        plan = con.plan("SELECT ml_predict('m', t) FROM t")
        assert [m.form for m in plan.models] == [form]
        [row] = con.execute("EXPLAIN SELECT ml_predict('m', t) FROM t").fetchall()[:1]
        assert ("scored by: plain SQL" in row[1]) == (form == "sql")


def test_sql_and_kernel_cap_the_same_margin() -> None:
    from sqlml.scoring import linear
    from sqlml.sql_form import links

    assert links.LARGEST_LOG == linear.LARGEST_LOG
