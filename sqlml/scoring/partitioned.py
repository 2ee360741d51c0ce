"""A model of many: each row is scored by the one of its key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sqlml.preprocessing import Floats, Preprocessor, Raw
from sqlml.scoring import lightgbm_parts, linear_parts, naive_bayes_parts
from sqlml.scoring.base import Estimator
from sqlml.scoring.parts import Numbers, Part, Together

Load = Callable[[str, Mapping[str, Any]], Estimator]
# Rows of so few parts are scored by each: the trees of all are only put together for more.
_FEW = 4
# The numbers of so many combinations of values of the key are kept as a table.
_MOST_COMBINATIONS = 1_000_000


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
        self._table: Numbers | None = None
        formats = {model["format"] for model in self._models}
        self._format = formats.pop() if len(formats) == 1 and len(self._models) > 1 else ""
        self._together: Together | None = None
        # Whether the parts one by one say the same to the bit, once that was asked.
        self._is_alike: bool | None = None
        self._lock = threading.Lock()

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x outputs), masked where the key of a row has no model."""
        numbers = self._numbers(preprocessor, columns)
        known = np.flatnonzero(numbers >= 0)
        if len(known) == len(numbers):
            return self._of_known(preprocessor, columns, numbers)
        scores: Floats = np.zeros((len(numbers), self._outputs))
        if len(known):
            found = {i.name: columns[i.name][known] for i in preprocessor.inputs}
            scores[known] = self._of_known(preprocessor, found, numbers[known])
        return np.ma.masked_array(scores, np.broadcast_to((numbers < 0)[:, None], scores.shape))

    def _of_known(self, preprocessor: Preprocessor, columns: Mapping[str, Raw], numbers: Numbers) -> Floats:
        together = self._all_together(preprocessor, numbers)
        if together is not None:
            return together.score(columns, numbers)
        scores: Floats = np.zeros((len(numbers), self._outputs))
        order = np.argsort(numbers, kind="stable")
        found, starts = np.unique(numbers[order], return_index=True)
        for number, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
            own, estimator = self._part(number)
            scored = estimator.score(own, {i.name: columns[i.name][rows] for i in own.inputs})
            scores[np.ix_(rows, self._models[number]["classes"] or [0])] = scored
        return scores

    def _all_together(self, preprocessor: Preprocessor, numbers: Numbers) -> Together | None:
        """All parts as one, where their format has that: to the bit the same, or for any number of rows."""
        if self._together is not None or not self._format:
            return self._together
        with self._lock:
            return self._put_together(preprocessor, numbers)

    def _put_together(self, preprocessor: Preprocessor, numbers: Numbers) -> Together | None:
        if self._together is not None or not self._format:
            return self._together
        if self._is_alike and len(np.unique(numbers)) <= _FEW:
            return None
        parts = [Part.of(model) for model in self._models]
        if self._format == "linear" and linear_parts.fits(preprocessor, parts, self._outputs):
            self._together = linear_parts.LinearParts(preprocessor, parts, self._outputs)
        elif self._format == "naive_bayes" and naive_bayes_parts.fits(preprocessor, parts, self._outputs):
            self._together = naive_bayes_parts.NaiveBayesParts(preprocessor, parts, self._outputs)
        elif self._format == "lightgbm" and lightgbm_parts.fits(preprocessor, parts, self._outputs):
            if self._is_alike is None:
                self._is_alike = lightgbm_parts.is_alike(parts, self._outputs)
            if self._is_alike and len(np.unique(numbers)) <= _FEW:
                return None
            self._together = lightgbm_parts.LightgbmParts(preprocessor, parts, self._outputs)
        else:
            self._format = ""
        return self._together

    def _part(self, number: int) -> tuple[Preprocessor, Estimator]:
        if number not in self._parts:
            model = self._models[number]
            estimator = self._load(model["format"], model["estimator"])
            self._parts[number] = (Preprocessor.from_json(model["preprocessing"]), estimator)
        return self._parts[number]

    def _numbers(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Numbers:
        """The number of each row's model, -1 for none."""
        learned = {i.name: i for i in preprocessor.inputs}
        known = [learned[name].categories for name in self._keys]
        # Places after those of the categories: that of an unseen value, and that of NULL.
        sizes = [len(categories) + 2 for categories in known]
        places = [
            learned[name].codes(columns[name], null=size - 1, unseen=size - 2)
            for name, size in zip(self._keys, sizes, strict=True)
        ]
        if np.prod(sizes, dtype=np.float64) > _MOST_COMBINATIONS:
            found, group = np.unique(np.column_stack(places), axis=0, return_inverse=True)
            return np.array([self._number_of(known, row) for row in found.tolist()], dtype=np.int64)[group.reshape(-1)]
        if self._table is None:
            table = np.full(sizes, -1, dtype=np.int64)
            position = [{c: i for i, c in enumerate(categories)} | {None: len(categories) + 1} for categories in known]
            for key, number in self._number.items():
                table[tuple(p[value] for p, value in zip(position, key, strict=True))] = number
            self._table = table
        return self._table[tuple(places)]

    def _number_of(self, known: list[tuple[Any, ...]], places: list[int]) -> int:
        if any(place == len(categories) for place, categories in zip(places, known, strict=True)):
            return -1
        key = [c[place] if place < len(c) else None for place, c in zip(places, known, strict=True)]
        return self._number.get(tuple(key), -1)
