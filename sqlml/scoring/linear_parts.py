"""A linear model for each key, scored together: coefficients looked up by the part of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw, Text
from sqlml.scoring.linear import linked
from sqlml.scoring.parts import ABSENT, MOST_CELLS, Numbers, Part, Places


class LinearParts:
    """Scores by (parts x outputs x numbers) coefficients and a table of (parts x categories x outputs) each."""

    def __init__(self, shared: Preprocessor, parts: Sequence[Part], outputs: int) -> None:
        links = {str(part.state["link"]) for part in parts}
        self._link = "softmax" if len(links) > 1 else links.pop()
        spread = [_over_outputs(part, self._link, outputs) for part in parts]
        self._intercepts: Floats = np.array([intercept for _, intercept in spread])
        of_parts = parts[0].inputs
        inputs = [i for i in shared.inputs if i.name in of_parts]
        self._numeric = [i.name for i in inputs if not of_parts[i.name].is_block]
        self._means, self._scales = (
            np.array([[getattr(part.inputs[name], of) for name in self._numeric] for part in parts])
            for of in ("mean", "scale")
        )
        self._weights: Floats = np.stack([weights[:, : len(self._numeric)] for weights, _ in spread])
        self._blocks: list[tuple[str, Places, Floats]] = []
        start = np.full(len(parts), len(self._numeric))
        for spec in inputs:
            if not of_parts[spec.name].is_block:
                continue
            places = Places(spec, parts)
            own = [part.inputs[spec.name] for part in parts]
            tables = [
                weights[:, at : at + i.width].T for (weights, _), at, i in zip(spread, start.tolist(), own, strict=True)
            ]
            nulls = [table[-1] if i.has_null else 0.0 for table, i in zip(tables, own, strict=True)]
            self._blocks.append((spec.name, places, places.table(tables, nulls, 0.0)))
            start = start + [i.width for i in own]

    def score(self, columns: Mapping[str, Raw], numbers: Numbers) -> Floats:
        """(rows x outputs) by the part of each row."""
        margin: Floats = self._intercepts[numbers]
        if self._numeric:
            dense = np.column_stack([_floats(columns[name]) for name in self._numeric])
            missing = ~np.isfinite(dense)
            dense = (dense - self._means[numbers]) / self._scales[numbers]
            dense[missing] = 0.0
            margin += np.einsum("ij,ikj->ik", dense, self._weights[numbers])
        for name, places, table in self._blocks:
            margin += table[numbers, places.of(columns[name])]
        return linked(margin, self._link)


def fits(shared: Preprocessor, parts: Sequence[Part], outputs: int) -> bool:
    """Whether the links go together and the tables are not too large."""
    links = {str(part.state["link"]) for part in parts}
    if len(links) > 1 and not (outputs > 2 and links == {"logistic", "softmax"}):
        return False
    if outputs > 2 and links == {"logistic"}:
        return False
    cells = [len(parts) * len(shared.inputs) * outputs]
    cells += [
        Places(i, parts).cells * outputs
        for i in shared.inputs
        if i.name in parts[0].inputs and parts[0].inputs[i.name].is_block
    ]
    return sum(cells) <= MOST_CELLS


def _over_outputs(part: Part, link: str, outputs: int) -> tuple[Floats, Floats]:
    """Coefficients and intercepts for each output of the whole."""
    weights = np.asarray(part.state["coefficients"], dtype=np.float64)
    intercepts = np.asarray(part.state["intercept"], dtype=np.float64)
    if link != "softmax":
        return weights, intercepts
    if part.state["link"] == "logistic":
        weights, intercepts = np.vstack([np.zeros_like(weights), weights]), np.array([0.0, intercepts[0]])
    all_weights: Floats = np.zeros((outputs, weights.shape[1]))
    all_intercepts: Floats = np.full(outputs, ABSENT)
    all_weights[part.classes] = weights
    all_intercepts[part.classes] = intercepts
    return all_weights, all_intercepts


def _floats(column: Raw) -> Floats:
    assert not isinstance(column, Text)
    return column
