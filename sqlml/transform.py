"""A TRANSFORM clause as it is kept: columns as SQL over raw columns, what was learned, the features made of them.

It is replayed wherever the model is asked: each raw column is replaced by what the call gives for it, each mark of a
statistic by the learned constant, and the inputs of the model are made of the columns that result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query, to_sql
from sqlml.features import inputs_of
from sqlml.shapes import VECTOR, read_as, shape_of
from sqlml.templates import bound, cast, fill, is_plain, number, text
from sqlml.types import Feature, ModelVersion

# How the clause names the relation of raw columns, and that of the columns it makes.
RAW, MADE = "sqlml_raw", "sqlml_made"
_GIVEN = "sqlml_given"
# The family of raw columns that cannot be features themselves: lists and structs.
OTHER = "other"
_LEARNED = "sqlml_statistic_"
UNKNOWN = "unknown"
_PART = {
    "word": "SELECT list_contains($column, $part)::DOUBLE",
    # A place of a sparse vector that is not listed is 0; one without any list, which has no size, is unknown.
    "index": "SELECT coalesce(map_extract_value($column, $part), cardinality($column) * 0::DOUBLE)",
    # Before the rows have said which places there are.
    UNKNOWN: "SELECT len($column)::DOUBLE",
}
_SPARSE = "SELECT map_from_entries(list_filter($x, lambda sqlml_e: struct_extract(sqlml_e, $index) IS NOT NULL))"


@dataclass(frozen=True)
class MadeColumn:
    """A column of the clause: its name, DuckDB type, and expression over `sqlml_raw` with marks of statistics."""

    name: str
    type: str
    tree: exp.Expr


@dataclass(frozen=True)
class MadeFeature:
    """A feature: a column, a place of one that is a vector, or one of the two below fields of a struct, its `path`."""

    feature: Feature
    column: str
    kind: str = "column"
    part: str | int | None = None
    path: tuple[str, ...] = ()

    def of(self, column: exp.Expr) -> exp.Expr:
        """The feature of its column."""
        for field in self.path:
            column = exp.Anonymous(this="struct_extract", expressions=[column.copy(), exp.Literal.string(field)])
        if self.kind == "column":
            return column.copy()
        part = exp.Literal.string(self.part) if isinstance(self.part, str) else _whole(self.part or 0)
        if self.kind == "element":
            # There may be thousands.
            return exp.Anonymous(this="list_extract", expressions=[column.copy(), part])
        return fill(_PART[self.kind], {"column": column, "part": part})


def prepared(column: MadeColumn, features: Sequence[MadeFeature], *, is_implicit: bool) -> exp.Expr:
    """The expression of a column as its features take it.

    A sparse vector is a map, made once for all its places; a list of numbers an array, so that the engine refuses
    another length; without a TRANSFORM clause, which may make what it likes, numbers in it are DOUBLE.
    """
    own = [f for f in features if f.column == column.name]
    shape = shape_of(column.type)
    if shape is None or not own:
        return column.tree.copy()
    lengths: dict[tuple[str, ...], int] = {}
    for made in own:
        if made.kind == "element":
            lengths[made.path] = max(lengths.get(made.path, 0), int(made.part or 0))
    by_name = {"_".join((column.name, *path)): length for path, length in lengths.items()}
    is_cast = is_implicit or (shape.family == VECTOR and by_name)
    tree = column.tree.copy()
    if is_cast:
        tree = exp.Cast(this=tree, to=read_as(column.type, column.name, by_name))
    if any(f.kind == "index" for f in own):
        return fill(_SPARSE, {"x": tree, "index": exp.Literal.string(shape.fields[0][0])})
    return tree


@dataclass(frozen=True)
class Transform:
    """A clause whose statistics are known: its columns with constants in them, and its features."""

    columns: tuple[MadeColumn, ...]
    features: tuple[MadeFeature, ...]
    passed: tuple[str, ...]
    is_implicit: bool = False


def is_implicit(model: ModelVersion) -> bool:
    """Whether a model has no TRANSFORM clause of the user's: one stands for its columns that are lists and structs."""
    return bool(model.transform) and read(model.transform).is_implicit


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


def written(
    columns: Sequence[MadeColumn], aggregates: Sequence[exp.Expr], passed: Sequence[str], *, is_implicit: bool
) -> dict[str, Any]:
    """The clause as it was given, as plain JSON; `passed` are the columns that come through: label, split column."""
    return {
        "columns": [{"name": c.name, "type": c.type, "sql": to_sql(exp.select(c.tree.copy()))} for c in columns],
        "learned_by": [to_sql(exp.select(a.copy())) for a in aggregates],
        "passed": list(passed),
        "is_implicit": is_implicit,
    }


