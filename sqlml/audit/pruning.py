"""Leaving out the oldest rows of an audit log, so that what stays can still be verified."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlml.audit.log import Head, head_path, mac, opened, written_head
from sqlml.audit.verification import ANCHOR, end_of, verify
from sqlml.errors import EngineFailed
from sqlml.signing import signing_key, trusted_keys


def prune(log: Path, keep: timedelta) -> tuple[int, int]:
    """Leave out the rows that are older; gives how many are gone and how many stay.

    A signed line takes their place, which says up to which row, and the chain goes on from it. The new file takes the
    place of the log at once: a process that has the log open goes on in it.
    Raises EngineFailed for a log that does not verify: nothing is left out then.
    """
    before = (datetime.now(UTC) - keep).isoformat()
    key, keys = signing_key(create=True), trusted_keys()
    assert key is not None
    with log.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        verdict = verify(log, keys)
        if verdict.problem:
            raise EngineFailed(verdict.problem, hint="A log that was altered is kept as it is.")
        anchor, start = Head(), 0
        for number, line in enumerate(iter(file.readline, b""), 1):
            found = opened(keys, line)
            if isinstance(found, str):
                break
            if number == 1 and ANCHOR in found:
                anchor = Head(int(found[ANCHOR]["seq"]), str(found[ANCHOR]["hash"]))
            elif str(found["row"]["event_time"]) < before:
                anchor = Head(int(found["seq"]), str(found["hash"]))
            else:
                break
            start += len(line)
        gone = anchor.seq - _first(log, keys) + 1 if start else 0
        if gone <= 0:
            return 0, verdict.rows
        aside = log.with_name(f".{log.name}.{secrets.token_hex(8)}")
        _write(aside, log, start, _anchored(key, anchor))
        end = end_of(aside, keys)
        if end is None:
            aside.unlink()
            raise EngineFailed("A row was being written when its process ended.", hint="Open the database once.")
        aside.replace(log)
        with head_path(log).open("r+b") as head:
            head.write(written_head(key, end))
            head.flush()
            os.fsync(head.fileno())
    return gone, verdict.rows - gone


def _first(log: Path, keys: list[bytes]) -> int:
    """The number of the first row that is there."""
    with log.open("rb") as file:
        found = opened(keys, file.readline())
    assert not isinstance(found, str)
    return int(found[ANCHOR]["seq"]) + 1 if ANCHOR in found else int(found["seq"])


def _anchored(key: bytes, last: Head) -> bytes:
    body = json.dumps({ANCHOR: {"seq": last.seq, "hash": last.hash}}, separators=(",", ":")).encode()
    return b"%b %b\n" % (mac(key, body).encode(), body)


def _write(aside: Path, log: Path, start: int, first: bytes) -> None:
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as written, log.open("rb") as file:
        written.write(first)
        file.seek(start)
        while part := file.read(1 << 20):
            written.write(part)
        written.flush()
        os.fsync(written.fileno())
