"""`ML.TF_IDF(words) OVER ()`: how much each frequent word says about a list."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, listed
from sqlml.functions.base import Call, Context
from sqlml.functions.vocabulary import DOCUMENT_COUNTS, VOCABULARY, limits, positions
from sqlml.templates import apart, fill

_IDFS = """
SELECT list_extract(list_transform(
    [{'n': sqlml_over_all(count($x))::DOUBLE, 'counts': $counts, 'vocabulary': $vocabulary}],
    lambda sqlml_f: list_transform(struct_extract(sqlml_f, 'vocabulary'), lambda sqlml_t:
        ln(1 + struct_extract(sqlml_f, 'n') / (1 + map_extract_value(struct_extract(sqlml_f, 'counts'), sqlml_t))))), 1)
"""
_WEIGHED = """
SELECT coalesce(list_sort(list_transform(map_entries(list_aggregate($positions, 'histogram')), lambda sqlml_e: {
    'index': sqlml_e.key,
    'value': sqlml_e.value::DOUBLE / len($positions)
             * CASE WHEN sqlml_e.key = 0 THEN coalesce(list_avg($idfs), 0::DOUBLE)
                    ELSE list_extract($idfs, sqlml_e.key) END
}), 'ASC', 'NULLS FIRST'), [])
"""


class MlTfIdf(Analytic):
    """A list of words as pairs of a word's number in the vocabulary and its TF-IDF.

        SELECT ML.TF_IDF(string_split(title, ' '), 1000, 2) OVER () FROM books;

    Becomes, for each word of the vocabulary:

        count of the word / len(words) * ln(1 + rows / (1 + rows with the word))

    The vocabulary is that of ML.BAG_OF_WORDS; the words outside of it are number 0, their IDF is the mean of the
    others. Source: BigQuery ML, ML.TF_IDF.
    """

    name = "ml_tf_idf"
    signature = "ML.TF_IDF(words [, top_k] [, frequency_threshold]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The list of {index, value}, by index."""
        names = ("tokenized_document", "top_k", "frequency_threshold")
        given = arguments(call, names, needed=1, signature=self.signature)
        x = listed(given["tokenized_document"], "VARCHAR", call, context)
        counts = fill(DOCUMENT_COUNTS, {"x": x})
        known = fill(VOCABULARY, {"counts": counts, **limits(given, context)})
        vocabulary = context.statistic(known)
        idfs = self.learn(_IDFS, {"vocabulary": known, "counts": counts, "x": x}, context)
        found = {"positions": positions(x, vocabulary), "idfs": idfs}
        return apart(found, lambda values: fill(_WEIGHED, values), captured=True)
