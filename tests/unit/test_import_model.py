"""IMPORT MODEL: what was exported answers the same, what comes from elsewhere is checked, nothing is run unasked."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skops import io

import sqlml
from sqlml.errors import (
    AlreadyExists,
    ArtifactRefused,
    InvalidData,
    InvalidOption,
    NotFound,
    NotSupported,
    PermissionDenied,
    PythonFailed,
    SqlmlError,
)
from sqlml.scoring.sklearn_estimator import TRUSTED

DATA = """
CREATE TABLE data AS
SELECT CASE WHEN i % 7 <> 0 THEN (hash(i) % 100)::DOUBLE END AS num, ['red', 'green', 'blue', NULL][1 + i % 4] AS "The Colour",
       CASE WHEN i % 9 <> 0 THEN i % 2 = 0 END AS flag, DATE '2024-01-01' + (i % 50)::INTEGER AS day,
       (i * 1.25)::DECIMAL(10, 2) AS amount,
       (hash(i) % 100) * 0.5 + i % 4 + 1 AS y, (hash(i) % 100) + 10 * (i % 4) > 60 AS yes, ['a', 'b', 'c'][1 + (hash(i) % 3)::INTEGER] AS kind
FROM range(150) AS r(i)
"""
FEATURES = 'num, "The Colour", flag, day, amount'
MODELS = {
    "linear": ("linear_reg", "y", ""),
    "binary": ("logistic_reg", "yes", ", l2_reg = 1"),
    "softmax": ("logistic_reg", "kind", ", l2_reg = 1"),
    "trees": ("boosted_tree_classifier", "kind", ", max_iterations = 4, enable_global_explain = TRUE"),
    "regressor": ("boosted_tree_regressor", "y", ", max_iterations = 4"),
    "forest": ("random_forest_classifier", "yes", ", num_parallel_tree = 4"),
    "bayes": ("naive_bayes", "yes", ""),
    "neighbours": ("knn_classifier", "kind", ""),
    "sklearn": ("sklearn", "y", ", model_class = 'HistGradientBoostingRegressor', model_params = {'max_iter': 5}"),
    "parts": ("boosted_tree_classifier", "kind", ", max_iterations = 2, partition_by = ['flag']"),
    "poisson": ("poisson_regressor", "y", ""),
}
NATIVE = {"trees": "txt", "regressor": "txt", "forest": "txt", "neighbours": "skops", "sklearn": "skops"}
UNSEEN = '(SELECT * REPLACE (CASE WHEN num > 50 THEN \'violet\' ELSE "The Colour" END AS "The Colour", num * 1.1 AS num) FROM data)'


@pytest.fixture(scope="module")
def opened() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    con.execute(DATA)
    for name, (kind, label, more) in MODELS.items():
        con.execute(
            f"CREATE MODEL {name} OPTIONS (model_type = '{kind}', input_label_cols = ['{label}']{more}) AS SELECT {FEATURES}, {label} FROM data"
        )
    con.execute(
        """CREATE MODEL made TRANSFORM (ML.STANDARD_SCALER(num) OVER () AS num, ML.ONE_HOT_ENCODER("The Colour") OVER () AS colour,
               ML.QUANTILE_BUCKETIZE(amount, 4) OVER () AS bucket, ML.POLYNOMIAL_EXPAND(STRUCT(num, amount), 2) AS both,
               list_sum(list_transform([num, 1.0], v -> v + 1)) AS summed, yes)
           OPTIONS (model_type = 'logistic_reg', l2_reg = 1, input_label_cols = ['yes'])
           AS SELECT num, "The Colour", amount, yes FROM data"""
    )
    con.execute(
        """CREATE MODEL prepared TRANSFORM (ML.STANDARD_SCALER(num) OVER () AS num, ML.NGRAMS(["The Colour", 'b'], [1, 2]) AS pairs)
           OPTIONS (model_type = 'transform_only') AS SELECT num, "The Colour" FROM data"""
    )
    yield con
    con.close()


@pytest.fixture(scope="module")
def other() -> Iterator[sqlml.Connection]:
    """Another database."""
    con = sqlml.connect()
    con.execute(DATA)
    yield con
    con.close()


def _differences(con: sqlml.Connection, one: str, other: str, rows: str) -> int:
    [(count, differences)] = con.execute(
        f"SELECT count(*), count(*) FILTER (ml_predict('{one}', d) IS DISTINCT FROM ml_predict('{other}', d)) FROM {rows} AS d"
    ).fetchall()
    assert count == 150
    return differences


@pytest.mark.parametrize(("name", "ending"), [*((n, "json") for n in [*MODELS, "made"]), *NATIVE.items()])
def test_what_was_exported_answers_the_same(
    opened: sqlml.Connection, other: sqlml.Connection, tmp_path: Path, name: str, ending: str
) -> None:
    path = tmp_path / f"m.{ending}"
    opened.execute(f"EXPORT MODEL {name} TO '{path}'")
    other.execute("DROP MODEL IF EXISTS copied")
    assert other.execute(f"IMPORT MODEL copied FROM '{path}'").fetchall()[0][:2] == ("copied", 1)
    rows = f"SELECT ml_predict('{{}}', d) FROM {UNSEEN} AS d UNION ALL SELECT ml_predict('{{}}', d) FROM data AS d"
    assert (
        other.execute(rows.format("copied", "copied")).fetchall() == opened.execute(rows.format(name, name)).fetchall()
    )
    for call in ("ML.EVALUATE(MODEL {})", "ML.FEATURE_INFO(MODEL {})", "ML.TRAINING_INFO(MODEL {})"):
        assert (
            other.execute(f"FROM {call.format('copied')}").fetchall()
            == opened.execute(f"FROM {call.format(name)}").fetchall()
        )
    # The artifact is the same to the byte, and its signature is the importer's own.
    stored = "SELECT sha256, feature_signature FROM sqlml.artifacts JOIN sqlml.models USING (model_id) WHERE model_name = '{}'"
    assert other.execute(stored.format("copied")).fetchall() == opened.execute(stored.format(name)).fetchall()


def test_the_rest_of_what_is_known_comes_along(opened: sqlml.Connection, tmp_path: Path) -> None:
    for name in ("trees", "parts", "prepared"):
        opened.execute(f"EXPORT MODEL {name} TO '{tmp_path}/{name}.json'")
        opened.execute(f"IMPORT OR REPLACE MODEL again_{name} FROM '{tmp_path}/{name}.json'")
    for call in (
        "ML.GLOBAL_EXPLAIN(MODEL {}trees)",
        "ML.FEATURE_IMPORTANCE(MODEL {}trees)",
        "ML.CONFUSION_MATRIX(MODEL {}trees)",
        "ML.EXPLAIN_PREDICT(MODEL {}trees, TABLE data)",
        "ML.PARTITION_INFO(MODEL {}parts)",
        "ML.TRANSFORM(MODEL {}prepared, TABLE data)",
    ):
        assert (
            opened.execute(f"FROM {call.format('again_')}").fetchall()
            == opened.execute(f"FROM {call.format('')}").fetchall()
        )
    params = dict(
        opened.execute(
            "SELECT key, value FROM sqlml.params JOIN sqlml.runs USING (run_id) JOIN sqlml.models USING (model_id) WHERE model_name = 'again_trees'"
        ).fetchall()
    )
    assert params["max_iterations"] == "4"
    assert params["model_path"] == str(tmp_path / "trees.json")
    assert len(params["model_sha256"]) == 64
    sources = "SELECT relation_name, is_path FROM sqlml.source_relations JOIN sqlml.models USING (model_id) WHERE model_name = 'again_trees'"
    assert opened.execute(sources).fetchall() == [(str(tmp_path / "trees.json"), True)]
    digest = "SELECT digest FROM sqlml.datasets JOIN sqlml.runs USING (run_id) JOIN sqlml.models USING (model_id) WHERE model_name = 'again_trees'"
    assert opened.execute(digest).fetchall() == [(params["model_sha256"],)]
    assert "source" in {row[0] for row in opened.execute("EXPLAIN MODEL again_trees").fetchall()}


def test_an_exported_estimator_is_read_by_skops(opened: sqlml.Connection, tmp_path: Path) -> None:
    opened.execute(f"EXPORT MODEL sklearn TO '{tmp_path}/m.skops'")
    estimator = io.load(tmp_path / "m.skops", trusted=list(TRUSTED))
    document = json.loads(ZipFile(tmp_path / "m.skops").read("sqlml.json"))
    inputs = document["preprocessing"]["inputs"]
    # A row of means: all numbers 0, no category.
    matrix = np.zeros((1, estimator.n_features_in_))
    numbers = [i for i in inputs if i["kind"] == "numeric"]
    matrix[0, 0] = (3.0 - numbers[0]["mean"]) / numbers[0]["scale"]
    assert numbers[0]["name"] == "num"
    [(expected,)] = opened.execute(
        """SELECT ml_predict('sklearn', num := 3, "The Colour" := 'violet', flag := NULL::BOOLEAN, day := NULL::DATE,
                             amount := NULL::DECIMAL(10, 2))"""
    ).fetchall()
    start = 0 + len(numbers)
    for one in inputs:
        if one["kind"] != "numeric":
            width = len(one["categories"]) + one["has_null"]
            if one["has_null"] and one["name"] != "The Colour":
                matrix[0, start + width - 1] = 1
            start += width
    assert estimator.predict(matrix)[0] == expected


def test_an_exported_text_is_read_by_lightgbm(opened: sqlml.Connection, tmp_path: Path) -> None:
    opened.execute(
        "CREATE OR REPLACE MODEL numbers OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['y'], max_iterations = 3) AS SELECT num, amount, y FROM data"
    )
    opened.execute(f"EXPORT MODEL numbers TO '{tmp_path}/m.txt'")
    frame = opened.execute("SELECT num, amount::DOUBLE AS amount, ml_predict('numbers', d) AS p FROM data AS d").df()
    booster = lightgbm.Booster(model_file=str(tmp_path / "m.txt"))
    assert (booster.predict(frame[["num", "amount"]].to_numpy()) == frame["p"]).all()
    # What LightGBM wrote itself says less.
    booster.save_model(tmp_path / "own.txt")
    with pytest.raises(InvalidOption, match="2 features") as raised:
        opened.execute(f"IMPORT MODEL own FROM '{tmp_path}/own.txt'")
    assert "INPUT" in str(raised.value.hint)
    opened.execute(
        f"IMPORT MODEL own FROM '{tmp_path}/own.txt' INPUT (num DOUBLE, amount DOUBLE) OUTPUT (predicted_y DOUBLE)"
    )
    assert _differences(opened, "own", "numbers", "data") == 0
    assert opened.execute("SELECT r2_score > 0 FROM ML.EVALUATE(MODEL own, TABLE data)").fetchall() == [(True,)]
    with pytest.raises(NotFound, match="was not trained here"):
        opened.execute("FROM ML.EVALUATE(MODEL own)")


def test_classes_of_a_foreign_text(opened: sqlml.Connection, tmp_path: Path) -> None:
    frame = opened.execute("SELECT coalesce(num, 0) AS num, amount::DOUBLE AS amount, yes FROM data").df()
    given = lightgbm.Dataset(frame[["num", "amount"]], label=frame["yes"].astype(int))
    booster = lightgbm.train({"objective": "binary", "verbosity": -1}, given, 3)
    booster.save_model(tmp_path / "m.txt")
    columns = f"'{tmp_path}/m.txt' INPUT (num DOUBLE, amount DOUBLE)"
    with pytest.raises(InvalidOption, match="2 classes apart"):
        opened.execute(f"IMPORT MODEL named FROM {columns}")
    opened.execute(f"IMPORT MODEL named FROM {columns} OUTPUT (yes BOOLEAN)")
    rows = opened.execute(
        "SELECT ml_predict_proba('named', num := coalesce(num, 0), amount := amount)[true] FROM data"
    ).fetchall()
    assert np.abs(np.array(rows)[:, 0] - booster.predict(frame[["num", "amount"]])).max() < 1e-12
    by_category = lightgbm.Dataset(
        frame[["num", "amount"]].assign(num=frame["num"] % 5), label=frame["yes"].astype(int), categorical_feature=[0]
    )
    lightgbm.train(
        {"objective": "binary", "verbosity": -1, "min_data_per_group": 1, "cat_smooth": 1}, by_category, 3
    ).save_model(tmp_path / "c.txt")
    with pytest.raises(NotSupported, match="by category"):
        opened.execute(f"IMPORT MODEL c FROM '{tmp_path}/c.txt' INPUT (num DOUBLE, amount DOUBLE) OUTPUT (yes BOOLEAN)")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    numbers = np.arange(300)
    return pd.DataFrame({"Age": numbers % 70 + 10, "plan": ["basic", "pro", "team"] * 100, "spent": numbers / 10})


@pytest.fixture(scope="module")
def pipeline(frame: pd.DataFrame) -> Any:
    first = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["plan"]), (StandardScaler(), ["Age"]))
    return make_pipeline(first, LogisticRegression()).fit(frame[["Age", "plan"]], frame["Age"] > 40)


def test_a_foreign_pipeline(con: sqlml.Connection, frame: pd.DataFrame, pipeline: Any, tmp_path: Path) -> None:
    io.dump(pipeline, tmp_path / "m.skops")
    with pytest.raises(InvalidOption, match="types") as raised:
        con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.skops'")
    assert '"Age" DOUBLE, "plan" DOUBLE' in str(raised.value.hint)
    with pytest.raises(InvalidOption, match="plan"):
        con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.skops' INPUT (Age BIGINT)")
    con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.skops' INPUT (plan VARCHAR, Age BIGINT) OUTPUT (old BOOLEAN)")
    con.register("people", frame)
    assert [v for (v,) in con.execute("SELECT ml_predict('m', p) FROM people AS p").fetchall()] == pipeline.predict(
        frame
    ).tolist()
    con.execute(f"EXPORT MODEL m TO '{tmp_path}/m.json'")
    con.execute(f"IMPORT MODEL again FROM '{tmp_path}/m.json'")
    assert con.execute(
        "SELECT count(*) FROM people AS p WHERE ml_predict('m', p) <> ml_predict('again', p)"
    ).fetchall() == [(0,)]


class _Marks:
    """What leaves a mark where it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_loaded_by_consent_only(
    con: sqlml.Connection, frame: pd.DataFrame, pipeline: Any, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(_Marks(mark)))
    with pytest.raises(ArtifactRefused, match="pickle") as raised:
        con.execute(f"IMPORT MODEL m FROM '{tmp_path}/bad.pkl' INPUT (Age BIGINT)")
    assert "allow_pickle" in str(raised.value.hint)
    assert not mark.exists()
    off = sqlml.connect(tmp_path / "off.db", allow_pickle=False)
    with pytest.raises(PermissionDenied):
        off.execute(f"IMPORT MODEL m FROM '{tmp_path}/bad.pkl' INPUT (Age BIGINT) OPTIONS (allow_pickle = TRUE)")
    assert not mark.exists()
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(pipeline))
    con.execute(
        f"IMPORT MODEL m FROM '{tmp_path}/m.pkl' INPUT (Age BIGINT, plan VARCHAR) OUTPUT (old BOOLEAN) OPTIONS (allow_pickle = TRUE)"
    )
    con.register("people", frame)
    assert [v for (v,) in con.execute("SELECT ml_predict('m', p) FROM people AS p").fetchall()] == pipeline.predict(
        frame
    ).tolist()
    # A document may hold a pickle as well.
    con.execute(f"EXPORT MODEL m TO '{tmp_path}/m.json'")
    with pytest.raises(ArtifactRefused, match="pickle"):
        con.execute(f"IMPORT MODEL n FROM '{tmp_path}/m.json'")
    with pytest.raises(PermissionDenied):
        off.execute(f"IMPORT MODEL n FROM '{tmp_path}/m.json' OPTIONS (allow_pickle = TRUE)")
    con.execute(f"IMPORT MODEL n FROM '{tmp_path}/m.json' (allow_pickle)")
    off.close()
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps(pipeline)[:100])
    with pytest.raises(PythonFailed, match="Unpickling"):
        con.execute(f"IMPORT MODEL o FROM '{tmp_path}/cut.pkl' INPUT (Age BIGINT) (allow_pickle)")


