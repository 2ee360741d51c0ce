"""What to train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlml.features import KEY, Input
from sqlml.model_types.base import ModelType
from sqlml.options import CommonOptions, InstanceWeightOptions
from sqlml.types import ModelVersion


@dataclass(frozen=True)
class Task:
    """What to train: the model type, its options, its inputs, and its label with its DuckDB type and family.

    `previous` is the version that a warm start goes on from, `threads` how many a library may use, None for all.
    """

    model_type: ModelType
    common: CommonOptions
    options: Any
    inputs: tuple[Input, ...]
    label: str
    label_type: str
    label_family: str
    previous: ModelVersion | None = None
    threads: int | None = None

    @property
    def kind(self) -> str:
        """What is learned: regression or classification."""
        return self.model_type.task_of(self.options)

    @property
    def keys(self) -> tuple[Input, ...]:
        """The inputs that say which of the models of a partitioned one a row belongs to."""
        return tuple(i for i in self.inputs if i.feature.family == KEY)

    @property
    def weight_column(self) -> str:
        """The column that says how much each row counts, or an empty string."""
        return self.options.instance_weight_col if isinstance(self.options, InstanceWeightOptions) else ""
