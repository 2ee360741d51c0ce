"""Many values of one parameter as Arrow columns, of the types that DuckDB gives each value alone."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_OTHER = "other"
_MOST_KINDS = 8
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_WHOLE = (*_INTEGERS, "UHUGEINT")
_FLOATS = ("FLOAT", "DOUBLE")
_EXACT_IN_DOUBLE = 15

# "VARCHAR", ("LIST", kind of its elements or None), ("STRUCT", ((name, kind), ...)) or `_OTHER`.
Kind = Any


@dataclass(frozen=True)
class Use:
    """How a statement uses a parameter: `assigned` to a column of this type, `compared` with one, or an `argument`.

    An argument is one of a function of ours, which casts it to the type of the model's input. What else DuckDB makes
    of a value it makes of a parameter only: text is cast to whatever is asked for, as a literal is.
    """

    how: str
    type: str = ""


@dataclass(frozen=True)
class Part:
    """An Arrow array, NULL for the values that are of another part, and the type that DuckDB is to read it as."""

    array: Any
    cast: str | None = None


_SIMPLE: dict[type, Kind] = {
    bool: "BOOLEAN",
    float: "DOUBLE",
    str: "VARCHAR",
    bytes: "BLOB",
    bytearray: "BLOB",
    datetime.date: "DATE",
    datetime.timedelta: "INTERVAL",
    uuid.UUID: "UUID",
}


def parts_of(values: Sequence[Any], use: Use) -> list[Part] | None:
    """The values as one column or, where they differ in type, as several; no column where all are NULL.

    None where the outcome might not be that of one value after the other.
    """
    kinds = _kinds(values, use)
    distinct = set(kinds) if isinstance(kinds, list) else {kinds}
    distinct.discard(None)
    if use.how == "assigned" and any(_is_decimal(kind) for kind in distinct):
        kinds = _with_one_scale(kinds, distinct, use.type)
        distinct = set(kinds) if isinstance(kinds, list) else {kinds}
        distinct.discard(None)
    elif use.how != "assigned" and any(isinstance(kind, tuple) for kind in distinct):
        return None
    if use.how == "compared" and not all(_compares(kind, use.type) for kind in distinct):
        return None
    if _OTHER in distinct or len(distinct) > (_MOST_KINDS if use.how == "assigned" else 1):
        return None
    if len(distinct) <= 1:
        return [_part(values, kind) for kind in distinct]
    apart = [(kind, [v if k == kind else None for v, k in zip(values, kinds, strict=True)]) for kind in distinct]
    return [_part(column, kind) for kind, column in apart]


def _kinds(values: Sequence[Any], use: Use) -> Kind | list[Kind]:
    """The kind of all values, or a list of the kind of each; None is that of NULL."""
    types = set(map(type, values))
    types.discard(type(None))
    if not types:
        return None
    widens = use.how == "assigned" or (use.how == "compared" and use.type in _INTEGERS)
    if len(types) == 1:
        [only] = types
        if only in _SIMPLE:
            return _SIMPLE[only]
        if only is int:
            found = [v for v in values if v is not None]
            least, most = _integer(min(found)), _integer(max(found))
            if least == most or (widens and {least, most} == {"INTEGER", "BIGINT"}):
                return "BIGINT" if "BIGINT" in (least, most) else least
    kinds = [_kind(value) for value in values]
    return ["BIGINT" if kind == "INTEGER" else kind for kind in kinds] if widens else kinds


def _kind(value: Any) -> Kind:
    if value is None:
        return None
    found = _SIMPLE.get(type(value))
    if found is not None:
        return found
    reader = _READERS.get(type(value))
    return reader(value) if reader else _OTHER


def _integer(value: int) -> Kind:
    for kind, low, high in _RANGES:
        if low <= value < high:
            return kind
    return _OTHER


# In the order in which DuckDB tries them.
_RANGES = (
    ("INTEGER", -(2**31), 2**31),
    ("BIGINT", -(2**63), 2**63),
    ("UBIGINT", 0, 2**64),
    ("HUGEINT", -(2**127), 2**127),
    ("UHUGEINT", 0, 2**128),
)


def _decimal(value: decimal.Decimal) -> Kind:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return _OTHER
    scale = max(0, -exponent)
    width = max(len(digits) + max(0, exponent), scale + 1)
    return ("DECIMAL", width - scale, scale) if width <= 38 else _OTHER


def _list(values: Sequence[Any]) -> Kind:
    kinds = {_inner_kind(value) for value in values}
    kinds.discard(None)
    if not kinds:
        return ("LIST", None)
    [only, *others] = kinds
    # DuckDB finds one type for the elements; only where they have one already is it known here.
    return _OTHER if others or only == _OTHER else ("LIST", only)


def _dict(value: dict[Any, Any]) -> Kind:
    if not value or set(value) == {"key", "value"} or not all(isinstance(k, str) for k in value):
        return _OTHER
    fields = tuple((k, _inner_kind(v)) for k, v in value.items())
    return _OTHER if any(k == _OTHER for _, k in fields) else ("STRUCT", fields)


def _inner_kind(value: Any) -> Kind:
    """The kind of a value inside a list or struct, which is only sent where it is assigned to a column."""
    kind = _kind(value)
    if kind in ("HUGEINT", "UHUGEINT", "UUID", "INTERVAL") or _is_decimal(kind):
        return _OTHER
    return "BIGINT" if kind == "INTEGER" else kind


_READERS: dict[type, Callable[[Any], Kind]] = {
    int: _integer,
    decimal.Decimal: _decimal,
    datetime.datetime: lambda v: "TIMESTAMP" if v.tzinfo is None else "TIMESTAMP WITH TIME ZONE",
    datetime.time: lambda v: "TIME" if v.tzinfo is None else _OTHER,
    list: _list,
    tuple: _list,
    dict: _dict,
}


def _compares(kind: Kind, column: str) -> bool:
    return bool(kind == column) or (kind in _WHOLE and column in _WHOLE)


def _is_decimal(kind: Kind) -> bool:
    return isinstance(kind, tuple) and kind[0] == "DECIMAL"


def _with_one_scale(kinds: Kind | list[Kind], distinct: set[Kind], target: str) -> Kind | list[Kind]:
    """Decimals as one type, where the column they go to does not tell: its own type does not depend on their zeros."""
    found = [kind for kind in distinct if _is_decimal(kind)]
    whole, scale = max(k[1] for k in found), max(k[2] for k in found)
    is_number = target in _INTEGERS or target.partition("(")[0] == "DECIMAL"
    fits = whole + scale <= (38 if is_number else _EXACT_IN_DOUBLE if target in _FLOATS else 0)
    one: Kind = ("DECIMAL", whole, scale) if fits else _OTHER
    return [one if _is_decimal(k) else k for k in kinds] if isinstance(kinds, list) else one


def _part(values: Sequence[Any], kind: Kind) -> Part:
    import pyarrow as pa

    if kind in ("HUGEINT", "UHUGEINT", "UUID"):
        return Part(pa.array([None if v is None else str(v) for v in values], pa.string()), kind)
    if kind == "INTERVAL":
        values = [None if v is None else _interval(v) for v in values]
    return Part(pa.array(values, _arrow_type(kind)))


def _interval(value: datetime.timedelta) -> Any:
    import pyarrow as pa

    return pa.MonthDayNano((0, value.days, (value.seconds * 1_000_000 + value.microseconds) * 1000))


def _arrow_type(kind: Kind) -> Any:
    import pyarrow as pa

    if isinstance(kind, tuple):
        name, inner = kind[0], kind[1]
        if name == "DECIMAL":
            return pa.decimal128(18 if kind[1] + kind[2] <= 18 else 38, kind[2])
        if name == "LIST":
            return pa.large_list(_arrow_type(inner))
        return pa.struct([pa.field(field, _arrow_type(of)) for field, of in inner])
    return {
        None: pa.null(),
        "BOOLEAN": pa.bool_(),
        "INTEGER": pa.int32(),
        "BIGINT": pa.int64(),
        "UBIGINT": pa.uint64(),
        "DOUBLE": pa.float64(),
        "VARCHAR": pa.large_string(),
        "BLOB": pa.large_binary(),
        "DATE": pa.date32(),
        "TIME": pa.time64("us"),
        "TIMESTAMP": pa.timestamp("us"),
        "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
        "INTERVAL": pa.month_day_nano_interval(),
    }[kind]
