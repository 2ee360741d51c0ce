"""Models trained elsewhere: `con.register_model(name, estimator, example=...)`."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import sqlml
from sqlml.errors import (
    AlreadyExists,
    ArtifactRefused,
    Cancelled,
    InvalidOption,
    NotFound,
    NotSupported,
    PermissionDenied,
    PythonFailed,
    WrongType,
)

ROWS = 5000
FRAME = pd.DataFrame(
    {
        "Age": np.arange(ROWS) % 70 + 10,
        "plan": pd.Series(["basic", "pro", None, "team"] * (ROWS // 4)),
        "since": pd.date_range("2020-01-01", periods=ROWS, freq="h"),
        "spent": np.where(np.arange(ROWS) % 7 == 0, np.nan, np.arange(ROWS) / 10),
    }
)
CHURNED = (np.arange(ROWS) % 3 == 0) ^ (FRAME["Age"] > 50)


LOCK = threading.Lock()


@pytest.fixture(scope="module")
def pipeline():
    features = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["plan"]), (StandardScaler(), ["Age"]), remainder="drop"
    )
    return make_pipeline(features, LogisticRegression()).fit(FRAME[["Age", "plan"]], CHURNED)


def _one(con: sqlml.Connection, sql: str):
    return con.execute(sql).fetchone()


def test_a_pipeline_answers_as_it_does_itself(con: sqlml.Connection, pipeline) -> None:
    assert con.register_model("churn", pipeline, example=FRAME.head(), label="churned") == 1
    con.register("customers", FRAME.assign(churned=CHURNED))
    found = con.execute(
        "SELECT ml_predict('churn', c) AS p, ml_predict_proba('churn', c)[true] AS q FROM customers AS c"
    )
    frame = found.df()
    assert frame["p"].tolist() == pipeline.predict(FRAME).tolist()
    assert np.abs(frame["q"] - pipeline.predict_proba(FRAME)[:, 1]).max() == 0.0
    accuracy = _one(con, "SELECT accuracy FROM ML.EVALUATE(MODEL churn, TABLE customers)")[0]
    assert accuracy == pytest.approx(pipeline.score(FRAME, CHURNED))
    first = con.execute("SELECT * FROM ML.PREDICT(MODEL churn, TABLE customers) LIMIT 1")
    assert first.columns == ["predicted_churned", "predicted_churned_probs", *FRAME.columns, "churned"]
    matrix = con.execute("SELECT * FROM ML.CONFUSION_MATRIX(MODEL churn, TABLE customers)").fetchall()
    assert sum(matrix[0][1:]) + sum(matrix[1][1:]) == ROWS


def test_what_the_catalog_keeps(con: sqlml.Connection, pipeline) -> None:
    con.register_model(
        "churn", pipeline, example=FRAME, label="churned", tags={"team": "growth"}, comment="from a notebook"
    )
    described = con.execute("DESCRIBE MODEL churn").fetchall()
    facts = {name: value for section, name, _, value in described if section == "model"}
    assert (facts["model_type"], facts["task"], facts["format"]) == ("python", "classification", "registered_skops")
    assert "scikit-learn=" in facts["library_versions"]
    features = [(name, kind) for section, name, kind, _ in described if section == "feature"]
    # Only what the pipeline was fitted on, in its order.
    assert features == [("Age", "BIGINT"), ("plan", "VARCHAR")]
    assert [row[1:] for row in described if row[0] == "label"] == [("churned", "BOOLEAN", "false, true")]
    assert [row for row in described if row[0] == "source"] == []
    assert _one(con, "SELECT comment FROM sqlml.models") == ("from a notebook",)
    assert _one(con, "SELECT key, value FROM sqlml.tags") == ("team", "growth")
    assert con.execute("SHOW MODELS").fetchone()[2:6] == ("churn", 1, "python", "churned")


def test_versions_and_aliases(con: sqlml.Connection) -> None:
    for factor in (2, 3):
        number = con.register_model("m", lambda f, k=factor: f["a"] * k, example={"a": [1]}, replace=True)
        assert number == factor - 1
    assert _one(con, "SELECT ml_predict('m', a := 10), ml_predict('m@1', a := 10)") == (30.0, 20.0)
    con.execute("CREATE VIEW v AS SELECT ml_predict('m', a := 10) AS p")
    con.execute("ALTER MODEL m SET ALIAS champion = 1")
    assert _one(con, "FROM v") == (20.0,)
    con.execute("CREATE MODEL n COPY m@2")
    assert _one(con, "SELECT ml_predict('n', a := 10)") == (30.0,)
    con.execute("DROP MODEL n")


def test_it_is_in_the_users_transaction(tmp_path: Path) -> None:
    con, other = sqlml.connect(tmp_path / "a.db"), sqlml.connect(tmp_path / "a.db")
    con.begin()
    con.register_model("m", lambda f: f["a"] + 1, example={"a": [1]})
    assert _one(con, "SELECT ml_predict('m', a := 1)") == (2.0,)
    with pytest.raises(NotFound):
        other.execute("SELECT ml_predict('m', a := 1)")
    con.rollback()
    for table in ("models", "model_versions", "artifacts", "features", "runs", "metrics", "datasets"):
        assert _one(con, f"SELECT count(*) FROM sqlml.{table}") == (0,)
    con.register_model("m", lambda f: f["a"] + 1, example={"a": [1]})
    assert _one(other, "SELECT ml_predict('m', a := 1)") == (2.0,)
    con.close()
    other.close()
    con = sqlml.connect(tmp_path / "a.db")
    assert _one(con, "SELECT ml_predict('m', a := 41)") == (42.0,)
    con.close()


@pytest.mark.parametrize(
    "example",
    [
        FRAME.head(3),
        pl.from_pandas(FRAME.head(3)),
        pa.Table.from_pandas(FRAME.head(3)),
        {"Age": [1, 2], "plan": ["pro", None]},
    ],
    ids=["pandas", "polars", "arrow", "dict"],
)
def test_examples_of_every_kind(con: sqlml.Connection, pipeline, example) -> None:
    con.register_model("churn", pipeline, example=example, label="churned")
    assert _one(con, "SELECT ml_predict('churn', age := 60, plan := 'pro')") == (True,)


def test_a_callable_is_given_the_columns_as_they_are(con: sqlml.Connection) -> None:
    def described(frame: pd.DataFrame) -> list[float]:
        kinds = [str(kind) for kind in frame.dtypes]
        assert list(frame.columns) == ["n", "x", "flag", "day", "kind"], frame.columns
        assert kinds[0] in ("int64", "float64"), kinds
        assert frame["kind"].cat.categories.tolist() == ["a", "b"]
        return (frame["n"] + frame["x"].fillna(0) + frame["flag"].astype(float) + frame["kind"].cat.codes).tolist()

    example = pd.DataFrame({"n": [1], "x": [0.5], "flag": [True], "day": [pd.Timestamp("2024-01-01")]})
    example["kind"] = pd.Categorical(["b"], categories=["a", "b"])
    con.register_model("m", described, example=example)
    given = "n := 2, flag := true, day := TIMESTAMP '2024-02-03'"
    assert _one(con, f"SELECT ml_predict('m', x := 0.25, kind := 'b', {given})") == (4.25,)
    # A category that is not known is missing, and so is NULL.
    assert _one(con, f"SELECT ml_predict('m', x := NULL, kind := 'zzz', {given})") == (2.0,)


def test_whole_numbers_stay_whole_while_they_can(con: sqlml.Connection) -> None:
    con.register_model("m", lambda f: [float(f["n"].dtype == "int64")] * len(f), example={"n": [1]})
    assert _one(con, "SELECT ml_predict('m', n := 3), ml_predict('m', n := 3.5), ml_predict('m', n := NULL)") == (
        1,
        0,
        0,
    )


def test_other_estimators(con: sqlml.Connection) -> None:
    plans = FRAME["plan"].fillna("none")
    con.register_model("svc", LinearSVC().fit(FRAME[["Age"]], plans), example=FRAME.assign(plan=plans), label="plan")
    labels = _one(con, "SELECT map_values(ml_predict_proba('svc', age := 20))")[0]
    assert sorted(labels) == [0.0, 0.0, 0.0, 1.0]
    con.register_model("matrix", LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0]), example={"x": [1.0]})
    assert _one(con, "SELECT round(ml_predict('matrix', x := 21), 6)") == (42.0,)
    own = make_pipeline(FunctionTransformer(lambda f: f * 2), LinearRegression()).fit(FRAME[["Age"]], FRAME["Age"])
    con.register_model("own", own, example=FRAME[["Age"]])
    assert _one(con, "SELECT format FROM sqlml.artifacts ORDER BY format LIMIT 1") == ("cloudpickle",)
    assert _one(con, "SELECT round(ml_predict('own', age := 33), 6)") == (33.0,)


def test_a_callable_that_classifies(con: sqlml.Connection) -> None:
    con.register_model(
        "side",
        lambda f: np.where(f["x"] > 0, "right", "left"),
        example={"x": [1.0]},
        task="classification",
        classes=["left", "right"],
    )
    con.register_model(
        "odds",
        lambda f: np.column_stack([1 - f["p"], f["p"]]),
        example={"p": [0.5]},
        task="classification",
        classes=[0, 1],
    )
    assert _one(con, "SELECT ml_predict('side', x := -1), ml_predict('odds', p := 0.75)") == ("left", 1)
    assert _one(con, "SELECT ml_predict_proba('odds', p := 0.75)") == ({0: 0.25, 1: 0.75},)
    with pytest.raises(
        PythonFailed, match=r'The model "odds" version 1 returned probabilities that sum to|returned nan'
    ):
        con.execute("SELECT ml_predict('odds', p := 'nan'::DOUBLE)").fetchall()
    con.register_model("typo", lambda f: f["s"], example={"s": ["a"]}, classes=["a", "b"])
    with pytest.raises(PythonFailed, match="returned the label 'c'"):
        con.execute("SELECT ml_predict('typo', s := 'c')").fetchall()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda f: f["a"][:-1], r'The model "m" version 1 returned \d+ answers for \d+ rows'),
        (lambda f: None, "returned one NoneType for"),
        (lambda f: 5, "returned one int for"),
        (lambda f: f["a"] * float("nan"), r"returned nan for \d+ of"),
        (lambda f: f["a"] / 0, "returned inf for"),
        (lambda f: ["x"] * len(f), "returned values of type"),
        (lambda f: np.zeros((len(f), 2)), "returned 2 numbers a row"),
        (lambda f: f["b"], "failed: KeyError: 'b'"),
        (lambda f: 1 / 0, 'The model "m" version 1 failed: ZeroDivisionError: division by zero'),
    ],
)
def test_wrong_answers(con: sqlml.Connection, answer: Callable, said: str) -> None:
    with pytest.raises(PythonFailed, match=said.replace(" version 1", "")):
        con.register_model("m", answer, example={"a": [1.0, 2.0]})
    assert con.execute("SHOW MODELS").fetchall() == []
    # Right on the example, wrong on what comes later.
    con.register_model("m", lambda f: answer(f) if f["a"].max() > 10 else f["a"], example={"a": [1.0, 2.0]})
    with pytest.raises(PythonFailed, match=said) as raised:
        con.execute("SELECT ml_predict('m', a := x + 20) FROM range(3000) AS r(x)").fetchall()
    assert raised.value.hint
    assert raised.value.sqlstate == "38000"
    assert con.execute("SELECT ml_predict('m', a := 1)").fetchall() == [(1.0,)]


@pytest.mark.parametrize(
    ("model", "arguments", "error", "said"),
    [
        (LinearRegression, {}, InvalidOption, "LinearRegression is a class"),
        (LinearRegression(), {}, PythonFailed, "not fitted"),
        (5, {}, InvalidOption, "int is neither an estimator with predict nor a callable"),
        (len, {"example": 5}, InvalidOption, "The example is a int"),
        (len, {"example": {"a": [1], "b": [1, 2]}}, InvalidOption, "The example is no table"),
        (len, {"example": {"a": []}}, NotSupported, 'The column "a" of the example has no value'),
        (len, {"example": {"a": [[1]]}}, NotSupported, "which cannot be a feature"),
        (len, {"example": {"label": [1]}}, InvalidOption, "no columns besides the label"),
        (len, {"example": FRAME[["Age"]].head(0)}, InvalidOption, "The example has no rows"),
        (len, {"task": "clasification"}, InvalidOption, "The task is 'clasification'"),
        (len, {"task": "classification"}, InvalidOption, "A classification needs its classes"),
        (len, {"task": "regression", "classes": [1, 2]}, InvalidOption, "A regression has no classes"),
        (len, {"label": ""}, InvalidOption, "The label has no name"),
        (len, {"tags": {"a": 1}}, InvalidOption, "Tags are names and values of text"),
        (len, {"name": "m@2"}, InvalidOption, "names a version"),
        (len, {"name": "nowhere.m"}, NotFound, 'no schema "nowhere"'),
        (lambda f, lock=LOCK: f["a"], {}, PythonFailed, "Pickling the model failed"),
    ],
)
def test_bad_input(con: sqlml.Connection, model, arguments: dict, error: type, said: str) -> None:
    asked = {"name": "m", "example": {"a": [1.0]}, **arguments}
    with pytest.raises(error, match=said) as raised:
        con.register_model(asked.pop("name"), model, **asked)
    assert raised.value.hint
    assert con.execute("SHOW MODELS").fetchall() == []


def test_columns_that_lack_and_types_that_differ(con: sqlml.Connection, pipeline) -> None:
    with pytest.raises(NotFound, match='no column "plan", which the estimator was fitted on'):
        con.register_model("churn", pipeline, example={"Age": [1], "plam": ["pro"]})
    con.register_model("churn", pipeline, example=FRAME.head())
    with pytest.raises(AlreadyExists, match='There is a model "churn" already'):
        con.register_model("churn", pipeline, example=FRAME.head())
    with pytest.raises(NotFound, match='needs the feature "plan"'):
        con.execute("SELECT ml_predict('churn', age := 1)")
    with pytest.raises(WrongType):
        con.execute("SELECT ml_predict('churn', age := 'x', plan := 'pro')")
    for call in ("ML.EVALUATE", "ML.CONFUSION_MATRIX", "ML.ROC_CURVE"):
        with pytest.raises(NotFound, match="was not trained here"):
            con.execute(f"SELECT * FROM {call}(MODEL churn)")
    assert (
        con.execute("SELECT ml_predict('churn', t) FROM (SELECT 1 AS age, 'pro' AS plan WHERE false) AS t").fetchall()
        == []
    )


def test_an_interrupt_stops_it(con: sqlml.Connection) -> None:
    def sleeps(frame: pd.DataFrame) -> pd.Series:
        import time

        if frame["a"].max() > 5:
            time.sleep(60)
        return frame["a"]

    def spins(frame: pd.DataFrame) -> pd.Series:
        while frame["a"].max() > 5:
            pass
        return frame["a"]

    for name, model in (("sleeps", sleeps), ("spins", spins)):
        con.register_model(name, model, example={"a": [1.0]})
        sql = f"SELECT ml_predict('{name}', a := x) FROM range(10000) AS r(x)"
        threading.Timer(0.3, con.interrupt).start()
        with pytest.raises(Cancelled):
            con.execute(sql).fetchall()
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            con.execute(sql).fetchall()
        assert _one(con, f"SELECT ml_predict('{name}', a := 2)") == (2.0,)


def test_one_connection_does_not_stop_another(tmp_path: Path) -> None:
    con, other = sqlml.connect(tmp_path / "a.db"), sqlml.connect(tmp_path / "a.db")
    began, go = threading.Event(), threading.Event()
    MEETING.update(began=began, go=go)
    con.register_model("m", _waits, example={"a": [1.0]})
    found: list = []
    thread = threading.Thread(target=lambda: found.append(con.execute("SELECT ml_predict('m', a := 9)").fetchall()))
    thread.start()
    assert began.wait(20)
    other.interrupt()
    go.set()
    thread.join()
    assert found == [[(9.0,)]]
    con.close()
    other.close()


MEETING: dict[str, threading.Event] = {}


def _waits(frame: pd.DataFrame) -> pd.Series:
    if frame["a"].max() > 5:
        MEETING["began"].set()
        MEETING["go"].wait(20)
    return frame["a"]


def test_unpickling_can_be_switched_off(tmp_path: Path, pipeline) -> None:
    con = sqlml.connect(tmp_path / "a.db")
    con.register_model("safe", pipeline, example=FRAME.head())
    con.register_model("pickled", lambda f: f["a"], example={"a": [1.0]})
    con.execute("CREATE VIEW v AS SELECT ml_predict('pickled', a := 1) AS p")
    con.close()
    con = sqlml.connect(tmp_path / "a.db", allow_pickle=False)
    assert _one(con, "SELECT ml_predict('safe', age := 60, plan := 'pro')") == (True,)
    # The process has it loaded already: that does not matter.
    for sql in ("SELECT ml_predict('pickled', a := 1)", "FROM v"):
        with pytest.raises(PermissionDenied, match="unpickling is off here") as raised:
            con.execute(sql).fetchall()
        assert "allow_pickle=True" in raised.value.hint
    with pytest.raises(PermissionDenied, match="unpickling is off here"):
        con.register_model("other", lambda f: f["a"], example={"a": [1.0]})
    assert con.execute("SELECT count(*) FROM sqlml.models").fetchall() == [(2,)]
    with pytest.raises(InvalidOption, match="already open in this process with another"):
        sqlml.connect(tmp_path / "a.db")
    con.close()


class _Touches:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_is_unpickled_that_was_not_signed(tmp_path: Path) -> None:
    import cloudpickle

    marker = tmp_path / "touched"
    con = sqlml.connect(tmp_path / "a.db")
    con.register_model("m", lambda f: f["a"], example={"a": [1.0]})
    [[body]] = con.execute("SELECT body FROM sqlml.artifacts").fetchall()
    document = json.loads(body)
    document["estimator"]["body"] = base64.b64encode(cloudpickle.dumps(_Touches(marker))).decode()
    con.execute("UPDATE sqlml.artifacts SET body = ?", [json.dumps(document).encode()])
    con.close()
    con = sqlml.connect(tmp_path / "a.db")
    with pytest.raises(ArtifactRefused, match="was changed after it was signed"):
        con.execute("SELECT ml_predict('m', a := 1)")
    # With a hash of its own, but the old signature.
    con.execute("UPDATE sqlml.artifacts SET sha256 = sha256(body)")
    with pytest.raises(ArtifactRefused, match="is not signed with your key"):
        con.execute("SELECT ml_predict('m', a := 1)")
    con.close()
    assert not marker.exists()
    cloudpickle.loads(cloudpickle.dumps(_Touches(marker)))
    assert marker.exists()
