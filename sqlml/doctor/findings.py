"""What an examination gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlml.errors import SqlmlError

OK, NOTE, FAILED = "ok", "note", "failed"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ok, a note (nothing is wrong, but know it), or failed; and what to do."""

    check: str
    status: str
    detail: str
    hint: str | None = None


def found(check: str, examine: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of a check; one that cannot be made has failed."""
    try:
        return list(examine())
    except SqlmlError as error:
        return [Finding(check, FAILED, error.message, error.hint)]
    except Exception as error:  # noqa: BLE001 - a damaged catalog may break anything, and then that is the finding
        detail = f"It cannot be read: {type(error).__name__}: {error}"
        return [Finding(check, FAILED, detail, "Restore the file from a backup.")]
