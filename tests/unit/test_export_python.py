"""EXPORT MODEL to a pickle and to MLflow's folder: Python without sqlml answers as ml_predict does."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import sqlml
from sqlml.errors import AlreadyExists, InvalidOption, NotFound, NotSupported

DATA = """
CREATE TABLE data AS
SELECT CASE WHEN i % 7 <> 0 THEN (hash(i) % 100)::DOUBLE END AS num, ['red', 'green', 'blue', NULL][1 + i % 4] AS "The Colour",
       CASE WHEN i % 9 <> 0 THEN i % 2 = 0 END AS flag, CASE WHEN i % 13 <> 0 THEN DATE '2023-01-01' + (i % 700)::INTEGER END AS day,
       TIMESTAMP '2024-01-01 00:00:01.5' + i * INTERVAL 37 MINUTE AS moment, (i * 1.25)::DECIMAL(10, 2) AS amount, i::BIGINT AS big,
       (hash(i) % 100) * 0.5 + i % 4 + 1 AS y, (hash(i) % 100) + 10 * (i % 4) > 60 AS yes, ['a', 'b', 'c'][1 + (hash(i) % 3)::INTEGER] AS kind,
       (hash(i) % 4)::INTEGER AS lvl
FROM range(600) AS r(i)
"""
FEATURES = 'num, "The Colour", flag, day, moment, amount, big'
ROWS = """(FROM data UNION ALL SELECT * REPLACE (CASE WHEN num > 50 THEN 'violet' ELSE "The Colour" END AS "The Colour", num * 1.1 AS num) FROM data
           UNION ALL SELECT * REPLACE ('nan'::DOUBLE AS num, NULL AS amount, NULL AS moment) FROM data)"""
MODELS = [
    ("linear_reg", "y", ""),
    ("logistic_reg", "yes", ", l2_reg = 1"),
    ("logistic_reg", "kind", ", l2_reg = 1"),
    ("boosted_tree_classifier", "yes", ", max_iterations = 5"),
    ("boosted_tree_classifier", "lvl", ", max_iterations = 3"),
    ("boosted_tree_regressor", "y", ", max_iterations = 5"),
    ("naive_bayes", "yes", ""),
    ("poisson_regressor", "y", ""),
    ("knn_classifier", "kind", ""),
]


@pytest.fixture(scope="module")
def opened() -> Iterator[sqlml.Connection]:
    con = sqlml.connect()
    con.execute(DATA)
    yield con
    con.close()


# Reads the frame, answers by the pickle and by MLflow's way of loading the folder, with no sqlml to be found.
PROGRAM = """
import json, pickle, sys
from pathlib import Path
import pandas as pd
frame = pd.read_pickle(sys.argv[1] + "/frame.pkl")
sys.modules["sqlml"] = None
for place in sorted(p for p in Path(sys.argv[1]).iterdir() if p.is_dir()):
    sys.path.insert(0, str(place / "m" / "code"))
    sys.modules.pop("sqlml_model", None)
    import sqlml_model
    data = json.loads((place / "m" / "MLmodel").read_text())["flavors"]["python_function"]["data"]
    pickled = pickle.loads((place / "m.pkl").read_bytes())
    for name, model in (("pickle", pickled), ("mlflow", sqlml_model._load_pyfunc(str(place / "m" / data)))):
        is_classifier = hasattr(model, "classes_")
        found = {"labels": model.predict(frame), "scores": model.predict_proba(frame) if is_classifier else None}
        pd.to_pickle({**found, "classes": model.classes_.tolist() if is_classifier else []}, place / f"{name}.out")
