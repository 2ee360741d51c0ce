"""A TRANSFORM clause as it is kept: columns as SQL over raw columns, what was learned, the features made of them.

It is replayed wherever the model is asked: each raw column is replaced by what the call gives for it, each mark of a
statistic by the learned constant, and the inputs of the model are made of the columns that result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query, to_sql
from sqlml.features import all_inputs, inputs_of
from sqlml.templates import bound, cast, fill, is_plain, number, text
from sqlml.types import Feature, ModelVersion

# How the clause names the relation of raw columns, and that of the columns it makes.
RAW, MADE = "sqlml_raw", "sqlml_made"
_GIVEN = "sqlml_given"
# The family of raw columns that cannot be features themselves: lists and structs.
OTHER = "other"
_LEARNED = "sqlml_statistic_"
_PART = {
    "column": "SELECT $column",
    "field": "SELECT struct_extract($column, $part)",
    "element": "SELECT list_extract($column, $part)",
    # A place of a sparse vector that is not listed is 0.
    "index": "SELECT coalesce(map_extract_value($column, $part), 0::DOUBLE)",
}


@dataclass(frozen=True)
class MadeColumn:
    """A column of the clause: its name, DuckDB type, and expression over `sqlml_raw` with marks of statistics."""

    name: str
    type: str
    tree: exp.Expr


@dataclass(frozen=True)
class MadeFeature:
    """A feature: a column, a field of one that is a struct, or a place of one that is a vector."""

    feature: Feature
    column: str
    kind: str = "column"
    part: str | int | None = None

    def of(self, column: exp.Expr) -> exp.Expr:
        """The feature of its column."""
        part = exp.Literal.string(self.part) if isinstance(self.part, str) else exp.Literal.number(self.part or 0)
        return fill(_PART[self.kind], {"column": column, "part": part})


def prepared(column: MadeColumn, features: Sequence[MadeFeature]) -> exp.Expr:
    """The expression of a column as its features take it: a sparse vector as a map, made once for all its places."""
    if any(f.kind == "index" and f.column == column.name for f in features):
        return fill("SELECT map_from_entries($column)", {"column": column.tree})
    return column.tree.copy()


@dataclass(frozen=True)
class Transform:
    """A clause whose statistics are known: its columns with constants in them, and its features."""

    columns: tuple[MadeColumn, ...]
    features: tuple[MadeFeature, ...]
    passed: tuple[str, ...]


def learned(position: int) -> exp.Placeholder:
    """The mark of a learned statistic."""
    return exp.Placeholder(this=f"{_LEARNED}{position}")


def is_learned(mark: exp.Placeholder) -> bool:
    """Whether a mark is that of a learned statistic."""
    return mark.name.startswith(_LEARNED)


def with_statistics(tree: exp.Expr, statistics: Sequence[exp.Expr]) -> exp.Expr:
    """The expression with its marks replaced."""
    holder = exp.Paren(this=tree.copy())
    for mark in list(holder.find_all(exp.Placeholder)):
        if is_learned(mark):
            mark.replace(statistics[int(mark.name.removeprefix(_LEARNED))].copy())
    filled: exp.Expr = holder.this.pop()
    return filled


def over(tree: exp.Expr, raw: Mapping[str, exp.Expr]) -> exp.Expr:
    """The expression with its raw columns replaced by the values of that folded name."""
    holder = exp.Paren(this=tree.copy())
    for column in list(holder.find_all(exp.Column)):
        if column.table == RAW:
            column.replace(raw[column.name.casefold()].copy())
    replaced: exp.Expr = holder.this.pop()
    return replaced


def literal(value: Any) -> exp.Expr:
    """A learned statistic as a constant."""
    if value is None or isinstance(value, bool):
        return exp.null() if value is None else exp.Boolean(this=value)
    if isinstance(value, list):
        return exp.Array(expressions=[literal(v) for v in value])
    return text(value) if isinstance(value, str) else number(value)


def raw_value(feature: Feature, value: exp.Expr) -> exp.Expr:
    """A raw column as the clause sees it, in training and in prediction alike.

    Whole numbers stay what they are given as, so that 2.5 for an INTEGER is not 2.
    """
    if feature.family == "text":
        return cast(value, "VARCHAR")
    if feature.family == "numeric" and feature.type not in ("DOUBLE", "FLOAT"):
        return value
    return cast(value, feature.type)


def write(
    columns: Sequence[MadeColumn],
    statistics: Sequence[Any],
    features: Sequence[MadeFeature],
    passed: Sequence[str],
) -> str:
    """The clause as JSON; `passed` are the columns that come through as they are: the label, the split column.

    Raises ValueError for a statistic that JSON cannot hold.
    """
    document = {
        "columns": [{"name": c.name, "type": c.type, "sql": to_sql(exp.select(c.tree.copy()))} for c in columns],
        "statistics": list(statistics),
        "passed": list(passed),
        "features": [
            {"feature": [f.feature.name, f.feature.type, f.feature.family]}
            | {"column": f.column, "kind": f.kind, "part": f.part}
            for f in features
        ],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@lru_cache(maxsize=64)
def read(clause: str) -> Transform:
    """The clause of that JSON, with its statistics as constants."""
    document = json.loads(clause)
    statistics = [literal(v) for v in document["statistics"]]
    return Transform(
        tuple(
            MadeColumn(c["name"], c["type"], with_statistics(parse_query(c["sql"]).selects[0], statistics))
            for c in document["columns"]
        ),
        tuple(MadeFeature(Feature(*f["feature"]), f["column"], f["kind"], f["part"]) for f in document["features"]),
        tuple(document["passed"]),
    )


def replayed_inputs(model: ModelVersion, raw: Mapping[str, exp.Expr]) -> nodes.ReplayedInputs:
    """The struct of a model's inputs, made of raw values by folded name."""
    transform = read(model.transform)
    values = {f.name: _given_value(f, raw[f.name.casefold()]) for f in model.raw}
    given = _struct(values)
    inputs = _inputs(transform, {k.casefold(): v for k, v in values.items()})
    if not all(is_plain(v) for v in values.values()):
        # Each is worked out once, however often the clause names it.
        names = {name.casefold(): _field(_GIVEN, name) for name in values}
        inputs = bound(given.copy(), _GIVEN, _inputs(transform, names))
    return nodes.ReplayedInputs(this=inputs, raw=given)


