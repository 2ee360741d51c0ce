"""`ML.MIN_MAX_SCALER(x) OVER ()`: a number between the least and the greatest of all rows."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, numeric
from sqlml.functions.base import Call, Context
from sqlml.templates import apart, fill

_LEAST = "SELECT sqlml_over_all(min(CASE WHEN isfinite($x) THEN $x END))"
_GREATEST = "SELECT sqlml_over_all(max(CASE WHEN isfinite($x) THEN $x END))"
_SCALED = """
SELECT CASE WHEN isnan($x) THEN $x WHEN $x <= $least THEN 0::DOUBLE WHEN $x >= $greatest THEN 1::DOUBLE
       ELSE ($x - $least) / ($greatest - $least) END
"""


class MlMinMaxScaler(Analytic):
    """A number scaled to 0 for the least and 1 for the greatest; what is outside, as at prediction, is 0 or 1.

        SELECT ML.MIN_MAX_SCALER(income) OVER () FROM customers;

    Becomes:

        (income - min(income) OVER ()) / (max(income) OVER () - min(income) OVER ()), not below 0 nor above 1

    What is not finite has no say in least and greatest; where all numbers are equal they become 0.
    Source: BigQuery ML, ML.MIN_MAX_SCALER.
    """

    name = "ml_min_max_scaler"
    signature = "ML.MIN_MAX_SCALER(x) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The scaled number."""
        given = arguments(call, ("numerical_expression",), needed=1, signature=self.signature)
        x = numeric(given["numerical_expression"], call, context)
        least = self.learn(_LEAST, {"x": x}, context)
        greatest = self.learn(_GREATEST, {"x": x}, context)
        return apart({"x": x, "least": least, "greatest": greatest}, lambda values: fill(_SCALED, values))
