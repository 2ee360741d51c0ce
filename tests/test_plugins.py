"""Third parties add model types, functions and statements as the built-in ones are added, and through entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sqlglot import exp

import sqlml
from sqlml.errors import AlreadyExists, ArtifactRefused, InvalidOption, NotFound
from sqlml.extensions import Registry
from sqlml.functions import FUNCTIONS
from sqlml.functions.base import Function
from sqlml.model_types import MODEL_TYPES
from sqlml.model_types.base import ModelType
from sqlml.options import option


class Forest(ModelType):
    """A random forest: no more than `build` is written, the rest is the default."""

    name = "forest"
    task = "regression"

    @dataclass(frozen=True)
    class Options:
        trees: int = option(10, "How many trees.", low=1)

    def build(self, options: Any) -> Any:
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(n_estimators=options.trees, random_state=0)


class Bayes(ModelType):
    """Gaussian naive Bayes, a classifier."""

    name = "bayes"
    task = "classification"

    @dataclass(frozen=True)
    class Options:
        smoothing: float = option(1e-9, "What is added to every variance.", above=0)

    def build(self, options: Any) -> Any:
        from sklearn.naive_bayes import GaussianNB

        return GaussianNB(var_smoothing=options.smoothing)


class Constant(ClassifierMixin, BaseEstimator):
    """An estimator of someone's own: its class is on no trust list."""

    def fit(self, x: Any, y: Any) -> Constant:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, x: Any) -> Any:
        return np.full((len(x), len(self.classes_)), 1 / len(self.classes_))


class Untrusted(ModelType):
    """A model type whose estimator cannot be stored safely."""

    name = "untrusted"
    task = "classification"

    @dataclass(frozen=True)
    class Options:
        pass

    def build(self, options: Any) -> Any:
        return Constant()


class MlMargin(Function):
    """How sure a model of two classes is.

    SELECT ml_margin('churn', c) FROM customers AS c;

    Becomes: abs(2 * probability - 1).
    """

    name = "ml_margin"
    signature = "ml_margin(model, row | features...)"

    def scalar(self, call: Any, context: Any) -> exp.Expr:
        from sqlml.functions.calls import scalar_score

        _, score, _ = scalar_score(call, context)
        probability = exp.Anonymous(this="list_extract", expressions=[score, exp.Literal.number(2)])
        return exp.Anonymous(
            this="abs",
            expressions=[
                exp.Sub(
                    this=exp.Mul(this=exp.Literal.number(2), expression=probability), expression=exp.Literal.number(1)
                )
            ],
        )


@contextmanager
def added(registry: Registry[Any], thing: Any) -> Iterator[None]:
    """Registered for a while."""
    registry.add(thing)
    try:
        yield
    finally:
        registry.remove(thing.name)


@pytest.fixture
def data(con: sqlml.Connection) -> sqlml.Connection:
    con.execute(
        """CREATE TABLE data AS SELECT i AS id, (hash(i) % 100) / 10 AS x, CASE WHEN i % 5 > 0 THEN ['a', 'b', NULL][1 + i % 3] END AS k,
                  x * 2 + CASE k WHEN 'a' THEN 5 ELSE 0 END AS y, x > 5 AS big FROM range(90) AS r(i)"""
    )
    return con


def test_an_estimator_is_enough(data: sqlml.Connection) -> None:
    with added(MODEL_TYPES, Forest()):
        row = data.execute(
            "CREATE MODEL f OPTIONS (model_type = 'Forest', input_label_cols = ['y'], trees = 7) AS SELECT x, k, y FROM data"
        ).fetchall()[0]
        assert row[:2] == ("f", 1)
        assert row[2]["r2_score"] > 0.95
        assert data.execute("SELECT format FROM sqlml.artifacts").fetchall() == [("skops",)]
        assert data.execute("SELECT value FROM sqlml.params WHERE key = 'trees'").fetchall() == [("7",)]
        found = data.execute("SELECT id, ml_predict('f', d) FROM data AS d ORDER BY id").fetchall()
    # Predicting needs the artifact alone: the type may be gone.
    again = data.execute("SELECT id, ml_predict('f', d) FROM data AS d ORDER BY id").fetchall()
    assert again == found
    expected = dict(data.execute("SELECT id, y FROM data").fetchall())
    assert np.mean([abs(p - expected[i]) for i, p in found]) < 0.5
    # NULLs, unseen values, no rows.
    assert data.execute("SELECT ml_predict('f', x := NULL, k := 'unseen') BETWEEN 0 AND 25").fetchall() == [(True,)]
    assert data.execute("SELECT ml_predict('f', d) FROM data AS d WHERE false").fetchall() == []


def test_predictions_are_the_estimators_own(data: sqlml.Connection) -> None:
    """scikit-learn called directly, over standardised numbers."""
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with added(MODEL_TYPES, Bayes()):
        options = "model_type = 'bayes', input_label_cols = ['big'], smoothing = 0.01"
        data.execute(f"CREATE MODEL n OPTIONS ({options}) AS SELECT x, y, big FROM data")
    frame = data.execute("SELECT id, x, y, big FROM data ORDER BY id").df()
    estimator = make_pipeline(StandardScaler(), GaussianNB(var_smoothing=0.01))
    estimator.fit(frame[["x", "y"]].to_numpy(), frame["big"].to_numpy())
    points = [(i / 10, j / 10) for i in range(-10, 110, 7) for j in range(0, 250, 13)]
    found = data.execute(
        """SELECT ml_predict('n', x := p.x, y := p.y), map_values(ml_predict_proba('n', x := p.x, y := p.y))
           FROM (SELECT unnest(?::STRUCT(x DOUBLE, y DOUBLE)[], recursive := true)) AS p""",
        [[{"x": x, "y": y} for x, y in points]],
    ).fetchall()
    expected = estimator.predict_proba(np.array(points))
    assert np.abs(np.array([scores for _, scores in found]) - expected).max() < 1e-9
    assert [p for p, _ in found] == (expected[:, 1] > 0.5).tolist()


