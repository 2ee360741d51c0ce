"""`ml_predict_proba(model, row)`: the probability of every class."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from sqlml.errors import InvalidOption, nearest_hint
from sqlml.functions.base import Call, Context, Function, known_only
from sqlml.functions.calls import scalar_score
from sqlml.functions.scores import element, probability_map


class MlPredictProba(Function):
    """The probabilities of a classification as MAP(label, DOUBLE), or of one label with `label => ...`.

        SELECT id, ml_predict_proba('churn', c)[true] FROM customers AS c;
        SELECT id, ml_predict_proba('churn', c, label => 'true') FROM customers AS c;

    Becomes:

        map(CAST(['false', 'true'] AS BOOLEAN[]), sqlml_predict('<sha256>', {...}))
    """

    name = "ml_predict_proba"
    signature = "ml_predict_proba(model, row | features... [, label => value])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """A map of probabilities a row."""
        model, score, options = scalar_score(call, context)
        known_only(options, ("label",), self.name)
        if model.task != "classification":
            raise InvalidOption(
                f'Model "{model.short_name}" predicts a number; it has no probabilities.',
                hint="Use ml_predict.",
            )
        if "label" not in options:
            return probability_map(model, score)
        value = context.value(options["label"])
        label = _label_text(value, model.classes)
        if label not in model.classes:
            known = ", ".join(model.classes)
            hint = nearest_hint(label, model.classes, otherwise=f"Its labels are: {known}.")
            raise InvalidOption(f'Model "{model.short_name}" has no label "{label}".', hint=hint)
        return element(score, model.classes.index(label) + 1)


def _label_text(value: Any, classes: tuple[str, ...]) -> str:
    """The label as the model's classes are written: of numbers the one of that value, 1 for 1.00."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return next((c for c in classes if _NUMBER.fullmatch(c) and float(c) == value), str(value))
    return str(value)


_NUMBER = re.compile(r"-?[0-9.]+(e[+-]?[0-9]+)?")
