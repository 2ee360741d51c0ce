"""Queries inside values: `query('...')`, `query_table('t')`, and the query that ml_train is given.

Only literals can be read before they are allowed; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.rights import unread
from sqlml.dialect import parse, read_name, to_sql
from sqlml.errors import InvalidSql, NotSupported


def query_within(call: exp.Expr) -> exp.Query | None:
    """What `query(...)` or `query_table(...)` in FROM stands for; None for any other call."""
    name = fold(call.name)
    if name == "query":
        if len(call.expressions) != 1:
            raise InvalidSql("query takes one query.", hint="query('SELECT ...')")
        return _read(_text(call.expressions[0], "query"))
    if name == "query_table":
        return _tables(call)
    return None


def expand_training(call: exp.Expr, expand: Callable[[exp.Expr], exp.Expr]) -> None:
    """A query in a text, as ml_train takes it, is expanded like any other."""
    found = training_query(call) if fold(call.name) == "ml_train" else None
    if found is not None:
        value, tree = found
        value.replace(exp.Literal.string(to_sql(expand(tree))))


def training_query(call: exp.Expr) -> tuple[exp.Literal, exp.Query] | None:
    """The literal of ml_train's query, and what it says."""
    for argument in call.expressions:
        value = argument.expression if isinstance(argument, exp.PropertyEQ | exp.Kwarg | exp.EQ) else argument
        key = fold(argument.this.name) if value is not argument else ""
        if key not in ("", "query") or (argument is call.expressions[0] and not key):
            continue
        text = _text(value, "ml_train")
        tree = parse(text)
        if isinstance(tree, exp.Column):
            # The name of a table is the query of all of it.
            tree = _all_of(text)
        if not isinstance(tree, exp.Query):
            raise unread()
        return value, tree
    return None


def _tables(call: exp.Expr) -> exp.Query:
    """All rows of the tables named, one after another, by position or by name as query_table does it."""
    [names, *rest] = call.expressions or [exp.null()]
    by_name = False
    for argument in rest:
        value = argument.expression if isinstance(argument, exp.PropertyEQ | exp.Kwarg | exp.EQ) else argument
        if not isinstance(value, exp.Boolean):
            raise NotSupported("query_table takes names, and whether columns meet by name.", hint="Write literals.")
        by_name = bool(value.this)
    listed = names.expressions if isinstance(names, exp.Array) else [names]
    if not listed:
        raise InvalidSql("query_table is given no name.", hint="query_table(['t', 'u'])")
    queries = [_all_of(_text(name, "query_table")) for name in listed]
    found: exp.Query = queries[0]
    for query in queries[1:]:
        found = exp.Union(this=found, expression=query, distinct=False, by_name=by_name)
    return found


def _all_of(name: str) -> exp.Query:
    # As DuckDB does: what cannot be read as a name is one.
    table = read_name(name) or exp.Table(this=exp.to_identifier(name, quoted=True))
    return exp.select("*").from_(table)


def _text(value: exp.Expr, name: str) -> str:
    if name == "query_table" and isinstance(value, exp.Column):
        return to_sql(value)
    if not (isinstance(value, exp.Literal) and value.is_string):
        raise NotSupported(f"The argument of {name} is no literal.", hint="Write it out: a text in single quotes.")
    return value.name


def _read(text: str) -> exp.Query:
    tree = parse(text)
    if not isinstance(tree, exp.Query):
        raise unread()
    if tree.find(exp.Placeholder, exp.Parameter) is not None:
        raise NotSupported("A query in a text has a parameter.", hint="Write its value.")
    return tree
