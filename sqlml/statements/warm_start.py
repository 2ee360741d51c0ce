"""`OPTIONS (warm_start=TRUE)`: which version a model goes on learning from."""

from __future__ import annotations

from typing import Any

from sqlml.artifacts import verify_claim
from sqlml.catalog.snapshot import Snapshot
from sqlml.errors import InvalidOption
from sqlml.options import WarmStartOptions
from sqlml.statements.described_clause import Described
from sqlml.task import Task
from sqlml.transform import Transform, is_implicit, is_same, read
from sqlml.types import Feature, ModelVersion, ObjectName


def kept_clause(clause: Described | None, options: Any, name: ObjectName, snapshot: Snapshot) -> Transform | None:
    """What the TRANSFORM clause of the version learned that a warm start goes on from; None where it has none."""
    if clause is None or not (isinstance(options, WarmStartOptions) and options.warm_start):
        return None
    if not snapshot.versions_of(name):
        return None
    found = snapshot.resolve(name)
    verify_claim(found)
    return read(found.transform) if found.transform else None


def previous_version(
    task: Task, features: tuple[Feature, ...], clause: Described | None, name: ObjectName, snapshot: Snapshot
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
    raw = clause.clause.raw if clause and clause.is_implicit else features
    differs = _other(task, raw, found) or _other_clause(clause, found)
    if differs:
        raise InvalidOption(
            f'warm_start cannot go on from version {found.version} of "{found.short_name}": {differs}.',
            hint="Give the same model_type, label and features in the same order, or leave warm_start out.",
        )
    return found


def _other(task: Task, features: tuple[Feature, ...], found: ModelVersion) -> str:
    """What else than this is learned by a version, or an empty text."""
    if found.model_type != task.model_type.name:
        return f"its model_type is '{found.model_type}'"
    if (found.label.casefold(), found.label_type) != (task.label.casefold(), task.label_type):
        return f'its label is "{found.label}" {found.label_type}'
    if not found.transform and _described(found.features) != _described(features):
        return f"its features are {_listed(found.features)}, not {_listed(features)}"
    return ""


def _other_clause(clause: Described | None, found: ModelVersion) -> str:
    """What is other about the columns that its features are made of, or an empty text."""
    if clause is None or not found.transform:
        if clause is None and not found.transform:
            return ""
        is_nested = clause.is_implicit if clause else is_implicit(found)
        what = "lists or structs among its columns" if is_nested else "TRANSFORM clause"
        return f"it has no {what}" if clause else f"it has {what if is_nested else 'a ' + what}"
    if is_same(clause.written(), found.transform):
        return ""
    if clause.is_implicit and is_implicit(found):
        return f"its features are {_listed(found.raw)}, not {_listed(clause.clause.raw)}"
    return "its TRANSFORM clause is another"


def _described(features: tuple[Feature, ...]) -> list[tuple[str, str]]:
    return [(f.name, f.family) for f in features]


def _listed(features: tuple[Feature, ...]) -> str:
    return ", ".join(f'"{f.name}" {f.type}' for f in features)
