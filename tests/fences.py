"""The fenced blocks of a page of the documentation, read with the standard library alone; pages.py runs them.

A block runs in the order of its page, in one folder and one database in memory a page: `sql` and `python` in this
process, `shell` in bash, `ipython` in IPython. A block that does not run says so in a comment on the line above it:

    <!-- not run: the grammar -->               why; a test bounds how many there are
    <!-- file: churn.sql -->                    it is written to that file, and a later block runs the file
    <!-- part of: examples/dbt/profiles.yml --> it stands in that file of the repository, which has tests of its own
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>not run|file|part of): (?P<about>[^\n]+) -->\n)?```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """One fenced block: where it begins, what it is written in, and what the comment above it says."""

    page: Path
    line: int
    language: str
    text: str
    mark: str
    about: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def pages() -> list[Path]:
    """Every page that a reader is shown."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "sql_examples" / "README.md"]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page; an error where there is a fence that is not one of a block's."""
    text = page.read_text("utf-8")
    found = [
        Block(page, text.count("\n", 0, m.start()) + 1, m["language"], m["text"], m["mark"] or "", m["about"] or "")
        for m in _FENCE.finditer(text)
    ]
    fences = len(re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE))
    assert fences == 2 * len(found), f"{page.name}: {fences} fences, {len(found)} blocks"
    return found
