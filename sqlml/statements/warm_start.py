"""`OPTIONS (warm_start=TRUE)`: which version a model goes on learning from."""

from __future__ import annotations

from sqlml.artifacts import verify_claim
from sqlml.catalog.snapshot import Snapshot
from sqlml.errors import InvalidOption
from sqlml.options import WarmStartOptions
from sqlml.task import Task
from sqlml.types import Feature, ModelVersion, ObjectName


def previous_version(
    task: Task, features: tuple[Feature, ...], name: ObjectName, snapshot: Snapshot
) -> ModelVersion | None:
    """The version that the model's name means now: its champion, else its newest; None without warm_start.

    Raises InvalidOption where there is none, or where it learned something else.
    """
    if not (isinstance(task.options, WarmStartOptions) and task.options.warm_start):
        return None
    if not snapshot.versions_of(name):
        raise InvalidOption(
            f'There is no model "{name.name}" that warm_start could go on from.',
            hint="Train it once without warm_start; then CREATE OR REPLACE MODEL goes on from it.",
        )
    found = snapshot.resolve(name)
    verify_claim(found)
    label = (task.label.casefold(), task.label_type)
    differs = (
        f"its model_type is '{found.model_type}'"
        if found.model_type != task.model_type.name
        else f'its label is "{found.label}" {found.label_type}'
        if (found.label.casefold(), found.label_type) != label
        else f"its features are {_listed(found.features)}, not {_listed(features)}"
        if _described(found.features) != _described(features)
        else ""
    )
    if differs:
        raise InvalidOption(
            f'warm_start cannot go on from version {found.version} of "{found.short_name}": {differs}.',
            hint="Give the same model_type, label and features in the same order, or leave warm_start out.",
        )
    return found


def _described(features: tuple[Feature, ...]) -> list[tuple[str, str]]:
    return [(f.name, f.family) for f in features]


def _listed(features: tuple[Feature, ...]) -> str:
    return ", ".join(f'"{f.name}" {f.type}' for f in features)
