"""The p-norm of a list of numbers, as SQL."""

from __future__ import annotations

import math

from sqlglot import exp

from sqlml.templates import fill, number

_COUNT = "SELECT list_sum(list_transform($v, lambda sqlml_x: CASE WHEN sqlml_x <> 0 THEN 1::DOUBLE ELSE 0::DOUBLE END))"
_GREATEST = "SELECT list_max(list_transform($v, lambda sqlml_x: abs(sqlml_x)))"
_SUM = "SELECT list_sum(list_transform($v, lambda sqlml_x: abs(sqlml_x)))"
_EUCLIDEAN = "SELECT sqrt(list_sum(list_transform($v, lambda sqlml_x: sqlml_x * sqlml_x)))"
_ANY = "SELECT pow(list_sum(list_transform($v, lambda sqlml_x: pow(abs(sqlml_x), $p))), 1 / $p)"


def norm(vector: exp.Expr, p: float) -> exp.Expr:
    """The p-norm of a DOUBLE[]; the number of elements that are not 0 for p = 0; NULL of NULL and of nothing."""
    values = {"v": vector, "p": number(p)}
    special = {0.0: _COUNT, 1.0: _SUM, 2.0: _EUCLIDEAN, math.inf: _GREATEST}
    return fill(special.get(p, _ANY), values)