def test_types_outside_the_list_are_refused(con: sqlml.Connection, tmp_path: Path) -> None:
    class Own(LinearRegression):
        pass

    Own.__module__, Own.__qualname__ = "os", "system"
    io.dump(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), tmp_path / "m.skops")
    with ZipFile(tmp_path / "m.skops") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["schema.json"] = (
        parts["schema.json"].replace(b"sklearn.linear_model._base", b"os").replace(b"LinearRegression", b"system")
    )
    with ZipFile(tmp_path / "bad.skops", "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    with pytest.raises(ArtifactRefused, match="not trusted"):
        con.execute(f"IMPORT MODEL m FROM '{tmp_path}/bad.skops' INPUT (a DOUBLE)")


def _with_children(estimator: Any) -> Any:
    tree = estimator.estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"]["left_child"][0] = 10**9
    tree.__setstate__(state)
    return estimator


def test_what_would_lead_out_of_its_arrays_is_refused(con: sqlml.Connection, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).random((60, 2))
    forest = RandomForestRegressor(2, random_state=0).fit(rows, rows.sum(axis=1))
    io.dump(_with_children(forest), tmp_path / "forest.skops")
    near = KNeighborsRegressor(algorithm="kd_tree").fit(rows, rows.sum(axis=1))
    near._tree.get_arrays()[1][:] = 10**9
    io.dump(near, tmp_path / "near.skops")
    for name in ("forest", "near"):
        with pytest.raises(InvalidData, match="damaged"):
            con.execute(f"IMPORT MODEL {name} FROM '{tmp_path}/{name}.skops' INPUT (a DOUBLE, b DOUBLE)")


BROKEN_TREES = [
    ("left_child=1", "left_child=9", "no tree"),
    ("left_child=1", "left_child=0", "no tree"),
    ("split_feature=", "split_feature=9", "not"),
    ("num_leaves=", "num_leaves=9", "numbers"),
    ("leaf_value=", "leaf_value=nan ", "numbers|finite"),
    ("max_feature_idx=", "max_feature_idx=9", "header"),
    ("end of trees", "", "not all of it"),
    ("objective=regression", "objective=mine", "objective"),
    ("is_linear=0", "is_linear=1", "[Ll]inear"),
    ("Tree=1", "Tree=7", "order"),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN_TREES)
def test_trees_are_read_before_lightgbm_follows_them(
    opened: sqlml.Connection, documents: Any, tmp_path: Path, old: str, new: str, says: str
) -> None:
    document = copy.deepcopy(documents["regressor"])
    text = document["estimator"]["model"]
    assert old in text
    broken = text.replace(old, new, 1)
    # LightGBM's lengths of trees are right: it is the numbers in them that are not.
    sizes = [len(f"Tree={b}\n".encode()) for b in broken.partition("\nend of trees\n")[0].split("\nTree=")[1:]]
    lines = [
        f"tree_sizes={' '.join(map(str, sizes))}" if line.startswith("tree_sizes=") else line
        for line in broken.splitlines()
    ]
    document["estimator"]["model"] = "\n".join(lines) + "\n"
    (tmp_path / "bad.json").write_text(json.dumps(document))
    with pytest.raises((InvalidData, NotSupported), match=says):
        opened.execute(f"IMPORT MODEL bad FROM '{tmp_path}/bad.json'")


@pytest.fixture(scope="module")
def documents(opened: sqlml.Connection, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every model as a document."""
    folder = tmp_path_factory.mktemp("documents")
    for name in (*MODELS, "made"):
        opened.execute(f"EXPORT MODEL {name} TO '{folder}/{name}.json'")
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def _changed(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    at: Any = changed
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return changed


CHANGES: list[tuple[str, tuple[Any, ...], Any, str]] = [
    ("linear", ("sqlml_model",), 2, "version 2"),
    ("linear", ("model", "features", 0, 1), "DOUBLE); DROP TABLE data; --", "no type"),
    ("linear", ("model", "features", 0, 2), "text", "not what it says"),
    ("linear", ("model", "features", 1, 0), "num", "names of their own|not those"),
    ("linear", ("model", "label_type"), "BLOB", "not what it says"),
    ("linear", ("model", "model_type"), "magic", "no model type"),
    ("linear", ("model", "format"), "pickle", "unknown format"),
    ("linear", ("estimator", "coefficients", 0), [1.0], "numbers, not"),
    ("linear", ("estimator", "coefficients", 0, 0), "1", "finite number"),
    ("linear", ("estimator", "link"), "tanh", "link"),
    ("linear", ("preprocessing", "inputs", 0, "scale"), 0, "scale"),
    ("linear", ("preprocessing", "inputs", 0, "name"), "other", "not those of its features"),
    ("linear", ("preprocessing", "inputs", 1, "categories"), ["red", "blue"], "order"),
    ("linear", ("training", "metrics", 0, 1), "good", "finite number"),
    ("binary", ("model", "classes"), ["true"], "classes"),
    ("binary", ("model", "task"), "regression", "classes"),
    ("bayes", ("estimator", "log_prior"), [0.1], "numbers, not"),
    ("neighbours", ("estimator", "skops"), base64.b64encode(b"PK nothing").decode(), "skops"),
    ("neighbours", ("estimator", "skops"), "***", "base64"),
    ("parts", ("estimator", "keys"), ["nothing"], "keys"),
    ("made", ("model", "transform"), "{}", "TRANSFORM"),
]


@pytest.mark.parametrize(("name", "path", "value", "says"), CHANGES)
def test_a_document_is_read_field_by_field(
    opened: sqlml.Connection, documents: Any, tmp_path: Path, name: str, path: tuple[Any, ...], value: Any, says: str
) -> None:
    document = _changed(documents[name], path, value)
    (tmp_path / "bad.json").write_text(json.dumps(document))
    with pytest.raises(SqlmlError, match=says) as raised:
        opened.execute(f"IMPORT MODEL bad FROM '{tmp_path}/bad.json'")
    assert raised.value.hint
    assert opened.execute("SELECT count(*) FROM sqlml.models WHERE model_name = 'bad'").fetchall() == [(0,)]


@pytest.mark.parametrize(
    "expression",
    [
        "read_text('/etc/passwd')",
        "getenv('HOME')",
        "(SELECT max(y) FROM data)",
        "main.f(1)",
        "other.x",
        "random()",
        "$1",
        "sum(1)",
    ],
)
def test_a_clause_may_call_nothing_new(
    opened: sqlml.Connection, documents: Any, tmp_path: Path, expression: str
) -> None:
    document = documents["made"]
    clause = json.loads(document["model"]["transform"])
    clause["columns"][0]["sql"] = f"SELECT {expression}"
    (tmp_path / "bad.json").write_text(json.dumps(_changed(document, ("model", "transform"), json.dumps(clause))))
    with pytest.raises(InvalidData, match="TRANSFORM"):
        opened.execute(f"IMPORT MODEL bad FROM '{tmp_path}/bad.json'")


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"sqlml_model": NaN}', b"[" * 100_000, b'"text"'])
@pytest.mark.parametrize("ending", ["json", "txt", "skops"])
def test_foreign_files(other: sqlml.Connection, tmp_path: Path, body: bytes, ending: str) -> None:
    (tmp_path / f"m.{ending}").write_bytes(body)
    with pytest.raises(InvalidData, match="damaged") as raised:
        other.execute(
            f"IMPORT MODEL m FROM '{tmp_path}/m.{ending}' " + ("" if ending == "json" else "INPUT (a DOUBLE)")
        )
    assert raised.value.hint


def test_files_that_cannot_be_read(con: sqlml.Connection, tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    for path, error in (
        (f"{tmp_path}/nothing.json", NotFound),
        (f"{tmp_path}/folder.json", NotFound),
        ("gs://bucket/m.onnx", NotSupported),
        ("/dev/zero", InvalidOption),
    ):
        with pytest.raises(error) as raised:
            con.execute(f"IMPORT MODEL m FROM '{path}'")
        assert raised.value.hint
    with pytest.raises(NotFound, match="is not a file"):
        con.execute("IMPORT MODEL m FROM '/dev/zero' (FORMAT 'json')")
    con.execute("SET enable_external_access = false")
    with pytest.raises(PermissionDenied, match="enable_external_access"):
        con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.json'")


def test_import_in_a_transaction(opened: sqlml.Connection, tmp_path: Path) -> None:
    opened.execute(f"EXPORT MODEL linear TO '{tmp_path}/m.json'")
    con = sqlml.connect(tmp_path / "own.db")
    con.execute("BEGIN")
    con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.json'")
    assert con.execute("SELECT count(*) FROM sqlml.models").fetchall() == [(1,)]
    con.execute("ROLLBACK")
    assert con.execute("SELECT count(*) FROM sqlml.models").fetchall() == [(0,)]
    plan = con.plan(f"IMPORT MODEL m FROM '{tmp_path}/m.json'")
    assert plan.paths == (f"{tmp_path}/m.json",)
    assert [(p.action, p.kind) for p in plan.privileges] == [("SELECT", "FILE"), ("CREATE MODEL", "SCHEMA")]
    con.execute(f"EXPLAIN IMPORT MODEL m FROM '{tmp_path}/m.json'")
    assert con.execute("SELECT count(*) FROM sqlml.models").fetchall() == [(0,)]
    con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.json'")
    with pytest.raises(AlreadyExists):
        con.execute(f"IMPORT MODEL m FROM '{tmp_path}/m.json'")
    con.close()
    # The file has it, and the duckdb shell can ask it.
    again = sqlml.connect(tmp_path / "own.db", read_only=True)
    assert again.execute("SELECT version FROM sqlml.model_versions").fetchall() == [(1,)]
    with pytest.raises(sqlml.Error, match="reading only"):
        again.execute(f"IMPORT OR REPLACE MODEL m FROM '{tmp_path}/m.json'")
    again.close()


def test_the_sha256_is_that_of_the_file(opened: sqlml.Connection, tmp_path: Path) -> None:
    opened.execute(f"EXPORT MODEL linear TO '{tmp_path}/m.json'")
    with (tmp_path / "m.json").open("ab") as file:
        file.write(b"\n")
    opened.execute(f"IMPORT OR REPLACE MODEL grown FROM '{tmp_path}/m.json'")
    [(stored,)] = opened.execute(
        "SELECT value FROM sqlml.params JOIN sqlml.runs USING (run_id) JOIN sqlml.models USING (model_id) WHERE model_name = 'grown' AND key = 'model_sha256'"
    ).fetchall()
    assert stored == hashlib.sha256((tmp_path / "m.json").read_bytes()).hexdigest()


def test_lists_and_structs_come_along(opened: sqlml.Connection, other: sqlml.Connection, tmp_path: Path) -> None:
    rows = "CREATE TABLE nested AS SELECT [i, i % 5]::DOUBLE[] AS l, {'a': i, 'b': ['x', 'y'][1 + i % 2]} AS s, i::DOUBLE AS y FROM range(50) AS r(i)"
    for con in (opened, other):
        con.execute(rows)
    opened.execute(
        "CREATE MODEL nested OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'], l2_reg = 1) AS SELECT l, s, y FROM nested"
    )
    opened.execute(f"EXPORT MODEL nested TO '{tmp_path}/m.json'")
    other.execute(f"IMPORT MODEL nested FROM '{tmp_path}/m.json'")
    asked = "SELECT ml_predict('nested', n) FROM nested AS n"
    assert other.execute(asked).fetchall() == opened.execute(asked).fetchall()
