"""Parameters of a statement that is rewritten: `?`, `$1` and `$name` all become named ones.

A rewritten call may use a parameter twice, or not at all, so positions no longer count.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import InvalidOption, nearest_hint
from sqlml.types import Params

Replaced = list[tuple[int, int, exp.Expr]]


def check_parameters(params: Any) -> Params:
    """What a caller gave as parameters, as a list, tuple or mapping.

    Raises InvalidOption for anything that is neither in order nor named.
    """
    if params is None or isinstance(params, Mapping | list | tuple):
        return params
    if isinstance(params, Sequence) and not isinstance(params, str | bytes | bytearray):
        return list(params)
    raise InvalidOption(
        f"Parameters are a list, a tuple or a mapping, not {type(params).__name__}.",
        hint="Pass execute(sql, [value]) or execute(sql, {'name': value}).",
    )


def name_parameters(tree: exp.Expr, params: Params) -> tuple[dict[str, Any], Replaced]:
    """Name every parameter of the tree in place; returns the values by name and the stretches of text they are.

    Raises InvalidOption when a value is missing or left over.
    """
    marks = _marks(tree)
    names = parameter_names(tree)
    values = values_of(names, params)
    replaced: Replaced = []
    for mark, name in zip(marks, names, strict=True):
        mark.set("this", _sent(name))
        span = nodes.span_of(mark)
        if span:
            replaced.append((*span, mark))
    return values, replaced


def parameter_names(tree: exp.Expr) -> list[str]:
    """The parameters of a tree in the order of the text, those without a name by their number."""
    count = itertools.count(1)
    return [str(mark.args.get("this") or "") or str(next(count)) for mark in _marks(tree)]


def values_of(names: Sequence[str], params: Params) -> dict[str, Any]:
    """The values of parameters by the names they are sent under.

    Raises InvalidOption when a value is missing or left over.
    """
    values = {_sent(name): _value(name, params) for name in names}
    if params is not None and not isinstance(params, Mapping) and len(params) > len(values):
        raise InvalidOption(
            f"{len(params)} values were given for {len(values)} parameters.",
            hint="Pass one value a parameter.",
        )
    for name in params if isinstance(params, Mapping) else ():
        if _sent(str(name)) not in values:
            hint = nearest_hint(str(name), values, otherwise="Pass one value a parameter.")
            raise InvalidOption(f'The statement has no parameter "{name}".', hint=hint)
    return values


def _marks(tree: exp.Expr) -> list[exp.Placeholder]:
    return sorted(tree.find_all(exp.Placeholder), key=lambda n: nodes.span_of(n) or (0, 0))


def _sent(name: str) -> str:
    # DuckDB tells names of parameters apart without case.
    return f"p{name}" if name.isdigit() else name.casefold()


def _value(name: str, params: Params) -> Any:
    if isinstance(params, Mapping):
        found = [key for key in params if str(key).casefold() == name.casefold()]
        if found:
            return params[found[0]]
    elif params is not None and name.isdigit() and 0 < int(name) <= len(params):
        return params[int(name) - 1]
    raise InvalidOption(f"No value was given for the parameter ${name}.", hint="Pass it: execute(sql, params).")


def used_values(tree: exp.Expr, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values that a tree with named parameters needs, None where it needs none."""
    return {mark.name: values[mark.name] for mark in tree.find_all(exp.Placeholder) if mark.name in values} or None
