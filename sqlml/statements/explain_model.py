"""`EXPLAIN MODEL m [VERSION n | @alias]`: where a model comes from, what it does with a row, and who depends on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import artifacts, nodes
from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.dependents import dependents
from sqlml.catalog.sources import REGISTERED
from sqlml.dialect import to_sql
from sqlml.errors import InvalidSql
from sqlml.features import inputs_of
from sqlml.model_types import MODEL_TYPES
from sqlml.options import CommonOptions
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.sql_form.formats import CACHE
from sqlml.statements.base import Context, Database, Statement
from sqlml.types import Feature, ModelVersion, ObjectName, Plan, Privilege, Relation

# Section, property, value.
Row = tuple[str, str, str]

_SHOWN_CATEGORIES = 5
_SHOWN_COLUMNS = 10


@dataclass(frozen=True)
class Explained:
    """What EXPLAIN MODEL is about: a version, its aliases, and whether the bare name of the model means it."""

    model: ModelVersion
    aliases: tuple[str, ...]
    is_default: bool


class ExplainModel(Statement):
    """Everything about a model that helps to trust it.

        EXPLAIN MODEL churn;
        EXPLAIN MODEL churn VERSION 2;
        EXPLAIN MODEL churn@champion;

    Columns: section, property, value. Sections: model, warning, source, label, feature (its type and how it is
    preprocessed), algorithm, rows, metric, scoring, artifact, dependent, parameter. Runs nothing.
    """

    name = "explain_model"
    takes = (nodes.Explain,)

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether a model is to be explained, not a statement."""
        return super().accepts(tree) and isinstance(tree.this, nodes.ModelRef)

    def plan(self, tree: nodes.Explain, planner: Planner) -> Plan:
        """Find the version."""
        if tree.args.get("analyze") or tree.expressions:
            raise planner.at(
                InvalidSql(_NOTHING, hint="Write EXPLAIN MODEL and the name."),
                tree,
            )
        model = planner.resolve(tree.this)
        name = ObjectName(model.name, model.schema, model.catalog)
        aliases = tuple(a for a, version in planner.snapshot.aliases_of(model).items() if version == model.version)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(ObjectName("models", "sqlml", model.catalog)),),
            privileges=(Privilege("EXECUTE", "MODEL", model.full_name, model.object_name),),
            details=Explained(model, aliases, planner.snapshot.resolve(name).version == model.version),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Read the catalog and the verified artifact."""
        found: Explained = plan.details
        model, database = found.model, context.database
        document = artifacts.document(model, catalog.read_body(database, model))
        params = dict(_read(database, model, _PARAMS))
        rows = [
            *_of_model(database, found),
            *_of_warnings(database, model),
            *_of_data(database, model, document),
            *_of_algorithm(model, params),
            *_of_run(database, model, params),
            *_of_scoring(model, document),
            *_of_artifact(database, model),
            *_of_dependents(database, found),
            *_of_parameters(model, params),
        ]
        return _result(database, rows)


_NOTHING = "EXPLAIN MODEL runs nothing that could be timed or formatted."
_PARAMS = """
SELECT key, value FROM sqlml.params
WHERE run_id = (SELECT run_id FROM sqlml.runs WHERE model_id = ? AND version = ?) AND NOT starts_with(key, 'asked.')
"""
_DIGEST = """
SELECT digest FROM sqlml.datasets
WHERE run_id = (SELECT run_id FROM sqlml.runs WHERE model_id = ? AND version = ?)
"""
_SOURCES = """
SELECT catalog_name, schema_name, relation_name FROM sqlml.source_relations WHERE model_id = ? AND version = ?
"""


def _read(database: Database, model: ModelVersion, sql: str) -> list[tuple[Any, ...]]:
    return database.rows(in_catalog(sql, model.catalog), [model.model_id, model.version])


def _result(database: Database, rows: Sequence[Row]) -> Result:
    values = [exp.Tuple(expressions=[exp.Literal.string(text) for text in row]) for row in rows]
    listed = exp.values(values, alias="explained", columns=["section", "property", "value"])
    return database.execute(to_sql(exp.select("*").from_(listed)))


def _of_model(database: Database, found: Explained) -> Iterator[Row]:
    model = found.model
    [(created_at, created_by)] = _read(
        database, model, "SELECT created_at, created_by FROM sqlml.model_versions WHERE model_id = ? AND version = ?"
    )
    comments = database.rows(
        in_catalog("SELECT comment FROM sqlml.models WHERE model_id = ?", model.catalog), [model.model_id]
    )
    yield "model", "name", model.full_name
    yield "model", "version", f"{model.version}" + (", which the bare name means" if found.is_default else "")
    for alias in found.aliases:
        yield "model", "alias", alias
    yield "model", "created", f"{created_at} by {created_by}"
    for (comment,) in comments:
        if comment:
            yield "model", "comment", comment


def _of_warnings(database: Database, model: ModelVersion) -> Iterator[Row]:
    sql = "SELECT rule, message FROM sqlml.warnings WHERE model_id = ? AND version = ? ORDER BY position"
    for rule, message in _read(database, model, sql):
        yield "warning", rule, message


def _of_data(database: Database, model: ModelVersion, document: Mapping[str, Any]) -> Iterator[Row]:
    sources = _read(database, model, _SOURCES)
    columns: dict[str, list[str]] = {}
    for relation, column in _read(
        database,
        model,
        "SELECT relation_name, column_name FROM sqlml.source_columns WHERE model_id = ? AND version = ?",
    ):
        columns.setdefault(relation, []).append(column)
    for parts in sorted(sources, key=str):
        name = ".".join(p for p in parts if p)
        shown = f"registered dataframe {parts[2]}" if parts[:2] == REGISTERED else name
        yield "source", shown, _listed(columns.get(name, []), _SHOWN_COLUMNS) or "all of it"
    [(query,)] = _read(
        database, model, "SELECT training_query FROM sqlml.model_versions WHERE model_id = ? AND version = ?"
    )
    yield "source", "query", query
    classes = f"one of {_listed(model.classes, _SHOWN_CATEGORIES)}" if model.classes else "a number"
    yield "label", model.label, f"{model.label_type}, {classes}"
    preprocessing = document.get("preprocessing", {})
    learned = {i["name"]: i for i in preprocessing.get("inputs", ())}
    for feature in model.features:
        how = _preprocessed(feature, learned, preprocessing.get("encoding", ""))
        yield "feature", feature.name, ", ".join([feature.type, *([how] if how else [])])


def _preprocessed(feature: Feature, learned: Mapping[str, Mapping[str, Any]], encoding: str) -> str:
    """How a feature becomes numbers."""
    inputs = inputs_of(feature)
    main = learned.get(inputs[0].name)
    if main is None:
        return ""
    parts = [i.part for i in inputs if i.part]
    spread = f", and its {', '.join(parts)}" + (" as categories" if encoding == "one_hot" else "") if parts else ""
    seconds = "seconds" if feature.family in ("date", "timestamp", "time", "interval") else "the number"
    if main["kind"] == "category":
        categories = f"{len(main['categories'])} categories ({_listed(main['categories'], _SHOWN_CATEGORIES)})"
        if encoding == "one_hot":
            null = " and for NULL" if main["has_null"] else ""
            return f"a 0/1 column for each of {categories}{null}; any other value is all zeros"
        return f"the position among {categories}; NULL is 0, any other value is missing"
    if encoding == "one_hot":
        scaled = f"minus {main['mean']:.6g}, divided by {main['scale']:.6g}"
        return f"{seconds} {scaled}; NULL is taken as the mean{spread}"
    return f"{seconds} as it is; NULL is missing{spread}".replace("seconds as it is", "seconds as they are")


def _of_algorithm(model: ModelVersion, params: Mapping[str, str]) -> Iterator[Row]:
    model_type = MODEL_TYPES.get(model.model_type)
    yield "algorithm", "model_type", model.model_type
    if model_type is not None:
        yield "algorithm", "method", (type(model_type).__doc__ or "").strip().partition("\n")[0]
    kind = f"has {len(model.classes)} classes" if model.classes else f"is a number ({model.label_type})"
    yield "algorithm", "task", f'{model.task}: the label "{model.label}" {kind}'
    if "objective" in params:
        yield "algorithm", "objective", params["objective"]


def _of_parameters(model: ModelVersion, params: Mapping[str, str]) -> Iterator[Row]:
    """The options, and what they came to be in the library that trained."""
    model_type = MODEL_TYPES.get(model.model_type)
    own = fields(model_type.Options) if model_type is not None else ()
    defaults = {f.name: f.default for f in (*fields(CommonOptions), *own)}
    for key in sorted(params):
        if key in ("model_type", "objective", "input_label_cols") or params[key] == "":
            continue
        is_default = key in defaults and params[key] in (defaults[key], json.dumps(defaults[key]))
        yield "parameter", key, params[key] + (" (default)" if is_default else "")


def _of_run(database: Database, model: ModelVersion, params: Mapping[str, str]) -> Iterator[Row]:
    [(training, held_out, dropped, source, seconds)] = _read(
        database,
        model,
        "SELECT training_rows, evaluation_rows, dropped_rows, evaluation_source, seconds FROM sqlml.runs "
        "WHERE model_id = ? AND version = ?",
    )
    yield "rows", "training", f"{training}"
    yield "rows", "held out", f"{held_out}, " + _split(params, held_out)
    yield "rows", "dropped", f"{dropped}" + (f', "{model.label}" is NULL' if dropped else "")
    for (digest,) in _read(database, model, _DIGEST):
        yield "rows", "digest", digest
    yield "rows", "seconds", f"{seconds:.3f}"
    for key, value in sorted(catalog.read_metrics(database, model.catalog, model.model_id, model.version).items()):
        of = "rows held out" if source == "evaluation" else "training rows"
        yield "metric", key, f"{'undefined' if value is None else f'{value:.6g}'} of the {of}"


def _split(params: Mapping[str, str], held_out: int) -> str:
    method, column = params.get("data_split_method", ""), params.get("data_split_col", "")
    seed, share = params.get("seed", ""), params.get("data_split_eval_fraction", "")
    how = {
        "AUTO_SPLIT": f"by a hash of the row, seed {seed}" if held_out else "for there are few rows",
        "RANDOM": f"{share} of the rows by a hash of the row, seed {seed}",
        "SEQ": f'the last {share} by "{column}"',
        "CUSTOM": f'where "{column}" is TRUE or NULL',
        "NO_SPLIT": "as was asked for",
    }
    return f"{method}: {how.get(method, '')}"


# What scores, and what it costs on one thread, in microseconds: of a row, and of a row and tree.
_CALL, _LINEAR, _TREE = 0.07, 0.14, 0.04
# Plain SQL: of a weight, and of a split.
_WEIGHT, _SPLIT = 0.003, 0.012


def _of_scoring(model: ModelVersion, document: Mapping[str, Any]) -> Iterator[Row]:
    """Which form scores: the one place that names it."""
    # What a TRANSFORM clause makes is computed once, for the kernel, where it is long.
    form = None if model.transform else CACHE.get_or_write(model, lambda: document)
    if model.format == "lightgbm":
        trees = [int(found) for found in re.findall(r"^num_leaves=(\d+)", document["estimator"]["model"], re.MULTILINE)]
        how, size = f"LightGBM's kernel over {len(trees)} trees", f"{sum(trees) - len(trees)} splits"
        cost, as_sql = _CALL + _TREE * len(trees), _SPLIT * (sum(trees) - len(trees))
    elif model.format == "linear":
        weights = sum(len(w) for w in document["estimator"]["coefficients"])
        how, size = "weights times inputs, by numpy", f"{weights} weights"
        cost, as_sql = _CALL + _LINEAR, _WEIGHT * weights
    elif form is not None and form.pays:
        yield "scoring", "form", "plain SQL, which is cheaper than the Arrow UDF sqlml_predict"
        return
    else:
        kernels = {"naive_bayes": "means, variances and shares, by numpy", "partitioned": "the model of each row's key"}
        how = kernels.get(model.format, f"the Python estimator ({model.format})")
        yield "scoring", "form", f"Arrow UDF sqlml_predict: {how}"
        return
    if form is not None and form.pays:
        yield "scoring", "form", f"plain SQL of {size}, which is cheaper than the Arrow UDF sqlml_predict"
        cost = max(as_sql, 0.01)
    else:
        yield "scoring", "form", f"Arrow UDF sqlml_predict: {how}"
    yield "scoring", "cost", f"about {cost:.2g} s for 1,000,000 rows on one thread"


def _of_artifact(database: Database, model: ModelVersion) -> Iterator[Row]:
    [(size,)] = _read(database, model, "SELECT size_bytes FROM sqlml.artifacts WHERE model_id = ? AND version = ?")
    yield "artifact", "format", model.format
    yield "artifact", "size_bytes", f"{size}"
    yield "artifact", "sha256", model.sha256
    yield "artifact", "library_versions", model.library_versions


def _of_dependents(database: Database, found: Explained) -> Iterator[Row]:
    model = found.model
    suffixes = [f"@{model.version}", *(f"@{a}" for a in found.aliases), *([""] if found.is_default else [])]
    for dependent in dependents(database, [model], suffixes):
        yield "dependent", dependent.kind.lower(), f"{dependent.catalog}.{dependent.schema}.{dependent.name}"


def _listed(names: Sequence[Any], most: int) -> str:
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
