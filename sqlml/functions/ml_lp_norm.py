"""`ML.LP_NORM(vector, p)`: the length of a vector."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments, degree_of_norm, listed
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.norms import norm


class MlLpNorm(Preprocessing):
    """The p-norm of a list of numbers: 1 is Manhattan's, 2 Euclid's, 'inf' the greatest magnitude, 0 a count.

        SELECT ML.LP_NORM([3.0, 4.0], 2.0);
        SELECT ml_lp_norm(embedding, CAST('inf' AS DOUBLE)) FROM documents;

    Becomes:

        sqrt(list_sum(list_transform(embedding, lambda x: x * x)))

    NULL for NULL and for an empty list. Source: BigQuery ML, ML.LP_NORM.
    """

    name = "ml_lp_norm"
    signature = "ML.LP_NORM(vector, p)"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The norm."""
        given = arguments(call, ("vector", "degree"), needed=2, signature=self.signature)
        vector = listed(given["vector"], "DOUBLE", call, context)
        return norm(vector, degree_of_norm(given, "degree", context))
