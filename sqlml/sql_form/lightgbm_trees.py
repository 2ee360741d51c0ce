"""Boosted trees: `CASE WHEN age <= 31.5 THEN CASE WHEN plan IN ('pro') THEN 0.2 ELSE ... END ELSE ... END + ...`.

Source: LightGBM's model text, and the decisions of its include/LightGBM/tree.h.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlml.sql_form.base import LARGEST, Margins, Target
from sqlml.sql_form.links import IDENTITY, LOG, LOGISTIC, SOFTMAX, Link, complementary
from sqlml.sql_form.writing import number, total

# LightGBM's kZeroThreshold, a float.
_ZERO = 1.0000000180025095e-35
# Up to so many splits DuckDB is faster than LightGBM's predictor, and up to so many the SQL is stored at all.
_MOST_SPLITS = 250
_STORED_SPLITS = 2_000
# DuckDB takes expressions up to 1,000 levels deep, and writing one takes Python's stack.
_DEEPEST = 64


@dataclass(frozen=True)
class _Tree:
    """One tree of the model text: its lines by name."""

    lines: Mapping[str, str]

    def floats(self, name: str) -> list[float]:
        return [float(word) for word in self.lines.get(name, "").split()]

    def ints(self, name: str) -> list[int]:
        return [int(word) for word in self.lines.get(name, "").split()]


def lightgbm(document: Mapping[str, Any], target: Target) -> Margins | None:
    """The margins of boosted trees; None for an unknown objective, or more splits than SQL should have."""
    text: str = document["estimator"]["model"]
    head, *blocks = text.split("\nTree=")
    header = dict(_pairs(head))
    trees = [_Tree(dict(_pairs(block.partition("\n\n")[0]))) for block in blocks]
    link = _link(header.get("objective", "").split())
    splits = sum(max(0, int(t.lines["num_leaves"]) - 1) for t in trees)
    if link is None or splits > _STORED_SPLITS or any("is_linear" in t.lines and t.ints("is_linear")[0] for t in trees):
        return None
    outputs = int(header["num_tree_per_iteration"])
    inputs = document["preprocessing"]["inputs"]
    written = [_Writer(inputs, tree, target.finite).tree() for tree in trees]
    if any(tree is None for tree in written):
        return None
    known = [tree for tree in written if tree is not None]
    margins = [total(known[k::outputs]) for k in range(outputs)]
    if "average_output" in head.splitlines():
        each = number(len(known) // outputs)
        margins = [exp.Div(this=exp.Paren(this=m), expression=each.copy()) for m in margins]
    return Margins(tuple(margins), link, splits / _MOST_SPLITS)


def _pairs(block: str) -> list[tuple[str, str]]:
    found = (line.partition("=") for line in block.splitlines())
    return [(name, value) for name, mark, value in found if mark]


def _link(objective: list[str]) -> Link | None:
    """The link of an objective line: `binary sigmoid:1`, `multiclass num_class:3`, `regression`."""
    if not objective:
        return None
    settings = dict(word.split(":", 1) for word in objective[1:] if ":" in word)
    name = objective[0]
    if "sqrt" in objective[1:]:
        return None
    if name == "binary":
        return complementary(float(settings.get("sigmoid", "1")))
    if name == "cross_entropy":
        return LOGISTIC
    if name == "multiclass":
        return SOFTMAX
    if name in ("poisson", "gamma", "tweedie"):
        return LOG
    return IDENTITY if name in ("regression", "regression_l1", "huber", "fair", "quantile", "mape") else None


class _Writer:
    """One tree as nested CASE."""

    def __init__(self, inputs: list[Mapping[str, Any]], tree: _Tree, finite: frozenset[str]) -> None:
        self._inputs = inputs
        self._finite = finite
        self._leaves = tree.floats("leaf_value")
        self._features = tree.ints("split_feature")
        self._thresholds = tree.floats("threshold")
        self._kinds = tree.ints("decision_type")
        self._children = (tree.ints("left_child"), tree.ints("right_child"))
        self._bounds = tree.ints("cat_boundaries")
        self._bits = tree.ints("cat_threshold")

    def tree(self) -> exp.Expr | None:
        """The tree, or None where it is deeper than SQL should be."""
        if not self._features:
            return number(self._leaves[0])
        return self._node(0, 1)

    def _node(self, node: int, depth: int) -> exp.Expr | None:
        if node < 0:
            return number(self._leaves[~node])
        if depth > _DEEPEST:
            return None
        left, right = (self._node(side[node], depth + 1) for side in self._children)
        if left is None or right is None:
            return None
        condition, is_left = self._condition(node)
        then, other = (left, right) if is_left else (right, left)
        return exp.Case(ifs=[exp.If(this=condition, true=then)], default=other)

    def _condition(self, node: int) -> tuple[exp.Expr, bool]:
        """When to go to one side, and whether that is the left one; what is missing goes to the other."""
        spec = self._inputs[self._features[node]]
        value = exp.column(spec["name"], quoted=True)
        kind, threshold = self._kinds[node], self._thresholds[node]
        if kind & 1:
            return self._is_among(value, spec["categories"], int(threshold)), True
        threshold = _around_zero(threshold)
        missing = kind >> 2 & 3
        # Without missing values in training LightGBM takes NaN for 0.
        missing_left = bool(kind & 2) if missing else threshold >= 0
        is_finite = spec["name"] in self._finite
        beyond = _beyond(value, threshold, is_finite=is_finite) if missing_left else None
        condition = beyond or _within(value, threshold, is_finite=is_finite)
        if missing == 1:
            zero = exp.Between(this=value.copy(), low=number(-_ZERO), high=number(_ZERO))
            condition = exp.And(this=condition, expression=exp.Not(this=exp.Paren(this=zero)))
        return condition, not missing_left

    def _is_among(self, value: exp.Expr, categories: list[str], position: int) -> exp.Expr:
        """Whether a category is in the set of a split; one that was not seen is not. Code 0 is NULL."""
        words = self._bits[self._bounds[position] : self._bounds[position + 1]]
        codes = [32 * i + bit for i, word in enumerate(words) for bit in range(32) if word >> bit & 1]
        texts = [exp.Literal.string(categories[c - 1]) for c in codes if 0 < c <= len(categories)]
        among = exp.In(this=value.copy(), expressions=texts) if texts else None
        null = exp.Is(this=value.copy(), expression=exp.Null()) if 0 in codes else None
        if among and null:
            return exp.Or(this=null, expression=among)
        return among or null or exp.false()


def _around_zero(threshold: float) -> float:
    """The threshold for numbers of which LightGBM takes those next to zero for zero."""
    if -_ZERO <= threshold < 0:
        return math.nextafter(-_ZERO, -math.inf)
    return _ZERO if 0 <= threshold < _ZERO else threshold


def _within(value: exp.Expr, threshold: float, *, is_finite: bool) -> exp.Expr:
    """`x <= t` for a number; not for NULL, NaN and infinities."""
    most = number(min(threshold, LARGEST))
    if is_finite:
        return exp.LTE(this=value, expression=most)
    return exp.Between(this=value, low=number(-LARGEST), high=most)


def _beyond(value: exp.Expr, threshold: float, *, is_finite: bool) -> exp.Expr:
    """`x > t` for a number; not for NULL, NaN and infinities."""
    if is_finite:
        return exp.GT(this=value, expression=number(threshold))
    return exp.Between(this=value, low=number(math.nextafter(threshold, math.inf)), high=number(LARGEST))
