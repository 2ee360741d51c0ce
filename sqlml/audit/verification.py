"""Whether an audit log is as it was written: the first row that is altered, missing or cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.audit.log import START, head_path, opened, read_head


@dataclass(frozen=True)
class Verdict:
    """How many rows are good, what is wrong, and what a crash left that is no tampering."""

    rows: int
    problem: str | None = None
    note: str | None = None


def rows_of(log: Path, key: bytes) -> Iterator[tuple[int, dict[str, Any] | str, bool]]:
    """Each line: its number from 1, what it holds or what is wrong with it, whether it is whole."""
    with log.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, opened(key, line), line.endswith(b"\n")


def verify(log: Path, key: bytes) -> Verdict:
    """Check every row, the chain between them, and where it ends."""
    aside = head_path(log)
    head = read_head(key, aside.read_bytes()) if aside.is_file() else None
    if head is None:
        return Verdict(0, f"The head {aside} is missing, was altered, or another key signed it.")
    last, seq, note = START, 0, None
    for number, found, is_whole in rows_of(log, key):
        if not is_whole and seq >= head.seq:
            note = f"Row {number} was being written when its process ended: it was not answered."
            break
        if isinstance(found, str) or not is_whole:
            return Verdict(seq, f"Row {number} {found if isinstance(found, str) else 'is cut off'}.")
        if found["seq"] != seq + 1 or found["prev"] != last:
            return Verdict(seq, f"Row {seq + 1} is missing: row {found['seq']} follows row {seq}.")
        last, seq = str(found["hash"]), seq + 1
        if seq == head.seq and last != head.hash:
            return Verdict(seq - 1, f"Row {seq} is not the one that the head names.")
    if seq < head.seq:
        return Verdict(seq, f"The log is cut off: it ends with row {seq}, and {head.seq} were written.")
    return Verdict(seq, note=note)
