"""Boosted trees from LightGBM's model text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw


class LightgbmTrees:
    """Scores by LightGBM's own predictor, one thread a call: DuckDB brings the threads."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        import lightgbm as lgb

        self._booster = lgb.Booster(model_str=state["model"])
        objective = next(line for line in state["model"].splitlines() if line.startswith("objective="))
        self._is_binary = objective.startswith("objective=binary")

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) values, or (rows x classes) probabilities."""
        matrix = preprocessor.label_matrix(columns)
        scores: Floats = np.asarray(self._booster.predict(matrix, num_threads=1), dtype=np.float64)
        if scores.ndim == 2:
            return scores
        if self._is_binary:
            return np.column_stack([1.0 - scores, scores])
        return scores.reshape(-1, 1)
