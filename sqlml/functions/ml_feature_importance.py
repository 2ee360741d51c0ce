"""`ML.FEATURE_IMPORTANCE(MODEL m)`: how much each feature of a tree model is used."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.explanations import of_parts
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.stored import stored_rows
from sqlml.functions.table_input import settings, without_rows

_IMPORTANCE = """
SELECT feature, importance_weight, importance_gain, importance_cover FROM sqlml.feature_importance
WHERE model_id = $model_id AND version = $version ORDER BY importance_gain DESC, feature
"""


class MlFeatureImportance(Function):
    """One row a feature of boosted trees: how often it splits, what a split gains, how many rows a split sees.

        SELECT * FROM ML.FEATURE_IMPORTANCE(MODEL churn);

    Columns: feature, importance_weight (splits), importance_gain and importance_cover (averages over its splits). The
    parts of a date count for the date.

    Becomes a query over sqlml.feature_importance. Source: BigQuery ML.
    """

    name = "ml_feature_importance"
    signature = "ML.FEATURE_IMPORTANCE(MODEL m)"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The importances."""
        without_rows(call)
        settings(call, ())
        model = context.model(model_argument(call))
        if model.is_partitioned:
            raise of_parts("importances")
        if model.format != "lightgbm":
            raise InvalidOption("ML.FEATURE_IMPORTANCE is for tree models.", hint="ML.WEIGHTS is for linear models.")
        return stored_rows(model, _IMPORTANCE)
