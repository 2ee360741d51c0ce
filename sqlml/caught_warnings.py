"""What libraries warn of while they fit, each thread for itself: Python's own catch_warnings is for one thread only."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_caught: dict[int, list[Warning]] = {}
_saved: list[Any] = []


@contextmanager
def caught_warnings() -> Iterator[list[Warning]]:
    """The warnings that the calling thread gives inside the block."""
    thread = threading.get_ident()
    heard: list[Warning] = []
    with _lock:
        if not _caught:
            _begin()
        before = _caught.get(thread)
        _caught[thread] = heard
    try:
        yield heard
    finally:
        with _lock:
            if before is None:
                del _caught[thread]
            else:
                _caught[thread] = before
            if not _caught:
                _saved.pop().__exit__(None, None, None)


def _begin() -> None:
    """Listen to the warnings of the whole process, until the last block ends."""
    outer = warnings.catch_warnings()
    outer.__enter__()
    _saved.append(outer)
    show = warnings.showwarning
    warnings.simplefilter("always")

    def hear(message: Any, category: Any, *where: Any) -> None:
        heard = _caught.get(threading.get_ident())
        if heard is None:
            show(message, category, *where)
        else:
            heard.append(message)

    warnings.showwarning = hear  # type: ignore[assignment]
