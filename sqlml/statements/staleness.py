"""Whether a model has to be trained again: `CREATE MODEL IF STALE m OPTIONS (...) AS query`.

The newest version is up to date where its query (however it is spelled), columns, options, TRANSFORM clause and rows
(in whatever order) are those of the statement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlglot import exp

from sqlml.catalog.models import param_text
from sqlml.catalog.recipes import read_recipe
from sqlml.catalog.schema import schema_version
from sqlml.catalog.snapshot import read_snapshot
from sqlml.catalog.trained_with import TrainedWith, read_trained_with
from sqlml.dialect import parse_query
from sqlml.errors import InvalidSql
from sqlml.statements.base import Context
from sqlml.statements.learn_transform import Learned
from sqlml.training_query import ROW_HASH, around_sql, query_rows
from sqlml.types import Feature, ModelVersion, Plan

# They say where a run is listed, not what it learns.
_LABELS = ("experiment", "run_name")
# An option that was left to the model type is kept as what became of it, and under this as what was asked.
_ASKED = "asked."


@dataclass(frozen=True)
class Freshness:
    """The version that is up to date, None where there is none, and why."""

    version: ModelVersion | None
    reason: str


def options_of(creation: Any) -> dict[str, Any]:
    """All options of a CREATE MODEL: those given, and the defaults of the others."""
    return {**asdict(creation.task.common), **asdict(creation.task.options), **creation.given}


def params_of(creation: Any, resolved: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a run: its options, and what became of them."""
    asked = options_of(creation)
    other = [key for key, value in resolved.items() if key in asked and param_text(asked[key]) != param_text(value)]
    return {**asked, **resolved, **{_ASKED + key: asked[key] for key in other}}


def look(plan: Plan, context: Context, learned: Learned | None) -> Freshness:
    """Compare a planned CREATE MODEL with the newest version; the rows are read last, and only to be counted."""
    creation, database = plan.details, context.database
    if not schema_version(database, creation.name.catalog):
        return Freshness(None, "there was no model yet")
    versions = read_snapshot(database, [creation.name.name]).versions_of(creation.name)
    newest = versions[-1] if versions else None
    record = read_trained_with(database, newest) if newest else None
    if newest is None or record is None:
        return Freshness(None, "there was no model yet")
    recipe = read_recipe(database, newest)
    is_same_clause = recipe is not None and recipe.transform == creation.clause
    changed = _changed(creation, newest, record)
    if changed is None and not is_same_clause:
        changed = _changed_clause(creation, newest)
    if changed:
        return Freshness(None, changed)
    count, digest = (
        _rows(plan, context) if learned is None or creation.transform.trains else (learned.rows, learned.digest)
    )
    if digest != record.digest:
        return Freshness(None, f"the rows changed: {record.rows or 0} then, {count} now")
    changed = _changed_clause(creation, newest)
    if changed:
        return Freshness(None, changed)
    return Freshness(newest, f"version {newest.version} is up to date: the same query, options and {count} rows")


def _changed(creation: Any, newest: ModelVersion, record: TrainedWith) -> str | None:
    """What of the statement itself is another than that of a version."""
    if not is_same_query(creation.query, record.query):
        return "the query changed"
    options = {key: param_text(value) for key, value in options_of(creation).items() if key not in _LABELS}
    kept = {**record.params, **{k.removeprefix(_ASKED): v for k, v in record.params.items() if k.startswith(_ASKED)}}
    other = [key for key, value in options.items() if kept.get(key) != value]
    if other:
        return f"the option {other[0]} changed"
    raw = creation.transform.clause.raw if creation.transform else ()
    if _columns(raw or creation.features) != _columns(newest.takes):
        return "the columns of the query changed"
    return None


def _changed_clause(creation: Any, newest: ModelVersion) -> str | None:
    if creation.learned != newest.transform:
        return "the TRANSFORM clause, or what it learns from the rows, changed"
    return None


def _columns(features: tuple[Feature, ...]) -> Mapping[str, str]:
    return {feature.name: feature.type for feature in features}


def is_same_query(one: str, other: str) -> bool:
    """Whether two texts are one query but for white space, comments and the case of names and keywords."""
    if one == other:
        return True
    try:
        return normalised(one) == normalised(other)
    except InvalidSql:
        return False


def normalised(text: str) -> exp.Expr:
    """The query without white space, comments and the case of names and keywords."""
    tree = parse_query(text).copy()
    for name in tree.find_all(exp.Identifier):
        name.set("this", name.name.casefold())
        name.set("quoted", None)
    return tree


def _rows(plan: Plan, context: Context) -> tuple[int, str]:
    """Number and digest of the rows that training would read, as `splitting.dataset_digest` has them."""
    assert plan.source_map is not None
    one = exp.column(ROW_HASH)
    facts = exp.select(
        exp.Count(this=exp.Star()),
        exp.Sum(this=exp.cast(one, exp.DataType.build("HUGEINT", dialect="duckdb"))),
        exp.func("bit_xor", one.copy()),
    ).from_(query_rows("sqlml_training"))
    sql, source_map = around_sql(facts, plan.sql, plan.source_map)
    [(count, total, mixed)] = context.database.execute(sql, plan.params, source_map).fetchall()
    return count, hashlib.sha256(f"{count}:{(total or 0) % 2**64}:{mixed or 0}".encode()).hexdigest()[:16]
