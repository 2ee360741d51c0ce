"""Linear models: `(age - 31.2) * 0.08 + CASE plan WHEN 'pro' THEN 0.3 ... END + ...`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from sqlml.sql_form.base import LARGEST, Margins, Target
from sqlml.sql_form.links import LINKS
from sqlml.sql_form.lookup import weight_by_case, weight_of_text, weight_of_whole
from sqlml.sql_form.writing import call, number, total

# Up to so many weights DuckDB reads and binds the expression in a few milliseconds.
_MOST_WEIGHTS = 2_000
_STORED_WEIGHTS = 20_000


def linear(document: Mapping[str, Any], target: Target) -> Margins | None:
    """The margins of a linear model; None for a link that is not known here, or more weights than SQL should have."""
    state, inputs = document["estimator"], document["preprocessing"]["inputs"]
    link = LINKS.get(state["link"])
    outputs = len(state["coefficients"])
    size = sum(len(weights) for weights in state["coefficients"])
    if link is None or size > _STORED_WEIGHTS:
        return None
    trees = [
        _margin(inputs, weights, intercept, target, is_shared=outputs > 1)
        for weights, intercept in zip(state["coefficients"], state["intercept"], strict=True)
    ]
    return Margins(tuple(trees), link, size / _MOST_WEIGHTS)


def _margin(
    inputs: list[Mapping[str, Any]], weights: list[float], intercept: float, target: Target, *, is_shared: bool
) -> exp.Expr:
    numbers = [i for i in inputs if i["kind"] == "numeric"]
    terms = [number(intercept)]
    terms += [_standardised(spec, weight, target) for spec, weight in zip(numbers, weights, strict=False) if weight]
    start = len(numbers)
    for spec in inputs:
        if spec["kind"] == "numeric":
            continue
        size = len(spec["categories"])
        own = weights[start : start + size]
        null = weights[start + size] if spec["has_null"] else 0.0
        terms.append(_looked_up(spec, own, null, target, is_shared=is_shared))
        start += size + bool(spec["has_null"])
    return total(terms)


def _looked_up(
    spec: Mapping[str, Any], weights: list[float], null: float, target: Target, *, is_shared: bool
) -> exp.Expr:
    value = exp.column(spec["name"], quoted=True)
    is_text = spec["kind"] == "category"
    if target.is_portable:
        categories = [exp.Literal.string(c) if is_text else number(c) for c in spec["categories"]]
        return weight_by_case(value, categories, weights, null)
    if is_text:
        return weight_of_text(value, spec["categories"], weights, null, is_shared=is_shared)
    return weight_of_whole(value, spec["categories"], weights, null)


def _standardised(spec: Mapping[str, Any], weight: float, target: Target) -> exp.Expr:
    """The term of a number: NULL, NaN and infinities are the mean, which adds nothing."""
    value = exp.column(spec["name"], quoted=True)
    centred = exp.Paren(this=exp.Sub(this=value, expression=number(spec["mean"])))
    term = exp.Mul(this=centred, expression=number(weight / spec["scale"]))
    check = call("isfinite", value.copy())
    if target.is_portable:
        check = exp.Between(this=value.copy(), low=number(-LARGEST), high=number(LARGEST))
    return exp.Case(ifs=[exp.If(this=check, true=term)], default=number(0.0))
