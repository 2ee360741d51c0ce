"""`IMPORT MODEL m FROM 'm.txt' INPUT (age DOUBLE) OUTPUT (churned BOOLEAN)`: LightGBM's model text.

LightGBM follows the numbers in such a text wherever they lead. So each tree is read here first: it has to be a tree,
over features that there are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlml.errors import InvalidOption, NotSupported
from sqlml.features import all_inputs, feature_of
from sqlml.importing import checks
from sqlml.importing.base import Asked, Found, label_type_of, model_of, untrained
from sqlml.importing.checks import damaged
from sqlml.types import Feature

_REGRESSIONS = (
    *("regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"),
    *("cross_entropy", "lambdarank", "rank_xendcg"),
)
_CLASSIFICATIONS = ("binary", "multiclass", "multiclassova")
# Begins the line of a model text that says whose trees these are, and their preprocessing.
_LINE = "sqlml_model:"
_END = "\nend of trees\n"


@dataclass(frozen=True)
class ModelText:
    """A checked model text without its parameters: its features, classes (1 where it predicts a number), splits."""

    text: str
    features: tuple[str, ...]
    outputs: int
    is_classifier: bool
    by_category: frozenset[int]


def read_model_text(text: str) -> ModelText:
    """The model text, every tree of it checked.

    Raises InvalidData for what is no model text, NotSupported for linear trees and unknown objectives.
    """
    head, mark, _ = text.partition("\nTree=")
    if not text.startswith("tree\n") or not mark or _END not in text:
        raise damaged("it is not LightGBM's model text, or not all of it")
    header = _pairs(head)
    objective = (header.get("objective") or "none").split()
    if objective[0] not in (*_REGRESSIONS, *_CLASSIFICATIONS):
        raise NotSupported(
            f"Trees of the objective {objective[0]} are not supported.",
            hint=f"Those of LightGBM's own are: {', '.join((*_REGRESSIONS, *_CLASSIFICATIONS))}.",
        )
    names = tuple(header.get("feature_names", "").split())
    width, each = _whole(header, "max_feature_idx") + 1, _whole(header, "num_tree_per_iteration")
    classes = _whole(header, "num_class")
    is_many = objective[0] in ("multiclass", "multiclassova")
    if len(names) != width or each != classes or (each > 1) != is_many or each < 1:
        raise damaged("its header contradicts itself")
    blocks = text[: text.index(_END)].split("\nTree=")[1:]
    if len(blocks) % each:
        raise damaged("it has not as many trees for each class")
    _check_sizes(header, blocks)
    used: set[int] = set()
    for number, block in enumerate(blocks):
        used |= _check_tree(number, block, width)
    outputs = each if is_many else 2 if objective[0] == "binary" else 1
    kept = text.partition("\nparameters:")[0]
    return ModelText(kept, names, outputs, objective[0] in _CLASSIFICATIONS, frozenset(used))


def _pairs(block: str) -> dict[str, str]:
    found = (line.partition("=") for line in block.splitlines())
    return {name: value for name, mark, value in found if mark}


def _whole(pairs: Mapping[str, str], name: str) -> int:
    try:
        return int(pairs[name])
    except (KeyError, ValueError):
        raise damaged(f'"{name}" is missing or no number') from None


def _list(pairs: Mapping[str, str], name: str, kind: Any, count: int) -> list[Any]:
    try:
        found = [kind(word) for word in pairs.get(name, "").split()]
    except ValueError:
        raise damaged(f'"{name}" of a tree has something else than numbers') from None
    if len(found) != count:
        raise damaged(f'"{name}" of a tree has {len(found)} numbers, not {count}')
    return found


def _check_sizes(header: Mapping[str, str], blocks: list[str]) -> None:
    """LightGBM jumps from tree to tree by the lengths that the header gives."""
    said = _list(header, "tree_sizes", int, len(blocks))
    # A tree ends where the next begins, the last before the line that ends them all.
    found = [len(f"Tree={block}\n".encode()) for block in blocks]
    if said != found:
        raise damaged("its trees have other lengths than its header says")


def _check_tree(number: int, block: str, width: int) -> set[int]:
    """Check one tree; gives the features that it splits by category."""
    first, _, rest = block.partition("\n")
    pairs = _pairs(rest)
    if first != str(number):
        raise damaged("its trees are not in order")
    if pairs.get("is_linear", "0") != "0":
        raise NotSupported("Linear trees are not supported.", hint="Train without linear_tree.")
    leaves, categories = _whole(pairs, "num_leaves"), _whole(pairs, "num_cat")
    if leaves < 1 or categories < 0:
        raise damaged("a tree has no leaves")
    if not all(math.isfinite(v) for v in _list(pairs, "leaf_value", float, leaves)):
        raise damaged("a leaf is not a finite number")
    splits = leaves - 1
    if not splits:
        return set()
    features = _list(pairs, "split_feature", int, splits)
    kinds = _list(pairs, "decision_type", int, splits)
    thresholds = _list(pairs, "threshold", float, splits)
    if not all(0 <= f < width for f in features) or any(math.isnan(t) for t in thresholds):
        raise damaged("a split is over a feature that there is not")
    if any(not 0 <= kind <= 11 or kind >> 2 == 3 for kind in kinds):
        raise damaged("a split is of no known kind")
    _check_shape(_list(pairs, "left_child", int, splits), _list(pairs, "right_child", int, splits), leaves)
    _check_categories(pairs, categories, [t for t, kind in zip(thresholds, kinds, strict=True) if kind & 1])
    return {f for f, kind in zip(features, kinds, strict=True) if kind & 1}


def _check_shape(left: list[int], right: list[int], leaves: int) -> None:
    """Every split but the first, and every leaf, has to be below exactly one split, later than it."""
    children = sorted([*left, *right])
    if children != [*range(-leaves, 0), *range(1, leaves - 1)]:
        raise damaged("a tree is no tree")
    reached, ahead = 0, [0]
    while ahead:
        node = ahead.pop()
        if node >= 0:
            reached += 1
            ahead += [left[node], right[node]]
    if reached != leaves - 1:
        raise damaged("a tree is no tree")


def _check_categories(pairs: Mapping[str, str], count: int, positions: list[float]) -> None:
    if not count:
        if positions:
            raise damaged("a split is by categories that there are not")
        return
    bounds = _list(pairs, "cat_boundaries", int, count + 1)
    words = _list(pairs, "cat_threshold", int, bounds[-1] if bounds[-1] >= 0 else 0)
    is_rising = bounds[0] == 0 and all(a <= b for a, b in pairwise(bounds))
    if not is_rising or any(not 0 <= word < 2**32 for word in words):
        raise damaged("the categories of a tree are in disorder")
    if any(p not in range(count) for p in positions):
        raise damaged("a split is by categories that there are not")


def with_line(text: str, whole: Mapping[str, Any]) -> str:
    """The model text with all else of its model in a last line, which LightGBM does not look at."""
    return f"{text}\n{_LINE}{json.dumps(whole, ensure_ascii=False, separators=(',', ':'))}\n"


def read_lightgbm(body: bytes, asked: Asked) -> Found:
    """The model of a text: sqlml's own, or one that takes numbers, in the order of INPUT.

    Raises NotSupported for splits by category, whose texts such a file does not have.
    """
    try:
        text, mark, own = body.decode("utf-8").replace("\r\n", "\n").partition(f"\n{_LINE}")
    except UnicodeDecodeError:
        raise damaged("it is not text") from None
    if mark:
        from sqlml.importing.document import found_in, refuse_claims

        refuse_claims(asked)
        whole = checks.mapping(checks.read_json(own.encode()), "the last line")
        return found_in({**whole, "estimator": {"model": text}}, asked)
    found = read_model_text(text)
    features = _features(asked, found)
    if found.by_category:
        names = ", ".join(f'"{features[i].name}"' for i in sorted(found.by_category))
        raise NotSupported(
            f"The trees split {names} by category, and a LightGBM file does not say which categories they are.",
            hint="EXPORT MODEL m TO 'm.json' keeps them; or register the whole pipeline with con.register_model.",
        )
    classes, label_type = _classes(asked, found)
    model = model_of(
        "boosted_tree_classifier" if classes else "boosted_tree_regressor",
        "lightgbm",
        label=asked.label_or("label"),
        label_type=label_type,
        classes=classes,
        features=features,
        encoding="label",
        libraries=("lightgbm",),
    )
    inputs = [
        {"name": i.name, "kind": i.kind, "mean": 0.0, "scale": 1.0, "categories": [], "has_null": True, "counts": []}
        for i in all_inputs(features)
    ]
    document = {"preprocessing": {"encoding": "label", "inputs": inputs}, "estimator": {"model": found.text}}
    return Found(model, untrained(model, document))


def _features(asked: Asked, found: ModelText) -> tuple[Feature, ...]:
    columns = asked.inputs
    if not columns:
        raise InvalidOption(
            f"The file does not say what its {len(found.features)} features are in a table.",
            hint=f"Write INPUT ({', '.join(f'{_quoted(n)} DOUBLE' for n in found.features[:5])}, ...), in this order.",
        )
    if len(columns) != len(found.features):
        raise InvalidOption(
            f"INPUT has {len(columns)} columns, the trees {len(found.features)} features.",
            hint=f"In this order: {', '.join(found.features)}.",
        )
    features = [feature_of(c) for c in columns]
    for column, feature in zip(columns, features, strict=True):
        if feature is None or feature.family not in ("numeric", "time", "interval"):
            raise InvalidOption(
                f'INPUT says that "{column.name}" is {column.type}.', hint="The trees of a LightGBM file take numbers."
            )
    return tuple(f for f in features if f is not None)


def _classes(asked: Asked, found: ModelText) -> tuple[tuple[str, ...], str]:
    if not found.is_classifier:
        if asked.classes:
            raise InvalidOption("The trees predict a number: they have no classes.", hint="Leave classes out.")
        return (), "DOUBLE"
    given = asked.classes
    if not given and asked.output is not None and asked.output.type == "BOOLEAN" and found.outputs == 2:
        given = ("false", "true")
    if len(given) != found.outputs:
        raise InvalidOption(
            f"The trees tell {found.outputs} classes apart, and {len(given) or 'none'} are named.",
            hint="OPTIONS (classes = ['no', 'yes']), in the order of the numbers that they were trained with.",
        )
    return given, label_type_of(asked, "VARCHAR")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
