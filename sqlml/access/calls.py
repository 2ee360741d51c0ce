"""Calls of functions: their names, and the bodies of macros with their arguments in place."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.objects import Macro
from sqlml.errors import InvalidSql, NotSupported
from sqlml.types import ObjectName


def call_parts(node: exp.Expr) -> tuple[ObjectName, exp.Expr] | None:
    """The name of a call and the call itself: `f(x)`, `s.f(x)`, `c.s.f(x)`; None for anything else."""
    if isinstance(node, exp.Anonymous):
        return ObjectName(node.name), node
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        outer: list[str] = []
        left: exp.Expr = node.this
        while isinstance(left, exp.Dot):
            outer.insert(0, left.expression.name)
            left = left.this
        if isinstance(left, exp.Column) and not outer:
            outer = [p.name for p in left.parts]
        elif isinstance(left, exp.Identifier):
            outer.insert(0, left.name)
        else:
            # A method: 'x'.upper().
            return None
        if len(outer) > 2:
            return None
        schema = outer[-1]
        return ObjectName(node.expression.name, schema, outer[0] if len(outer) == 2 else None), node.expression
    return None


def is_inside_dot(node: exp.Expr) -> bool:
    """Whether a call is the last part of `schema.f(x)`, which is looked at as a whole."""
    return isinstance(node, exp.Anonymous) and isinstance(node.parent, exp.Dot) and node.arg_key == "expression"


def arguments_of(macro: Macro, call: exp.Expr) -> dict[str, exp.Expr]:
    """The arguments of a call by parameter."""
    values: dict[str, exp.Expr] = {}
    positional = []
    for argument in call.expressions:
        if isinstance(argument, exp.PropertyEQ | exp.Kwarg) or (
            isinstance(argument, exp.EQ) and isinstance(argument.this, exp.Var)
        ):
            values[fold(argument.this.name)] = argument.expression
        else:
            positional.append(argument)
    names = [fold(p) for p in macro.parameters]
    if len(positional) > len(names) or not set(values) <= set(names):
        raise InvalidSql(
            f"{macro.name} takes {len(names)} arguments: {', '.join(macro.parameters)}.", hint="Give these."
        )
    values.update(zip(names, positional, strict=False))
    missing = [p for p in macro.parameters if fold(p) not in values]
    if missing:
        raise InvalidSql(
            f"{macro.name} is called without {missing[0]}.",
            hint="In a governed database every argument of a macro is given: its defaults are not known.",
        )
    return values


def held_apart(body: exp.Expr, macro: Macro, arguments: Mapping[str, exp.Expr], alias: str) -> exp.Expr:
    """The body with its arguments, none of which may mean a column of the tables that the macro reads.

    Put into a query of the macro's, `f(code)` would read that query's own `code`, on behalf of its owner: it is
    found outside of it, as the only row of a table.
    """
    reads = body.find(exp.Query, exp.Table) is not None
    if not reads or all(_is_constant(value) for value in arguments.values()):
        return substitute(body, arguments)
    if isinstance(body, exp.Query) and not isinstance(body, exp.Subquery):
        raise NotSupported(
            f'"{macro.name}" is given an argument that is no constant.', hint="Give it a literal or a parameter."
        )
    outer = [*arguments.values(), body]
    if any(found.parent_select is None for value in outer for found in value.find_all(exp.AggFunc, exp.Window)):
        raise NotSupported(
            f'"{macro.name}" reads tables and is given an aggregate.', hint="Compute it in a subquery, and pass that."
        )
    values: list[exp.Expr] = [
        exp.Alias(this=exp.Paren(this=value.copy()), alias=exp.to_identifier(name, quoted=True))
        for name, value in arguments.items()
    ]
    named = {name: exp.column(exp.to_identifier(name, quoted=True), alias) for name in arguments}
    source = exp.Select(expressions=values).subquery(alias, copy=False)
    return exp.Select(expressions=[substitute(body, named)]).from_(source, copy=False).subquery(copy=False)


_CONSTANT = (
    *(exp.Literal, exp.Null, exp.Boolean, exp.Placeholder, exp.Parameter, exp.Neg, exp.Paren, exp.Cast, exp.DataType),
    *(exp.DataTypeParam, exp.Array, exp.Struct, exp.PropertyEQ, exp.Identifier, exp.Interval, exp.Var),
)


def _is_constant(value: exp.Expr) -> bool:
    return all(isinstance(node, _CONSTANT) for node in value.walk())


def substitute(body: exp.Expr, arguments: Mapping[str, exp.Expr]) -> exp.Expr:
    """The body with its parameters replaced by the arguments."""
    holder = exp.Paren(this=body)
    for column in list(holder.find_all(exp.Column)):
        parts = column.parts
        first = fold(parts[0].name)
        if first not in arguments or _is_bound_by_lambda(column, first):
            continue
        value: exp.Expr = arguments[first].copy()
        value = exp.Paren(this=value)
        for part in parts[1:]:
            value = exp.Dot(this=value, expression=part.copy())
        column.replace(value)
    found: exp.Expr = holder.this
    found.pop()
    return found


def _is_bound_by_lambda(column: exp.Expr, name: str) -> bool:
    node = column.parent
    while node is not None:
        if isinstance(node, exp.Lambda) and any(name == fold(p.name) for p in node.expressions):
            return True
        node = node.parent
    return False


def qualified(macro: Macro, call: exp.Expr) -> exp.Expr:
    """The call of the very macro that was found, whatever else has its name where DuckDB looks first."""
    parts = [exp.to_identifier(part, quoted=True) for part in (macro.catalog, macro.schema, macro.name)]
    named = exp.Anonymous(this=parts.pop(), expressions=[a.copy() for a in call.expressions])
    return exp.Dot.build([*parts, named])


def names_in(tree: exp.Expr) -> set[str]:
    """All names of a tree that may be of relations or macros."""
    found = {t.name for t in tree.find_all(exp.Table) if isinstance(t.this, exp.Identifier)}
    return found | {call.name for call in tree.find_all(exp.Anonymous)}
