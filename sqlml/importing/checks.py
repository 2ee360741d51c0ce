"""Reading plain data out of a file from elsewhere: nothing is taken for granted, every refusal says what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlml.errors import InvalidData

_LARGEST = 1e308


def damaged(what: str) -> InvalidData:
    """The error for a file that is not what it says it is."""
    return InvalidData(f"The file is damaged: {what}.", hint="Export the model again, and copy the file whole.")


def read_json(body: bytes) -> Any:
    """The value that JSON text stands for.

    Raises InvalidData for anything else, NaN and endless nesting included.
    """

    def refuse(name: str) -> NoReturn:
        raise damaged(f"{name} is no number of JSON")

    try:
        return json.loads(body.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise damaged(f"it is not JSON ({error})") from None


def mapping(value: Any, what: str, needs: Sequence[str] = ()) -> Mapping[str, Any]:
    """An object of JSON that has these fields."""
    if not isinstance(value, dict):
        raise damaged(f"{what} is not an object")
    for name in needs:
        if name not in value:
            raise damaged(f'{what} has no "{name}"')
    return value


def items(value: Any, what: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise damaged(f"{what} is not a list")
    return value


def text(value: Any, what: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise damaged(f"{what} is not a text")
    return value


def optional_text(value: Any, what: str) -> str | None:
    """A text or nothing."""
    return None if value is None else text(value, what)


def texts(value: Any, what: str) -> list[str]:
    """A list of texts."""
    return [text(v, what) for v in items(value, what)]


def flag(value: Any, what: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise damaged(f"{what} is not true or false")
    return value


def whole(value: Any, what: str) -> int:
    """A whole number, at least 0."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise damaged(f"{what} is not a whole number")
    return value


def number(value: Any, what: str) -> float:
    """A finite number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) <= _LARGEST or not math.isfinite(value):
        raise damaged(f"{what} is not a finite number")
    return float(value)


def optional_number(value: Any, what: str) -> float | None:
    """A finite number or nothing."""
    return None if value is None else number(value, what)


def numbers(value: Any, what: str, count: int) -> list[float]:
    """So many finite numbers."""
    found = [number(v, what) for v in items(value, what)]
    if len(found) != count:
        raise damaged(f"{what} has {len(found)} numbers, not {count}")
    return found


def rows(value: Any, what: str, width: int) -> list[list[Any]]:
    """A list of lists of that width."""
    found = items(value, what)
    if not all(isinstance(row, list) and len(row) == width for row in found):
        raise damaged(f"{what} has not {width} values a row")
    return found
