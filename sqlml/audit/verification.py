"""Whether an audit log is as it was written: the first row that is altered, missing or cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.audit.log import START, Head, head_path, opened, read_head

ANCHOR = "anchor"


@dataclass(frozen=True)
class Verdict:
    """How many rows are good, what is wrong, and what a crash left that is no tampering."""

    rows: int
    problem: str | None = None
    note: str | None = None


def rows_of(log: Path, keys: Sequence[bytes]) -> Iterator[tuple[int, dict[str, Any] | str, bool]]:
    """Each line: its number from 1, what it holds or what is wrong with it, whether it is whole.

    The first line of a log that was pruned is no row: it says which row was the last of those that are gone.
    """
    with log.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, opened(keys, line), line.endswith(b"\n")


def end_of(log: Path, keys: Sequence[bytes]) -> Head | None:
    """The last row of a log whose chain is whole; None where it is not."""
    seq, last, size = 0, START, 0
    with log.open("rb") as file:
        for number, line in enumerate(file, 1):
            found = opened(keys, line)
            if isinstance(found, str) or not line.endswith(b"\n"):
                return None
            if number == 1 and ANCHOR in found:
                seq, last = int(found[ANCHOR]["seq"]), str(found[ANCHOR]["hash"])
            elif (found["seq"], found["prev"]) == (seq + 1, last):
                seq, last = seq + 1, str(found["hash"])
            else:
                return None
            size += len(line)
    return Head(seq, last, size)


def verify(log: Path, keys: Sequence[bytes]) -> Verdict:
    """Check every row, the chain between them, and where it ends."""
    aside = head_path(log)
    head = read_head(keys, aside.read_bytes()) if aside.is_file() else None
    if head is None:
        return Verdict(0, f"The head {aside} is missing, was altered, or another key signed it.")
    last, seq, gone, note = START, 0, 0, None
    for number, found, is_whole in rows_of(log, keys):
        if not is_whole and seq >= head.seq:
            note = f"Row {seq + 1} was being written when its process ended: it was not answered."
            break
        if isinstance(found, str) or not is_whole:
            return Verdict(seq - gone, f"Row {seq + 1} {found if isinstance(found, str) else 'is cut off'}.")
        if number == 1 and ANCHOR in found:
            seq, last = int(found[ANCHOR]["seq"]), str(found[ANCHOR]["hash"])
            gone = seq
            continue
        if found["seq"] != seq + 1 or found["prev"] != last:
            return Verdict(seq - gone, f"Row {seq + 1} is missing: row {found['seq']} follows row {seq}.")
        last, seq = str(found["hash"]), seq + 1
        if seq == head.seq and last != head.hash:
            return Verdict(seq - gone - 1, f"Row {seq} is not the one that the head names.")
    if seq < head.seq:
        problem = f"The log is cut off: it ends with row {seq}, and {head.seq} were written."
        return Verdict(seq - gone, problem)
    return Verdict(seq - gone, note=note)
