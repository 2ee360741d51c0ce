"""`ML.FEATURE_INFO(MODEL m)`: the features a model was trained on, and what their values were like."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.stored import stored_rows
from sqlml.functions.table_input import settings, without_rows

_FEATURES = """
SELECT f.name AS input, s.minimum AS min, s.maximum AS max, s.mean, s.median, s.stddev,
       CASE WHEN f.family = 'words' THEN places.count ELSE s.category_count END AS category_count, s.null_count,
       CASE WHEN f.family IN ('sparse', 'vector') THEN places.count END AS dimension
FROM sqlml.features AS f LEFT JOIN sqlml.feature_statistics AS s
  ON s.model_id = f.model_id AND s.version = f.version AND s.name = f.name
LEFT JOIN (
    SELECT made.column AS name, count(*) AS count FROM (
        SELECT unnest(from_json(json_extract(clause, '$.features'), '[{"column": "VARCHAR"}]')) AS made
        FROM sqlml.transforms WHERE model_id = $model_id AND version = $version)
    GROUP BY made.column) AS places ON places.name = f.name
WHERE f.model_id = $model_id AND f.version = $version ORDER BY f.position
"""


class MlFeatureInfo(Function):
    """One row a feature: statistics of its values in the training rows.

        SELECT * FROM ML.FEATURE_INFO(MODEL churn);

    Columns: input, min, max, mean, median, stddev (numbers; dates and times as seconds), category_count (of texts, also
    in lists), null_count, dimension (the places of a vector).

    Becomes a query over sqlml.feature_statistics. Source: BigQuery ML, ML.FEATURE_INFO.
    """

    name = "ml_feature_info"
    signature = "ML.FEATURE_INFO(MODEL m)"
    tasks = ("regression", "classification", "transform")

    def table(self, call: Call, context: Context) -> exp.Query:
        """The features."""
        without_rows(call)
        settings(call, ())
        return stored_rows(context.model(model_argument(call)), _FEATURES)
