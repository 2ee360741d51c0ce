"""`feature_after_label`: `data_split_method='SEQ', data_split_col='ordered_at'` and a feature `returned_at`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sqlml.lint_rules.base import LintRule, Sample
from sqlml.types import ModelWarning

_DAY = 86_400.0
_SHARE = 0.01


class FeatureAfterLabel(LintRule):
    """A date or timestamp that is later than the time of its own row.

    With data_split_method='SEQ' by a DATE or TIMESTAMP that column is the time of the row. The rule warns of a DATE or
    TIMESTAMP feature that is later in at least 1% of the training rows looked at where both are known; where one of
    the two is a DATE, days are compared.

    OPTIONS (data_split_method='SEQ', data_split_col='ordered_at') AS SELECT ordered_at, returned_at, ...;
    """

    name = "feature_after_label"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """One warning a feature that is known too late."""
        if sample.moments is None:
            return
        for column in sample.features:
            if column.feature.family not in ("date", "timestamp"):
                continue
            known = column.is_known & ~np.isnan(sample.moments)
            feature, moment = column.codes[known], sample.moments[known]
            if sample.moments_are_days or column.feature.family == "date":
                feature, moment = np.floor(feature / _DAY), np.floor(moment / _DAY)
            later = int((feature > moment).sum())
            if later and later >= _SHARE * len(moment):
                yield self.warning(
                    f'The feature "{column.feature.name}" is later than "{sample.split_column}" in {later:,} of '
                    f"{len(moment):,} rows: when the label has to be predicted it is not known yet. Leave it out, or "
                    "make it NULL where it is later.",
                    column.feature,
                )
