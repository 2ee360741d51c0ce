"""`ML.NGRAMS(tokens, [1, 2])`: neighbouring words joined."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.arguments import arguments, constant, listed
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.templates import fill, once, text

_KNOWN = "SELECT list_filter($tokens, lambda sqlml_t: sqlml_t IS NOT NULL)"
_NGRAMS = """
SELECT flatten(list_transform(range(1, len($tokens) + 1), lambda sqlml_i:
    list_transform(range($low, least($high, len($tokens) - sqlml_i + 1) + 1), lambda sqlml_n:
        array_to_string(list_slice($tokens, sqlml_i, sqlml_i + sqlml_n - 1), $separator))))
"""


class MlNgrams(Preprocessing):
    """All runs of `low` to `high` neighbouring words of a list, joined by a separator.

        SELECT ML.NGRAMS(['a', 'b', 'c'], [2, 3], '#');
        SELECT ml_ngrams(string_split(title, ' '), 2) FROM books;

    Becomes list_slice and array_to_string over every first word and length. NULL words are left out; NULL for NULL.
    Source: BigQuery ML, ML.NGRAMS.
    """

    name = "ml_ngrams"
    signature = "ML.NGRAMS(words, [low, high] | n [, separator])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The list of VARCHAR."""
        given = arguments(call, ("array_input", "range", "separator"), needed=2, signature=self.signature)
        low, high = _range(constant(given, "range", context))
        separator = constant(given, "separator", context, " ")
        if not isinstance(separator, str):
            raise InvalidOption(f"The separator is {separator!r}.", hint="It is text: '_'.")
        words = fill(_KNOWN, {"tokens": listed(given["array_input"], "VARCHAR", call, context)})
        sizes = {"low": exp.Literal.number(low), "high": exp.Literal.number(high), "separator": text(separator)}
        return once(words, lambda tokens: fill(_NGRAMS, {"tokens": tokens, **sizes}))


def _range(given: object) -> tuple[int, int]:
    sizes = given if isinstance(given, list) else [given, given]
    if len(sizes) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) for v in sizes):
        raise InvalidOption(f"The range is {given!r}.", hint="It is [low, high], or one whole number.")
    low, high = int(str(sizes[0])), int(str(sizes[1]))
    if not 1 <= low <= high:
        raise InvalidOption(f"The range is [{low}, {high}].", hint="It is [low, high] with 1 <= low <= high.")
    return low, high
