"""`id_like_column`: `SELECT customer_id, age, churned FROM customers`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sqlml.lint_rules.base import FEWEST, LintRule, Sample, SampledFeature
from sqlml.preprocessing import Text
from sqlml.types import ModelWarning

_INTEGERS = {*("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
_INTEGERS |= {"U" + name for name in _INTEGERS}
_ID_WORDS = ("id", "uuid", "guid", "key")
# So many pairs of equal values are expected by chance before their absence says something.
_EXPECTED_PAIRS = 5
# Larger numbers are no measurements: a DOUBLE cannot hold them.
_NUMBERED = 2.0**53


class IdLikeColumn(LintRule):
    """A feature that names its row rather than describes it. NULLs aside, in at least 50 rows:

    - text: more different values than half the rows;
    - an integer: no value twice among the rows looked at, although so many numbers from so small a range would meet
      (5 pairs are expected), or the range is beyond 2^53, or the name ends with the word id, uuid, guid or key.

    SELECT customer_id, age, churned FROM customers;
    """

    name = "id_like_column"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """One warning an id-like feature."""
        for column in sample.features:
            known = int(column.is_known.sum())
            if known < FEWEST:
                continue
            if column.feature.family == "text" and _is_id_text(column, known):
                found = f"is text with {column.distinct:,} different values in {known:,} rows"
            elif column.feature.type in _INTEGERS and column.distinct == known and _is_id_number(column, known):
                found = f"has a different number in each of {known:,} rows"
            else:
                continue
            yield self.warning(
                f'The feature "{column.feature.name}" {found}, as an id has; what is learned from it holds for no '
                "other row. Leave it out, or make groups of it.",
                column.feature,
            )


def _is_id_text(column: SampledFeature, known: int) -> bool:
    if column.distinct * 2 <= known:
        return False
    # A sample of many rows has most of its values once; all the rows tell.
    rows = len(column.all_rows) + len(column.held_out)
    if rows <= column.size:
        return True
    values = len(column.all_rows.values) if isinstance(column.all_rows, Text) else 0
    return values * 2 > rows * known / column.size


def _is_id_number(column: SampledFeature, known: int) -> bool:
    values = column.codes[column.is_known]
    spread = float(np.max(values) - np.min(values)) + 1
    word = column.feature.name.replace("_", " ").replace("-", " ").split(" ")[-1]
    is_named = word.casefold() in _ID_WORDS or any(word.endswith(w.title()) for w in _ID_WORDS)
    return is_named or spread > _NUMBERED or known * (known - 1) / 2 / spread >= _EXPECTED_PAIRS