def test_options_of_a_plugin_are_checked(data: sqlml.Connection) -> None:
    with added(MODEL_TYPES, Forest()):
        with pytest.raises(InvalidOption, match='The option "trees" is 0'):
            data.execute(
                "CREATE MODEL f OPTIONS (model_type = 'forest', input_label_cols = ['y'], trees = 0) AS SELECT x, y FROM data"
            )
        with pytest.raises(InvalidOption, match='no option "treees"') as raised:
            data.execute(
                "CREATE MODEL f OPTIONS (model_type = 'forest', input_label_cols = ['y'], treees = 3) AS SELECT x, y FROM data"
            )
        assert raised.value.hint == 'Did you mean "trees"?'
    with pytest.raises(NotFound, match='no model type "forest"'):
        data.execute(
            "CREATE MODEL f OPTIONS (model_type = 'forest', input_label_cols = ['y']) AS SELECT x, y FROM data"
        )


def test_a_class_outside_the_trust_list_is_refused(data: sqlml.Connection) -> None:
    with (
        added(MODEL_TYPES, Untrusted()),
        pytest.raises(ArtifactRefused, match=r"types that are not trusted: .*Constant") as raised,
    ):
        data.execute(
            "CREATE MODEL u OPTIONS (model_type = 'untrusted', input_label_cols = ['big']) AS SELECT x, big FROM data"
        )
    assert raised.value.hint
    assert raised.value.sqlstate == "58030"
    assert data.execute("SELECT count(*) FROM sqlml.models").fetchall() == [(0,)]
    assert data.execute("SELECT count(*) FROM data").fetchall() == [(90,)]


def test_bytes_with_a_class_outside_the_trust_list_are_not_loaded() -> None:
    """Also where they are signed: whoever stored them had another trust list."""
    import base64

    from skops import io

    from sqlml.scoring.sklearn_estimator import SklearnEstimator

    body = base64.b64encode(io.dumps(Constant().fit(np.zeros((2, 1)), np.array([0, 1])))).decode()
    with pytest.raises(ArtifactRefused, match="not trusted"):
        SklearnEstimator({"skops": body})


def test_a_function() -> None:
    with added(FUNCTIONS, MlMargin()):
        con = sqlml.connect()
        con.execute(
            "CREATE TABLE t AS SELECT * FROM (VALUES ('a', true), ('a', true), ('a', true), ('a', false), ('b', false), ('b', true)) AS v(k, won)"
        )
        con.execute("CREATE MODEL w OPTIONS (model_type = 'logistic_reg', input_label_cols = ['won']) AS FROM t")
        found = con.execute("SELECT k, round(ml_margin('w', t), 3) AS m FROM t GROUP BY ALL ORDER BY ALL").fetchall()
        assert found == [("a", 0.5), ("b", 0.0)]
        assert con.execute("SELECT round(ML.MARGIN(MODEL w, k := 'a'), 3)").fetchall() == [(0.5,)]
        assert con.plan("SELECT ml_margin('w', t) FROM t").calls == ("ml_margin",)
        con.close()


def test_a_name_is_registered_once() -> None:
    with (
        added(MODEL_TYPES, Forest()),
        pytest.raises(AlreadyExists, match='The model type "forest" is registered twice'),
    ):
        MODEL_TYPES.add(Forest())
    with pytest.raises(AlreadyExists):
        FUNCTIONS.add(FUNCTIONS.find("ml_predict"))


_PLUGIN = """
from dataclasses import dataclass
from sqlml.model_types.base import ModelType
from sqlml.options import option


class Stump(ModelType):
    name = "stump"
    task = "regression"

    @dataclass(frozen=True)
    class Options:
        depth: int = option(1, "How deep.", low=1)

    def build(self, options):
        from sklearn.tree import DecisionTreeRegressor

        return DecisionTreeRegressor(max_depth=options.depth)
"""
_PROGRAM = """
import sqlml

con = sqlml.connect()
con.execute("CREATE TABLE t AS SELECT x, CASE WHEN x < 5 THEN 1.0 ELSE 3.0 END AS y FROM range(10) AS r(x)")
con.execute("CREATE MODEL s OPTIONS (model_type = 'stump', input_label_cols = ['y']) AS FROM t")
print(con.execute("SELECT ml_predict('s', x := 0), ml_predict('s', x := 9)").fetchall())
"""


def test_an_entry_point(tmp_path: Path) -> None:
    """A package that names its class in the group `sqlml.model_types` needs nothing else."""
    (tmp_path / "stumps.py").write_text(_PLUGIN)
    about = tmp_path / "stumps-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stumps\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[sqlml.model_types]\nstump = stumps:Stump\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[(1.0, 3.0)]"
