"""How far a training is, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlml.session import Session
from sqlml.types import Progress


@contextmanager
def progress_bar(session: Session) -> Iterator[None]:
    """Warnings on standard error while a model is trained, and a progress bar when that is a terminal."""
    if not sys.stderr.isatty():
        session.on_progress = _warn
        try:
            yield
        finally:
            session.on_progress = None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=1)

    def show(progress: Progress) -> None:
        if progress.stage in ("warning", "done"):
            bar.stop()
            _warn(progress)
            return
        bar.start()
        bar.update(task, description=progress.stage, completed=progress.done, total=progress.total)

    session.on_progress = show
    try:
        yield
    finally:
        bar.stop()
        session.on_progress = None


def _warn(progress: Progress) -> None:
    if progress.stage == "warning":
        print(f"Warning: {progress.message}", file=sys.stderr)
