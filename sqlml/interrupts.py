"""Ctrl-C while a statement runs."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Interruptible(Protocol):
    """What runs statements."""

    def interrupt(self) -> None:
        """Cancel the statement that runs; may be called from any thread."""


@contextmanager
def ctrl_c(session: Interruptible) -> Iterator[None]:
    """Ctrl-C stops DuckDB whenever it comes: DuckDB's own check loses a signal that comes as a query begins.

    KeyboardInterrupt is raised once: what is undone then is not itself cut short by an impatient second Ctrl-C.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)  # noqa: FBT003 - as set_wakeup_fd asks
    done, stopping = threading.Event(), threading.Event()

    def watch() -> None:
        while ours.recv(1) == bytes([signal.SIGINT]):
            while not done.wait(0.05):
                session.interrupt()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            raise KeyboardInterrupt

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    handler = signal.signal(signal.SIGINT, stop)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        stopping.set()
        done.set()
        signal.set_wakeup_fd(before)
        theirs.close()
        watcher.join()
        ours.close()
        signal.signal(signal.SIGINT, handler)
