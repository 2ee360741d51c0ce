"""A copy of a file that another process writes to, as it was when the copy began.

DuckDB writes what is committed to the end of its log, and never over what is in the file until it writes the log into
it, which shows in the file's head. So the file and the log up to where it ended at first are one moment, as long as the
head is the same before and after; else the copy begins again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sqlml.errors import DatabaseLocked

# DuckDB's three headers, and the beginning of a log, which says which checkpoint it is after.
_HEADS, _LOG_HEAD = 3 * 4096, 64
_ATTEMPTS, _PAUSE = 20, 0.1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _State:
    heads: bytes
    log: tuple[int, bytes] | None
    log_size: int
    is_changing: bool

    def is_before(self, other: _State) -> bool:
        """Whether nothing was done between but to add to the log."""
        if self.is_changing or other.is_changing or self.heads != other.heads:
            return False
        return self.log is None or (self.log == other.log and self.log_size <= other.log_size)


def copy_in_use(source: Path, copy: Path) -> None:
    """Write the file and its log under another name.

    Raises DatabaseLocked where the log is written into the file again and again meanwhile.
    """
    for _ in range(_ATTEMPTS):
        before = _state(source)
        _copy(source, copy, None)
        log = _log(copy)
        log.unlink(missing_ok=True)
        if before.log_size:
            _copy(_log(source), log, before.log_size)
        if before.is_before(_state(source)):
            return
        time.sleep(_PAUSE)
    raise DatabaseLocked(
        f"The process that has {source} open writes its log into it so often that no moment could be copied.",
        hint="Try again when it has less to do, or when it has closed the file.",
    )


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _state(source: Path) -> _State:
    with source.open("rb") as file:
        heads = file.read(_HEADS)
    log: tuple[int, bytes] | None = None
    size = 0
    try:
        with _log(source).open("rb") as file:
            about = _log(source).stat()
            size = about.st_size
            log = (about.st_ino, file.read(_LOG_HEAD)) if size >= _LOG_HEAD else None
    except FileNotFoundError:
        pass
    others = [p for p in source.parent.glob(f"{source.name}.*wal*") if p != _log(source)]
    return _State(heads, log, size, bool(others))


def _copy(source: Path, copy: Path, length: int | None) -> None:
    left = length
    with source.open("rb") as read, copy.open("wb") as written:
        while chunk := read.read(_CHUNK if left is None else min(_CHUNK, left)):
            written.write(chunk)
            if left is not None:
                left -= len(chunk)
