"""Boosted trees from LightGBM's model text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw
from sqlml.scoring.base import Contributions


def lightgbm() -> Any:
    """LightGBM, loaded so that its threads soon sleep while they wait for each other.

    Threads that spin are no faster on an idle machine, and ten times slower where another process has a core.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    import lightgbm

    return lightgbm


def shaped(predicted: Any, *, is_binary: bool) -> Floats:
    """LightGBM's predictions as (rows x 1) values or (rows x classes) probabilities."""
    scores: Floats = np.asarray(predicted, dtype=np.float64)
    if scores.ndim == 2:
        return scores
    if is_binary:
        return np.column_stack([1.0 - scores, scores])
    return scores.reshape(-1, 1)


class LightgbmTrees:
    """Scores by LightGBM's own predictor, one thread a call: DuckDB brings the threads."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._booster = lightgbm().Booster(model_str=state["model"])
        objective = next(line for line in state["model"].splitlines() if line.startswith("objective="))
        self._is_binary = objective.startswith("objective=binary")
        # A forest answers the average of its trees; LightGBM's raw scores and contributions are their sums.
        is_forest = "average_output" in state["model"].partition("\nTree=")[0].splitlines()
        self._trees = self._booster.current_iteration() if is_forest else 1

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) values, or (rows x classes) probabilities."""
        matrix = preprocessor.label_matrix(columns)
        return shaped(self._booster.predict(matrix, num_threads=1), is_binary=self._is_binary)

    def contributions(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Contributions:
        """Shapley values by TreeSHAP, LightGBM's own (Lundberg et al., 2018)."""
        matrix = preprocessor.label_matrix(columns)
        rows, width = len(matrix), len(preprocessor.inputs) + 1
        found = np.asarray(self._booster.predict(matrix, num_threads=1, pred_contrib=True), dtype=np.float64)
        found = found.reshape(rows, -1, width) / self._trees
        margin = np.asarray(self._booster.predict(matrix, num_threads=1, raw_score=True), dtype=np.float64)
        margin = margin / self._trees
        return Contributions(found[:, :, -1], margin.reshape(rows, -1), found[:, :, :-1])
