"""`ML.ROBUST_SCALER(x [, [25, 75]]) OVER ()`: a number scaled by median and quantiles."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, constant, flag, numeric
from sqlml.functions.base import Call, Context
from sqlml.templates import fill, number

_QUANTILE = "SELECT sqlml_over_all(quantile_disc(CASE WHEN isfinite($x) THEN $x END, $quantile))"
_CENTRED = "SELECT ($x - $median)"
_SCALED = "SELECT $x / coalesce(nullif($high - $low, 0), 1)"


class MlRobustScaler(Analytic):
    """A number minus the median, divided by the distance of two quantiles: outliers have little say.

        SELECT ML.ROBUST_SCALER(income) OVER () FROM customers;
        SELECT ml_robust_scaler(income, [10, 90], with_median => false) OVER () FROM customers;

    Becomes:

        (income - quantile_disc(income, 0.5) OVER ())
        / (quantile_disc(income, 0.75) OVER () - quantile_disc(income, 0.25) OVER ())

    The quantiles are values of the column, as BigQuery's are: the median of 1 and 2 is 1. What is not finite has no
    say in them; quantiles that are equal do not scale. Source: BigQuery ML, ML.ROBUST_SCALER.
    """

    name = "ml_robust_scaler"
    signature = "ML.ROBUST_SCALER(x [, quantile_range] [, with_median] [, with_quantile_range]) OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The scaled number."""
        names = ("numerical_expression", "quantile_range", "with_median", "with_quantile_range")
        given = arguments(call, names, needed=1, signature=self.signature)
        low, high = _range(constant(given, "quantile_range", context, [25, 75]))
        centres = flag(given, "with_median", context, default=True)
        scales = flag(given, "with_quantile_range", context, default=True)
        x = scaled = numeric(given["numerical_expression"], call, context)

        def quantile(of: float) -> exp.Expr:
            return self.learn(_QUANTILE, {"x": x, "quantile": number(of)}, context)

        if centres:
            scaled = fill(_CENTRED, {"x": x, "median": quantile(0.5)})
        if scales:
            scaled = fill(_SCALED, {"x": scaled, "low": quantile(low / 100), "high": quantile(high / 100)})
        return scaled


def _range(given: object) -> tuple[int, int]:
    pair = given if isinstance(given, list) else []
    if len(pair) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) for v in pair):
        raise InvalidOption(f"quantile_range is {given!r}.", hint="It is two whole numbers: [25, 75].")
    low, high = int(pair[0]), int(pair[1])
    if not 0 < low < high < 100:
        raise InvalidOption(
            f"quantile_range is [{low}, {high}].", hint="The first is above 0, the second above it and below 100."
        )
    return low, high
