"""Vocabularies: which values or words are frequent enough to be told apart, and their numbers from 1."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import Given, whole
from sqlml.functions.base import Context
from sqlml.templates import apart, fill

TOP_K, THRESHOLD = 32_000, 5

# How often each value comes; of lists, in how many of them each word comes.
COUNTS = "SELECT sqlml_over_all(histogram($x))"
DOCUMENT_COUNTS = "SELECT list_aggregate(flatten(sqlml_over_all(list(list_distinct($x)))), 'histogram')"

# The most frequent ones, of equally frequent ones the first in the alphabet; then in alphabetical order.
VOCABULARY = """
SELECT list_sort(list_transform(list_slice(list_sort(list_transform(
    list_filter(map_entries($counts), lambda sqlml_e: sqlml_e.value >= $threshold),
    lambda sqlml_e: {'n': -(sqlml_e.value::BIGINT), 'v': sqlml_e.key}), 'ASC', 'NULLS FIRST'), 1, $top_k),
    lambda sqlml_e: sqlml_e.v), 'ASC', 'NULLS FIRST')
"""
MOST_FREQUENT = """
SELECT struct_extract(list_extract(list_sort(list_transform(map_entries($counts),
    lambda sqlml_e: {'n': -(sqlml_e.value::BIGINT), 'v': sqlml_e.key}), 'ASC', 'NULLS FIRST'), 1), 'v')
"""
# 0 for what is not in it.
POSITION = "SELECT coalesce(list_position($vocabulary, $x), 0)::BIGINT"
_POSITIONS = """
SELECT list_transform(coalesce($x, []), lambda sqlml_t: coalesce(list_position($vocabulary, sqlml_t), 0)::BIGINT)
"""


def positions(x: exp.Expr, vocabulary: exp.Expr) -> exp.Expr:
    """The numbers of the words of a list."""
    return apart({"x": x, "vocabulary": vocabulary}, lambda values: fill(_POSITIONS, values), captured=True)


def limits(given: Given, context: Context) -> dict[str, exp.Expr]:
    """The arguments top_k and frequency_threshold."""
    top_k = whole(given, "top_k", context, default=TOP_K, low=1, high=999_999)
    threshold = whole(given, "frequency_threshold", context, default=THRESHOLD, low=0)
    return {"top_k": exp.Literal.number(top_k), "threshold": exp.Literal.number(threshold)}
