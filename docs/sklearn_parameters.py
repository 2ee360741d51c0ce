"""`python -m docs.sklearn_parameters`: what the estimators of model_type='sklearn' take, so that planning knows it."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlml.model_types.sklearn import ALLOWED, RESERVED

PATH = Path(__file__).parents[1] / "sqlml" / "sklearn_parameters.json"


def kinds(constraint: Any) -> list[list[Any]]:
    """What a constraint of scikit-learn's lets through of what SQL has: numbers, words, TRUE, FALSE, NULL."""
    from numbers import Integral, Real

    from sklearn.utils import _param_validation as validation

    if constraint == "no_validation":
        return [["any"]]
    if constraint is None:
        return [["null"]]
    if isinstance(constraint, validation.Hidden):
        hidden = constraint.constraint
        return [] if isinstance(hidden, validation.StrOptions) else kinds(hidden)
    if isinstance(constraint, validation.StrOptions):
        return [["words", *sorted(constraint.options)]]
    if isinstance(constraint, validation.Options):
        return [["values", *sorted(constraint.options)]]
    if isinstance(constraint, validation.Interval):
        low, high = (None if end is None else float(end) for end in (constraint.left, constraint.right))
        return [[_NUMBERS[_named(constraint.type)], low, high, constraint.closed]]
    if constraint == "boolean" or constraint is bool:
        return [["boolean"]]
    if constraint in (Integral, Real, int, float):
        return [[_NUMBERS[_named(constraint)], None, None, "neither"]]
    return []


_NUMBERS = {"Integral": "integer", "int": "integer", "Real": "real", "float": "real", "RealNotInt": "fraction"}


def _named(kind: Any) -> str:
    return str(kind.__name__)


def table() -> dict[str, dict[str, list[list[Any]]]]:
    """Of each estimator, each parameter that can be set with what it takes; none for what SQL cannot say."""
    found: dict[str, dict[str, list[list[Any]]]] = {}
    for name, (module, _) in sorted(ALLOWED.items()):
        estimator = getattr(import_module(module), name)()
        constraints = estimator._parameter_constraints
        found[name] = {}
        for parameter in sorted(estimator.get_params(deep=False)):
            if parameter not in RESERVED:
                given = constraints.get(parameter, "no_validation")
                each = [given] if given == "no_validation" else given
                found[name][parameter] = [kind for constraint in each for kind in kinds(constraint)]
    return found


def written() -> str:
    """The table as JSON, an estimator a line."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(parameters)}" for name, parameters in table().items())
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    PATH.write_text(written(), "utf-8")
