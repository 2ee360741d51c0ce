"""`model_params={'max_iter': 200}`: checked while planning, by a table of what scikit-learn's estimators take.

The table is written by `python -m docs.sklearn_parameters` from scikit-learn's own constraints; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from sqlml.errors import InvalidOption, nearest_hint

# What a parameter takes: ["integer", low, high, closed], ["words", ...], ["null"], ...
Kind = Sequence[Any]
_NUMBERS = {"integer": "a whole number", "real": "a number", "fraction": "a number with a point"}


@cache
def _table() -> dict[str, dict[str, list[Kind]]]:
    table: dict[str, dict[str, list[Kind]]] = json.loads(files("sqlml").joinpath("sklearn_parameters.json").read_text())
    return table


def check_parameters(model_class: str, params: Mapping[str, Any], reserved: Sequence[str]) -> None:
    """Refuse a parameter that an estimator does not have, and a value that it does not take.

    Raises InvalidOption.
    """
    known = _table()[model_class]
    for name, value in params.items():
        if name == "random_state":
            raise InvalidOption('The seed is not a parameter of "model_params".', hint="Use the option seed.")
        if name not in known:
            listed = f"Known: {', '.join(known)}." if known else "It has none."
            hint = "sqlml sets it itself." if name in reserved else nearest_hint(name, known, otherwise=listed)
            raise InvalidOption(f'{model_class} has no parameter "{name}" that can be set.', hint=hint)
        if not any(_takes(kind, value) for kind in known[name]):
            raise _wrong(model_class, name, value, known[name])


def _takes(kind: Kind, value: Any) -> bool:
    what, *details = kind
    if what == "any":
        # Words that scikit-learn does not list might be names of functions.
        return not isinstance(value, str)
    if what in ("words", "values"):
        return value in details
    if what in ("boolean", "null"):
        return isinstance(value, bool) if what == "boolean" else value is None
    if not isinstance(value, int | float) or (isinstance(value, float) and what == "integer"):
        return False
    if isinstance(value, int) and what == "fraction":
        return False
    low, high, closed = details
    is_above = low is None or value > low or (value == low and closed in ("left", "both"))
    return is_above and (high is None or value < high or (value == high and closed in ("right", "both")))


def _wrong(model_class: str, name: str, value: Any, kinds: Sequence[Kind]) -> InvalidOption:
    words = sorted({word for kind in kinds if kind[0] == "words" for word in kind[1:]})
    takes = [_in_words(kind) for kind in kinds]
    hint: str | None = f"It takes {' or '.join(takes)}." if takes else "Leave it out: SQL has no such value."
    if isinstance(value, str):
        hint = nearest_hint(value, words, otherwise=hint)
    shown = f'"{value}"' if isinstance(value, str) else {True: "TRUE", False: "FALSE", None: "NULL"}.get(value, value)
    return InvalidOption(f'{shown} is not a value of the parameter "{name}" of {model_class}.', hint=hint)


def _in_words(kind: Kind) -> str:
    what, *details = kind
    if what in ("words", "values"):
        return ", ".join(map(str, details))
    if what in ("boolean", "null", "any"):
        return {"boolean": "TRUE or FALSE", "null": "NULL", "any": "a number, TRUE, FALSE or NULL"}[what]
    low, high, closed = details
    above = "" if low is None else f" {'>=' if closed in ('left', 'both') else '>'} {low:g}"
    below = "" if high is None else f" {'<=' if closed in ('right', 'both') else '<'} {high:g}"
    return _NUMBERS[what] + above + (" and" if above and below else "") + below
