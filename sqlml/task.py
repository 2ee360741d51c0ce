"""What to train."""

from __future__ import annotations

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
