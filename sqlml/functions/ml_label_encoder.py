"""`ML.LABEL_ENCODER(s) OVER ()`: the number of a text in the vocabulary of all rows."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, textual
from sqlml.functions.base import Call, Context
from sqlml.functions.vocabulary import COUNTS, POSITION, VOCABULARY, limits
from sqlml.templates import fill


class MlLabelEncoder(Analytic):
    """The alphabetical number of a text among the most frequent ones; 0 for NULL and for all others.

        SELECT ML.LABEL_ENCODER(city) OVER () FROM customers;
        SELECT ml_label_encoder(city, 100, 2) OVER () FROM customers;

    Becomes:

        coalesce(list_position(<frequent keys of histogram(city) OVER (), sorted>, city), 0)

    Frequent are the top_k (32,000) texts that come at least frequency_threshold (5) times. Source: BigQuery ML,
    ML.LABEL_ENCODER.
    """

    name = "ml_label_encoder"
    signature = "ML.LABEL_ENCODER(text [, top_k] [, frequency_threshold]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The number, a BIGINT."""
        names = ("string_expression", "top_k", "frequency_threshold")
        given = arguments(call, names, needed=1, signature=self.signature)
        x = textual(given["string_expression"], call, context)
        counts = fill(COUNTS, {"x": x})
        vocabulary = self.learn(VOCABULARY, {"counts": counts, **limits(given, context)}, context)
        return fill(POSITION, {"vocabulary": vocabulary, "x": x})
