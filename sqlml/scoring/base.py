"""What scoring is: inputs as Arrow in, one list of scores a row out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sqlml.explanations import no_explanation
from sqlml.preprocessing import Floats, Preprocessor, Raw


class Estimator(Protocol):
    """A trained estimator behind its preprocessing."""

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) predictions of a regression, (rows x classes) probabilities of a classification."""


@dataclass(frozen=True)
class Contributions:
    """What adds up to the outputs of a model before its link function: one output, or one for each of many classes.

    `baseline` (rows x outputs) and `of_inputs` (rows x outputs x inputs) sum up to `prediction` (rows x outputs).
    """

    baseline: Floats
    prediction: Floats
    of_inputs: Floats


class Explainable(Protocol):
    """An estimator whose predictions are sums over its inputs, exactly."""

    def contributions(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Contributions:
        """The contributions of every row."""


def explained(estimator: Any, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Contributions:
    """The contributions of an estimator.

    Raises NotSupported where there is no exact way to have them.
    """
    if not hasattr(estimator, "contributions"):
        raise no_explanation(type(estimator).__name__)
    explainable: Explainable = estimator
    return explainable.contributions(preprocessor, columns)


@dataclass(frozen=True)
class Scorer:
    """Preprocessing and estimator of one artifact."""

    preprocessor: Preprocessor
    estimator: Estimator

    def score(self, inputs: Mapping[str, Any]) -> Floats:
        """Scores of Arrow arrays by input name, (rows x scores)."""
        columns = {i.name: i.read(inputs[i.name]) for i in self.preprocessor.inputs}
        return self.estimator.score(self.preprocessor, columns)

    def explain(self, inputs: Mapping[str, Any], output: Any) -> Floats:
        """Baseline, prediction and the contribution of each input, (rows x 2 + inputs).

        `output` is the position (from 1) of the class that each row is about; a model of one output has no other.
        """
        columns = {i.name: i.read(inputs[i.name]) for i in self.preprocessor.inputs}
        found = explained(self.estimator, self.preprocessor, columns)
        count, width = found.baseline.shape
        rows = np.arange(count)
        at = np.zeros(count, dtype=np.int64) if width == 1 else np.asarray(output, dtype=np.int64) - 1
        if ((at < 0) | (at >= width)).any():
            raise ValueError(f"The model has {width} outputs.")
        return np.column_stack([found.baseline[rows, at], found.prediction[rows, at], found.of_inputs[rows, at]])
