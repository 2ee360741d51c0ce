"""`ML.MAX_ABS_SCALER(x) OVER ()`: a number divided by the greatest magnitude of all rows."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, numeric
from sqlml.functions.base import Call, Context
from sqlml.templates import fill

_GREATEST = "SELECT sqlml_over_all(max(CASE WHEN isfinite($x) THEN abs($x) END))"
_SCALED = "SELECT $x / coalesce(nullif($greatest, 0), 1)"


class MlMaxAbsScaler(Analytic):
    """A number scaled to -1 to 1 by the greatest magnitude; 0 stays 0.

        SELECT ML.MAX_ABS_SCALER(balance) OVER () FROM customers;

    Becomes:

        balance / max(abs(balance)) OVER ()

    What is not finite has no say in the greatest magnitude. Source: BigQuery ML, ML.MAX_ABS_SCALER.
    """

    name = "ml_max_abs_scaler"
    signature = "ML.MAX_ABS_SCALER(x) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The scaled number."""
        given = arguments(call, ("numerical_expression",), needed=1, signature=self.signature)
        x = numeric(given["numerical_expression"], call, context)
        greatest = self.learn(_GREATEST, {"x": x}, context)
        return fill(_SCALED, {"x": x, "greatest": greatest})
