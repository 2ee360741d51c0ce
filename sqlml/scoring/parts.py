"""What the models of a partitioned one have in common when all rows of a batch are scored together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sqlml.preprocessing import Codes, Floats, Learned, Preprocessor, Raw

Numbers = npt.NDArray[np.int64]
# A table by part and category has no more cells than this.
MOST_CELLS = 20_000_000
# The margin of a class that a part never saw: its probability is 0, whatever the others are.
ABSENT = -1e304


class Together(Protocol):
    """All parts, scored at once."""

    def score(self, columns: Mapping[str, Raw], numbers: Numbers) -> Floats:
        """(rows x outputs) by the part of each row."""


@dataclass(frozen=True)
class Part:
    """The model of one key: its preprocessing, its state, and the outputs of the whole that its own are."""

    preprocessor: Preprocessor
    state: Mapping[str, Any]
    classes: Sequence[int]

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> Part:
        return cls(Preprocessor.from_json(model["preprocessing"]), model["estimator"], model["classes"])

    @cached_property
    def inputs(self) -> Mapping[str, Learned]:
        return {i.name: i for i in self.preprocessor.inputs}


class Places:
    """The categories of one input in all parts: which of them each row has, and tables by part and category."""

    def __init__(self, shared: Learned, parts: Sequence[Part]) -> None:
        self._own = [part.inputs[shared.name] for part in parts]
        self._all = shared
        if shared.kind != "category":
            found = sorted({c for own in self._own for c in own.categories})
            self._all = Learned(shared.name, shared.kind, categories=tuple(found))
        self._position = {c: i for i, c in enumerate(self._all.categories)}

    @property
    def cells(self) -> int:
        """How many places all parts have together."""
        return len(self._own) * (len(self._position) + 2)

    def of(self, column: Raw) -> Codes:
        """The place of each row's category; last but one that of an unseen category, last that of NULL."""
        count = len(self._position)
        return self._all.codes(column, null=count + 1, unseen=count)

    def table(self, values: Sequence[Floats], nulls: Sequence[Any], unseen: float) -> Floats:
        """(parts x places x outputs): `values` of each part's categories, in their order, and of NULL."""
        outputs = values[0].shape[1]
        table: Floats = np.full((len(self._own), len(self._position) + 2, outputs), unseen)
        for own, of_part, null, row in zip(self._own, values, nulls, table, strict=True):
            # A category that only held-out rows have is none of the shared ones in models of before they were kept.
            known = [(self._position[c], i) for i, c in enumerate(own.categories) if c in self._position]
            if known:
                at, source = zip(*known, strict=True)
                row[list(at)] = of_part[list(source)]
            row[-1] = null
        return table
