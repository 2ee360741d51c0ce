"""The user's own Python, run so that its errors are ours and that it can be stopped: `SELECT f(x) FROM t`.

Each call runs in a thread of its own while the thread that DuckDB called waits. To stop it, the waiting thread goes
on at once with an error, and the other is told to end: Python code ends at its next instruction, code that sleeps or
computes in C ends when it comes back to Python, unheard.
"""

from __future__ import annotations

import ctypes
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from sqlml.errors import Cancelled, PythonFailed, SqlmlError

T = TypeVar("T")

_LONGEST = 1000
_LOOK = 0.1


class _Stopped(SystemExit):
    """Raised in a thread that is to end: no `except Exception` holds it up, and threads end with it silently."""


class _Call:
    """One call of the user's code in a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_stopped = False
        self._value: Any = None
        self._failed: BaseException | None = None

    def _run(self) -> None:
        try:
            self._value = self._work()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failed = error
        finally:
            self._over.set()

    def answer(self) -> Any:
        """Start it and wait for what it gives.

        Raises Cancelled when it was stopped.
        """
        self._thread.start()
        try:
            # A wait that ends makes Python look for Ctrl-C, where this is the main thread.
            while not self._over.wait(_LOOK):
                pass
        except KeyboardInterrupt:
            self.stop()
        if self._is_stopped:
            raise Cancelled("The statement was cancelled.", hint="Nothing was written; send the statement again.")
        if self._failed is not None:
            raise self._failed
        return self._value

    def stop(self) -> None:
        """Let whoever waits go on, and the code end as soon as Python can make it."""
        self._is_stopped = True
        ident = self._thread.ident
        if ident is not None and self._thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(_Stopped))
        self._over.set()


class PythonCalls:
    """The calls of the user's code that run in one database, by the number of the DuckDB connection they are for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, set[_Call]] = {}
        self._stopped: set[int] = set()

    def run(self, connection: int | None, work: Callable[[], T]) -> T:
        """What `work` gives.

        Raises Cancelled once `stop` was called for the connection.
        """
        if connection is None:
            return work()
        call = _Call(work)
        with self._lock:
            if connection in self._stopped:
                raise Cancelled("The statement was cancelled.", hint="Nothing was written; send the statement again.")
            self._running.setdefault(connection, set()).add(call)
        try:
            answer: T = call.answer()
        finally:
            with self._lock:
                self._running[connection].discard(call)
        return answer

    def stop(self, connection: int) -> None:
        """Stop what runs for a connection, and what its statement would still begin."""
        with self._lock:
            self._stopped.add(connection)
            calls = list(self._running.get(connection, ()))
        for call in calls:
            call.stop()

    def allow(self, connection: int) -> None:
        """A new statement begins on the connection."""
        if self._stopped:
            with self._lock:
                self._stopped.discard(connection)


def attempt(who: str, work: Callable[[], T], *, body: str | None = None) -> T:
    """What the user's code gives.

    `body` is the name of the file that the code was compiled as: then the error says in which line.

    Raises PythonFailed with its message for whatever it raises.
    """
    try:
        return work()
    except (SqlmlError, _Stopped):
        raise
    except (Exception, SystemExit) as error:
        raise PythonFailed(
            f"{who} failed: {_described(error, body)}", hint="Its own Python code raised this."
        ) from error


def _described(error: BaseException, body: str | None) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == body]
    return f"{text} (line {lines[-1]} of its body)" if lines else text
