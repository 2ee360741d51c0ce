"""Shared checks over every registered model type."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sqlml
from sqlml import artifacts
from sqlml.catalog.models import read_body
from sqlml.catalog.snapshot import read_snapshot
from sqlml.errors import NotFound, TrainingFailed
from sqlml.model_types import MODEL_TYPES
from sqlml.scoring import load_scorer

TYPES = [t for t in MODEL_TYPES if t.task != "transform" and not t.is_imported]

# Numbers, text, booleans, dates, timestamps, decimals, with NULLs; a label for each task.
DATA = """
CREATE TABLE data AS
SELECT i::INTEGER AS id, CASE WHEN i % 7 <> 0 THEN (hash(i) % 100)::DOUBLE END AS num, ['red', 'green', 'blue', NULL][1 + i % 4] AS "Colour",
       CASE WHEN i % 9 <> 0 THEN i % 2 = 0 END AS flag, DATE '2024-01-01' + (i % 50)::INTEGER AS day, (i * 1.25)::DECIMAL(10, 2) AS amount,
       TIMESTAMP '2024-01-01' + i * INTERVAL 5 HOUR AS moment, i::HUGEINT * 1000000000000 AS huge,
       (hash(i) % 100)::DOUBLE * 0.5 + i % 4 AS regression, exp((hash(i) % 100) * 0.03 + (i % 4) * 0.2) AS growth,
       i * 0.6 + i % 4 AS steady, CASE WHEN (hash(i) % 100) + 10 * (i % 4) > 60 THEN 'yes' ELSE 'no' END AS classification
