"""`ML.FEATURE_CROSS(STRUCT(a, b))`: texts joined to every combination of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.arguments import arguments, struct_fields, whole
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.templates import cast, text

_MOST = 10


class MlFeatureCross(Preprocessing):
    """A struct of all combinations of two up to `degree` texts: fields and values joined by `_`.

        SELECT ML.FEATURE_CROSS(STRUCT(plan, country, device), 3) FROM customers;

    Becomes:

        {'plan_country': plan || '_' || country, 'plan_country_device': ..., 'plan_device': ..., 'country_device': ...}

    A combination with a NULL in it is NULL. Source: BigQuery ML, ML.FEATURE_CROSS.
    """

    name = "ml_feature_cross"
    signature = "ML.FEATURE_CROSS(STRUCT(a, b, ...) [, degree])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The struct of combinations."""
        given = arguments(call, ("struct_categorical_features", "degree"), needed=1, signature=self.signature)
        degree = whole(given, "degree", context, default=2, low=2, high=4)
        fields = struct_fields(given["struct_categorical_features"], call, context, most=_MOST)
        crossed = [
            exp.PropertyEQ(this=exp.to_identifier("_".join(names), quoted=True), expression=_joined(fields, names))
            for names in _crosses(list(fields), degree)
        ]
        if not crossed:
            raise InvalidOption("There is nothing to cross one field with.", hint=f"Write {self.signature}.")
        return exp.Struct(expressions=crossed)


def _crosses(names: list[str], degree: int) -> Iterator[tuple[str, ...]]:
    """The combinations in the order of their fields: a_b, a_b_c, a_c, b_c."""
    position = {name: i for i, name in enumerate(names)}
    found = [c for size in range(2, degree + 1) for c in combinations(names, size)]
    return iter(sorted(found, key=lambda c: [position[name] for name in c]))


def _joined(fields: dict[str, exp.Expr], names: tuple[str, ...]) -> exp.Expr:
    joined = cast(fields[names[0]].copy(), "VARCHAR")
    for name in names[1:]:
        for part in (text("_"), cast(fields[name].copy(), "VARCHAR")):
            joined = exp.DPipe(this=joined, expression=part)
    return joined
