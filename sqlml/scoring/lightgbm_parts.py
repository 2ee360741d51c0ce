"""Trees for each key, scored together: trees that first split on the number of the part.

The t-th tree of all is one whose upper levels find the part by halves, and whose leaves there are the t-th trees of
the parts. A row goes through as many trees as before, each a few levels deeper, and LightGBM scores a whole batch in
one call instead of one call for each part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw, Text
from sqlml.scoring.lightgbm_trees import lightgbm, shaped
from sqlml.scoring.parts import ABSENT, MOST_CELLS, Numbers, Part, Places


class LightgbmParts:
    """Scores by one Booster over the inputs and the number of the part."""

    def __init__(self, shared: Preprocessor, parts: Sequence[Part], outputs: int) -> None:
        of_parts = parts[0].inputs
        inputs = [i for i in shared.inputs if i.name in of_parts]
        self._inputs = [(i.name, _codes(i, parts) if of_parts[i.name].kind == "category" else None) for i in inputs]
        self._objective = _objective([_Head.of(part) for part in parts], outputs)
        text = _joined([_Ensemble.of(part) for part in parts], self._objective, outputs, len(self._inputs))
        self._booster = lightgbm().Booster(model_str=text)

    def score(self, columns: Mapping[str, Raw], numbers: Numbers) -> Floats:
        """(rows x outputs) by the part of each row."""
        # Rows of one part after another find its nodes in the processor's cache.
        order = np.argsort(numbers, kind="stable")
        own = numbers[order]
        matrix: Floats = np.empty((len(own), len(self._inputs) + 1))
        for i, (name, codes) in enumerate(self._inputs):
            column = columns[name][order]
            if codes is not None:
                places, table = codes
                matrix[:, i] = table[own, places.of(column)]
                continue
            assert not isinstance(column, Text)
            matrix[:, i] = np.where(np.isinf(column), np.nan, column)
        matrix[:, -1] = own
        predicted = shaped(
            self._booster.predict(matrix, num_threads=1), is_binary=self._objective.startswith("objective=binary")
        )
        scores: Floats = np.empty_like(predicted)
        scores[order] = predicted
        return scores


def fits(shared: Preprocessor, parts: Sequence[Part], outputs: int) -> bool:
    """Whether these can be one Booster: the same link, and averages of as many trees."""
    found = [_Head.of(part) for part in parts]
    are_averages = {head.is_average for head in found}
    cells = sum(Places(i, parts).cells for i in shared.inputs if i.kind == "category" and i.name in parts[0].inputs)
    return (
        cells <= MOST_CELLS
        and bool(_objective(found, outputs))
        and (are_averages == {False} or (are_averages == {True} and len({head.rounds for head in found}) == 1))
    )


def is_alike(parts: Sequence[Part], outputs: int) -> bool:
    """Whether together they answer to the bit what each does alone."""
    found = [_Head.of(part) for part in parts]
    return {head.objective for head in found} == {_objective(found, outputs)}


def _codes(shared: Any, parts: Sequence[Part]) -> tuple[Places, Floats]:
    """The table of codes of a category by part: positions from 1, NULL 0, an unseen one NaN."""
    places = Places(shared, parts)
    own = [np.arange(1.0, len(part.inputs[shared.name].categories) + 1)[:, None] for part in parts]
    return places, places.table(own, [0.0] * len(parts), np.nan)[:, :, 0]


@dataclass(frozen=True)
class _Tree:
    """One tree of the model text: its lines by name."""

    lines: Mapping[str, str]

    @property
    def leaves(self) -> int:
        return int(self.lines["num_leaves"])

    def words(self, name: str) -> list[str]:
        return self.lines.get(name, "").split()

    def whole(self, name: str) -> Numbers:
        return np.array(self.words(name), dtype=np.int64)


@dataclass(frozen=True)
class _Head:
    """What the head of a part's model text says; of how many rounds it is, and of how many trees each."""

    objective: str
    is_average: bool
    rounds: int
    each: int

    @classmethod
    def of(cls, part: Part) -> _Head:
        head = str(part.state["model"]).partition("\nTree=")[0]
        lines = _lines(head)
        each = int(lines["num_tree_per_iteration"])
        rounds = len(lines["tree_sizes"].split()) // each
        return cls(f"objective={lines['objective']}", "average_output" in head.splitlines(), rounds, each)


@dataclass(frozen=True)
class _Ensemble:
    """The trees of one part, those of a round one after another."""

    head: _Head
    classes: Sequence[int]
    trees: Sequence[_Tree]

    @classmethod
    def of(cls, part: Part) -> _Ensemble:
        _, *blocks = str(part.state["model"]).split("\nTree=")
        return cls(_Head.of(part), part.classes, [_Tree(_lines(block.partition("\n\n")[0])) for block in blocks])

    def tree(self, number: int, output: int, outputs: int) -> _Tree:
        """The tree of a round for an output of the whole; one leaf where it has none."""
        place = output
        if self.head.each != outputs:
            if output not in self.classes:
                return _leaf(ABSENT if number == 0 else 0.0)
            # Of two classes the later has the trees.
            place = list(self.classes).index(output) - (self.head.each == 1)
        if place < 0 or number >= self.head.rounds:
            return _leaf(0.0)
        return self.trees[number * self.head.each + place]


