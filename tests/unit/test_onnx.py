"""ONNX: graphs of other libraries as models, models as graphs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sqlml
from sqlml.errors import InvalidData, InvalidOption, NotSupported, PythonFailed

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(1000, 3)).astype(np.float32)
YES = (MATRIX.sum(axis=1) > 0).astype(int)
FRAME = pd.DataFrame(
    {
        **{name: MATRIX[:, i] for i, name in enumerate("abc")},
        "plan": RANDOM.choice(["x", "y", "z"], 1000),
        "n": RANDOM.integers(0, 5, 1000),
        "yes": YES,
        "total": MATRIX.sum(axis=1),
    }
)


@pytest.fixture(scope="module")
def opened() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    con.register("rows", FRAME.assign(X=[row.tolist() for row in MATRIX]))
    con.execute("CREATE TABLE data AS SELECT * FROM rows")
    yield con
    con.close()


def _save(model: Any, path: Path) -> str:
    path.write_bytes(model.SerializeToString())
    return f"'{path}'"


def _scores(con: sqlml.Connection, call: str) -> Any:
    return np.array([value for (value,) in con.execute(f"SELECT {call} FROM data AS d").fetchall()])


@pytest.mark.parametrize("zipmap", [True, False])
def test_a_classifier_of_scikit_learn(opened: sqlml.Connection, tmp_path: Path, zipmap: bool) -> None:
    fitted = LogisticRegression().fit(MATRIX, YES)
    options = {} if zipmap else {"zipmap": False}
    file = _save(to_onnx(fitted, MATRIX[:1], options={id(fitted): options}), tmp_path / "m.onnx")
    opened.execute(f"IMPORT OR REPLACE MODEL m FROM {file} INPUT (a FLOAT, b FLOAT, c FLOAT) OUTPUT (yes BIGINT)")
    assert np.abs(_scores(opened, "ml_predict_proba('m', d)[1]") - fitted.predict_proba(MATRIX)[:, 1]).max() < 1e-6
    assert (_scores(opened, "ml_predict('m', d)") == fitted.predict(MATRIX)).all()
    # One tensor as one list.
    opened.execute(f"IMPORT OR REPLACE MODEL l FROM {file} (input_label_cols ['yes'])")
    assert opened.execute(
        "SELECT count(*) FROM data AS d WHERE ml_predict('l', \"X\" := d.\"X\") <> ml_predict('m', d)"
    ).fetchall() == [(0,)]
    # Classes as a type of one's own.
    opened.execute(f"IMPORT OR REPLACE MODEL b FROM {file} INPUT (a FLOAT, b FLOAT, c FLOAT) OUTPUT (yes BOOLEAN)")
    rows = "(SELECT * REPLACE (yes = 1 AS yes) FROM data)"
    [(accuracy,)] = opened.execute(f"SELECT accuracy FROM ML.EVALUATE(MODEL b, {rows})").fetchall()
    assert accuracy == pytest.approx(fitted.score(MATRIX, YES))


def test_a_pipeline_with_columns_of_its_own(opened: sqlml.Connection, tmp_path: Path) -> None:
    first = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["plan"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b"]),
        ("passthrough", ["n"]),
    )
    fitted = make_pipeline(first, LogisticRegression()).fit(FRAME, YES)
    one = [None, 1]
    kinds = [
        ("a", FloatTensorType(one)),
        ("b", FloatTensorType(one)),
        ("plan", StringTensorType(one)),
        ("n", Int64TensorType(one)),
    ]
    file = _save(to_onnx(fitted, initial_types=kinds), tmp_path / "m.onnx")
    opened.execute(
        f"CREATE OR REPLACE MODEL m OPTIONS (model_type = 'onnx', model_path = {file}, input_label_cols = ['yes'])"
    )
    assert (_scores(opened, "ml_predict('m', d)") == fitted.predict(FRAME)).all()
    assert opened.execute("SELECT accuracy FROM ML.EVALUATE(MODEL m, TABLE data)").fetchall() == [
        (pytest.approx(fitted.score(FRAME, YES)),)
    ]
    # NULL is NaN where that can be given, and has no answer elsewhere.
    [row] = opened.execute(
        "SELECT ml_predict('m', a := NULL, b := 1, plan := 'new', n := 2) IS NULL, ml_predict('m', a := 1, b := 1, plan := NULL, n := 2) IS NULL, "
        "ml_predict_proba('m', a := 1, b := 1, plan := 'x', n := NULL) IS NULL"
    ).fetchall()
    assert row == (False, True, True)
    with pytest.raises(PythonFailed, match="whole numbers"):
        opened.execute("SELECT ml_predict('m', a := 1, b := 1, plan := 'x', n := 2.5)").fetchall()
    assert opened.execute(
        "SELECT count(*) FROM (SELECT sqlml_models.m(d) AS p FROM data AS d) WHERE p.label IS NULL"
    ).fetchall() == [(0,)]


def test_a_regression(opened: sqlml.Connection, tmp_path: Path) -> None:
    fitted = LinearRegression().fit(MATRIX, FRAME["total"])
    file = _save(to_onnx(fitted, MATRIX[:1]), tmp_path / "m.onnx")
    opened.execute(f"IMPORT OR REPLACE MODEL m FROM {file} OPTIONS (input_label_cols = ['total'])")
    assert np.abs(_scores(opened, "ml_predict('m', d)") - fitted.predict(MATRIX)).max() < 1e-5
    assert opened.execute("SELECT r2_score > 0.999 FROM ML.EVALUATE(MODEL m, TABLE data)").fetchall() == [(True,)]
    lists = '(SELECT NULL::FLOAT[] AS "X" UNION ALL SELECT [1, 2, 3] UNION ALL SELECT [1, NULL, 3])'
    assert opened.execute(f"SELECT round(predicted_total, 3) FROM ML.PREDICT(MODEL m, {lists})").fetchall() == [
        (None,),
        (6.0,),
        (None,),
    ]
    with pytest.raises(PythonFailed, match="lists of 3 numbers and was given one of 2"):
        opened.execute("SELECT ml_predict('m', [1.0, 2.0])").fetchall()


def _graph(
    nodes: list[Any], outputs: list[Any], *, constants: tuple[Any, ...] = (), rows: Any = None, width: int = 3
) -> Any:
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, width])
    graph = helper.make_graph(nodes, "g", [given], outputs, list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _output(name: str, *shape: Any, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def test_outputs_that_need_a_word(opened: sqlml.Connection, tmp_path: Path) -> None:
    softmax = helper.make_node("Softmax", ["x"], ["p"], axis=1)
    file = _save(_graph([softmax], [_output("p", None, 3)]), tmp_path / "p.onnx")
    with pytest.raises(InvalidOption, match="3 numbers a row"):
        opened.execute(f"IMPORT MODEL p FROM {file}")
    with pytest.raises(InvalidOption, match="3 classes apart"):
        opened.execute(f"IMPORT MODEL p FROM {file} OPTIONS (classes = ['a', 'b'])")
    opened.execute(f"IMPORT MODEL p FROM {file} INPUT (a FLOAT, b FLOAT, c FLOAT) OPTIONS (classes = ['a', 'b', 'c'])")
    assert opened.execute("SELECT ml_predict('p', a := 0, b := 5, c := 1)").fetchall() == [("b",)]
    logits = _save(_graph([helper.make_node("Identity", ["x"], ["p"])], [_output("p", None, 3)]), tmp_path / "l.onnx")
    with pytest.raises(PythonFailed, match="sum to"):
        opened.execute(f"IMPORT MODEL logits FROM {logits} OPTIONS (classes = ['a', 'b', 'c'])")
    sums = [
        helper.make_node("ReduceSum", ["x"], ["s"], keepdims=1),
        helper.make_node("ReduceMax", ["x"], ["m"], axes=[1], keepdims=1),
    ]
    several = _graph([sums[1], softmax], [_output("m", None, 1), _output("p", None, 3)])
    file = _save(several, tmp_path / "several.onnx")
    with pytest.raises(InvalidOption, match="2 outputs: m, p"):
        opened.execute(f"IMPORT MODEL s FROM {file}")
    with pytest.raises(InvalidOption, match='no output "q"'):
        opened.execute(f"IMPORT MODEL s FROM {file} OPTIONS (output = 'q')")
    opened.execute(f"IMPORT MODEL s FROM {file} INPUT (a FLOAT, b FLOAT, c FLOAT) OPTIONS (output = 'm')")
    assert opened.execute(
        "SELECT predicted_m FROM ML.PREDICT(MODEL s, (SELECT 1 AS a, 7 AS b, 2 AS c))"
    ).fetchall() == [(7.0,)]


def test_a_graph_of_one_row_at_a_time(opened: sqlml.Connection, tmp_path: Path) -> None:
    node = helper.make_node("ReduceMax", ["x"], ["m"], axes=[1], keepdims=1)
    opened.execute(
        f"IMPORT MODEL one FROM {_save(_graph([node], [_output('m', 1, 1)], rows=1), tmp_path / 'one.onnx')} INPUT (a FLOAT, b FLOAT, c FLOAT)"
    )
    assert (_scores(opened, "ml_predict('one', d)") == MATRIX.max(axis=1)).all()
    with pytest.raises(NotSupported, match="8 rows at a time"):
        opened.execute(
            f"IMPORT MODEL eight FROM {_save(_graph([node], [_output('m', 8, 1)], rows=8), tmp_path / '8.onnx')}"
        )


def _with_data_in(location: str) -> Any:
    weights = numpy_helper.from_array(np.ones((3, 1), dtype=np.float32), "w")
    model = _graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [_output("y", None, 1)], constants=(weights,))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return model


def test_data_outside_of_the_folder_is_not_read(opened: sqlml.Connection, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    data = np.array([1, 2, 3], dtype=np.float32).tobytes()
    (tmp_path / "w.bin").write_bytes(data)
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    for place in ("../w.bin", str(tmp_path / "w.bin"), "link.bin", "nothing.bin", "", "..", "a/../../w.bin"):
        with pytest.raises(NotSupported, match="no file of its folder"):
            opened.execute(f"IMPORT MODEL away FROM {_save(_with_data_in(place), folder / 'm.onnx')}")
    (folder / "w.bin").write_bytes(data)
    columns = "INPUT (a FLOAT, b FLOAT, c FLOAT)"
    opened.execute(f"IMPORT MODEL near FROM {_save(_with_data_in('w.bin'), folder / 'm.onnx')} {columns}")
    (folder / "w.bin").unlink()
    assert opened.execute("SELECT ml_predict('near', a := 1, b := 1, c := 1)").fetchall() == [(6.0,)]
    (folder / "w.bin").write_bytes(data[:4])
    with pytest.raises((InvalidData, NotSupported)):
        opened.execute(f"IMPORT MODEL short FROM '{folder / 'm.onnx'}' {columns}")


def test_what_is_no_graph(opened: sqlml.Connection, tmp_path: Path) -> None:
    whole = to_onnx(LinearRegression().fit(MATRIX, YES), MATRIX[:1]).SerializeToString()
    for body in (b"", b"nothing", whole[:100], whole[: len(whole) // 2]):
        (tmp_path / "m.onnx").write_bytes(body)
        with pytest.raises(InvalidData) as raised:
            opened.execute(f"IMPORT MODEL x FROM '{tmp_path}/m.onnx'")
        assert raised.value.hint
    unknown = _graph([helper.make_node("Magic", ["x"], ["y"], domain="own")], [_output("y", None, 1)])
    with pytest.raises(InvalidData, match="Loading the graph"):
        opened.execute(f"IMPORT MODEL x FROM {_save(unknown, tmp_path / 'u.onnx')}")


MODELS = [
    ("linear_reg", "total", ""),
    ("logistic_reg", "yes", ", l2_reg = 1"),
    ("logistic_reg", "level", ", l2_reg = 1"),
    ("boosted_tree_classifier", "flag", ", max_iterations = 5"),
    ("boosted_tree_classifier", "level", ", max_iterations = 3"),
    ("boosted_tree_regressor", "total", ", max_iterations = 5"),
    ("random_forest_regressor", "total", ", num_parallel_tree = 4"),
    ("poisson_regressor", "positive", ""),
]


@pytest.mark.parametrize(("kind", "label", "more"), MODELS)
def test_an_exported_graph_answers_the_same(
    opened: sqlml.Connection, tmp_path: Path, kind: str, label: str, more: str
) -> None:
    opened.execute(
        """CREATE OR REPLACE TABLE known AS SELECT CASE WHEN n <> 3 THEN a::DOUBLE END AS num, CASE WHEN n <> 2 THEN plan END AS "The Plan",
               CASE WHEN n <> 1 THEN b > 0 END AS up, n::BIGINT AS n, total::DOUBLE AS total, yes, total > 0 AS flag, exp(total::DOUBLE / 3) AS positive,
               ['low', 'mid', 'high'][1 + (total > -1)::INTEGER + (total > 1)::INTEGER] AS level FROM data"""
    )
    opened.execute(
        f"CREATE OR REPLACE MODEL m OPTIONS (model_type = '{kind}', input_label_cols = ['{label}']{more}) AS SELECT num, \"The Plan\", up, n, {label} FROM known"
    )
    opened.execute(f"EXPORT MODEL m TO '{tmp_path}/m.onnx'")
    onnx.checker.check_model(str(tmp_path / "m.onnx"))
    opened.execute(f"IMPORT OR REPLACE MODEL z FROM '{tmp_path}/m.onnx'")
    assert opened.execute("DESCRIBE MODEL z").fetchall()[2][3] == "onnx"
    rows = """(SELECT * REPLACE (CASE WHEN n = 4 THEN 'new' ELSE "The Plan" END AS "The Plan") FROM known UNION ALL
               SELECT * REPLACE ('nan'::DOUBLE AS num, NULL AS "The Plan", NULL AS up, NULL AS n) FROM known)"""
    found = opened.execute(f"SELECT ml_predict('m', d), ml_predict('z', d) FROM {rows} AS d").fetchall()
    assert len(found) == 2000
    if label in ("total", "positive"):
        assert all(abs(one - other) <= 1e-12 * max(1, abs(one)) for one, other in found)
    else:
        assert all(one == other for one, other in found)
    # By ONNX Runtime alone.
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    feeds = {"num": [[1.5]], "The Plan": [[""]], "up": [["true"]], "n": [[2.0]]}
    kinds = {"The Plan": np.object_, "up": np.object_}
    answer = session.run(None, {k: np.array(v, dtype=kinds.get(k, np.float64)) for k, v in feeds.items()})[0]
    [(expected,)] = opened.execute(
        "SELECT ml_predict('m', num := 1.5, \"The Plan\" := NULL::VARCHAR, up := true, n := 2)"
    ).fetchall()
    value = answer.ravel()[0]
    assert (
        value == pytest.approx(expected)
        if label in ("total", "positive")
        else str(value).lower() == str(expected).lower()
    )


@pytest.mark.parametrize(
    ("create", "says"),
    [
        ("OPTIONS (model_type = 'naive_bayes', input_label_cols = ['yes']) AS SELECT a, yes FROM data", "naive_bayes"),
        ("OPTIONS (model_type = 'linear_reg', input_label_cols = ['total']) AS SELECT a, DATE '2024-01-01' + n::INTEGER AS day, total FROM data", "DATE"),
        ("OPTIONS (model_type = 'linear_reg', input_label_cols = ['total']) AS SELECT a, CASE WHEN n > 1 THEN plan ELSE '' END AS plan, total FROM data", "empty text"),
        ("TRANSFORM (a * 2 AS a, total) OPTIONS (model_type = 'linear_reg', input_label_cols = ['total']) AS SELECT a, total FROM data", "TRANSFORM"),
    ],
)  # fmt: skip
def test_what_a_graph_cannot_say(opened: sqlml.Connection, tmp_path: Path, create: str, says: str) -> None:
    opened.execute(f"CREATE OR REPLACE MODEL m {create}")
    with pytest.raises(NotSupported, match=says) as raised:
        opened.execute(f"EXPORT MODEL m TO '{tmp_path}/m.onnx'")
    assert raised.value.hint
    assert not (tmp_path / "m.onnx").exists()


def test_without_the_packages(tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["onnx"] = sys.modules["onnxruntime"] = None
import sqlml
con = sqlml.connect()
open(r"{tmp_path}/m.onnx", "wb").write(b"x")
try:
    con.execute("IMPORT MODEL m FROM '{tmp_path}/m.onnx'")
except sqlml.NotSupportedError as error:
    assert "sqlml[onnx]" in str(error), error
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", program], check=True)
