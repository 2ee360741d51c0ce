"""Linear models as coefficients in JSON: score = link(Xw + b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw

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
        width = dense.shape[1]
        # einsum adds each row alike, however many rows are in the batch; BLAS does not.
        margin = np.einsum("ij,kj->ik", dense, self._weights[:, :width]) + self._intercept
        start = width
        for codes, size in zip(blocks, preprocessor.block_widths, strict=True):
            table = np.vstack([self._weights[:, start : start + size].T, np.zeros((1, len(self._weights)))])
            margin += table[codes]
            start += size
        return _linked(margin, self._link)


def _linked(margin: Floats, link: str) -> Floats:
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
