"""`ml_predict`, the macro in a plain DuckDB process and the estimator itself give the same, for every model type.

The rows have NULL, NaN, infinities, categories that no training row had, and numbers equal to the thresholds of splits
and next to them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table
from sqlglot import exp

import sqlml
from benchmarks.measure import CONSOLE
from sqlml import artifacts
from sqlml.catalog.models import read_body
from sqlml.catalog.snapshot import read_snapshot
from sqlml.dialect import to_sql
from sqlml.features import all_inputs
from sqlml.preprocessing import Preprocessor
from sqlml.scoring import load_scorer
from sqlml.types import ModelVersion

ROWS, TRAINED_ON = 100_000, 2_000
# Few values of each, so that many rows are equal; in the first rows, which train, all is finite.
_DATA = """
CREATE TABLE data AS SELECT i AS id,
  CASE WHEN i % 11 = 0 THEN NULL WHEN i >= 2000 AND i % 13 = 0 THEN 'nan'::DOUBLE
       WHEN i >= 2000 AND i % 17 = 0 THEN 'inf'::DOUBLE WHEN i >= 2000 AND i % 19 = 0 THEN '-inf'::DOUBLE
       WHEN i >= 2000 AND i % 97 = 0 THEN 1e30 ELSE (hash(i) % 200)::DOUBLE / 4 - 20 END AS num,
  (hash(i + 1) % 12)::INTEGER AS whole,
  ['red', 'green', 'it''s', '', NULL, 'new'][1 + (hash(i + 2) % if(i < 2000, 5, 6))::INTEGER] AS "The Colour",
  CASE WHEN i % 9 > 0 THEN hash(i) % 2 = 0 END AS flag, 'c' || hash(i + 3) % if(i < 2000, 18, 21) AS many,
  CASE WHEN i % 7 > 0 THEN DATE '2023-12-25' + (hash(i + 4) % 40)::INTEGER END AS day,
  ['north', 'south', 'it''s', NULL, 'nowhere'][1 + (hash(i + 8) % if(i < 2000, 4, 5))::INTEGER] AS store,
  (hash(i + 9) % 3)::INTEGER AS region,
  ln(2 + abs(if(isfinite(num), num, 0))) + whole + len(coalesce("The Colour", '')) + hash(i + 7) % 20 + 1 AS y,
  hash(i) % 200 + 9 * (hash(i + 1) % 12) + hash(i + 7) % 50 > 170 AS two,
  ['a', 'b', 'it''s'][1 + (hash(i) % 200 + hash(i + 7) % 60)::INTEGER // 87] AS three,
  if(store = 'south', if(two, 'a', 'b'), three) AS partly
FROM range({rows}) AS r(i)
"""
_FEATURES = 'num, whole, "The Colour", flag, many, day'
_TRANSFORM = """TRANSFORM (ML.STANDARD_SCALER(num) OVER () AS num, ML.BUCKETIZE(whole, [3, 7]) AS whole,
                ML.IMPUTER("The Colour", 'most_frequent') OVER () AS "The Colour", flag, upper(many) AS many, day,
                {label})"""


@dataclass(frozen=True)
class Case:
    """A model: its label and options, and which form scores it."""

    name: str
    model_type: str
    label: str
    options: str = ""
    form: str = "sql"
    is_transformed: bool = False
    keys: tuple[str, ...] = ()
    # Whether the macro is plain SQL although the kernel is faster.
    is_plain: bool = False

    @property
    def creation(self) -> str:
        """Its CREATE MODEL."""
        given = [f"model_type = '{self.model_type}'", f"input_label_cols = ['{self.label}']"]
        given += [self.options] if self.options else []
        given += [f"partition_by = {list(self.keys)}"] if self.keys else []
        clause = _TRANSFORM.format(label=self.label) if self.is_transformed else ""
        columns = ", ".join([_FEATURES, *self.keys, self.label])
        return (
            f'CREATE MODEL "{self.name}" {clause} OPTIONS ({", ".join(given)}) '
            f"AS SELECT {columns} FROM data WHERE id < {TRAINED_ON}"
        )


def _trees(rounds: int, leaves: int) -> str:
    return f"max_iterations = {rounds}, num_leaves = {leaves}, early_stop = false, min_data_in_leaf = 5"


_FOREST = "num_parallel_tree = {}, max_tree_depth = 4, subsample = 0.8"
_LBFGS = "optimizer = 'LBFGS', hidden_units = [4], max_iterations = 30"
CASES = (
    Case("linear", "linear_reg", "y", "l2_reg = 1"),
    Case("lasso", "linear_reg", "y", "l1_reg = 200"),
    Case("elastic", "elastic_net", "y", "alpha = 0.01"),
    Case("poisson", "poisson_regressor", "y"),
    Case("gamma", "gamma_regressor", "y"),
    Case("quantile", "quantile_regressor", "y"),
    Case("logistic", "logistic_reg", "two", "l2_reg = 1"),
    Case("softmax", "logistic_reg", "three", "l2_reg = 1"),
    Case("bayes", "naive_bayes", "two"),
    Case("bayes of three", "naive_bayes", "three"),
    Case("boosted", "boosted_tree_regressor", "y", _trees(5, 16)),
    Case("boosted of two", "boosted_tree_classifier", "two", _trees(5, 16)),
    Case("boosted of three", "boosted_tree_classifier", "three", _trees(3, 12)),
    Case("forest", "random_forest_regressor", "y", _FOREST.format(8)),
    Case("forest of three", "random_forest_classifier", "three", _FOREST.format(4)),
    Case("transformed linear", "linear_reg", "y", "l2_reg = 1", "kernel", is_transformed=True, is_plain=True),
    Case("transformed softmax", "logistic_reg", "three", "l2_reg = 1", "kernel", is_transformed=True, is_plain=True),
    Case(
        "transformed boosted",
        "boosted_tree_classifier",
        "two",
        _trees(4, 8),
        "kernel",
        is_transformed=True,
        is_plain=True,
    ),
    Case("linear by store", "linear_reg", "y", "l2_reg = 1", keys=("store",)),
    Case("poisson by store", "poisson_regressor", "y", keys=("store",)),
    Case("logistic by two keys", "logistic_reg", "two", "l2_reg = 1", keys=("store", "region")),
    Case("softmax by store", "logistic_reg", "partly", "l2_reg = 1", keys=("store",)),
    Case("bayes by store", "naive_bayes", "partly", form="kernel", is_plain=True, keys=("store",)),
    Case("boosted by store", "boosted_tree_regressor", "y", _trees(3, 8), keys=("store",)),
    Case("boosted of two by region", "boosted_tree_classifier", "two", _trees(3, 8), keys=("region",)),
    Case("boosted of partly by store", "boosted_tree_classifier", "partly", _trees(2, 6), keys=("store",)),
    Case("many trees", "boosted_tree_regressor", "y", _trees(20, 31), form="kernel", is_plain=True),
    Case("many trees by two keys", "boosted_tree_regressor", "y", _trees(30, 16), "kernel", keys=("store", "region")),
    Case(
        "many of partly by store",
        "boosted_tree_classifier",
        "partly",
        _trees(30, 16),
        "kernel",
        keys=("store", "region"),
    ),
    Case("neighbours", "knn_classifier", "three", form="kernel"),
    Case("near", "knn_regressor", "y", form="kernel"),
    Case("network", "mlp_classifier", "three", _LBFGS, form="kernel"),
    Case("wired", "mlp_regressor", "y", _LBFGS, form="kernel"),
    Case("own choice", "sklearn", "two", "model_class = 'DecisionTreeClassifier'", form="kernel"),
)
# Scored on the first rows only: their time grows with the training rows.
SLOW = ("neighbours", "near")
_SLOW_ROWS = 3_000
_LARGEST = 1e30


@dataclass(frozen=True)
class Compared:
    """What was found of a case: the largest differences in units of 1e-12, and how many labels differ."""

    case: Case
    rows: int
    form: str
    of_predict: float
    of_macro: float | None
    labels: int

    @property
    def is_equal(self) -> bool:
        return self.labels == 0 and max(self.of_predict, self.of_macro or 0.0) <= 1.0


def make(path: Path, *, rows: int, cases: tuple[Case, ...] = CASES) -> None:
    """Write a database of rows and models; rows after those that trained get the thresholds of splits."""
    con = sqlml.connect(path)
    con.execute(_DATA.format(rows=rows)).fetchall()
    for case in cases:
        con.execute(case.creation).fetchall()
        con.execute(
            f'CREATE VIEW "view of {case.name}" AS SELECT ml_predict(MODEL "{case.name}", d) AS p FROM data AS d'
        )
    thresholds = sorted({t for case in cases for t in _thresholds(con, case)})
    con.register("thresholds", pa.table({"k": list(range(len(thresholds))), "t": thresholds}))
    if thresholds:
        con.execute(
            f"UPDATE data SET num = t FROM thresholds "
            f"WHERE id >= {TRAINED_ON} AND id % 5 = 0 AND k = (id // 5) % {len(thresholds)}"
        ).fetchall()
    con.close()


def _thresholds(con: sqlml.Connection, case: Case) -> Iterator[float]:
    """The thresholds of splits by the number, and their neighbours."""
    model, document = _stored(con, case)
    models = document["estimator"].get("models", [document]) if model.is_partitioned else [document]
    for part in models:
        names = [i["name"] for i in part["preprocessing"]["inputs"]]
        for block in part["estimator"].get("model", "").split("\nTree=")[1:]:
            lines = {name: value.split() for name, _, value in (line.partition("=") for line in block.splitlines())}
            for feature, kind, threshold in zip(
                *(lines.get(name, []) for name in ("split_feature", "decision_type", "threshold")), strict=True
            ):
                # A split of known from missing values has the largest number.
                if names[int(feature)] == "num" and not int(kind) & 1 and abs(float(threshold)) < _LARGEST:
                    yield from (float(np.nextafter(float(threshold), to)) for to in (-np.inf, np.inf))
                    yield float(threshold)


def compare(path: Path, cases: tuple[Case, ...] = CASES) -> list[Compared]:
    """Compare all models of a database that `make` wrote."""
    con = sqlml.connect(path)
    estimators, answers, forms = {}, {}, {}
    for case in cases:
        limit = _SLOW_ROWS if case.name in SLOW else 10**9
        con.execute(f"CREATE OR REPLACE TEMP VIEW few AS FROM data WHERE id < {limit}")
        estimators[case.name] = _by_estimator(con, case)
        answers[case.name] = _by_predict(con, case)
        [version] = con.plan(f'SELECT ml_predict(MODEL "{case.name}", d) FROM data AS d').models
        forms[case.name] = version.form
    own = [case for case in cases if _is_plain(con, case)]
    classes = {case.name: _stored(con, case)[0].classes for case in cases}
    con.close()
    macros = _by_macro(path, own)
    found = []
    for case in cases:
        theirs, (scores, labels) = estimators[case.name], answers[case.name]
        of_macro, differing = None, _labels_differ(theirs, labels, classes[case.name])
        if case in own:
            macro_scores, macro_labels = macros[case.name]
            of_macro = _difference(macro_scores, theirs)
            differing += _labels_differ(theirs, macro_labels, classes[case.name])
        found.append(Compared(case, len(theirs), forms[case.name], _difference(scores, theirs), of_macro, differing))
    return found


def _stored(con: sqlml.Connection, case: Case) -> tuple[ModelVersion, Mapping[str, Any]]:
    [model] = read_snapshot(con.session.database, [case.name]).versions
    return model, artifacts.document(model, read_body(con.session.database, model))


def _is_plain(con: sqlml.Connection, case: Case) -> bool:
    """Whether the macro calls no UDF."""
    model, _ = _stored(con, case)
    [(definition,)] = con.execute(
        "SELECT macro_definition FROM duckdb_functions() WHERE function_name = ? AND schema_name = 'sqlml_models'",
        [model.macro_name],
    ).fetchall()
    return "sqlml_predict" not in definition


def _by_estimator(con: sqlml.Connection, case: Case) -> Any:
    """(rows x outputs) of the estimator, given all rows at once; of a partitioned model the one of each key, alone."""
    model, document = _stored(con, case)
    source = f'ML.TRANSFORM(MODEL "{case.name}", TABLE few)' if model.transform else "few"
    inputs = [(i.name, i.sql(exp.column(i.feature.name, quoted=True))) for i in all_inputs(model.features)]
    columns = ", ".join(f'{to_sql(made)} AS "{name}"' for name, made in inputs)
    table = con.execute(f"SELECT {columns} FROM {source}").arrow().combine_chunks()
    arrays = {name: table[name].combine_chunks() for name in table.column_names}
    if not model.is_partitioned:
        return load_scorer(model.format, document).score(arrays)
    return _by_part(document, arrays, table.num_rows)


def _by_part(document: Mapping[str, Any], arrays: Mapping[str, Any], rows: int) -> Any:
    state = document["estimator"]
    keys = list(zip(*(arrays[name].to_pylist() for name in state["keys"]), strict=True))
    scores = np.full((rows, state["outputs"]), np.nan)
    for part in state["models"]:
        own = np.flatnonzero([key == tuple(part["key"]) for key in keys])
        names = [i.name for i in Preprocessor.from_json(part["preprocessing"]).inputs]
        found = load_scorer(part["format"], part).score({name: arrays[name].take(pa.array(own)) for name in names})
        scores[np.ix_(own, range(state["outputs"]))] = 0.0
        scores[np.ix_(own, part["classes"] or [0])] = found
    return scores


def _by_predict(con: sqlml.Connection, case: Case) -> tuple[Any, list[Any]]:
    """Scores and labels by ml_predict_proba and ml_predict."""
    model, _ = _stored(con, case)
    name = f'MODEL "{case.name}"'
    if not model.classes:
        return _column(con.execute(f"SELECT ml_predict({name}, d) AS p FROM few AS d").arrow(), "p", 1), []
    each = ", ".join(f"p[{k + 1}] AS p{k}" for k in range(len(model.classes)))
    # Each in a query of its own: so the one is not computed of the other.
    table = con.execute(
        f"SELECT {each} FROM (SELECT map_values(ml_predict_proba({name}, d)) AS p FROM few AS d)"
    ).arrow()
    labels = con.execute(f"SELECT ml_predict({name}, d)::VARCHAR AS p FROM few AS d").arrow()["p"].to_pylist()
    return np.column_stack([_column(table, f"p{k}", 1)[:, 0] for k in range(len(model.classes))]), labels


def _column(table: Any, name: str, width: int) -> Any:
    """A column of numbers as a matrix, NULL as NaN."""
    return table[name].cast(pa.float64()).to_numpy(zero_copy_only=False).reshape(-1, width)


_PLAIN = """
import json, sys
import duckdb
path, folder, names, macros = json.load(sys.stdin)
con = duckdb.connect(path, read_only=True)
for number, (name, macro) in enumerate(zip(names, macros)):
    con.execute(f'''COPY (SELECT sqlml_models."{macro}"(c) AS a FROM data AS c) TO '{folder}/{number}.parquet' ''')
    con.execute(f'''COPY (SELECT p::VARCHAR AS p FROM "view of {name}") TO '{folder}/{number}.view.parquet' ''')
assert "sqlml" not in sys.modules
"""


def _by_macro(path: Path, cases: list[Case]) -> dict[str, tuple[Any, list[Any]]]:
    """Scores and labels by the macro, and by a view over ml_predict, in a process without sqlml."""
    con = sqlml.connect(path)
    names = {case.name: _stored(con, case)[0].macro_name for case in cases}
    classes = {case.name: _stored(con, case)[0].classes for case in cases}
    con.close()
    folder = path.with_suffix(".answers")
    folder.mkdir(exist_ok=True)
    given = json.dumps([str(path), str(folder), list(names), list(names.values())])
    ran = subprocess.run([sys.executable, "-I", "-c", _PLAIN], input=given, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise AssertionError(ran.stderr)
    found: dict[str, tuple[Any, list[Any]]] = {}
    for number, case in enumerate(cases):
        answers = pq.read_table(folder / f"{number}.parquet")["a"].combine_chunks()
        views = pq.read_table(folder / f"{number}.view.parquet")["p"].to_pylist()
        if not classes[case.name]:
            values = answers.to_numpy(zero_copy_only=False).reshape(-1, 1)
            viewed = np.array([np.nan if v is None else float(v) for v in views]).reshape(-1, 1)
            assert np.array_equal(values, viewed, equal_nan=True), f"{case.name}: the view differs from the macro"
            found[case.name] = (values, [])
            continue
        labels = [None if v is None else v for v in answers.field("label").cast(pa.string()).to_pylist()]
        assert labels == views, f"{case.name}: the view differs from the macro"
        probabilities = np.full((len(labels), len(classes[case.name])), np.nan)
        known = np.array([v is not None for v in labels])
        probabilities[known] = answers.field("probs").items.to_numpy().reshape(known.sum(), -1)
        found[case.name] = (probabilities, labels)
    return found


def _difference(found: Any, expected: Any) -> float:
    """The largest difference, in units of 1e-12 of the larger of 1 and the value; infinite where one has no answer."""
    if found.shape != expected.shape or not np.array_equal(np.isnan(found), np.isnan(expected)):
        return float("inf")
    away = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    return float(np.nanmax(away, initial=0.0) / 1e-12)


def _labels_differ(expected: Any, labels: list[Any], classes: tuple[str, ...]) -> int:
    """How many labels are not those of the largest score, where that is larger by more than the bound."""
    if not classes:
        return 0
    answered = ~np.isnan(expected[:, 0])
    ordered = np.sort(np.nan_to_num(expected), axis=1)
    sure = (ordered[:, -1] - ordered[:, -2] > 1e-12) | ~answered
    best = [
        classes[k] if known else None for k, known in zip(np.nan_to_num(expected).argmax(axis=1), answered, strict=True)
    ]
    same = np.array([a == b for a, b in zip(best, labels, strict=True)])
    return int((~same & sure).sum())


def show(found: list[Compared]) -> None:
    """Print what was compared, one line a model."""
    table = Table(title="ml_predict = the macro in a plain DuckDB process = the estimator itself", title_justify="left")
    for heading in ("model", "model type", "rows", "scored by", "ml_predict", "macro", "labels", ""):
        table.add_column(heading, justify="left" if heading.startswith("model") or not heading else "right")
    for one in found:
        macro = "calls the UDF" if one.of_macro is None else f"{one.of_macro * 1e-12:.1e}"
        verdict = "[green]equal[/]" if one.is_equal else "[red]different[/]"
        case = one.case
        differences = (f"{one.of_predict * 1e-12:.1e}", macro, str(one.labels), verdict)
        table.add_row(case.name, case.model_type, f"{one.rows:,}", one.form, *differences)
    CONSOLE.print(table)
    CONSOLE.print("Largest differences from the estimator, of the larger of 1 and the value; labels that differ.")
