"""What fitting is given and gives back: the training data of one model, and the fitted estimator as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlml.types import Progress

if TYPE_CHECKING:
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
    """Everything a model type may fit on: the training rows in canonical order, and the rows that are held out.

    For a classifier the targets are positions into `classes`. `split_values` is what SEQ splits by, an Arrow array,
    of the first training rows.
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
    split_values: Any = None

    def release(self) -> None:
        """Let the training rows go once a library has its own copy of them: they are most of the memory."""
        self.columns.clear()

    def design(self) -> Any:
        """The matrix of the training rows for linear models."""
        return self.preprocessor.one_hot_matrix(self.columns)
