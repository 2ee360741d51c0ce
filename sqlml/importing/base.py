"""What importing is given, what the statement says of a file, and what it gives back: a model, checked."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlml.errors import InvalidOption
from sqlml.features import RAW, family_of
from sqlml.types import Column, Feature, FeatureStatistics, ModelVersion, Trained


@dataclass(frozen=True)
class Asked:
    """What IMPORT MODEL says of a file: INPUT (...) and OUTPUT (...) as columns, and its options."""

    path: str
    format: str
    inputs: tuple[Column, ...] = ()
    output: Column | None = None
    label: str | None = None
    classes: tuple[str, ...] = ()
    output_name: str = ""
    allow_pickle: bool = False

    def label_or(self, default: str) -> str:
        """What the prediction is called: `label` in predicted_label."""
        name = self.output.name if self.output else self.label or default
        return name.removeprefix("predicted_") or name


@dataclass(frozen=True)
class Found:
    """A model out of a file: what the catalog holds of it, but for its place and signature, and its training."""

    model: ModelVersion
    trained: Trained
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    confusion: Sequence[Sequence[Any]] = ()
    roc_curve: Sequence[Sequence[Any]] = ()


def model_of(
    model_type: str,
    format_name: str,
    *,
    label: str,
    label_type: str,
    classes: tuple[str, ...],
    features: tuple[Feature, ...],
    encoding: str = RAW,
    libraries: Sequence[str] = (),
) -> ModelVersion:
    """A model version without its place."""
    return ModelVersion(
        catalog="",
        schema="",
        name="",
        model_id="",
        version=0,
        model_type=model_type,
        task="classification" if classes else "regression",
        label=label,
        label_type=label_type,
        classes=classes,
        features=features,
        format=format_name,
        sha256="",
        feature_signature="",
        library_versions=library_versions(libraries),
        signature="",
        encoding=encoding,
    )


def untrained(model: ModelVersion, document: Mapping[str, Any]) -> Trained:
    """What is known of the training of a model that comes without a record of it: nothing."""
    return Trained(
        document=document,
        format=model.format,
        classes=model.classes,
        history=(),
        training_rows=0,
        evaluation_rows=0,
        dropped_rows=0,
        evaluation_source="none",
        resolved={},
        labels=None,
        scores=None,
        seconds=0.0,
        dataset_digest="",
        total_rows=0,
        statistics=tuple(FeatureStatistics(f.name) for f in model.takes),
    )


def label_type_of(asked: Asked, default: str) -> str:
    """The type of a classification's label: as OUTPUT says, else the default."""
    if asked.output is None:
        return default
    if family_of(asked.output.type) in (None, "null"):
        raise InvalidOption(
            f'OUTPUT says that "{asked.output.name}" is {asked.output.type}.',
            hint="A label is a number, text, a boolean or a date.",
        )
    return asked.output.type


def raw_features(columns: Sequence[Column]) -> tuple[Feature, ...]:
    """The columns of INPUT as features that are given to the model as they are."""
    found = []
    for column in columns:
        family = family_of(column.type)
        if family in (None, "null"):
            raise InvalidOption(
                f'INPUT says that "{column.name}" is {column.type}.',
                hint="This model takes numbers, text, booleans, dates and times.",
            )
        found.append(Feature(column.name, column.type, str(family)))
    return tuple(found)


def raw_preprocessing(features: Sequence[Feature]) -> dict[str, Any]:
    """The preprocessing of a model that does its own."""
    same = {"kind": RAW, "mean": 0.0, "scale": 1.0, "categories": [], "has_null": False}
    return {"encoding": RAW, "inputs": [{"name": f.name, **same} for f in features]}


def library_versions(names: Sequence[str]) -> str:
    """`name=version` of Python, these packages and sqlml; what is no package, a module of the user's, has none."""
    found = {"python": platform.python_version()}
    for name in (*names, "sqlml"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return " ".join(f"{name}={number}" for name, number in sorted(found.items()))
