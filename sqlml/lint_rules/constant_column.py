"""`constant_column`: `SELECT 1 AS a, y FROM t`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sqlml.lint_rules.base import LintRule, Sample, SampledFeature
from sqlml.types import ModelWarning


class ConstantColumn(LintRule):
    """A feature that has one value in all training rows, of which there are at least two; NULL counts as a value.

    SELECT 'web' AS channel, amount, is_fraud FROM orders WHERE channel = 'web';
    """

    name = "constant_column"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """One warning a constant feature."""
        for column in sample.features:
            if sample.training_rows > 1 and _is_constant(column):
                yield self.warning(
                    f'The feature "{column.feature.name}" has the same value in every training row; '
                    "nothing can be learned from it. Leave it out.",
                    column.feature,
                )


def _is_constant(column: SampledFeature) -> bool:
    values = column.values
    # Nearly every column differs within its first rows. NaN is unlike itself, so that a NULL among values shows.
    return bool(np.all(column.codes == values[0]) and np.all(values == values[0]))
