"""Linear models as coefficients in JSON: score = link(Xw + b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sqlml.preprocessing import Codes, Floats, Preprocessor, Raw
from sqlml.scoring.base import Contributions

# e to the power of a larger number is too large for a DOUBLE.
LARGEST_LOG = 700.0


def store(coefficients: Floats, intercept: Floats, link: str) -> dict[str, Any]:
    """The state of a linear model: coefficients (outputs x one-hot columns), intercepts, link function."""
    return {"coefficients": coefficients.tolist(), "intercept": intercept.tolist(), "link": link}


class LinearModel:
    """Scores by coefficients: identity, log (of what is never negative), logistic (two classes) or softmax."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._weights: Floats = np.asarray(state["coefficients"], dtype=np.float64)
        self._intercept: Floats = np.asarray(state["intercept"], dtype=np.float64)
        self._link = str(state["link"])

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x outputs); a category that was not seen adds nothing."""
        dense, blocks = preprocessor.blocks(columns)
        return linked(self._margin(preprocessor, dense, blocks), self._link)

    def contributions(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Contributions:
        """Weight x (value - mean): of a number its training mean, of categories the mean weight of the training rows.

        This is the Shapley value of a linear model whose inputs are independent (Lundberg and Lee, 2017). Where the
        training rows of each category are not known their mean weight counts as zero.
        """
        dense, blocks = preprocessor.blocks(columns)
        numbers, coded = iter(range(dense.shape[1])), iter(blocks)
        start, baseline, parts = dense.shape[1], self._intercept.copy(), []
        for learned in preprocessor.inputs:
            if not learned.is_block:
                at = next(numbers)
                parts.append(dense[:, at, None] * self._weights[:, at])
                continue
            table = self._table(start, learned.width)
            mean = learned.shares @ table[:-1]
            baseline += mean
            parts.append(table[next(coded)] - mean)
            start += learned.width
        prediction = self._margin(preprocessor, dense, blocks)
        return Contributions(np.broadcast_to(baseline, prediction.shape), prediction, np.stack(parts, axis=2))

    def _table(self, start: int, width: int) -> Floats:
        """The weights of each code of a block, (codes x outputs); last that of an unseen category, which has none."""
        return np.vstack([self._weights[:, start : start + width].T, np.zeros((1, len(self._weights)))])

    def _margin(self, preprocessor: Preprocessor, dense: Floats, blocks: list[Codes]) -> Floats:
        width = dense.shape[1]
        # einsum adds each row alike, however many rows are in the batch; BLAS does not.
        margin: Floats = np.einsum("ij,kj->ik", dense, self._weights[:, :width]) + self._intercept
        start = width
        for codes, size in zip(blocks, preprocessor.block_widths, strict=True):
            margin += self._table(start, size)[codes]
            start += size
        return margin


def linked(margin: Floats, link: str) -> Floats:
    """The scores of margins, (rows x outputs)."""
    if link == "identity":
        return margin
    if link == "log":
        # Rows far from all that trained would be infinite.
        grown: Floats = np.exp(np.minimum(margin, LARGEST_LOG))
        return grown
    if link == "logistic":
        from scipy.special import expit

        return np.hstack([expit(-margin), expit(margin)])
    shifted = np.exp(margin - margin.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result
