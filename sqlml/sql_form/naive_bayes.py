"""Naive Bayes: each class has a score, `log_prior + (-(age - 31.2) * (age - 31.2) * 0.08 - 0.3) + CASE plan WHEN ...`.

The order of the operations is that of the kernel, so that the scores are the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from typing import Any

from sqlglot import exp

from sqlml.sql_form.base import LARGEST, Margins, Target
from sqlml.sql_form.links import LOGISTIC, SOFTMAX
from sqlml.sql_form.lookup import weight_by_case, weight_of_text, weight_of_whole
from sqlml.sql_form.writing import call, number

# The same as in scoring/naive_bayes.py, which brings numpy along.
FARTHEST = 1e300
# Up to so many inputs times classes DuckDB is faster than numpy, and up to so many numbers the SQL is stored at all.
_MOST_TERMS = 80
_STORED_NUMBERS = 20_000
# The terms are added one after another, and DuckDB takes expressions up to 1,000 levels deep.
_MOST_INPUTS = 400


def naive_bayes(document: Mapping[str, Any], target: Target) -> Margins | None:
    """One score a class, of two classes their difference; None for more numbers or inputs than SQL should have."""
    state, inputs = document["estimator"], document["preprocessing"]["inputs"]
    classes = len(state["log_prior"])
    size = classes * sum(1 + len(spec["categories"]) for spec in inputs)
    if size > _STORED_NUMBERS or len(inputs) > _MOST_INPUTS:
        return None
    scores = [_score(state, inputs, k, target) for k in range(classes)]
    work = classes * len(inputs) / _MOST_TERMS
    if classes != 2:
        return Margins(tuple(scores), SOFTMAX, work)
    earlier, later = (exp.Paren(this=score) for score in scores)
    return Margins((exp.Sub(this=later, expression=earlier),), LOGISTIC, work)


def _score(state: Mapping[str, Any], inputs: list[Mapping[str, Any]], position: int, target: Target) -> exp.Expr:
    terms = [number(state["log_prior"][position])]
    for spec in inputs:
        learned = state["inputs"][spec["name"]]
        if spec["kind"] == "numeric":
            terms.append(_vote(spec, learned["means"][position], learned["variances"][position], target))
        else:
            terms.append(_share(spec, learned["log_shares"][position], target))
    return reduce(lambda left, right: exp.Add(this=left, expression=right), terms)


def _vote(spec: Mapping[str, Any], mean: float, variance: float, target: Target) -> exp.Expr:
    """What a number says: NULL, NaN and infinities say nothing."""
    value = exp.column(spec["name"], quoted=True)
    precision, constant = 1 / (2 * variance), math.log(variance) / 2
    away = exp.Paren(this=exp.Sub(this=value, expression=number(mean)))
    squared = exp.Mul(
        this=exp.Paren(this=exp.Mul(this=away, expression=away.copy())),
        expression=number(precision),
    )
    if not target.is_portable:
        nearest = call("least", squared, number(FARTHEST))
        vote = exp.Sub(this=exp.Neg(this=nearest), expression=number(constant))
        return exp.Case(ifs=[exp.If(this=call("isfinite", value.copy()), true=vote)], default=number(0.0))
    # Elsewhere a square that is too large is an error. Of what is farther than this, it is more than FARTHEST.
    reach = math.sqrt(2 * variance) * math.sqrt(FARTHEST)
    near = exp.Between(this=value.copy(), low=_bounded(mean - reach), high=_bounded(mean + reach))
    finite = exp.Between(this=value.copy(), low=number(-LARGEST), high=number(LARGEST))
    vote = exp.Sub(this=exp.Neg(this=squared), expression=number(constant))
    far = exp.If(this=finite, true=number(-FARTHEST))
    return exp.Case(ifs=[exp.If(this=near, true=vote), far], default=number(0.0))


def _bounded(value: float) -> exp.Expr:
    return number(max(-LARGEST, min(LARGEST, value)))


def _share(spec: Mapping[str, Any], shares: list[float], target: Target) -> exp.Expr:
    """What a category says: NULL, and one that was not seen, say nothing."""
    value = exp.column(spec["name"], quoted=True)
    is_text = spec["kind"] == "category"
    if target.is_portable:
        categories = [exp.Literal.string(c) if is_text else number(c) for c in spec["categories"]]
        return weight_by_case(value, categories, shares, 0.0)
    if is_text:
        return weight_of_text(value, spec["categories"], shares, 0.0, is_shared=True)
    return weight_of_whole(value, spec["categories"], shares, 0.0)
