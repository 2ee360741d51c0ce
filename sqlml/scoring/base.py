"""What scoring is: inputs as Arrow in, one list of scores a row out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlml.preprocessing import Floats, Preprocessor, Raw


class Estimator(Protocol):
    """A trained estimator behind its preprocessing."""

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) predictions of a regression, (rows x classes) probabilities of a classification."""


@dataclass(frozen=True)
class Scorer:
    """Preprocessing and estimator of one artifact."""

    preprocessor: Preprocessor
    estimator: Estimator

    def score(self, inputs: Mapping[str, Any]) -> Floats:
        """Scores of Arrow arrays by input name, (rows x scores)."""
        columns = {i.name: i.read(inputs[i.name]) for i in self.preprocessor.inputs}
        return self.estimator.score(self.preprocessor, columns)
