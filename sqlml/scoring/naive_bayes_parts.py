"""A naive Bayes model for each key, scored together: means, variances and shares looked up by the part of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw, Text
from sqlml.scoring.naive_bayes import learned, probabilities, votes
from sqlml.scoring.parts import ABSENT, MOST_CELLS, Numbers, Part, Places


class NaiveBayesParts:
    """Scores by the closed form; a class that a part never saw has no chance there."""

    def __init__(self, shared: Preprocessor, parts: Sequence[Part], outputs: int) -> None:
        self._log_prior: Floats = np.full((len(parts), outputs), ABSENT)
        for part, row in zip(parts, self._log_prior, strict=True):
            row[part.classes] = part.state["log_prior"]
        self._numbers: list[tuple[str, dict[str, Floats]]] = []
        self._blocks: list[tuple[str, Places, Floats]] = []
        self._order: list[tuple[bool, int]] = []
        for spec in shared.inputs:
            if spec.name not in parts[0].inputs:
                continue
            own = [learned(part.state["inputs"][spec.name]) for part in parts]
            is_block = parts[0].inputs[spec.name].is_block
            self._order.append((is_block, len(self._blocks if is_block else self._numbers)))
            if is_block:
                places = Places(spec, parts)
                shares = [_spread(o["log_shares"].T, p.classes, outputs) for o, p in zip(own, parts, strict=True)]
                self._blocks.append((spec.name, places, places.table(shares, [0.0] * len(parts), 0.0)))
                continue
            # No precision of 0 for a class that a part never saw: of an infinite square it makes NaN.
            tables = {
                name: np.array([_spread(o[name], p.classes, outputs, rest) for o, p in zip(own, parts, strict=True)])
                for name, rest in (("means", 0.0), ("precisions", 1.0), ("constants", 0.0))
            }
            self._numbers.append((spec.name, tables))

    def score(self, columns: Mapping[str, Raw], numbers: Numbers) -> Floats:
        """(rows x classes) by the part of each row."""
        scores: Floats = self._log_prior[numbers]
        for is_block, at in self._order:
            if is_block:
                name, places, table = self._blocks[at]
                scores += table[numbers, places.of(columns[name])]
                continue
            name, tables = self._numbers[at]
            column = columns[name]
            assert not isinstance(column, Text)
            scores += votes(column, {key: values[numbers] for key, values in tables.items()})
        return probabilities(scores)


def fits(shared: Preprocessor, parts: Sequence[Part], outputs: int) -> bool:
    """Whether the tables are not too large."""
    blocks = [i for i in shared.inputs if i.name in parts[0].inputs and parts[0].inputs[i.name].is_block]
    cells = [Places(i, parts).cells for i in blocks]
    return (sum(cells) + 3 * len(parts) * len(shared.inputs)) * outputs <= MOST_CELLS


def _spread(values: Floats, classes: Sequence[int], outputs: int, rest: float = 0.0) -> Floats:
    """Values over the classes of all, the last axis, and `rest` for those that a part never saw."""
    spread: Floats = np.full((*values.shape[:-1], outputs), rest)
    spread[..., list(classes)] = values
    return spread
