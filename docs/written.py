"""Pages that programs write: `python -m docs.reference` writes them, `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_check(pages: Mapping[Path, str], remake: str) -> int:
    """Write the pages, or with --check say which is out of date and what writes it; returns the exit code."""
    if "--check" not in sys.argv[1:]:
        for path, text in pages.items():
            path.write_text(text, "utf-8")
        return 0
    outdated = [path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in outdated:
        print(f"docs/{path.name} is out of date: run `{remake}`.", file=sys.stderr)
    return 1 if outdated else 0