"""


def test_python_answers_the_same(opened: sqlml.Connection, tmp_path: Path) -> None:
    opened.execute(f"SELECT {FEATURES} FROM {ROWS}").df().to_pickle(tmp_path / "frame.pkl")
    for number, (kind, label, more) in enumerate(MODELS):
        place = tmp_path / str(number)
        place.mkdir()
        opened.execute(
            f"CREATE MODEL m{number} OPTIONS (model_type = '{kind}', input_label_cols = ['{label}']{more}) AS SELECT {FEATURES}, {label} FROM data"
        )
        opened.execute(f"EXPORT MODEL m{number} TO '{place}/m.pkl'")
        opened.execute(f"EXPORT MODEL m{number} TO '{place}/m/'")
    subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)], check=True, cwd=tmp_path)
    for number, (_, label, _) in enumerate(MODELS):
        expected = [v for (v,) in opened.execute(f"SELECT ml_predict('m{number}', d) FROM {ROWS} AS d").fetchall()]
        assert len(expected) == 1800
        for name in ("pickle", "mlflow"):
            found = pd.read_pickle(tmp_path / str(number) / f"{name}.out")
            if label == "y":
                assert np.allclose(found["labels"], expected, rtol=1e-12, atol=1e-12)
                continue
            assert found["labels"].tolist() == expected
            maps = opened.execute(f"SELECT ml_predict_proba('m{number}', d) FROM {ROWS} AS d").fetchall()
            wanted = np.array([[chances[c] for c in found["classes"]] for (chances,) in maps])
            assert np.abs(found["scores"] - wanted).max() < 1e-12


def test_the_folder(opened: sqlml.Connection, tmp_path: Path) -> None:
    opened.execute(
        "CREATE OR REPLACE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT num, kind, y FROM data"
    )
    [row] = opened.execute(f"EXPORT MODEL m TO '{tmp_path}/m' (FORMAT 'mlflow')").fetchall()
    files = {str(p.relative_to(tmp_path / "m")): p for p in (tmp_path / "m").rglob("*") if p.is_file()}
    assert row[4] == sum(p.stat().st_size for p in files.values())
    assert set(files) == {
        *("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json", "model.json"),
        "code/sqlml_model.py",
    }
    described = json.loads(files["MLmodel"].read_text())
    assert json.loads(described["signature"]["inputs"]) == [
        {"type": "double", "name": "num", "required": False},
        {"type": "string", "name": "kind", "required": False},
    ]
    assert json.loads(files["input_example.json"].read_text())["columns"] == ["num", "kind"]
    assert "numpy==" in files["requirements.txt"].read_text()
    # It is a model of sqlml's too.
    opened.execute(f"IMPORT OR REPLACE MODEL again FROM '{tmp_path}/m/model.json'")
    assert opened.execute(
        "SELECT count(*) FROM data AS d WHERE ml_predict('m', d) <> ml_predict('again', d)"
    ).fetchall() == [(0,)]
    with pytest.raises(AlreadyExists):
        opened.execute(f"EXPORT MODEL m TO '{tmp_path}/m/'")
    with pytest.raises(InvalidOption):
        opened.execute(f"EXPORT MODEL m TO '{tmp_path}/n/' (OVERWRITE)")
    with pytest.raises(NotFound):
        opened.execute(f"EXPORT MODEL m TO '{tmp_path}/nowhere/m/'")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m"]


@pytest.mark.parametrize(
    ("create", "says"),
    [
        ("OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'], partition_by = ['flag']) AS SELECT num, flag, y FROM data", "partitioned"),
        ("TRANSFORM (num * 2 AS num, y) OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT num, y FROM data", "TRANSFORM"),
    ],
)  # fmt: skip
def test_what_python_alone_cannot_answer(opened: sqlml.Connection, tmp_path: Path, create: str, says: str) -> None:
    opened.execute(f"CREATE OR REPLACE MODEL p {create}")
    for file in ("m.pkl", "m/"):
        with pytest.raises(NotSupported, match=says) as raised:
            opened.execute(f"EXPORT MODEL p TO '{tmp_path}/{file}'")
        assert raised.value.hint
    assert not list(tmp_path.iterdir())


def test_a_model_of_the_users_own(opened: sqlml.Connection, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(10.0), "b": np.arange(10.0) ** 2})
    fitted: Any = LinearRegression().fit(frame, frame["a"] + frame["b"])
    opened.register_model("own", fitted, example=frame.head(), replace=True)
    opened.execute(f"EXPORT MODEL own TO '{tmp_path}/m.pkl'")
    assert (pickle.loads((tmp_path / "m.pkl").read_bytes()).predict(frame) == fitted.predict(frame)).all()
    opened.register_model("called", lambda given: given["a"] * 2, example=frame.head(), replace=True)
    opened.execute(f"EXPORT MODEL called TO '{tmp_path}/c.pkl'")
    assert pickle.loads((tmp_path / "c.pkl").read_bytes())(frame).tolist() == (frame["a"] * 2).tolist()
