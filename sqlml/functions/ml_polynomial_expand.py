"""`ML.POLYNOMIAL_EXPAND(STRUCT(a, b))`: numbers and the products of them."""

from __future__ import annotations

from functools import reduce
from itertools import combinations_with_replacement

from sqlglot import exp

from sqlml.functions.arguments import arguments, numeric, struct_fields, whole
from sqlml.functions.base import Call, Context, Preprocessing

_MOST = 10


class MlPolynomialExpand(Preprocessing):
    """A struct of the numbers and of all products of up to `degree` of them; fields joined by `_`.

        SELECT ML.POLYNOMIAL_EXPAND(STRUCT(width, height), 2) FROM boxes;

    Becomes:

        {'width': width, 'width_width': width * width, 'width_height': ..., 'height': height, 'height_height': ...}

    All are DOUBLE; a product with a NULL in it is NULL. Source: BigQuery ML, ML.POLYNOMIAL_EXPAND.
    """

    name = "ml_polynomial_expand"
    signature = "ML.POLYNOMIAL_EXPAND(STRUCT(a, b, ...) [, degree])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The struct of products."""
        given = arguments(call, ("struct_numerical_features", "degree"), needed=1, signature=self.signature)
        degree = whole(given, "degree", context, default=2, low=1, high=4)
        fields = struct_fields(given["struct_numerical_features"], call, context, most=_MOST)
        values = {name: numeric(value, call, context) for name, value in fields.items()}
        position = {name: i for i, name in enumerate(values)}
        products = [p for size in range(1, degree + 1) for p in combinations_with_replacement(values, size)]
        products.sort(key=lambda p: [position[name] for name in p])
        return exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.to_identifier("_".join(names), quoted=True), expression=_product(values, names))
                for names in products
            ]
        )


def _product(values: dict[str, exp.Expr], names: tuple[str, ...]) -> exp.Expr:
    factors = [values[name].copy() for name in names]
    return reduce(lambda left, right: exp.Mul(this=left, expression=right), factors)
