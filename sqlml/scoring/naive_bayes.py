"""Naive Bayes as means, variances and logarithms of shares in JSON.

The score of a class is log_prior + the sum over the inputs that are known of

    -(x - mean)^2 * 1 / (2 variance) - log(variance) / 2     for a number
    log_shares[category]                                     for a category

less the logarithm of the sum of all scores' exponentials; -log(2 pi) / 2 is the same for all and left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw, Text

# The square of a distance counts up to this: infinities have no difference.
FARTHEST = 1e300


class NaiveBayesModel:
    """Scores by the closed form, each row alone."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._log_prior: Floats = np.asarray(state["log_prior"], dtype=np.float64)
        self._inputs = {name: _learned(learned) for name, learned in state["inputs"].items()}

    # Squares of what is far away overflow, and are then as far away as can be.
    @np.errstate(over="ignore")
    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x classes) probabilities."""
        count = len(columns[preprocessor.inputs[0].name])
        scores: Floats = np.tile(self._log_prior, (count, 1))
        for spec in preprocessor.inputs:
            learned, column = self._inputs[spec.name], columns[spec.name]
            if spec.is_block:
                # The last row is for NULL and what was not seen.
                table = np.vstack([learned["log_shares"].T, np.zeros((1, len(self._log_prior)))])
                scores += table[spec.codes(column, null=-1, unseen=-1)]
                continue
            assert not isinstance(column, Text)
            known = np.isfinite(column)
            away = np.where(known, column, 0.0)[:, None] - learned["means"]
            votes = -np.minimum(away * away * learned["precisions"], FARTHEST) - learned["constants"]
            scores += np.where(known[:, None], votes, 0.0)
        scores = np.maximum(scores, -1e304)
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
        return result


def _learned(learned: Mapping[str, Any]) -> dict[str, Floats]:
    """What one input learned, by class, with the constants that the SQL form has too."""
    if "variances" not in learned:
        return {"log_shares": np.asarray(learned["log_shares"], dtype=np.float64)}
    return {
        "means": np.asarray(learned["means"], dtype=np.float64),
        "precisions": np.array([1 / (2 * v) for v in learned["variances"]]),
        "constants": np.array([math.log(v) / 2 for v in learned["variances"]]),
    }
