"""`ML.ONE_HOT_ENCODER(s) OVER ()`: a text as a sparse vector with a place for each frequent text."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, choice, textual
from sqlml.functions.base import Call, Context
from sqlml.functions.vocabulary import COUNTS, MOST_FREQUENT, POSITION, VOCABULARY, limits
from sqlml.templates import apart, fill

_ENCODED = "SELECT [{'index': $position, 'value': $value}]"
_DROPPED = "SELECT CASE WHEN $position > 0 AND $x = $dropped THEN 0::DOUBLE ELSE 1::DOUBLE END"


class MlOneHotEncoder(Analytic):
    """A text as a list of one pair: its number in the vocabulary (0 for NULL and what is not in it) and 1.

        SELECT ML.ONE_HOT_ENCODER(plan) OVER () FROM customers;
        SELECT ml_one_hot_encoder(plan, 'most_frequent', 10, 0) OVER () FROM customers;

    Becomes:

        [{'index': ml_label_encoder(plan) OVER (), 'value': 1.0}]

    With drop => 'most_frequent' the value of the most frequent text is 0 (dummy encoding). In a TRANSFORM clause the
    vector becomes one feature a place. Source: BigQuery ML, ML.ONE_HOT_ENCODER.
    """

    name = "ml_one_hot_encoder"
    signature = "ML.ONE_HOT_ENCODER(text [, 'none' | 'most_frequent'] [, top_k] [, frequency_threshold]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The list of {index, value}."""
        names = ("string_expression", "drop", "top_k", "frequency_threshold")
        given = arguments(call, names, needed=1, signature=self.signature)
        drop = choice(given, "drop", context, ("none", "most_frequent"), default="none")
        x = textual(given["string_expression"], call, context)
        counts = fill(COUNTS, {"x": x})
        vocabulary = self.learn(VOCABULARY, {"counts": counts, **limits(given, context)}, context)
        if drop == "none":
            position = fill(POSITION, {"vocabulary": vocabulary, "x": x})
            return fill(_ENCODED, {"position": position, "value": fill("SELECT 1::DOUBLE", {})})
        dropped = self.learn(MOST_FREQUENT, {"counts": counts}, context)

        def encoded(values: Mapping[str, exp.Expr]) -> exp.Expr:
            position = fill(POSITION, values)
            weight = fill(_DROPPED, {**values, "position": position})
            return fill(_ENCODED, {"position": position, "value": weight})

        return apart({"x": x, "vocabulary": vocabulary, "dropped": dropped}, encoded)
