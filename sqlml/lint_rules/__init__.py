"""The rules of the linter: one line each."""

from sqlml.extensions import Registry
from sqlml.lint_rules.base import LintRule
from sqlml.lint_rules.constant_column import ConstantColumn
from sqlml.lint_rules.derived_from_label import DerivedFromLabel
from sqlml.lint_rules.duplicates_across_split import DuplicatesAcrossSplit
from sqlml.lint_rules.feature_after_label import FeatureAfterLabel
from sqlml.lint_rules.id_like_column import IdLikeColumn
from sqlml.lint_rules.random_split_of_time_series import RandomSplitOfTimeSeries
from sqlml.lint_rules.single_feature_predicts_label import SingleFeaturePredictsLabel

LINT_RULES: Registry[LintRule] = Registry(
    "lint rule",
    "sqlml.lint_rules",
    [
        ConstantColumn(),
        DerivedFromLabel(),
        DuplicatesAcrossSplit(),
        FeatureAfterLabel(),
        IdLikeColumn(),
        RandomSplitOfTimeSeries(),
        SingleFeaturePredictsLabel(),
    ],
)