FROM range(160) AS r(i)
"""
# What suits so small a table: neighbours and networks are made for larger ones, and a log link for what grows by shares.
GIVEN: dict[str, dict[str, Any]] = {
    "logistic_reg": {"l2_reg": 1},
    "elastic_net": {"alpha": 0.01},
    "knn_classifier": {"n_neighbors": 1},
    "knn_regressor": {"n_neighbors": 1},
    "mlp_classifier": {"optimizer": "LBFGS", "hidden_units": [8]},
    "mlp_regressor": {"optimizer": "LBFGS", "hidden_units": [8]},
    # A hundred trees show here what twenty show.
    "random_forest_classifier": {"num_parallel_tree": 20},
    "random_forest_regressor": {"num_parallel_tree": 20},
    "sklearn": {"model_class": "ExtraTreesClassifier", "model_params": {"n_estimators": 10}},
}
# A median does not follow the seventh of the rows whose number is not known.
LABELS = {"poisson_regressor": "growth", "gamma_regressor": "growth", "quantile_regressor": "steady"}
# The sums of a matrix product depend on its size in their last digit.
BY_MATRIX = ("mlp_classifier", "mlp_regressor")

FEATURES = 'num, "Colour", flag, day, amount, moment, huge'


def _task(model_type) -> str:
    return model_type.task_of(model_type.Options(**GIVEN.get(model_type.name, {})))


def _label(model_type) -> str:
    return LABELS.get(model_type.name, _task(model_type))


def _options(model_type, **more) -> str:
    options = {
        "model_type": model_type.name,
        "input_label_cols": _label(model_type),
        **GIVEN.get(model_type.name, {}),
        **more,
    }
    if hasattr(model_type.Options(), "min_data_in_leaf"):
        options.setdefault("min_tree_child_weight", 0)
    return "OPTIONS (" + ", ".join(f"{k} = {v!r}" for k, v in options.items()) + ")"


def _train(con: sqlml.Connection, model_type, query: str | None = None, *, name: str = "m", **more) -> None:
    query = query or f"SELECT {FEATURES}, {_label(model_type)} FROM data"
    con.execute(f"CREATE OR REPLACE MODEL {name} {_options(model_type, **more)} AS {query}")


def _sha(con: sqlml.Connection, name: str = "m") -> str:
    return con.execute(
        """SELECT sha256 FROM sqlml.artifacts AS a JOIN sqlml.models USING (model_id) WHERE model_name = ?
           ORDER BY a.version DESC LIMIT 1""",
        [name],
    ).fetchall()[0][0]


@pytest.fixture(params=TYPES, ids=lambda t: t.name)
def model_type(request: pytest.FixtureRequest):
    return request.param


@pytest.fixture
def data(con: sqlml.Connection) -> sqlml.Connection:
    con.execute(DATA)
    return con


@pytest.fixture(scope="module")
def databases() -> Iterator[dict[str, sqlml.Connection]]:
    opened: dict[str, sqlml.Connection] = {}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture
def trained(databases: dict[str, sqlml.Connection], model_type) -> sqlml.Connection:
    """The data and its model `m`, trained once for all tests that only ask it."""
    if model_type.name not in databases:
        con = databases[model_type.name] = sqlml.connect()
        con.execute(DATA)
        _train(con, model_type)
    return databases[model_type.name]


def _predictions(con: sqlml.Connection, model_type, relation: str, order: str = "id") -> list:
    call = f"ml_predict('m', t), {_scores(model_type)}"
    return con.execute(f"SELECT {call} FROM ({relation}) AS t ORDER BY {order}").fetchall()


def _scores(model_type) -> str:
    return "map_values(ml_predict_proba('m', t))" if _task(model_type) == "classification" else "ml_predict('m', t)"


def test_learns_something(trained, model_type) -> None:
    metric = "accuracy" if _task(model_type) == "classification" else "r2_score"
    [(found,)] = trained.execute(f"SELECT {metric} FROM ML.EVALUATE(MODEL m, TABLE data)").fetchall()
    assert found > 0.9


def test_nulls_and_unseen_values(trained, model_type) -> None:
    rows = """
        SELECT 1 AS id, NULL AS num, NULL AS "Colour", NULL AS flag, NULL AS day, NULL AS amount, NULL AS moment, NULL AS huge
        UNION ALL SELECT 2, 1e9, 'never seen', true, DATE '1950-02-03', 0, TIMESTAMP '2999-12-31 23:59:59', -1
        UNION ALL SELECT 3, 'nan'::DOUBLE, '', false, DATE '2024-01-01', 99999999.99, TIMESTAMP '2024-01-01', 0
        UNION ALL SELECT 4, 'inf'::DOUBLE, 'red', false, NULL, 1, NULL, 170141183460469231731687303715884105727
        UNION ALL SELECT 5, '-inf'::DOUBLE, 'RED', NULL, DATE '2024-01-01', 1, NULL, 5
    """
    found = _predictions(trained, model_type, rows)
    assert len(found) == 5
    for predicted, scores in found:
        assert predicted is not None
        for score in scores if isinstance(scores, list) else [scores]:
            assert math.isfinite(score)
        if isinstance(scores, list):
            assert sum(scores) == pytest.approx(1, abs=1e-12)
    # NaN and infinities count as NULL.
    same = "SELECT id, {} AS num, 'red' AS \"Colour\", true AS flag, DATE '2024-01-05' AS day, 1 AS amount, moment, 3 AS huge FROM data LIMIT 1"
    answers = {
        str(_predictions(trained, model_type, same.format(v)))
        for v in ("NULL", "'nan'::DOUBLE", "'inf'::DOUBLE", "'-inf'::DOUBLE")
    }
    assert len(answers) == 1


def test_no_rows_to_predict(trained, model_type) -> None:
    assert _predictions(trained, model_type, "FROM data WHERE false") == []
    table = trained.execute("SELECT * FROM ML.PREDICT(MODEL m, (FROM data WHERE false))").arrow()
    assert table.num_rows == 0
    assert table.column_names[0] == f"predicted_{_label(model_type)}"


def test_two_rows_one_row_no_row(data, model_type) -> None:
    two = f"SELECT {FEATURES}, {_label(model_type)} FROM data WHERE id IN (1, (SELECT min(id) FROM data WHERE classification <> (SELECT classification FROM data WHERE id = 1)))"
    _train(data, model_type, two)
    assert [p for p, _ in _predictions(data, model_type, "FROM data WHERE id = 1")] != [None]
    with pytest.raises(TrainingFailed, match="one row") as raised:
        _train(data, model_type, f"SELECT {FEATURES}, {_label(model_type)} FROM data WHERE id = 1", name="one")
    assert raised.value.hint
    with pytest.raises(TrainingFailed, match="no rows"):
        _train(data, model_type, f"SELECT {FEATURES}, {_label(model_type)} FROM data WHERE id < 0", name="one")
    with pytest.raises(TrainingFailed, match="NULL in every row"):
        _train(
            data,
            model_type,
            f"SELECT {FEATURES}, CASE WHEN id < 0 THEN {_label(model_type)} END AS {_label(model_type)} FROM data",
            name="one",
        )
    assert data.execute("SELECT count(*) FROM sqlml.models WHERE model_name = 'one'").fetchall() == [(0,)]


def test_columns_by_name(trained, model_type) -> None:
    """Shuffled, in another case, with more columns: the same predictions."""
    expected = _predictions(trained, model_type, "FROM data")
    shuffled = 'SELECT huge AS HUGE, moment AS "Moment", amount, day AS DAY, flag, "Colour" AS colour, num AS "Num", id, 7 AS extra, [1] AS list FROM data'
    assert _predictions(trained, model_type, shuffled) == expected
    tabled = trained.execute(
        f"SELECT predicted_{_label(model_type)} FROM ML.PREDICT(MODEL m, ({shuffled})) ORDER BY id"
    ).fetchall()
    assert [p for (p,) in tabled] == [p for p, _ in expected]
    with pytest.raises(NotFound, match='"Colour"') as raised:
        _predictions(trained, model_type, 'SELECT * EXCLUDE ("Colour") FROM data')
    assert raised.value.hint
    with pytest.raises(NotFound, match='"Colour", "day"'):
        _predictions(trained, model_type, 'SELECT * EXCLUDE ("Colour", day) FROM data')


def test_a_row_scores_alike_alone_and_among_others(trained, model_type) -> None:
    together = _predictions(trained, model_type, "FROM data")
    alone = [_predictions(trained, model_type, f"FROM data WHERE id = {i}")[0] for i in range(0, 160, 23)]
    if model_type.name in BY_MATRIX:
        assert np.array([s for _, s in alone]) == pytest.approx(np.array([s for _, s in together[::23]]), abs=1e-12)
    else:
        assert alone == together[::23]
    # Over more rows than fit a vector, on all threads.
    many = _predictions(trained, model_type, "SELECT d.*, r.n FROM data AS d, range(60) AS r(n)", "n, id")
    if model_type.name in BY_MATRIX:
        assert np.array([s for _, s in many]) == pytest.approx(np.array([s for _, s in together * 60]), abs=1e-12)
    else:
        assert many == together * 60


def test_the_same_rows_in_another_order_give_the_same_bytes(data, model_type) -> None:
    _train(data, model_type)
    first = _sha(data)
    query = f"SELECT {FEATURES}, {_label(model_type)} FROM data ORDER BY hash(id + 1)"
    _train(data, model_type, query)
    assert _sha(data) == first
    data.execute("SET threads = 1")
    _train(data, model_type)
    assert _sha(data) == first
    data.execute("RESET threads")
    # One row less is another model.
    _train(data, model_type, f"SELECT {FEATURES}, {_label(model_type)} FROM data WHERE id <> 5")
    assert _sha(data) != first


def test_another_seed_is_another_split(data, model_type) -> None:
    found = set()
    for seed in (0, 1, 2):
        _train(data, model_type, data_split_method="RANDOM", seed=seed)
        found.add(_sha(data))
    assert len(found) == 3
    _train(data, model_type, data_split_method="RANDOM", seed=1)
    assert _sha(data) in found
    [(sizes,)] = data.execute("SELECT list(DISTINCT training_rows + evaluation_rows) FROM sqlml.runs").fetchall()
    assert sizes == [160]


def test_bytes_there_and_back(trained, model_type) -> None:
    """Artifact to scorer: the scores that SQL gives; and the same bytes again."""
    import pyarrow as pa

    database = trained.session.database
    [model] = read_snapshot(database, ["m"]).versions
    body = read_body(database, model)
    assert body is not None
    assert artifacts.sha256(body) == model.sha256
    document = json.loads(body)
    assert artifacts.to_bytes(document) == body
    inputs = trained.execute("SELECT * FROM data ORDER BY id").arrow()
    # SQL that is kept gives the inputs as a struct, whatever scores.
    plan = trained.plan("CREATE VIEW v AS SELECT ml_predict('m', t) FROM data AS t").sql
    struct = plan[plan.index("{") : plan.rindex("}") + 1]
    rows = (
        trained.execute(f"SELECT s FROM (SELECT t.id, {struct} AS s FROM data AS t) ORDER BY id")
        .arrow()
        .column("s")
        .combine_chunks()
    )
    arrays = {rows.type.field(i).name: rows.field(i) for i in range(rows.type.num_fields)}
    scores = load_scorer(model.format, document).score(arrays)
    assert scores.shape[0] == inputs.num_rows == pa.table(arrays).num_rows
    expected = trained.execute(
        f"SELECT sqlml_predict('{model.sha256}', {struct}) FROM data AS t ORDER BY id"
    ).fetchall()
    assert scores.tolist() == [list(row) for (row,) in expected]


def test_survives_the_file(tmp_path: Path, model_type) -> None:
    path = tmp_path / "kept.db"
    con = sqlml.connect(path)
    con.execute(DATA)
    _train(con, model_type)
    expected = _predictions(con, model_type, "FROM data")
    con.close()
    artifacts.SCORERS.__init__()  # as in a new process: nothing is loaded
    con = sqlml.connect(path, read_only=True)
    assert _predictions(con, model_type, "FROM data") == expected
    con.close()


def test_training_and_evaluating_agree(data, model_type) -> None:
    """The stored metrics are what ML.EVALUATE finds on the rows that were held out."""
    held = f"SELECT {FEATURES}, {_label(model_type)}, id % 3 = 0 AS held FROM data"
    _train(data, model_type, held, data_split_method="CUSTOM", data_split_col="held")
    stored = data.execute("SELECT * FROM ML.EVALUATE(MODEL m)").fetchall()[0]
    again = data.execute(f"SELECT * FROM ML.EVALUATE(MODEL m, (FROM ({held}) WHERE held))").fetchall()[0]
    assert again == pytest.approx(stored, rel=1e-9)
    assert data.execute("SELECT training_rows, evaluation_rows FROM sqlml.runs").fetchall() == [(106, 54)]


def test_the_label_is_no_feature(trained, model_type) -> None:
    """Predicting needs no label, and does not look at one that is there."""
    expected = _predictions(trained, model_type, "FROM data")
    wrong = "NULL" if _task(model_type) == "classification" else "-1e6"
    assert (
        _predictions(trained, model_type, f"SELECT * REPLACE ({wrong} AS {_label(model_type)}) FROM data") == expected
    )
    assert _predictions(trained, model_type, f"SELECT * EXCLUDE ({_label(model_type)}) FROM data") == expected


def test_is_reproduced_to_the_bit(trained, model_type) -> None:
    """REPRODUCE MODEL trains the same artifact again, of every model type; nothing is kept of it."""
    [row] = trained.execute("REPRODUCE MODEL m").fetchall()
    assert row[2:4] == ("bit-identical", "the same query, options, rows and artifact")
    assert row[4] == row[5] == _sha(trained)
