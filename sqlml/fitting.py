"""What fitting is given and gives back: the training data of one model, and the fitted estimator as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlml.types import Progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sqlml.preprocessing import Preprocessor, Raw


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator as plain data: its format, what is stored, and what fitting had to say.

    `training_scores` are the scores of the training rows, where fitting knows them already.
    """

    format: str
    state: Mapping[str, Any]
    history: tuple[tuple[str, int, float], ...] = ()
    resolved: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    training_scores: Any = None


@dataclass(frozen=True)
class TrainingData:
    """Everything a model type may fit on. `train` and `evaluate` are row numbers into the columns.

    For a classifier `target` holds positions into `classes`.
    """

    columns: Mapping[str, Raw]
    target: npt.NDArray[Any]
    train: npt.NDArray[np.int64]
    evaluate: npt.NDArray[np.int64]
    preprocessor: Preprocessor
    classes: tuple[str, ...]
    report: Callable[[Progress], None]
    check_cancelled: Callable[[], None]
    seed: int = 0

    def design(self) -> Any:
        """The matrix of the training rows for linear models."""
        rows = self.train
        taken = {name: c.take(rows) for name, c in self.columns.items()}
        return self.preprocessor.one_hot_matrix(taken)
