"""`ML.MULTI_HOT_ENCODER(words) OVER ()`: a list of texts as a sparse vector with a place for each frequent text."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, listed
from sqlml.functions.base import Call, Context
from sqlml.functions.vocabulary import DOCUMENT_COUNTS, VOCABULARY, limits, positions
from sqlml.templates import fill, once

# Each number where it comes first.
_ENCODED = """
SELECT list_transform(
    list_filter($positions, lambda sqlml_p, sqlml_i: list_position($positions, sqlml_p) = sqlml_i),
    lambda sqlml_p: {'index': sqlml_p, 'value': 1::DOUBLE})
"""


class MlMultiHotEncoder(Analytic):
    """A list of texts as pairs of their number in the vocabulary (0 for NULL and what is not in it) and 1.

        SELECT ML.MULTI_HOT_ENCODER(tags) OVER () FROM articles;
        SELECT ml_multi_hot_encoder(tags, 100, 2) OVER () FROM articles;

    Becomes the list_position of each text in the frequent texts of all rows, each number once. Frequent are the
    top_k (32,000) texts that come in at least frequency_threshold (5) lists. An empty list for NULL. In a TRANSFORM
    clause the vector becomes one feature a place. Source: BigQuery ML, ML.MULTI_HOT_ENCODER.
    """

    name = "ml_multi_hot_encoder"
    signature = "ML.MULTI_HOT_ENCODER(words [, top_k] [, frequency_threshold]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The list of {index, value}, in the order of the texts."""
        names = ("array_expression", "top_k", "frequency_threshold")
        given = arguments(call, names, needed=1, signature=self.signature)
        x = listed(given["array_expression"], "VARCHAR", call, context)
        counts = fill(DOCUMENT_COUNTS, {"x": x})
        vocabulary = self.learn(VOCABULARY, {"counts": counts, **limits(given, context)}, context)
        return once(positions(x, vocabulary), lambda found: fill(_ENCODED, {"positions": found}))
