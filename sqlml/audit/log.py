"""The file `<database>.audit`: one row a line, each chained to the one before and signed with the user's key.

`<database>.audit.head` keeps the number and hash of the last row, so that rows missing at the end show. Both are
written before a statement is answered, so a killed process loses nothing; `sync` waits until the disk has them too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.errors import EngineFailed, ReadOnly
from sqlml.signing import signing_key

HEAD_BYTES = 256
START = "0" * 64
FOLDER = "SQLML_AUDIT_DIR"

_lock = threading.Lock()
_logs: dict[str, AuditLog] = {}


@dataclass(frozen=True)
class Head:
    """The last row: its number, its hash, and where it ends."""

    seq: int = 0
    hash: str = START
    size: int = 0


class AuditLog:
    """One log, shared by the sessions of this process; a lock on the file keeps other processes apart."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._key = key
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._synced = 0
        self._known: tuple[bytes, Head] = (b"", Head())
        self._file = _opened(path)
        self._head = _opened(head_path(path))

    def append(self, row: Mapping[str, Any]) -> int:
        """Write a row; gives its number. A killed process does not lose it.

        Raises EngineFailed where the log was altered: a row after that would hide it.
        """
        with self._lock, _held(self._file):
            head = self._current()
            line, digest = sealed(self._key, head.seq + 1, head.hash, row)
            if os.pwrite(self._file, line, head.size) != len(line):
                raise EngineFailed(f"The audit log {self.path} is full.", hint="Make room on its disk.")
            self._write_head(Head(head.seq + 1, digest, head.size + len(line)))
            return head.seq + 1

    def sync(self, seq: int) -> None:
        """Wait until the disk has the row; one wait serves all that were written by then."""
        with self._syncing:
            if self._synced >= seq:
                return
            last = self._known[1].seq
            os.fsync(self._file)
            os.fsync(self._head)
            self._synced = last

    def _current(self) -> Head:
        raw = os.pread(self._head, HEAD_BYTES, 0)
        size = os.fstat(self._file).st_size
        if raw != self._known[0]:
            head = read_head(self._key, raw)
            if head is None or (not raw and size and b"\n" in os.pread(self._file, size, 0)[:-1]):
                raise self._altered()
            self._known = (raw, head)
        head = self._known[1]
        return head if size == head.size else self._recovered(head, size)

    def _recovered(self, head: Head, size: int) -> Head:
        """Go on after a process that was killed between a row and its head, or within a row."""
        if size < head.size:
            raise self._altered()
        for line in os.pread(self._file, size - head.size, head.size).splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            found = opened(self._key, line)
            if isinstance(found, str) or (found["seq"], found["prev"]) != (head.seq + 1, head.hash):
                raise self._altered()
            head = Head(head.seq + 1, str(found["hash"]), head.size + len(line))
        os.ftruncate(self._file, head.size)
        self._write_head(head)
        return head

    def _write_head(self, head: Head) -> None:
        raw = written_head(self._key, head)
        os.pwrite(self._head, raw, 0)
        self._known = (raw, head)

    def _altered(self) -> EngineFailed:
        return EngineFailed(
            f"The audit log {self.path} was altered or cut off, or another key signed it.",
            hint="Run `sqlml audit verify` on the database; keep the log and its head elsewhere to start another.",
        )


def audit_path(database: str) -> Path:
    """Where the log of a database file is: beside it, or in the folder that SQLML_AUDIT_DIR names."""
    real = os.path.realpath(database)
    folder = os.environ.get(FOLDER)
    if not folder:
        return Path(real + ".audit")
    # Files of one name in several folders have a log each.
    mark = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    return Path(os.path.realpath(folder)) / f"{Path(real).name}.{mark}.audit"


def head_path(log: Path) -> Path:
    """Where the end of a log is kept."""
    return log.with_name(log.name + ".head")


def audit_log(database: str) -> AuditLog:
    """The log of a database file, made where there is none.

    Raises ReadOnly where it cannot be written.
    """
    path = audit_path(database)
    with _lock:
        found = _logs.get(str(path))
        if found is None:
            key = signing_key(create=True)
            assert key is not None
            found = _logs[str(path)] = AuditLog(path, key)
        return found


def sealed(key: bytes, seq: int, prev: str, row: Mapping[str, Any]) -> tuple[bytes, str]:
    """A row as its line, and the hash that the next one is chained to."""
    body = json.dumps({"prev": prev, "row": row, "seq": seq}, sort_keys=True, separators=(",", ":"))
    digest = hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
    return f"{digest} {body}\n".encode(), digest


def opened(key: bytes, line: bytes) -> dict[str, Any] | str:
    """What a line holds, with its hash; or what is wrong with it."""
    digest, _, body = line.rstrip(b"\n").partition(b" ")
    if not hmac.compare_digest(hmac.new(key, body, hashlib.sha256).hexdigest().encode(), digest):
        return "was altered, or another key signed it"
    found: dict[str, Any] = json.loads(body)
    return {**found, "hash": digest.decode()}


def written_head(key: bytes, head: Head) -> bytes:
    """A head as the bytes of its file."""
    body = f"{head.seq} {head.hash} {head.size}"
    return f"{_head_mac(key, body)} {body}".ljust(HEAD_BYTES - 1).encode() + b"\n"


def read_head(key: bytes, raw: bytes) -> Head | None:
    """The head of these bytes; None where it is not signed with this key."""
    if not raw:
        return Head()
    mac, _, body = raw.strip().partition(b" ")
    if not hmac.compare_digest(_head_mac(key, body.decode("utf-8", "replace")).encode(), mac):
        return None
    seq, digest, size = body.decode().split(" ")
    return Head(int(seq), digest, int(size))


def _head_mac(key: bytes, body: str) -> str:
    return hmac.new(key, b"audit head " + body.encode(), hashlib.sha256).hexdigest()


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ReadOnly(
            f"The audit log {path} cannot be written: {error.strerror}.",
            hint=f"A database with users needs it: make its folder writable, or name another in {FOLDER}.",
        ) from None


@contextmanager
def _held(file: int) -> Iterator[None]:
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
