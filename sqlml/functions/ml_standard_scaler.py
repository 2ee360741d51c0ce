"""`ML.STANDARD_SCALER(x) OVER ()`: how many standard deviations a number is from the mean."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, numeric
from sqlml.functions.base import Call, Context
from sqlml.templates import fill

# In order, so that the same rows give the same digits whatever order they are in.
_MEAN = "SELECT sqlml_over_all(avg(CASE WHEN isfinite($x) THEN $x END ORDER BY $x))"
_STDDEV = "SELECT sqlml_over_all(stddev_samp(CASE WHEN isfinite($x) THEN $x END ORDER BY $x))"
_SCALED = "SELECT ($x - $mean) / coalesce(nullif($stddev, 0), 1)"


class MlStandardScaler(Analytic):
    """A number scaled to mean 0 and standard deviation 1 (of a sample: divided by n - 1).

        SELECT ML.STANDARD_SCALER(income) OVER () FROM customers;

    Becomes:

        (income - avg(income) OVER ()) / stddev_samp(income) OVER ()

    What is not finite has no say in mean and deviation; where all numbers are equal they become 0.
    Source: BigQuery ML, ML.STANDARD_SCALER.
    """

    name = "ml_standard_scaler"
    signature = "ML.STANDARD_SCALER(x) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The scaled number."""
        given = arguments(call, ("numerical_expression",), needed=1, signature=self.signature)
        x = numeric(given["numerical_expression"], call, context)
        mean = self.learn(_MEAN, {"x": x}, context)
        stddev = self.learn(_STDDEV, {"x": x}, context)
        return fill(_SCALED, {"x": x, "mean": mean, "stddev": stddev})