def macro_inputs(model: ModelVersion, raw: Mapping[str, exp.Expr]) -> exp.Expr:
    """What the macro of a model with a TRANSFORM clause makes of raw values by folded name.

    It is scored with that; of a model that only transforms, it is the answer.
    """
    if model.task == "transform":
        return _struct({c.name: over(c.tree, raw) for c in read(model.transform).columns})
    inputs: exp.Expr = replayed_inputs(model, raw).this
    return inputs


def _given_value(feature: Feature, value: exp.Expr) -> exp.Expr:
    """A value of a call; NULL alone has no type."""
    if isinstance(value, exp.Null):
        return cast(value.copy(), feature.type if feature.type not in ('"NULL"', "NULL") else "DOUBLE")
    return value.copy()


def _inputs(transform: Transform, raw: Mapping[str, exp.Expr]) -> exp.Expr:
    needed = {f.column for f in transform.features}
    columns = {c.name: over(prepared(c, transform.features), raw) for c in transform.columns if c.name in needed}
    many = any(f.kind != "column" or len(inputs_of(f.feature)) > 1 for f in transform.features)
    if not many:
        return _input_struct(transform, columns)
    names = {name: _field(MADE, name) for name in columns}
    return bound(_struct(columns), MADE, _input_struct(transform, names))


def _input_struct(transform: Transform, columns: Mapping[str, exp.Expr]) -> exp.Expr:
    made = {f.feature.name: f.of(columns[f.column]) for f in transform.features}
    specs = all_inputs(tuple(f.feature for f in transform.features))
    return _struct({spec.name: spec.sql(made[spec.feature.name].copy()) for spec in specs})


def _struct(values: Mapping[str, exp.Expr]) -> exp.Struct:
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value.copy())
            for name, value in values.items()
        ]
    )


def _field(struct: str, name: str) -> exp.Expr:
    return exp.Anonymous(this="struct_extract", expressions=[exp.to_identifier(struct), exp.Literal.string(name)])