def write(clause: Mapping[str, Any], statistics: Sequence[Any], features: Sequence[MadeFeature]) -> str:
    """The clause with what was learned, as JSON.

    Raises ValueError for a statistic that JSON cannot hold.
    """
    document = {
        **clause,
        "statistics": list(statistics),
        "features": [
            {"feature": [f.feature.name, f.feature.type, f.feature.family]}
            | {"column": f.column, "kind": f.kind, "part": f.part, "path": list(f.path)}
            for f in features
        ],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def is_same(clause: Mapping[str, Any], kept: str) -> bool:
    """Whether a clause that is kept is this one, whatever it learned; which aggregates it did not always say."""
    document = json.loads(kept)
    return all(document.get(key, value if key != "columns" else None) == value for key, value in clause.items())


def statistics_of(kept: str) -> list[Any]:
    """What a clause that is kept learned."""
    return list(json.loads(kept)["statistics"])


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
        tuple(_read_feature(f) for f in document["features"]),
        tuple(document["passed"]),
        bool(document.get("is_implicit")),
    )


def _read_feature(stored: Mapping[str, Any]) -> MadeFeature:
    feature, column, kind, part = Feature(*stored["feature"]), stored["column"], stored["kind"], stored["part"]
    # Fields of structs were a kind of their own once.
    if kind == "field":
        return MadeFeature(feature, column, path=(part,))
    return MadeFeature(feature, column, kind, part, tuple(stored.get("path", ())))


def replayed_inputs(model: ModelVersion, raw: Mapping[str, exp.Expr], *, cheap: bool = False) -> nodes.ReplayedInputs:
    """The struct of a model's inputs, made of raw values by folded name; `cheap` ones may be worked out several times.

    Lists that are columns stay one field of it; the UDF takes them apart, or who writes SQL, by `packed`.
    """
    transform = read(model.transform)
    values = {f.name: _given_value(f, raw[f.name.casefold()]) for f in model.raw}
    given = _struct({name: value.copy() for name, value in values.items()})
    is_packed = bool(packed(model))
    names = {k.casefold(): v for k, v in values.items()}
    if (cheap and transform.is_implicit) or all(is_plain(v) for v in values.values()):
        inputs = _inputs(transform, names, packed=is_packed)
    else:
        # Each is worked out once, however often the clause names it.
        names = {name.casefold(): _field(_GIVEN, name) for name in values}
        inputs = bound(given.copy(), _GIVEN, _inputs(transform, names, packed=is_packed))
    return nodes.ReplayedInputs(this=inputs, raw=given, is_packed=is_packed)


def packed(model: ModelVersion) -> dict[str, tuple[str, int]]:
    """The inputs that are places of a list which is one field of the struct of inputs: its name, and which place."""
    if not is_implicit(model):
        return {}
    places = [f for f in read(model.transform).features if f.kind == "element"]
    return {f.feature.name: ("_".join((f.column, *f.path)), int(f.part or 0)) for f in places}


def macro_inputs(model: ModelVersion, raw: Mapping[str, exp.Expr]) -> exp.Expr:
    """What the macro of a model with a TRANSFORM clause makes of raw values by folded name.

    It is scored with that; of a model that only transforms, it is the answer.
    """
    if model.task == "transform":
        return _struct({c.name: over(c.tree, raw) for c in read(model.transform).columns})
    inputs: exp.Expr = replayed_inputs(model, raw, cheap=True).this
    return inputs


def _given_value(feature: Feature, value: exp.Expr) -> exp.Expr:
    """A value of a call; NULL alone has no type."""
    if isinstance(value, exp.Null):
        return cast(value.copy(), feature.type if feature.type not in ('"NULL"', "NULL") else "DOUBLE")
    return value.copy()


def _inputs(transform: Transform, raw: Mapping[str, exp.Expr], *, packed: bool) -> exp.Expr:
    needed = {f.column for f in transform.features}
    columns = {
        c.name: over(prepared(c, transform.features, is_implicit=transform.is_implicit), raw)
        for c in transform.columns
        if c.name in needed
    }
    many = any(f.kind != "column" or f.path or len(inputs_of(f.feature)) > 1 for f in transform.features)
    # DuckDB computes a cast or map once, however often it stands there; a lambda costs more.
    if transform.is_implicit or not many:
        return _input_struct(transform, columns, packed=packed)
    names = {name: _field(MADE, name) for name in columns}
    return bound(_struct(columns), MADE, _input_struct(transform, names, packed=packed))


def _input_struct(transform: Transform, columns: Mapping[str, exp.Expr], *, packed: bool) -> exp.Struct:
    values: dict[str, exp.Expr] = {}
    for made in transform.features:
        if packed and made.kind == "element":
            # One field for all places: the UDF takes it apart.
            name = "_".join((made.column, *made.path))
            if name not in values:
                values[name] = replace(made, kind="column").of(columns[made.column])
            continue
        value = made.of(columns[made.column])
        values |= {spec.name: spec.sql(value.copy()) for spec in inputs_of(made.feature)}
    return _struct(values)


def _struct(values: Mapping[str, exp.Expr]) -> exp.Struct:
    """A struct of values that stand nowhere else."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value)
            for name, value in values.items()
        ]
    )


def _whole(value: int) -> exp.Expr:
    return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Neg(this=exp.Literal.number(-value)))


def _field(struct: str, name: str) -> exp.Expr:
    return exp.Anonymous(this="struct_extract", expressions=[exp.to_identifier(struct), exp.Literal.string(name)])
