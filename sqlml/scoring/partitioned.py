"""A model of many: each row is scored by the one of its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.preprocessing import Floats, Preprocessor, Raw, Text
from sqlml.scoring.base import Estimator

Load = Callable[[str, Mapping[str, Any]], Estimator]


class PartitionedModel:
    """Scores by key; a row whose key has no model has no score: it is masked."""

    def __init__(self, state: Mapping[str, Any], load: Load) -> None:
        """`load(format, state)` makes the estimator of one part; it is called for the keys that are asked for."""
        self._keys: list[str] = list(state["keys"])
        self._outputs = int(state["outputs"])
        self._models = state["models"]
        self._load = load
        self._parts: dict[int, tuple[Preprocessor, Estimator]] = {}
        self._number = {tuple(model["key"]): i for i, model in enumerate(self._models)}

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x outputs), masked where the key of a row has no model."""
        numbers = self._numbers(columns)
        scores: Floats = np.zeros((len(numbers), self._outputs))
        for number in np.unique(numbers[numbers >= 0]).tolist():
            rows = np.flatnonzero(numbers == number)
            own, estimator = self._part(number)
            found = estimator.score(own, {i.name: columns[i.name][rows] for i in own.inputs})
            scores[np.ix_(rows, self._models[number]["classes"] or [0])] = found
        unknown = np.broadcast_to((numbers < 0)[:, None], scores.shape)
        return np.ma.masked_array(scores, unknown) if unknown.any() else scores

    def _part(self, number: int) -> tuple[Preprocessor, Estimator]:
        if number not in self._parts:
            model = self._models[number]
            estimator = self._load(model["format"], model["estimator"])
            self._parts[number] = (Preprocessor.from_json(model["preprocessing"]), estimator)
        return self._parts[number]

    def _numbers(self, columns: Mapping[str, Raw]) -> npt.NDArray[np.int64]:
        """The number of each row's model, -1 for none."""
        keys = [columns[name] for name in self._keys]
        texts = [k for k in keys if isinstance(k, Text)]
        found, group = np.unique(np.column_stack([t.codes for t in texts]), axis=0, return_inverse=True)
        return np.array([self._number_of(texts, row) for row in found], dtype=np.int64)[group.reshape(-1)]

    def _number_of(self, texts: list[Text], codes: Any) -> int:
        key: list[str | None] = []
        for text, code in zip(texts, codes, strict=True):
            # None among the values stands for a text that no part was trained on.
            if code >= 0 and text.values[code] is None:
                return -1
            key.append(text.values[code] if code >= 0 else None)
        return self._number.get(tuple(key), -1)
