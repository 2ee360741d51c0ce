"""Constant SQL with marks, filled with trees: `SELECT ($x - $mean) / $stddev`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query

# What may stand in an expression several times without being worked out several times.
_PLAIN = (exp.Column, exp.Identifier, exp.Literal, exp.Cast, exp.DataType, exp.Paren, exp.Neg, exp.Boolean, exp.Null)
_PLAIN_NODES = 8
_ROW, _VALUES = "sqlml_row", "sqlml_values"


@cache
def _parsed(sql: str) -> exp.Expr:
    expression: exp.Expr = parse_query(sql).selects[0]
    return expression


def fill(sql: str, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """The expression of `SELECT expression` with each `$name` replaced by its tree."""
    holder = exp.Paren(this=_parsed(sql).copy())
    # Listed before the first is replaced: what is put in may have parameters of its own.
    for mark in list(holder.find_all(exp.Placeholder)):
        mark.replace(values[mark.name].copy())
    filled: exp.Expr = holder.this.pop()
    return filled


def is_plain(value: exp.Expr) -> bool:
    """Whether a value may stand in an expression several times: a column, a literal, a cast of one."""
    nodes = list(value.walk())
    return len(nodes) <= _PLAIN_NODES and all(isinstance(n, (*_PLAIN, exp.Placeholder)) for n in nodes)


def bound(value: exp.Expr, name: str, body: exp.Expr) -> exp.Expr:
    """The body with `name` standing for the value: `list_extract(list_transform([value], lambda name: body), 1)`."""
    each = exp.Lambda(this=body, expressions=[exp.to_identifier(name)])
    listed = exp.Anonymous(this="list_transform", expressions=[exp.Array(expressions=[value]), each])
    return exp.Anonymous(this="list_extract", expressions=[listed, exp.Literal.number(1)])


def once(value: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """The body over a value that is worked out once, however often the body names it."""
    return body(value) if is_plain(value) else bound(value, _ROW, body(exp.to_identifier(_ROW)))


def apart(
    values: Mapping[str, exp.Expr], body: Callable[[Mapping[str, exp.Expr]], exp.Expr], *, captured: bool = False
) -> exp.Expr:
    """The body over values that are worked out before it, where that is needed.

    DuckDB fails on a window inside a lambda whose argument has a lambda of its own; so no window may get into one:
    where a value is no plain one, or the body has lambdas that capture a statistic, all are put into a struct first.
    """
    if all(is_plain(v) or (v.find(exp.Window) is not None and not captured) for v in values.values()):
        return body(values)
    fields = [exp.PropertyEQ(this=exp.to_identifier(k, quoted=True), expression=v) for k, v in values.items()]
    each = {k: exp.func("struct_extract", exp.to_identifier(_VALUES), exp.Literal.string(k)) for k in values}
    return bound(exp.Struct(expressions=fields), _VALUES, body(each))


def cast(value: exp.Expr, duckdb_type: str) -> exp.Expr:
    """`CAST(value AS type)`."""
    return nodes.cast(value, duckdb_type)


def number(value: float) -> exp.Expr:
    """`CAST('0.5' AS DOUBLE)`: from text, as a decimal literal has another type."""
    return cast(exp.Literal.string(repr(float(value))), "DOUBLE")


def text(value: str) -> exp.Expr:
    """`'value'`."""
    return exp.Literal.string(value)
