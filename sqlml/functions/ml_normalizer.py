"""`ML.NORMALIZER(vector [, p])`: a vector divided by its length."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments, degree_of_norm, listed
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.norms import norm
from sqlml.templates import fill, once

_DIVIDED = "SELECT list_transform($v, lambda sqlml_d: sqlml_d / coalesce(nullif($norm, 0), 1))"


class MlNormalizer(Preprocessing):
    """A list of numbers divided by its p-norm, Euclid's by default; a list of zeros stays as it is.

        SELECT ML.NORMALIZER([4.0, 1.0, 2.0, 2.0, 0.0]);

    Becomes:

        list_transform(v, lambda x: x / ml_lp_norm(v, 2))

    Source: BigQuery ML, ML.NORMALIZER.
    """

    name = "ml_normalizer"
    signature = "ML.NORMALIZER(vector [, p])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The list of DOUBLE."""
        given = arguments(call, ("array_expression", "p"), needed=1, signature=self.signature)
        p = degree_of_norm(given, "p", context, default=2.0)
        vector = listed(given["array_expression"], "DOUBLE", call, context)
        return once(vector, lambda v: fill(_DIVIDED, {"v": v, "norm": norm(v, p)}))
