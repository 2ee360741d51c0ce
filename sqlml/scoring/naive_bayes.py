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
        self._inputs = {name: learned(of_input) for name, of_input in state["inputs"].items()}

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x classes) probabilities."""
        count = len(columns[preprocessor.inputs[0].name])
        scores: Floats = np.tile(self._log_prior, (count, 1))
        for spec in preprocessor.inputs:
            of_input, column = self._inputs[spec.name], columns[spec.name]
            if spec.is_block:
                # The last row is for NULL and what was not seen.
                table = np.vstack([of_input["log_shares"].T, np.zeros((1, len(self._log_prior)))])
                scores += table[spec.codes(column, null=-1, unseen=-1)]
                continue
            assert not isinstance(column, Text)
            scores += votes(column, of_input)
        return probabilities(scores)


def learned(of_input: Mapping[str, Any]) -> dict[str, Floats]:
    """What one input learned, classes last but of `log_shares`, with the constants that the SQL form has too."""
    if "variances" not in of_input:
        return {"log_shares": np.asarray(of_input["log_shares"], dtype=np.float64)}
    return {
        "means": np.asarray(of_input["means"], dtype=np.float64),
        "precisions": np.array([1 / (2 * v) for v in of_input["variances"]]),
        "constants": np.array([math.log(v) / 2 for v in of_input["variances"]]),
    }


# Squares of what is far away overflow, and are then as far away as can be.
@np.errstate(over="ignore")
def votes(column: Floats, of_input: Mapping[str, Floats]) -> Floats:
    """(rows x classes) what a number says; one that is not known says nothing."""
    known = np.isfinite(column)
    away = np.where(known, column, 0.0)[:, None] - of_input["means"]
    said = -np.minimum(away * away * of_input["precisions"], FARTHEST) - of_input["constants"]
    return np.where(known[:, None], said, 0.0)


def probabilities(scores: Floats) -> Floats:
    """(rows x classes) of the scores of the classes."""
    scores = np.maximum(scores, -1e304)
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result
