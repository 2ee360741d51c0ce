"""The limits that a user, group or role may carry; of several the strictest counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlml.access.values import Access
from sqlml.errors import InvalidOption, LimitExceeded

# What each is a number of.
LIMITS: Mapping[str, str] = {
    "rows": "rows of a result",
    "seconds": "seconds a statement runs",
    "memory": "bytes of rows",
    "concurrent_statements": "statements at once",
    "model_size": "bytes of an artifact",
    "training_rows": "rows a model is trained on",
}
_SIZES = ("memory", "model_size")
_UNITS = {"": 1, "B": 1, **{f"{p}B": 1000**i for i, p in enumerate("KMGT", 1)}}
_UNITS |= {f"{p}IB": 1024**i for i, p in enumerate("KMGT", 1)}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def read_limit(name: str, value: object) -> float:
    """A limit as a number: sizes in bytes, from texts as '1GB' too.

    Raises InvalidOption for anything but a number above 0.
    """
    number: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str) and name in _SIZES:
        found = _SIZE.fullmatch(value)
        if found and found[2].upper() in _UNITS:
            number = float(found[1]) * _UNITS[found[2].upper()]
    # Not NaN either.
    if number is None or not 0 < number < float("inf"):
        example = "'1GB'" if name in _SIZES else "1000"
        raise InvalidOption(
            f"The limit {name} is a number of {LIMITS[name]}, above 0.",
            hint=f"Write SET LIMIT {name} = {example}; RESET LIMIT {name} takes it away.",
        )
    return number


def exceeded(name: str, value: float, what: str) -> LimitExceeded:
    """The error for a statement that goes beyond a limit."""
    return LimitExceeded(
        f"{what}, and the limit {name} is {value:.0f}.",
        hint="DESCRIBE USER shows your limits; a superuser changes them by ALTER USER or ALTER ROLE.",
    )


def limits_of(access: Access, roles: Iterable[str]) -> dict[str, float]:
    """The strictest of each limit that one of these principals carries."""
    found: dict[str, float] = {}
    for role in roles:
        for name, value in access.limits.get(role, {}).items():
            found[name] = min(value, found.get(name, value))
    return found
