"""The file `<database>.audit`: one row a line, each chained to the one before by a MAC with the user's key.

A row is in the file before its statement is answered, so that a killed process loses nothing; `sync` waits until the
disk has it too. `<database>.audit.head` keeps the number and hash of the last row, so that rows missing at the end
show. It is written when a row is waited for, when a session ends, and else a twentieth of a second later.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.errors import EngineFailed, ReadOnly
from sqlml.signing import signing_key, trusted_keys

HEAD_BYTES = 256
START = "0" * 64
FOLDER = "SQLML_AUDIT_DIR"
_HEAD_AFTER = 0.05

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
        # What the last row was, and whether its head is still to be written.
        self._last: Head | None = None
        self._behind = threading.Event()
        self._writer: threading.Thread | None = None
        self._file = _opened(path)
        self._head = _opened(head_path(path))

    def append(self, row: Mapping[str, Any] | str) -> int:
        """Write a row, given as JSON or as what becomes it; gives its number. A killed process does not lose it.

        Raises EngineFailed where the log was altered: a row after that would hide it.
        """
        text = row if isinstance(row, str) else json.dumps(row, separators=(",", ":"))
        with self._lock, self._held() as size:
            head = self._current(size)
            seq = head.seq + 1
            line, digest = sealed(self._key, seq, head.hash, text)
            if os.pwrite(self._file, line, head.size) != len(line):
                raise EngineFailed(f"The audit log {self.path} is full.", hint="Make room on its disk.")
            self._last = Head(seq, digest, head.size + len(line))
        if not self._behind.is_set():
            self._behind.set()
            self._begin_writer()
        return seq

    def flush(self) -> None:
        """Write the head of the last row."""
        with self._lock:
            if self._behind.is_set():
                self._behind.clear()
                with self._held() as size:
                    self._write_head(self._current(size))

    def sync(self, seq: int) -> None:
        """Wait until the disk has the row; one wait serves all that were written by then."""
        with self._syncing:
            if self._synced >= seq:
                return
            self.flush()
            last = self._last
            assert last is not None
            os.fsync(self._file)
            os.fsync(self._head)
            self._synced = last.seq

    def _begin_writer(self) -> None:
        if self._writer is None or not self._writer.is_alive():
            self._writer = threading.Thread(target=self._write_heads, name="sqlml-audit", daemon=True)
            # As the interpreter ends no thread begins; then `flush_all` writes it.
            with suppress(RuntimeError):
                self._writer.start()

    def _write_heads(self) -> None:
        while self._behind.wait(60):
            time.sleep(_HEAD_AFTER)
            # Whatever is wrong with the log is said by the next statement, which looks at it too.
            with suppress(EngineFailed, OSError):
                self.flush()

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The lock on the file, and its size; another file where the log was pruned, which puts a new one there."""
        import fcntl

        while True:
            file = self._file
            fcntl.flock(file, fcntl.LOCK_EX)
            about = os.fstat(file)
            if about.st_nlink:
                break
            self._file, self._last = _opened(self.path), None
            os.close(file)
        try:
            yield about.st_size
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def _current(self, size: int) -> Head:
        """The last row of a log of this size, whoever wrote it."""
        if self._last is not None and size == self._last.size:
            return self._last
        raw = os.pread(self._head, HEAD_BYTES, 0)
        head = read_head([self._key], raw) or read_head(trusted_keys(), raw)
        if head is None or (not raw and size and b"\n" in os.pread(self._file, size, 0)[:-1]):
            raise self._altered()
        if self._last is not None and self._last.seq > head.seq:
            head = self._last
        self._last = found = head if size == head.size else self._recovered(head, size)
        return found

    def _recovered(self, head: Head, size: int) -> Head:
        """Go on after a process that was killed between a row and its head, or within a row."""
        if size < head.size:
            return self._pruned(head)
        keys = trusted_keys()
        for line in os.pread(self._file, size - head.size, head.size).splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            found = opened(keys, line)
            if isinstance(found, str) or (found["seq"], found["prev"]) != (head.seq + 1, head.hash):
                raise self._altered()
            head = Head(head.seq + 1, str(found["hash"]), head.size + len(line))
        if size > head.size:
            os.ftruncate(self._file, head.size)
        self._write_head(head)
        return head

    def _pruned(self, head: Head) -> Head:
        """Go on after a process that was killed between pruning the log and writing its head."""
        from sqlml.audit.verification import end_of

        found = end_of(self.path, trusted_keys())
        if found is None or (found.seq, found.hash) != (head.seq, head.hash):
            raise self._altered()
        self._write_head(found)
        return found

    def _write_head(self, head: Head) -> None:
        os.pwrite(self._head, written_head(self._key, head), 0)

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


def flush_all() -> None:
    """Write the heads that are still to be written."""
    with _lock:
        logs = list(_logs.values())
    for log in logs:
        with suppress(EngineFailed, OSError):
            log.flush()


def sealed(key: bytes, seq: int, prev: str, row: str) -> tuple[bytes, str]:
    """A row, which is JSON, as its line, and the hash that the next one is chained to."""
    body = f'{{"prev":"{prev}","row":{row},"seq":{seq}}}'.encode()
    digest = mac(key, body)
    return b"%b %b\n" % (digest.encode(), body), digest


def opened(keys: Sequence[bytes], line: bytes) -> dict[str, Any] | str:
    """What a line holds, with its hash; or what is wrong with it."""
    digest, _, body = line.rstrip(b"\n").partition(b" ")
    if not any(hmac.compare_digest(mac(key, body).encode(), digest) for key in keys):
        return "was altered, or another key signed it"
    found: dict[str, Any] = json.loads(body)
    return {**found, "hash": digest.decode()}


def written_head(key: bytes, head: Head) -> bytes:
    """A head as the bytes of its file."""
    body = f"{head.seq} {head.hash} {head.size}"
    return f"{_head_mac(key, body)} {body}".ljust(HEAD_BYTES - 1).encode() + b"\n"


def read_head(keys: Sequence[bytes], raw: bytes) -> Head | None:
    """The head of these bytes; None where it is not signed with one of these keys."""
    if not raw:
        return Head()
    signed, _, body = raw.strip().partition(b" ")
    text = body.decode("utf-8", "replace")
    if not any(hmac.compare_digest(_head_mac(key, text).encode(), signed) for key in keys):
        return None
    seq, digest, size = text.split(" ")
    return Head(int(seq), digest, int(size))


def _head_mac(key: bytes, body: str) -> str:
    return mac(key, b"audit head " + body.encode())


def mac(key: bytes, body: bytes) -> str:
    """Keyed BLAKE2b: as safe as HMAC-SHA256, which takes five times as long for so short a text."""
    return hashlib.blake2b(body, key=key, digest_size=32).hexdigest()


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ReadOnly(
            f"The audit log {path} cannot be written: {error.strerror}.",
            hint=f"A database with users needs it: make its folder writable, or name another in {FOLDER}.",
        ) from None


atexit.register(flush_all)