def _lines(block: str) -> dict[str, str]:
    found = (line.partition("=") for line in block.splitlines())
    return {name: value for name, mark, value in found if mark}


def _leaf(value: float) -> _Tree:
    return _Tree({"num_leaves": "1", "leaf_value": repr(value)})


def _objective(found: Sequence[_Head], outputs: int) -> str:
    """The objective of all: softmax where some have seen two of several classes only; nothing if there is none."""
    names = {head.objective for head in found}
    if len(names) == 1 and (outputs <= 2 or all(head.each == outputs for head in found)):
        return names.pop()
    known = {name.split()[0] for name in names}
    is_plain = all(n.split()[1:] == ["sigmoid:1"] for n in names if n.startswith("objective=binary"))
    if outputs > 2 and known <= {"objective=binary", "objective=multiclass"} and is_plain:
        return f"objective=multiclass num_class:{outputs}"
    return ""


def _joined(found: Sequence[_Ensemble], objective: str, outputs: int, inputs: int) -> str:
    """The model text of all parts as one."""
    each = outputs if objective.startswith("objective=multiclass") else 1
    head = [
        *("tree", "version=v4", f"num_class={each}", f"num_tree_per_iteration={each}", "label_index=0"),
        f"max_feature_idx={inputs}",
        objective,
        *(["average_output"] if found[0].head.is_average else []),
        "feature_names=" + " ".join(f"Column_{i}" for i in range(inputs + 1)),
        "feature_infos=" + " ".join(["none"] * (inputs + 1)),
        "",
    ]
    rounds = max(e.head.rounds for e in found)
    trees = [
        _one_tree([e.tree(t, k, each) for e in found], inputs, number)
        for number, (t, k) in enumerate((t, k) for t in range(rounds) for k in range(each))
    ]
    return "\n".join([*head, *trees, "end of trees", ""])


def _one_tree(parts: Sequence[_Tree], feature: int, number: int) -> str:
    """A tree whose upper nodes split on the number of the part, which is the input at `feature`."""
    upper = len(parts) - 1
    nodes = upper + np.concatenate([[0], np.cumsum([t.leaves - 1 for t in parts])])
    leaves = np.concatenate([[0], np.cumsum([t.leaves for t in parts])])
    roots = [int(nodes[p]) if t.leaves > 1 else ~int(leaves[p]) for p, t in enumerate(parts)]
    left, right, thresholds = _upper(roots)
    features, kinds = [str(feature)] * upper, ["2"] * upper
    bounds, bits = [0], list[str]()
    for p, tree in enumerate(parts):
        if tree.leaves < 2:
            continue
        for side, name in ((left, "left_child"), (right, "right_child")):
            child = tree.whole(name)
            side.extend(np.where(child >= 0, child + nodes[p], child - leaves[p]).tolist())
        features.extend(tree.words("split_feature"))
        kinds.extend(tree.words("decision_type"))
        own = zip(tree.words("threshold"), tree.words("decision_type"), strict=True)
        # The threshold of a split by category is the number of its set.
        sets = len(bounds) - 1
        thresholds.extend(str(int(float(t)) + sets) if int(kind) & 1 else t for t, kind in own)
        start = len(bits)
        bounds.extend(int(b) + start for b in tree.words("cat_boundaries")[1:])
        bits.extend(tree.words("cat_threshold"))
    lines = [
        f"Tree={number}",
        f"num_leaves={leaves[-1]}",
        f"num_cat={len(bounds) - 1}",
        f"split_feature={' '.join(features)}",
        f"threshold={' '.join(thresholds)}",
        f"decision_type={' '.join(kinds)}",
        f"left_child={' '.join(map(str, left))}",
        f"right_child={' '.join(map(str, right))}",
        f"leaf_value={' '.join(value for t in parts for value in t.words('leaf_value'))}",
    ]
    if bits:
        lines += [f"cat_boundaries={' '.join(map(str, bounds))}", f"cat_threshold={' '.join(bits)}"]
    return "\n".join([*lines, "is_linear=0", "shrinkage=1", "", ""])


def _upper(roots: Sequence[int]) -> tuple[list[int], list[int], list[str]]:
    """Children and thresholds of the nodes that find a part by halves."""
    left, right, thresholds = ([0] * (len(roots) - 1) for _ in range(3))
    made = 0

    def place(first: int, end: int) -> int:
        nonlocal made
        if end - first == 1:
            return roots[first]
        node, middle = made, (first + end) // 2
        made += 1
        thresholds[node] = middle
        left[node], right[node] = place(first, middle), place(middle, end)
        return node

    place(0, len(roots))
    return left, right, [repr(t - 0.5) for t in thresholds]
