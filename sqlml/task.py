"""What to train and on which rows: the values that go into training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlml.features import Input
from sqlml.model_types.base import ModelType
from sqlml.options import CommonOptions


@dataclass(frozen=True)
class Task:
    """What to train: the model type, its options, its inputs, and its label with its DuckDB type and family."""

    model_type: ModelType
    common: CommonOptions
    options: Any
    inputs: tuple[Input, ...]
    label: str
    label_type: str
    label_family: str


@dataclass(frozen=True)
class TrainingTable:
    """The rows as Arrow arrays: one an input, the label, the row hash and, if asked for, the split column."""

    inputs: Mapping[str, Any]
    label: Any
    row_hash: Any
    split: Any = None

    def __len__(self) -> int:
        return len(self.label)
