"""The condition of a constraint over metrics, `roc_auc >= 0.80 AND f1 >= champion.f1`: checked, judged, explained."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping

from sqlglot import exp

from sqlml.dialect import parse_query, to_sql
from sqlml.errors import InvalidSql, NotFound, SqlmlError, nearest_hint
from sqlml.metrics import COLUMNS

Metrics = Mapping[str, float | None]
# The metrics of the version itself, under "", and of the version of each alias; None where there is no such version.
Values = Mapping[str, Metrics | None]

_SYNONYMS = {
    "auc": "roc_auc",
    "f1": "f1_score",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "r2": "r2_score",
}
_ROOTS = {"rmse": "mean_squared_error"}
_COMPARED: dict[type[exp.Expr], tuple[str, Callable[[float, float], bool]]] = {
    exp.GTE: (">=", operator.ge),
    exp.GT: (">", operator.gt),
    exp.LTE: ("<=", operator.le),
    exp.LT: ("<", operator.lt),
    exp.EQ: ("=", operator.eq),
    exp.NEQ: ("<>", operator.ne),
}
_TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "=": "=", "<>": "<>"}
_COMPUTED: dict[type[exp.Expr], Callable[[float, float], float]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: operator.truediv,
}
_HINT = "Write CHECK (roc_auc >= 0.8 AND f1 >= champion.f1 - 0.01): metrics, numbers, AND, OR, NOT and arithmetic."
_At = Callable[[SqlmlError, exp.Expr], SqlmlError]


class _NoVersion(Exception):
    """An alias that no version has."""


def read_condition(text: str) -> exp.Expr:
    """A condition as it was kept."""
    condition: exp.Expr = parse_query("SELECT " + text).selects[0]
    return condition


def check_condition(condition: exp.Expr, task: str, aliases: Collection[str], at: _At) -> None:
    """Raise InvalidSql for what is no condition over metrics, NotFound for metrics and aliases that there are not."""
    _check_boolean(condition, at)
    known = [*COLUMNS.get(task, ()), *_names_for(task)]
    columns = list(condition.find_all(exp.Column))
    for column in columns:
        if column.name.casefold() not in known:
            hint = nearest_hint(column.name, known, otherwise=f"There are: {', '.join(known)}." if known else "")
            raise at(NotFound(f'A model of this type has no metric "{column.name}".', hint=hint or None), column)
        if column.table and column.table.casefold() not in ("champion", *aliases):
            hint = nearest_hint(column.table, ["champion", *aliases], otherwise=f"Write champion.{column.name}.")
            raise at(NotFound(f'The model has no alias "{column.table}".', hint=hint), column)
    if not columns:
        raise at(InvalidSql("The condition names no metric.", hint=_HINT), condition)


def _names_for(task: str) -> list[str]:
    """The other names that metrics of a task have."""
    return [name for name, metric in {**_SYNONYMS, **_ROOTS}.items() if metric in COLUMNS.get(task, ())]


def _check_boolean(node: exp.Expr, at: _At) -> None:
    if isinstance(node, exp.Paren | exp.Not):
        _check_boolean(node.this, at)
    elif isinstance(node, exp.And | exp.Or):
        _check_boolean(node.this, at)
        _check_boolean(node.expression, at)
    elif isinstance(node, exp.Between):
        for part in (node.this, node.args["low"], node.args["high"]):
            _check_number(part, at)
    elif isinstance(node, tuple(_COMPARED)):
        _check_number(node.this, at)
        _check_number(node.expression, at)
    else:
        raise at(InvalidSql(f"{to_sql(node)} is no comparison of metrics.", hint=_HINT), node)


def _check_number(node: exp.Expr, at: _At) -> None:
    if isinstance(node, exp.Paren | exp.Neg):
        _check_number(node.this, at)
    elif isinstance(node, tuple(_COMPUTED)):
        _check_number(node.this, at)
        _check_number(node.expression, at)
    else:
        is_column = isinstance(node, exp.Column) and not node.db and isinstance(node.this, exp.Identifier)
        if not is_column and not (isinstance(node, exp.Literal) and not node.is_string):
            raise at(InvalidSql(f"{to_sql(node)} is neither a metric nor a number.", hint=_HINT), node)


def aliases_in(condition: exp.Expr) -> set[str]:
    """The folded aliases whose metrics a condition names."""
    return {column.table.casefold() for column in condition.find_all(exp.Column) if column.table}


def violations(condition: exp.Expr, values: Values) -> list[str]:
    """What of a condition does not hold, in words; a metric that is NULL violates it.

    A comparison with an alias that no version has counts as satisfied.
    """
    return [_described(part, values) for part in _conjuncts(condition) if _holds(part, values) in (False, None)]


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Paren):
        yield from _conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield node


_ABSENT = "absent"


def _holds(node: exp.Expr, values: Values) -> bool | str | None:
    """Whether a condition holds; None where a metric is NULL, `absent` where it is about no version."""
    if isinstance(node, exp.Paren):
        return _holds(node.this, values)
    if isinstance(node, exp.Not):
        found = _holds(node.this, values)
        return not found if isinstance(found, bool) else found
    if isinstance(node, exp.And | exp.Or):
        both = (_holds(node.this, values), _holds(node.expression, values))
        order = (False, None, True, _ABSENT) if isinstance(node, exp.And) else (True, _ABSENT, None, False)
        return next(value for value in order if any(value is one for one in both))
    try:
        if isinstance(node, exp.Between):
            parts = [_number(part, values) for part in (node.args["low"], node.this, node.args["high"])]
            low, value, high = parts
            return None if low is None or value is None or high is None else low <= value <= high
        left, right = _number(node.this, values), _number(node.expression, values)
    except _NoVersion:
        return _ABSENT
    return None if left is None or right is None else _COMPARED[type(node)][1](left, right)


def _number(node: exp.Expr, values: Values) -> float | None:
    if isinstance(node, exp.Paren):
        return _number(node.this, values)
    if isinstance(node, exp.Literal):
        return float(node.name)
    if isinstance(node, exp.Column):
        return _metric(node, values)
    if isinstance(node, exp.Neg):
        value = _number(node.this, values)
        return None if value is None else -value
    left, right = _number(node.this, values), _number(node.expression, values)
    if left is None or right is None or (isinstance(node, exp.Div) and right == 0):
        return None
    return _COMPUTED[type(node)](left, right)


def _metric(column: exp.Column, values: Values) -> float | None:
    metrics = values[column.table.casefold()]
    if metrics is None:
        raise _NoVersion
    name = column.name.casefold()
    value = metrics.get(_ROOTS.get(name, _SYNONYMS.get(name, name)))
    if value is None or math.isnan(value):
        return None
    return math.sqrt(value) if name in _ROOTS else value


def _described(part: exp.Expr, values: Values) -> str:
    """`roc_auc is 0.7312, must be >= 0.80`."""
    if isinstance(part, tuple(_COMPARED)):
        sign, (left, right) = _COMPARED[type(part)][0], (part.this, part.expression)
        if not isinstance(left, exp.Column) and isinstance(right, exp.Column):
            sign, left, right = _TURNED[sign], right, left
        value, bound = _number(left, values), _number(right, values)
        shown = to_sql(right) if isinstance(right, exp.Literal) else f"{to_sql(right)} ({_text(bound, value)})"
        return f"{to_sql(left)} is {_text(value, bound)}, must be {sign} {shown}"
    if isinstance(part, exp.Between) and isinstance(part.this, exp.Column):
        bounds = f"{to_sql(part.args['low'])} and {to_sql(part.args['high'])}"
        return f"{to_sql(part.this)} is {_text(_number(part.this, values))}, must be between {bounds}"
    known = [column for column in part.find_all(exp.Column) if values[column.table.casefold()] is not None]
    facts = dict.fromkeys(f"{to_sql(column)} is {_text(_metric(column, values))}" for column in known)
    return f"{to_sql(part)} does not hold: {', '.join(facts)}"


def _text(value: float | None, beside: float | None = None) -> str:
    """Four digits, and all of them where another number would look the same."""
    if value is None:
        return "NULL"
    if beside is not None and value != beside and abs(value - beside) < 1e-3:
        return repr(value)
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.6g}"
