"""What fitting is given and gives back: the training data of one model, and the fitted estimator as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlml.errors import TrainingFailed
from sqlml.types import Progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sqlml.preprocessing import Preprocessor, Raw


# The most numbers of a matrix that is not sparse: 4 GB.
_CELLS = 500_000_000


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
class Previous:
    """The version that a warm start goes on from: the state of its estimator, its preprocessing and its classes."""

    state: Mapping[str, Any]
    preprocessor: Preprocessor
    classes: tuple[str, ...]


@dataclass(frozen=True)
class TrainingData:
    """Everything a model type may fit on: the training rows in canonical order, and the rows that are held out.

    For a classifier the targets are positions into `classes`. `weights` say how much each training row counts, None
    where all count alike. `previous` is set for a warm start only; its preprocessing is this one's too. `split_values`
    is what SEQ splits by, an Arrow array, of the first training rows.
    """

    columns: dict[str, Raw]
    target: npt.NDArray[Any]
    held_out: Mapping[str, Raw]
    held_out_target: npt.NDArray[Any]
    preprocessor: Preprocessor
    classes: tuple[str, ...]
    report: Callable[[Progress], None]
    check_cancelled: Callable[[], None]
    seed: int = 0
    weights: npt.NDArray[np.float64] | None = None
    held_out_weights: npt.NDArray[np.float64] | None = None
    previous: Previous | None = None
    threads: int | None = None
    split_values: Any = None

    @property
    def total_weight(self) -> float:
        """The sum of the weights: the number of training rows where all count alike."""
        return float(len(self.target)) if self.weights is None else float(self.weights.sum())

    def release(self) -> None:
        """Let the training rows go once a library has its own copy of them: they are most of the memory."""
        self.columns.clear()

    def design(self) -> Any:
        """The matrix of the training rows for linear models."""
        return self.preprocessor.one_hot_matrix(self.columns)

    def dense(self) -> npt.NDArray[np.float64]:
        """The same matrix for estimators that take no sparse one.

        Raises TrainingFailed where it would not fit into memory.
        """
        if len(self.target) * self.preprocessor.width > _CELLS:
            raise TrainingFailed(
                f"{len(self.target)} rows of {self.preprocessor.width} columns, one a category, are too many for this "
                "model type.",
                hint="Leave out columns with many categories, or use boosted trees.",
            )
        return self.preprocessor.dense_matrix(self.columns)
