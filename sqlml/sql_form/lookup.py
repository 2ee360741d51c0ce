"""The weight of a category: `CASE plan WHEN 'pro' THEN 0.3 ... END`, the cheapest lookup for its kind and number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from sqlml.sql_form.writing import call, number

# Up to so many texts DuckDB compares faster than it hashes: 1 M rows took 0.04 s of CASE for 10, 0.08 for 20, 0.40 for
# 200; a cast to ENUM, which hashes, takes 0.05 s for 10 to 200.
_COMPARED = 16


def weight_of_text(
    value: exp.Expr, categories: Sequence[str], weights: Sequence[float], null: float, *, is_shared: bool
) -> exp.Expr:
    """The weight of a text: `null` for NULL, 0 for a text that was not seen.

    Where several outputs share the inputs, each looks up the same position, which DuckDB then computes once.
    """
    if not is_shared and len(categories) <= _COMPARED:
        return weight_by_case(value, [exp.Literal.string(c) for c in categories], weights, null)
    if len(categories) <= _COMPARED:
        texts = exp.Array(expressions=[exp.Literal.string(c) for c in categories])
        if not categories:
            return _null(value, null)
        return _from_list(weights, call("list_position", texts, value.copy()), value, null)
    kind = exp.DataType(this=exp.DataType.Type.ENUM, expressions=[exp.Literal.string(c) for c in categories])
    position = exp.Add(this=call("enum_code", exp.TryCast(this=value.copy(), to=kind)), expression=_whole(1))
    return _from_list(weights, position, value, null)


def weight_by_case(value: exp.Expr, categories: Sequence[exp.Expr], weights: Sequence[float], null: float) -> exp.Expr:
    """`CASE value WHEN 'pro' THEN 0.3 ... ELSE 0 END`, as every dialect has it."""
    known = [(c, number(w)) for c, w in zip(categories, weights, strict=True) if w]
    if null:
        cases = [exp.If(this=exp.Is(this=value.copy(), expression=exp.Null()), true=number(null))]
        cases += [exp.If(this=exp.EQ(this=value.copy(), expression=c), true=w) for c, w in known]
        return exp.Case(ifs=cases, default=number(0.0))
    cases = [exp.If(this=c, true=w) for c, w in known]
    return exp.Case(this=value.copy(), ifs=cases, default=number(0.0)) if cases else number(0.0)


def weight_of_whole(value: exp.Expr, categories: Sequence[Any], weights: Sequence[float], null: float) -> exp.Expr:
    """The weight of a whole number of a small range, such as a month: by its place in a list."""
    if not categories:
        return _null(value, null)
    first, last = int(min(categories)), int(max(categories))
    known = {int(c): w for c, w in zip(categories, weights, strict=True)}
    place = exp.Sub(this=exp.cast(value.copy(), "BIGINT"), expression=_whole(first - 1))
    # Of NULL and 0 greatest gives 0, and there is no element 0.
    position = call("greatest", place, _whole(0))
    return _from_list([known.get(n, 0.0) for n in range(first, last + 1)], position, value, null)


def _from_list(weights: Sequence[float], position: exp.Expr, value: exp.Expr, null: float) -> exp.Expr:
    found = call("list_extract", exp.Array(expressions=[number(w) for w in weights]), position)
    return call("coalesce", found, _null(value, null))


def _null(value: exp.Expr, null: float) -> exp.Expr:
    """The weight of NULL, for any other value 0."""
    if not null:
        return number(0.0)
    is_null = exp.Is(this=value.copy(), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=is_null, true=number(null))], default=number(0.0))


def _whole(value: int) -> exp.Expr:
    return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Neg(this=exp.Literal.number(-value)))
