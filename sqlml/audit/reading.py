"""The rows of an audit log for a query: part by part, so that a long log is never in memory as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlml.audit.log import flush_all, opened
from sqlml.errors import EngineFailed
from sqlml.signing import trusted_keys

_PART = 1 << 20


def audit_sources(path_of: Callable[[str], Path | None]) -> Mapping[str, Callable[..., Any]]:
    """What the UDFs over the audit log are handed; `path_of` gives the log of a database, None where it has none."""

    def parts(database: str) -> int:
        flush_all()
        path = path_of(database)
        return -(-path.stat().st_size // _PART) if path is not None and path.is_file() else 0

    def rows(database: str, part: int) -> list[str]:
        path = path_of(database)
        return _rows(path, part) if path is not None and path.is_file() else []

    return {"audit_parts": parts, "audit_rows": rows}


def _rows(path: Path, part: int) -> list[str]:
    """The rows whose lines begin in a part."""
    keys, found = trusted_keys(), []
    begin, end = part * _PART, (part + 1) * _PART
    with path.open("rb") as file:
        if begin:
            # The line that goes over the border belongs to the part before.
            file.seek(begin - 1)
            file.readline()
        while file.tell() < end and (line := file.readline()):
            if not line.endswith(b"\n"):
                break
            if isinstance(row := opened(keys, line), str):
                raise EngineFailed(
                    f"A row of the audit log {path} {row}.", hint="Run `sqlml audit verify` on the database."
                )
            if "row" in row:
                found.append(line.partition(b" ")[2].decode())
    return found
