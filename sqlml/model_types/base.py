"""What a model type is: its options, its task, how its inputs are encoded and how it is fitted."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from sqlml.fitting import Fitted, TrainingData
from sqlml.types import Progress


class Estimator(Protocol):
    """scikit-learn's estimator contract, as far as it is used."""

    def fit(self, x: Any, y: Any) -> Any: ...


class ModelType:
    """One model type. A subclass declares these and writes `build`, or `fit` where it needs more.

    `name` is what OPTIONS(model_type=...) says, `task` is regression or classification, `encoding` is
    one_hot or label, `Options` is a frozen dataclass whose fields are the options of the type.
    """

    name: ClassVar[str]
    task: ClassVar[str]
    encoding: ClassVar[str] = "one_hot"
    max_classes: ClassVar[int] = 50
    Options: ClassVar[type[Any]]
    not_supported: ClassVar[tuple[str, ...]] = ()
    is_imported: ClassVar[bool] = False  # whether it comes out of a file, trained elsewhere
    not_taken: ClassVar[tuple[str, ...]] = ()  # options of every model type that make no sense for this one

    def task_of(self, options: Any) -> str:
        """The task under these options: `task`, but where an option decides."""
        return self.task

    def seconds(self, options: Any, *, rows: int, inputs: int) -> float:
        """About how long it takes to train on two processors: reading, and a step whose work grows with rows x inputs.

        Measured with up to 400,000 rows x 40 inputs of numbers; right within a factor of three there.
        """
        return 0.1 + rows * inputs * 3e-7

    def build(self, options: Any) -> Estimator:
        """An unfitted scikit-learn estimator for these options."""
        raise NotImplementedError

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit on the training rows; by default `build` and its `fit` on the one-hot matrix."""
        from sqlml.scoring.sklearn_estimator import store

        estimator = self.build(options)
        data.report(Progress("fit", 0, 1))
        estimator.fit(data.design(), data.target)
        data.report(Progress("fit", 1, 1))
        return Fitted("skops", store(estimator))
