"""LightGBM's model text as the operator TreeEnsemble of ai.onnx.ml.

ONNX asks of categories one at a time. So each set of categories that a split asks for becomes a column of 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlml.errors import NotSupported

_LEQ = 0
_LINKS = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "log"),
    "cross_entropy": "logistic",
    "binary": "logistic",
    "multiclass": "softmax",
}


@dataclass(frozen=True)
class Split:
    """A split: where a row goes that is at most the threshold, or among the categories; and one without a value."""

    feature: int
    threshold: float
    among: frozenset[int]
    missing_goes_left: bool
    left: int
    right: int


# Of a tree without a split: both sides say the same.
_SINGLE = Split(-1, 0.0, frozenset(), missing_goes_left=False, left=-1, right=-2)


@dataclass(frozen=True)
class Tree:
    """A tree: its splits, and its leaves, which splits name by the complement of their number."""

    splits: tuple[Split, ...]
    leaves: tuple[float, ...]


class Trees:
    """The trees of a model text that is known to be sound.

    Raises NotSupported for what TreeEnsemble cannot say.
    """

    def __init__(self, text: str) -> None:
        head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
        header = _pairs(head)
        words = header["objective"].split()
        settings = dict(word.split(":", 1) for word in words[1:] if ":" in word)
        if words[0] not in _LINKS or "sqrt" in words:
            raise NotSupported(f"Trees of the objective {words[0]} are not exported to ONNX.", hint="TO 'm.txt'")
        self.link = _LINKS[words[0]]
        self.slope = float(settings.get("sigmoid", "1")) if words[0] == "binary" else 1.0
        self.outputs = int(header["num_tree_per_iteration"])
        self.is_average = "average_output" in head.splitlines()
        self.trees = [_tree(_pairs(block)) for block in blocks]
        self.iterations = len(self.trees) // self.outputs

    def sets_of(self, feature: int) -> list[frozenset[int]]:
        """The sets of categories that splits over a feature ask for, each once."""
        found = (s.among for t in self.trees for s in t.splits if s.feature == feature)
        return list(dict.fromkeys(found))


def _pairs(block: str) -> dict[str, str]:
    found = (line.partition("=") for line in block.splitlines())
    return {name: value for name, mark, value in found if mark}


def _tree(lines: Mapping[str, str]) -> Tree:
    def numbers(name: str, kind: Any) -> list[Any]:
        return [kind(word) for word in lines.get(name, "").split()]

    leaves = tuple(numbers("leaf_value", float))
    if len(leaves) == 1:
        return Tree((), leaves)
    bounds, words = numbers("cat_boundaries", int), numbers("cat_threshold", int)
    splits = []
    for feature, threshold, kind, left, right in zip(
        numbers("split_feature", int),
        numbers("threshold", float),
        numbers("decision_type", int),
        numbers("left_child", int),
        numbers("right_child", int),
        strict=True,
    ):
        among: frozenset[int] = frozenset()
        missing = kind >> 2 & 3
        if missing == 1:
            raise NotSupported("Trees that take zero as missing are not exported to ONNX.", hint="TO 'm.txt'")
        if kind & 1:
            own = words[bounds[int(threshold)] : bounds[int(threshold) + 1]]
            among = frozenset(32 * i + bit for i, word in enumerate(own) for bit in range(32) if word >> bit & 1)
        # Without missing values in training LightGBM takes NaN for 0.
        goes_left = bool(kind & 2) if missing else threshold >= 0
        splits.append(Split(feature, threshold, among, goes_left and not kind & 1, left, right))
    return Tree(tuple(splits), leaves)


@dataclass
class Attributes:
    """The attributes of the operator: lists of whole numbers, and tensors by values and type."""

    plain: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, tuple[list[Any], str]] = field(default_factory=dict)


def tree_node(trees: Trees, positions: Mapping[tuple[int, frozenset[int]], int]) -> Attributes:
    """The attributes of TreeEnsemble; `positions` says in which column a feature, or a set of its categories, is."""
    features: list[int] = []
    splits: list[float] = []
    missing: list[int] = []
    roots: list[int] = []
    children: tuple[list[int], list[int]] = ([], [])
    are_leaves: tuple[list[int], list[int]] = ([], [])
    targets: list[int] = []
    weights: list[float] = []
    for number, tree in enumerate(trees.trees):
        start, first_leaf = len(features), len(weights)
        roots.append(start)
        # A tree without a split is one whose sides say the same.
        leaves = tree.leaves if tree.splits else tree.leaves * 2
        for split in tree.splits or (_SINGLE,):
            is_set = bool(split.among)
            features.append(positions[split.feature, split.among] if split.feature >= 0 else 0)
            # In a set is 1: those go to the false side, which is the left one then.
            splits.append(0.5 if is_set else min(split.threshold, math.inf))
            missing.append(int(split.missing_goes_left))
            sides = (split.right, split.left) if is_set else (split.left, split.right)
            for children_of, leaf_of, child in zip(children, are_leaves, sides, strict=True):
                leaf_of.append(int(child < 0))
                children_of.append(first_leaf + ~child if child < 0 else start + child)
        weights += leaves
        targets += [number % trees.outputs] * len(leaves)
    return Attributes(
        plain={
            "nodes_featureids": features,
            "nodes_truenodeids": children[0],
            "nodes_falsenodeids": children[1],
            "nodes_trueleafs": are_leaves[0],
            "nodes_falseleafs": are_leaves[1],
            "nodes_missing_value_tracks_true": missing,
            "leaf_targetids": targets,
            "tree_roots": roots,
            "n_targets": trees.outputs,
            "aggregate_function": 1,
            "post_transform": 0,
        },
        tensors={
            "nodes_splits": (splits, "DOUBLE"),
            "nodes_modes": ([_LEQ] * len(features), "UINT8"),
            "leaf_weights": (weights, "DOUBLE"),
        },
    )
