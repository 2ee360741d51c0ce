"""`ML.QUANTILE_BUCKETIZE(x, 4) OVER ()`: the bucket between the quantiles of all rows."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, choice, numeric, whole
from sqlml.functions.base import Call, Context
from sqlml.functions.buckets import FORMATS, learned_buckets
from sqlml.templates import number

_POINTS = """
SELECT list_sort(list_distinct(sqlml_over_all(
    quantile_disc(CASE WHEN isfinite($x) THEN $x END, $quantiles))), 'ASC', 'NULLS FIRST')
"""


class MlQuantileBucketize(Analytic):
    """The bucket of a number, of buckets that hold about as many rows each.

        SELECT ML.QUANTILE_BUCKETIZE(income, 4) OVER () FROM customers;
        SELECT ml_quantile_bucketize(income, 10, 'bucket_ranges') OVER () FROM customers;

    Becomes a count of the points `quantile_disc(income, [0.25, 0.5, 0.75]) OVER ()` that are not above income.
    Quantiles that are equal make one point; what is not finite has no say. Source: BigQuery ML,
    ML.QUANTILE_BUCKETIZE.
    """

    name = "ml_quantile_bucketize"
    signature = "ML.QUANTILE_BUCKETIZE(x, buckets [, output_format]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The name of the bucket."""
        names = ("numerical_expression", "num_buckets", "output_format")
        given = arguments(call, names, needed=2, signature=self.signature)
        count = whole(given, "num_buckets", context, low=2, high=10_000)
        output_format = choice(given, "output_format", context, FORMATS, default="bucket_names")
        x = numeric(given["numerical_expression"], call, context)
        quantiles = exp.Array(expressions=[number(i / count) for i in range(1, count)])
        points = self.learn(_POINTS, {"x": x, "quantiles": quantiles}, context)
        return learned_buckets(x, points, output_format)
