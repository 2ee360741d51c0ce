"""A UDF of its class: what it is handed, and by which name it asks for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

UdfSources = Mapping[str, Callable[..., Any]]


def made_of(udf: Any, sources: UdfSources) -> Callable[..., Any]:
    """The function of a UDF class: handed what it takes, the scores unless it says otherwise, or nothing."""
    takes = bool(inspect.signature(udf).parameters)
    made: Callable[..., Any] = udf(sources[getattr(udf, "takes", "scores")]) if takes else udf()
    return made
