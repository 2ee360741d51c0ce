"""Estimators that were fitted elsewhere: their classes, and how they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlml.errors import InvalidOption


def attribute(thing: Any, name: str, default: Any) -> Any:
    """An attribute that an unfitted or wrapped estimator may refuse."""
    try:
        found = getattr(thing, name, default)
    except (AttributeError, ValueError, TypeError):
        return default
    return default if found is None else found


def classes_of(model: Any, task: str | None, classes: Sequence[Any] | None) -> tuple[tuple[str, ...], str]:
    """The classes as text and the type of the label; none for a regression."""
    from sqlml.scoring.registered import class_text

    own = attribute(model, "classes_", None)
    given = list(classes) if classes is not None else None if own is None else list(own)
    task = task or ("regression" if given is None else "classification")
    if task == "regression":
        if classes is not None:
            raise InvalidOption("A regression has no classes.", hint="Leave classes out, or task='classification'.")
        return (), "DOUBLE"
    if not given or any(isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) for value in given):
        raise InvalidOption("A classification needs its classes.", hint="classes=['no', 'yes']: one label, in order.")
    if own is not None and len(given) != len(own):
        raise InvalidOption(
            f"The estimator has {len(own)} classes, and {len(given)} are given.", hint="Leave classes out."
        )
    values = [getattr(v, "item", lambda v=v: v)() for v in given]
    kinds = {type(v) for v in values}
    for kind, name in ((bool, "BOOLEAN"), (int, "BIGINT"), (float, "DOUBLE")):
        if kinds == {kind}:
            return tuple(class_text(v) for v in values), name
    return tuple(class_text(v) for v in values), "VARCHAR"


def method_of(model: Any, classes: tuple[str, ...]) -> str:
    """How it is asked: as a function, for labels and numbers, or for probabilities."""
    if not hasattr(model, "predict"):
        return "call"
    return "predict_proba" if classes and hasattr(model, "predict_proba") else "predict"
