"""`ML.IMPUTER(x, 'mean') OVER ()`: a value, or what stands for it where it is NULL."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import WrongType
from sqlml.features import family_of
from sqlml.functions.analytic import Analytic
from sqlml.functions.arguments import arguments, choice, numeric
from sqlml.functions.base import Call, Context
from sqlml.functions.binding import kind_of
from sqlml.functions.vocabulary import COUNTS, MOST_FREQUENT
from sqlml.templates import cast, fill

_STRATEGIES = {
    "mean": "SELECT sqlml_over_all(avg(CASE WHEN isfinite($x) THEN $x END ORDER BY $x))",
    "median": "SELECT sqlml_over_all(quantile_disc(CASE WHEN isfinite($x) THEN $x END, 0.5))",
}


class MlImputer(Analytic):
    """A value; where it is NULL, the mean, the median or the most frequent value of all rows.

        SELECT ML.IMPUTER(age, 'median') OVER () FROM customers;
        SELECT ml_imputer(plan, 'most_frequent') OVER () FROM customers;

    Becomes:

        coalesce(age, quantile_disc(age, 0.5) OVER ())

    DOUBLE for a number, VARCHAR for a text. The median is a value of the column, as BigQuery's is; of values that
    are as frequent the first in order is taken. Source: BigQuery ML, ML.IMPUTER.
    """

    name = "ml_imputer"
    signature = "ML.IMPUTER(x, 'mean' | 'median' | 'most_frequent') OVER ()"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The value without NULLs."""
        given = arguments(call, ("expression", "strategy"), needed=2, signature=self.signature)
        strategy = choice(given, "strategy", context, (*_STRATEGIES, "most_frequent"))
        if strategy == "most_frequent":
            x = _typed(given["expression"], call, context)
            counts = fill(COUNTS, {"x": x})
            found = self.learn(MOST_FREQUENT, {"counts": counts}, context)
        else:
            x = numeric(given["expression"], call, context)
            found = self.learn(_STRATEGIES[strategy], {"x": x}, context)
        return exp.Anonymous(this="coalesce", expressions=[x.copy(), found])


def _typed(value: exp.Expr, call: Call, context: Context) -> exp.Expr:
    """The value as DOUBLE or VARCHAR; as it is where its type is not known before it runs."""
    kind = kind_of(value, context, call.node, struct=False)
    if kind is None:
        return value.copy()
    family = family_of(kind)
    if family not in ("numeric", "text", "boolean", "null"):
        raise WrongType(f"ml_imputer takes a number or a text, not {kind}.", hint="Cast it: CAST(... AS VARCHAR).")
    return cast(value.copy(), "DOUBLE" if family in ("numeric", "null") else "VARCHAR")
