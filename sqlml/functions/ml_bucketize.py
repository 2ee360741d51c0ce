"""`ML.BUCKETIZE(x, [1, 2, 3])`: the bucket between given points that a number falls into."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.arguments import arguments, choice, flag, numbers, numeric
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.buckets import FORMATS, constant_buckets


class MlBucketize(Preprocessing):
    """The bucket of a number: `bin_1` is below the first point, each point begins the next bucket.

        SELECT ML.BUCKETIZE(age, [18, 65]) FROM customers;
        SELECT ml_bucketize(age, [0, 18, 65, 120], true, 'bucket_ranges') FROM customers;

    Becomes:

        CASE WHEN age IS NULL OR isnan(age) THEN NULL
             WHEN age < 18 THEN 'bin_1' WHEN age < 65 THEN 'bin_2' ELSE 'bin_3' END

    With exclude_boundaries the first and the last point make no bucket. Formats: bucket_names, bucket_ranges,
    bucket_ranges_json. Source: BigQuery ML, ML.BUCKETIZE.
    """

    name = "ml_bucketize"
    signature = "ML.BUCKETIZE(x, [1, 2, 3] [, exclude_boundaries] [, output_format])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The name of the bucket."""
        names = ("numerical_expression", "array_split_points", "exclude_boundaries", "output_format")
        given = arguments(call, names, needed=2, signature=self.signature)
        points = numbers(given, "array_split_points", context)
        if flag(given, "exclude_boundaries", context, default=False):
            points = points[1:-1]
            if not points:
                raise InvalidOption(
                    "Without its boundaries array_split_points has no point left.", hint="Give at least 3 points."
                )
        output_format = choice(given, "output_format", context, FORMATS, default="bucket_names")
        x = numeric(given["numerical_expression"], call, context)
        return constant_buckets(x, points, output_format)
