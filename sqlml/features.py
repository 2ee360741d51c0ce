"""Columns to inputs: which DuckDB type becomes which kind of input, and the SQL that makes it.

The same expressions run when a model is trained and when it scores, so nothing can drift between the two:

    numeric, DECIMAL, HUGEINT       CAST(x AS DOUBLE)
    VARCHAR, ENUM, UUID, BOOLEAN    CAST(x AS VARCHAR), a category
    DATE                            epoch(x), and day of month, day of week, month, week, year
    TIMESTAMP, with time zone too   as DATE, and hour and minute, in UTC
    TIME, INTERVAL                  epoch(x), seconds

Lists and structs become several features (shapes.py).

Source: BigQuery ML's automatic feature preprocessing; DATE is spread like TIMESTAMP there, because one category
a day cannot say anything about a day that was not seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from sqlml.nodes import cast
from sqlml.types import Column, Feature, ModelVersion

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMERIC = {*_INTEGERS, *("U" + name for name in _INTEGERS), "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM"}
_TEXT = {"VARCHAR", "ENUM", "UUID", "CHAR"}
_TIMESTAMPS = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_FAMILIES = {
    **dict.fromkeys(_NUMERIC, "numeric"),
    **dict.fromkeys(_TEXT, "text"),
    **dict.fromkeys(_TIMESTAMPS, "timestamp"),
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "TIME WITH TIME ZONE": "time",
    "INTERVAL": "interval",
    '"NULL"': "null",
    "NULL": "null",
}
_DATE_PARTS = (
    ("DOM", "day"),
    ("DOW", "dayofweek"),
    ("MOY", "month"),
    ("WOY", "weekofyear"),
    ("YEAR", "year"),
)
_TIME_PARTS = (("HOD", "hour"), ("MOH", "minute"))

# The family of a column that says which of the models of a partitioned one answers.
KEY = "key"
# The kind of the inputs of a registered model, and its encoding.
RAW = "raw"

FAMILY_TYPES = {
    "numeric": "a number",
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "time": "TIME",
    "interval": "INTERVAL",
    "other": "a list or struct",
    "struct": "a struct",
    "vector": "a list of numbers",
    "words": "a list of texts",
    "sparse": "a list of (index, value)",
}


def family_of(duckdb_type: str) -> str | None:
    """The family of a DuckDB type, or None where the type cannot be a feature (LIST, STRUCT, BLOB, ...)."""
    if duckdb_type.endswith("]"):
        return None
    return _FAMILIES.get(duckdb_type.partition("(")[0].strip().upper())


def accepts(trained: str, given: str) -> bool:
    """Whether a value of family `given` may stand in for a feature of family `trained`."""
    return given in (trained, "null") or (trained, given) == ("timestamp", "date")


def key_of(column: Column) -> Feature | None:
    """The feature that a column of partition_by becomes, or None where its type cannot be one."""
    whole = family_of(column.type) == "numeric" and column.type.removeprefix("U") in _INTEGERS
    if whole or family_of(column.type) in ("text", "boolean", "date"):
        return Feature(column.name, column.type, KEY)
    return None


def value_family(feature: Feature) -> str:
    """The family of the values that a feature takes; a key takes those of its own type."""
    return (family_of(feature.type) or feature.family) if feature.family == KEY else feature.family


def feature_of(column: Column) -> Feature | None:
    """The feature a column becomes, or None where its type cannot be one."""
    family = family_of(column.type)
    if family is None:
        return None
    return Feature(column.name, column.type, "numeric" if family == "null" else family)


@dataclass(frozen=True)
class Input:
    """One value that a model is given: its name, its kind (numeric, category, calendar, raw) and its SQL."""

    name: str
    kind: str
    feature: Feature
    part: str | None = None

    def sql(self, value: exp.Expr) -> exp.Expr:
        """The DuckDB expression that makes this input of a raw feature value."""
        family = self.feature.family
        if family == KEY:
            value = _as(value, self.feature.type)
        if self.kind == RAW and family != "numeric":
            return _as(value, self.feature.type)
        if self.kind == "category":
            return cast(value, "VARCHAR")
        if family == "numeric":
            return _double(value)
        if family in ("date", "timestamp"):
            # In UTC whatever the session's time zone is, so that a model scores alike everywhere.
            moment = exp.func("make_timestamp", exp.func("epoch_us", _moment(value, self.feature)))
            return _double(exp.func(self.part, moment) if self.part else exp.func("epoch", moment))
        return _double(exp.func("epoch", _as(value, self.feature.type)))


def inputs_of(feature: Feature) -> tuple[Input, ...]:
    """The inputs a feature becomes, in order."""
    if feature.family in ("text", "boolean", KEY):
        return (Input(feature.name, "category", feature),)
    parts: tuple[tuple[str, str], ...] = ()
    if feature.family in ("date", "timestamp"):
        parts = _DATE_PARTS + (_TIME_PARTS if feature.family == "timestamp" else ())
    spread = tuple(Input(f"_TS_{code}_{feature.name}", "calendar", feature, part) for code, part in parts)
    return (Input(feature.name, "numeric", feature), *spread)


def all_inputs(features: tuple[Feature, ...]) -> tuple[Input, ...]:
    """The inputs of all features, in order."""
    return tuple(i for f in features for i in inputs_of(f))


def model_inputs(model: ModelVersion) -> tuple[Input, ...]:
    """The inputs of a model, in order: those of one that was trained elsewhere may be its columns as they are."""
    if model.encoding == RAW:
        return tuple(Input(f.name, RAW, f) for f in model.features)
    return all_inputs(model.features)


def interface(model: ModelVersion) -> str:
    """A short hash of how a model is called and answers: its inputs with their SQL, its classes.

    SQL that is kept (a view) works with every version of the model that has the same one.
    """
    inputs = [[i.name, i.sql(exp.column("x")).sql(dialect="duckdb")] for i in model_inputs(model)]
    if model.transform:
        # What is made of them is the macro's own affair: it changes with every training.
        inputs = [[f.name, f.type] for f in model.raw]
    described = json.dumps([model.task, inputs, list(model.classes)], separators=(",", ":"))
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def known_label(label: exp.Expr, duckdb_type: str) -> exp.Expr:
    """A class label; NaN is no class, it counts as NULL."""
    if duckdb_type not in ("FLOAT", "DOUBLE"):
        return label
    return exp.func("nullif", label, _double(exp.Literal.string("nan")))


def unused_name(name: str, taken: Iterable[str]) -> str:
    """The name, made longer until no column is called so."""
    folded = {t.casefold() for t in taken}
    while name.casefold() in folded:
        name += "_"
    return name


def _double(value: exp.Expr) -> exp.Expr:
    return cast(value, "DOUBLE")


def _as(value: exp.Expr, duckdb_type: str) -> exp.Expr:
    return cast(value, duckdb_type)


def _moment(value: exp.Expr, feature: Feature) -> exp.Expr:
    kind = "TIMESTAMPTZ" if "ZONE" in feature.type.upper() else "TIMESTAMP"
    return _as(value, kind)
