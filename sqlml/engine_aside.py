"""Long calls of DuckDB's beside the main thread, so that Ctrl-C always stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_LOOK = 0.1


def interruptibly(run: Callable[[], Any], interrupt: Callable[[], None]) -> Any:
    """Run a long call aside, so that Ctrl-C always stops it.

    DuckDB itself looks for signals, but one that comes as a query begins is lost to it, and so are all after it.
    """
    if threading.current_thread() is not threading.main_thread():
        return run()
    outcome: list[tuple[Any, BaseException | None]] = []
    gate, begun, stopped, done = threading.Lock(), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with gate:
            if stopped.is_set():
                return
            begun.set()
        try:
            outcome.append((run(), None))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            outcome.append((None, error))
        finally:
            done.set()

    try:
        threading.Thread(target=work, daemon=True).start()
        # The system may give the signal to another thread: then only a wait that ends makes Python look for it.
        while not done.wait(_LOOK):
            pass
    except KeyboardInterrupt:
        with gate:
            stopped.set()
        while begun.is_set() and not done.wait(0.02):
            interrupt()
        raise
    [(result, failed)] = outcome
    if failed is not None:
        raise failed
    return result


class Aside:
    """A DuckDB connection whose long calls run aside: Ctrl-C then stops the user's own Python in them too."""

    __slots__ = ("_duck", "_interrupt")

    def __init__(self, duck: Any, interrupt: Callable[[], None]) -> None:
        self._duck = duck
        self._interrupt = interrupt

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._duck, name)
        if not callable(found):
            return found
        return lambda *args: interruptibly(lambda: found(*args), self._interrupt)
