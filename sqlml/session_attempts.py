"""Statements that another session got ahead of: nothing has run yet, and they are tried again."""

from __future__ import annotations

from collections.abc import Callable

from sqlml.errors import SqlmlError
from sqlml.result import Result

_ATTEMPTS = 10


def again_after(
    overtaken: type[SqlmlError], run: Callable[[], Result], before_next: Callable[[], None] = lambda: None
) -> Result:
    """Run a statement, and again while it fails with `overtaken`; the last time that error is the answer."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return run()
        except overtaken:
            before_next()
    return run()
