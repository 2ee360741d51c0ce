"""`ML.BAG_OF_WORDS(words) OVER ()`: how often each frequent word comes in a list."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, listed
from sqlml.functions.base import Call, Context
from sqlml.functions.vocabulary import DOCUMENT_COUNTS, VOCABULARY, limits, positions
from sqlml.templates import fill

_COUNTED = """
SELECT coalesce(list_sort(list_transform(map_entries(list_aggregate($positions, 'histogram')),
    lambda sqlml_e: {'index': sqlml_e.key, 'value': sqlml_e.value::DOUBLE}), 'ASC', 'NULLS FIRST'), [])
"""


class MlBagOfWords(Analytic):
    """A list of words as pairs of a word's number in the vocabulary and how often it comes; 0 counts all others.

        SELECT ML.BAG_OF_WORDS(string_split(title, ' '), 1000, 2) OVER () FROM books;

    Becomes a histogram of the list_position of each word in the frequent words of all rows. Frequent are the
    top_k (32,000) words that come in at least frequency_threshold (5) lists; they are numbered in alphabetical order.
    An empty list for NULL. In a TRANSFORM clause the vector becomes one feature a place. Source: BigQuery ML,
    ML.BAG_OF_WORDS.
    """

    name = "ml_bag_of_words"
    signature = "ML.BAG_OF_WORDS(words [, top_k] [, frequency_threshold]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The list of {index, value}, by index."""
        names = ("tokenized_document", "top_k", "frequency_threshold")
        given = arguments(call, names, needed=1, signature=self.signature)
        x = listed(given["tokenized_document"], "VARCHAR", call, context)
        counts = fill(DOCUMENT_COUNTS, {"x": x})
        vocabulary = self.learn(VOCABULARY, {"counts": counts, **limits(given, context)}, context)
        return fill(_COUNTED, {"positions": positions(x, vocabulary)})
