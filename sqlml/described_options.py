"""Options as a reader sees them: for DESCRIBE MODEL TYPE and docs/reference.md."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from sqlml.options import kind_in_words


@dataclass(frozen=True)
class DescribedOption:
    """An option as a reader sees it: its name, the values it takes, its default as SQL, and what it does."""

    name: str
    values: str
    default: str
    doc: str


def describe_options(kind: type[Any]) -> list[DescribedOption]:
    """The options of an option dataclass, in order."""
    hints = typing.get_type_hints(kind)
    return [
        DescribedOption(f.name, _values(hints[f.name], f.metadata), _default(f.default), f.metadata["doc"])
        for f in fields(kind)
    ]


def _values(hint: Any, limits: Mapping[str, Any]) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(get_args(hint))
    if get_origin(hint) is UnionType:
        hint = next(h for h in get_args(hint) if h is not type(None))
    if get_origin(hint) in (tuple, Mapping):
        return kind_in_words(hint).removeprefix("a ")
    word = {int: "whole number", float: "number", bool: "TRUE, FALSE", str: "string"}[hint]
    bounds = [(">=", limits["low"]), (">", limits["above"]), ("<=", limits["high"])]
    return " ".join([word, *(f"{sign} {value}" for sign, value in bounds if value is not None)])


def _default(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_default, value)) + "]"
    return f"'{value}'" if isinstance(value, str) else str(value)
