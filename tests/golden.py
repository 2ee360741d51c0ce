"""Planning without a database: a Planner over a fixed Snapshot and a dict of columns, for the golden tests.

python -m tests.golden --refresh    writes the expected SQL of tests/rewrite/*.sql anew
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from sqlml import artifacts, signing
from sqlml.catalog.snapshot import Snapshot
from sqlml.dialect import parse
from sqlml.features import all_inputs
from sqlml.functions import FUNCTIONS
from sqlml.planner import Planner
from sqlml.sql_form import SqlForm, sql_form
from sqlml.statements import STATEMENTS
from sqlml.types import Column, Feature, ModelVersion, Params, Plan

HERE = Path(__file__).parent / "rewrite"

TABLES = {
    "customers": {"id": "INTEGER", "age": "INTEGER", "plan": "VARCHAR", "churned": "BOOLEAN", "joined": "DATE"},
    "scores": {"id": "INTEGER", "churn": "BOOLEAN", "spend": "DOUBLE"},
    "My Table": {"Age": "BIGINT", "PLAN": "VARCHAR"},
    "trips": {"id": "INTEGER", "started": "TIMESTAMP", "day": "DATE", "paid": "BOOLEAN", "amount": "DECIMAL(8,2)"},
}
# Queries whose columns planning asks for, beyond `SELECT * FROM table`.
QUERIES = {
    "SELECT * FROM (SELECT age, plan FROM customers) AS s": {"age": "INTEGER", "plan": "VARCHAR"},
    "SELECT age, plan FROM customers WHERE id > 5": {"age": "INTEGER", "plan": "VARCHAR"},
    "SELECT age, plan, churned FROM customers": {"age": "INTEGER", "plan": "VARCHAR", "churned": "BOOLEAN"},
    "SELECT age, plan, spend FROM customers JOIN scores USING (id)": {
        "age": "INTEGER",
        "plan": "VARCHAR",
        "spend": "DOUBLE",
    },
    "WITH old AS (SELECT * FROM customers WHERE age > 60) SELECT * FROM old": TABLES["customers"],
    "SELECT 31 AS age, 'pro' AS plan": {"age": "INTEGER", "plan": "VARCHAR"},
    "SELECT * FROM (SELECT {'age': 31, 'plan': 'pro'} AS person) AS t": {"person": "STRUCT(age INTEGER, plan VARCHAR)"},
}

_METRICS = {"precision": 0.5, "recall": 0.25, "accuracy": 0.75, "f1_score": 0.3, "log_loss": 0.6, "roc_auc": None}


@dataclass(frozen=True)
class DictBinder:
    """Answers `describe` from TABLES and QUERIES."""

    def describe(self, query: str, params: Params = None, source: Any = None) -> list[Column]:
        known = QUERIES.get(query)
        if known is None:
            tree = parse(query)
            table = tree.args["from_"].this
            assert isinstance(table, exp.Table), f"tests/golden.py: QUERIES has no {query!r}"
            assert tree == exp.select("*").from_(table), f"tests/golden.py: QUERIES has no {query!r}"
            known = TABLES[table.name]
        return [Column(name, kind) for name, kind in known.items()]

    def has_relation(self, name: str) -> bool:
        """Whether TABLES has it."""
        return name.casefold() in {table.casefold() for table in TABLES}


def _model(
    name: str, version: int, task: str, label: tuple[str, str], classes: tuple[str, ...], features: Any, **place: str
) -> ModelVersion:
    key = signing.signing_key(create=True)
    assert key is not None
    model = ModelVersion(
        catalog=place.get("catalog", "shop"),
        schema=place.get("schema", "main"),
        name=name,
        model_id=f"id of {name}",
        version=version,
        model_type="logistic_reg" if task == "classification" else "linear_reg",
        task=task,
        label=label[0],
        label_type=label[1],
        classes=classes,
        features=tuple(Feature(*f) for f in features),
        format="linear",
        sha256=f"{name}-{version}",
        feature_signature="",
        library_versions="",
        signature="",
        encoding="one_hot",
    )
    model = replace(model, feature_signature=artifacts.feature_signature(model))
    return replace(model, signature=signing.sign(key, artifacts.statement_of(model)))


def snapshot() -> Snapshot:
    """The models that the golden tests know."""
    person = [("age", "INTEGER", "numeric"), ("plan", "VARCHAR", "text")]
    trip = [("started", "TIMESTAMP", "timestamp"), ("day", "DATE", "date"), ("paid", "BOOLEAN", "boolean")]
    models = (
        _model("churn", 1, "classification", ("churned", "BOOLEAN"), ("false", "true"), person),
        _model("churn", 2, "classification", ("churned", "BOOLEAN"), ("false", "true"), person),
        _model("spend", 1, "regression", ("spend", "DOUBLE"), (), person),
        _model("pet", 1, "classification", ("pet", "VARCHAR"), ("cat", "dog", "it's a fish"), person[:1]),
        _model("Fare", 1, "regression", ("fare", "DOUBLE"), (), trip, schema="My Schema"),
        _model("far", 1, "regression", ("spend", "DOUBLE"), (), person, catalog="other"),
    )
    schemas = (("shop", "main"), ("shop", "My Schema"), ("other", "main"))
    return Snapshot("shop", "main", models, tuple(m.name for m in models), schemas)


def plan(text: str, params: Params = None, *, unfolded: bool = False) -> Plan:
    """Plan one statement; there is no DuckDB."""
    return _plan_tree(parse(text), text, params, unfolded)


def _plan_tree(tree: exp.Expr, text: str, params: Params, unfolded: bool) -> Plan:
    known = snapshot()

    def read_snapshot(names: Iterable[str]) -> Snapshot:
        # As the catalog's: only the models that the statement names are read, all names are known.
        folded = {n.casefold() for n in names}
        return replace(known, versions=tuple(v for v in known.versions if v.name.casefold() in folded))

    planner = Planner(
        text,
        tree,
        params,
        functions=FUNCTIONS,
        binder=DictBinder(),
        read_snapshot=read_snapshot,
        store=_Store(),
        plan_text=plan,
        plan_inner=_plan_inner,
        prepared={},
        unfolded=unfolded,
    )
    return _plan_with(tree, planner)


class _Store:
    """What a fixed catalog would store."""

    def metrics(self, model: ModelVersion) -> Mapping[str, float | None]:
        return _METRICS

    def document(self, model: ModelVersion) -> Mapping[str, object]:
        """Weights that are easy to read: 0.5 for the first column, 1.5 for the second, ..."""
        inputs = [
            {
                "name": made.name,
                "kind": made.kind,
                "mean": 31.0,
                "scale": 2.0,
                "categories": {"category": ["basic", "pro"], "calendar": [1.0, 2.0]}.get(made.kind, []),
                "has_null": False,
            }
            for made in all_inputs(model.features)
        ]
        width = sum(len(i["categories"]) or 1 for i in inputs)
        outputs = len(model.classes) if len(model.classes) > 2 else 1
        weights = [[k + i + 0.5 for i in range(width)] for k in range(outputs)]
        link = {0: "identity", 2: "logistic", 3: "softmax"}[len(model.classes)]
        estimator = {"coefficients": weights, "intercept": [k + 0.25 for k in range(outputs)], "link": link}
        return {"preprocessing": {"encoding": "one_hot", "inputs": inputs}, "estimator": estimator}

    def lineage_hash(self, model: ModelVersion) -> str | None:
        return "1" * 64

    def sql_form(self, model: ModelVersion) -> SqlForm | None:
        # One model stands for those that only the kernel scores.
        return None if model.name == "far" else sql_form(model, self.document(model))


def _plan_inner(tree: exp.Expr, planner: Planner, *, unfolded: bool) -> Plan:
    planner.unfolded = unfolded
    return _plan_with(tree, planner)


def _plan_with(tree: exp.Expr, planner: Planner) -> Plan:
    return next(s for s in STATEMENTS if s.accepts(tree)).plan(tree, planner)


@dataclass(frozen=True)
class Pair:
    """What the user writes, with the values of its parameters, and what DuckDB is sent."""

    line: int
    comments: tuple[str, ...]
    written: str
    expected: str

    @property
    def params(self) -> dict[str, Any] | None:
        """The parameters, from comments `-- $name = JSON`."""
        given = [c.removeprefix("-- $").split(" = ", 1) for c in self.comments if c.startswith("-- $")]
        return {name: json.loads(value) for name, value in given} or None


def read_pairs(path: Path) -> list[Pair]:
    """Pairs of statements, each ending in `;` at the end of a line; comments stand before a pair."""
    pairs: list[Pair] = []
    comments: list[str] = []
    statements: list[str] = []
    lines: list[str] = []
    first = 0
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not lines and (not line.strip() or line.startswith("--")):
            comments += [line] if line.strip() else []
            continue
        first = first or number
        lines.append(line)
        if not line.endswith(";"):
            continue
        statements.append("\n".join(lines).removesuffix(";"))
        lines = []
        if len(statements) == 2:
            pairs.append(Pair(first, tuple(comments), *statements))
            comments, statements, first = [], [], 0
    if lines or statements:
        raise ValueError(f"{path}: a statement has no pair")
    return pairs


def refresh(path: Path) -> None:
    """Write the expected SQL of a file anew."""
    parts = []
    for pair in read_pairs(path):
        sent = plan(pair.written, pair.params).sql
        parts.append("\n".join([*pair.comments, pair.written + ";", sent + ";"]))
    path.write_text("\n\n".join(parts) + "\n", "utf-8")


if __name__ == "__main__" and sys.argv[1:] == ["--refresh"]:
    for file in sorted(HERE.glob("*.sql")):
        refresh(file)
