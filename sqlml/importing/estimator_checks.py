"""Checking an estimator of scikit-learn's out of a file: its types by the trust list, then the numbers it follows.

Trees and neighbours are arrays of positions, which compiled code follows without a look at their bounds.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from sqlml.errors import SqlmlError
from sqlml.importing.checks import damaged

# Estimators in estimators in pipelines; nobody nests deeper.
_DEEPEST = 40


def load_checked(body: bytes) -> Any:
    """The estimator of a skops archive.

    Raises ArtifactRefused for types outside the trust list, InvalidData for what is no archive or would be followed
    out of its arrays.
    """
    from sqlml.scoring.sklearn_estimator import load

    try:
        estimator = load(base64.b64encode(body).decode("ascii"))
    except SqlmlError:
        raise
    except zipfile.BadZipFile:
        raise damaged("it is no skops archive, or not all of it") from None
    except Exception as error:
        raise damaged(f"skops cannot read it ({type(error).__name__}: {error})") from error
    for part in _parts(estimator, 0, set()):
        _check(part)
    return estimator


def _parts(thing: Any, depth: int, seen: set[int]) -> Iterator[Any]:
    """The thing and all that it is made of."""
    if depth > _DEEPEST:
        raise damaged("its estimator is nested without an end")
    if thing is None or isinstance(thing, str | bytes | int | float) or id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    inner: Any = ()
    if isinstance(thing, dict):
        inner = thing.values()
    elif isinstance(thing, list | tuple | set):
        inner = thing
    elif isinstance(thing, np.ndarray):
        inner = thing.ravel().tolist() if thing.dtype == object else ()
    else:
        inner = vars(thing).values() if hasattr(thing, "__dict__") else ()
    for part in inner:
        yield from _parts(part, depth + 1, seen)


def _check(part: Any) -> None:
    name = f"{type(part).__module__}.{type(part).__name__}"
    if name == "sklearn.tree._tree.Tree":
        _check_tree(part)
    elif name == "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor":
        _check_predictor(part)
    elif name in ("sklearn.neighbors._kd_tree.KDTree", "sklearn.neighbors._ball_tree.BallTree"):
        _check_neighbours(part)
    elif name.startswith("sklearn.svm._classes."):
        _check_vectors(part)
    if hasattr(part, "n_features_in_"):
        _check_width(part, int(part.n_features_in_))


def _check_width(estimator: Any, width: int) -> None:
    """Trees are handed the rows of the estimator that they are part of."""
    own = getattr(estimator, "tree_", None)
    grown = [p for each in getattr(estimator, "_predictors", ()) for p in each]
    below = [] if hasattr(estimator, "estimators_features_") else list(np.ravel(getattr(estimator, "estimators_", [])))
    if own is not None and own.n_features != width:
        raise damaged("a tree of its estimator is over features that there are not")
    for predictor in grown:
        _check_features(predictor.nodes["feature_idx"], width)
    if any(getattr(e, "n_features_in_", width) != width for e in below if hasattr(e, "tree_")):
        raise damaged("a tree of its estimator is over features that there are not")


def _check_children(left: Any, right: Any, is_leaf: Any) -> None:
    """Children come after their parent: so nothing is followed for ever."""
    rows = np.arange(len(left))
    for side in (np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)):
        inner = side[~is_leaf]
        if len(inner) and (inner.min() < 0 or inner.max() >= len(side) or (inner <= rows[~is_leaf]).any()):
            raise damaged("a tree of its estimator is no tree")


def _check_tree(tree: Any) -> None:
    nodes = tree.__getstate__()["nodes"]
    is_leaf = nodes["left_child"] == -1
    if not len(nodes) or tree.node_count != len(nodes) or len(tree.value) != len(nodes):
        raise damaged("a tree of its estimator is no tree")
    _check_children(nodes["left_child"], nodes["right_child"], is_leaf)
    _check_features(nodes["feature"][~is_leaf], tree.n_features)


def _check_features(features: Any, count: int) -> None:
    if len(features) and (features.min() < 0 or features.max() >= count):
        raise damaged("a tree of its estimator is over features that there are not")


def _check_predictor(predictor: Any) -> None:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    if not len(nodes):
        raise damaged("a tree of its estimator is no tree")
    # Those grown by loss may have their children in any order, but each only once.
    _check_once(nodes["left"], nodes["right"], is_leaf)
    by_category = nodes["is_categorical"].astype(bool) & ~is_leaf
    sets = min(len(predictor.raw_left_cat_bitsets), len(predictor.binned_left_cat_bitsets))
    if by_category.any() and nodes["bitset_idx"][by_category].max() >= sets:
        raise damaged("a tree of its estimator is over categories that there are not")


def _check_once(left: Any, right: Any, is_leaf: Any) -> None:
    children = np.concatenate([left[~is_leaf], right[~is_leaf]]).astype(np.int64)
    if not np.array_equal(np.sort(children), np.arange(1, len(left))):
        raise damaged("a tree of its estimator is no tree")
    reached, ahead = 0, [0]
    while ahead and reached <= len(left):
        node = ahead.pop()
        reached += 1
        if not is_leaf[node]:
            ahead += [int(left[node]), int(right[node])]
    if reached != len(left):
        raise damaged("a tree of its estimator is no tree")


def _check_neighbours(tree: Any) -> None:
    data, order, nodes, bounds = (np.asarray(a) for a in tree.get_arrays())
    count = len(data)
    starts, ends = nodes["idx_start"], nodes["idx_end"]
    in_order = len(order) == count and np.array_equal(np.sort(order), np.arange(count))
    if not in_order or (starts < 0).any() or (ends > count).any() or (starts > ends).any() or not len(nodes):
        raise damaged("the neighbours of its estimator are in disorder")
    inner = np.flatnonzero(~nodes["is_leaf"].astype(bool))
    if len(inner) and 2 * inner.max() + 2 >= len(nodes):
        raise damaged("the neighbours of its estimator are in disorder")
    if bounds.shape[1] != len(nodes):
        raise damaged("the neighbours of its estimator are in disorder")


def _check_vectors(machine: Any) -> None:
    vectors = getattr(machine, "support_vectors_", None)
    if vectors is None:
        return
    count = len(vectors)
    if machine.dual_coef_.shape[1] != count or int(np.sum(machine._n_support)) not in (count, 2 * count):
        raise damaged("the vectors of its estimator are in disorder")
