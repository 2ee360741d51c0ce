"""What is typed, as words: DuckDB's own tokens, also of a text that is not finished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlml.script import char_offsets

Tokenize = Callable[[str], list[tuple[int, Any]]]


@dataclass(frozen=True)
class Word:
    """A token: where it stands, as written, and its kind as DuckDB names it (keyword, identifier, comment, ...)."""

    start: int
    end: int
    text: str
    kind: str

    @property
    def folded(self) -> str:
        """The word as it is compared: a string is never a keyword."""
        return self.text.lower() if self.kind != "string_const" else "'"


def words(text: str, tokenize: Tokenize) -> list[Word]:
    """The tokens of a text, comments included."""
    tokens = tokenize(text)
    if not tokens:
        return []
    starts = char_offsets(text, [offset for offset, _ in tokens])
    ends = [*starts[1:], len(text)]
    found = []
    for start, end, (_, kind) in zip(starts, ends, tokens, strict=True):
        written = text[start:end].rstrip()
        # DuckDB calls a lone dot a number.
        found.append(Word(start, start + len(written), written, "operator" if written == "." else kind.name))
    return found


def code(text: str, tokenize: Tokenize) -> list[Word]:
    """The tokens of a text without its comments."""
    return [word for word in words(text, tokenize) if word.kind != "comment"]


def is_complete(text: str, tokenize: Tokenize) -> bool:
    """Whether a text ends in a `;` that DuckDB reads as one, outside quotes and comments, or has nothing in it."""
    found = code(text, tokenize)
    if found and found[-1].text != ";":
        return False
    # A semicolon of ours behind it is one of its own only where no quote and no comment is open.
    asked = words(f"{text}\n;", tokenize)
    return bool(asked) and asked[-1].text == ";" and asked[-1].kind == "operator" and asked[-1].start == len(text) + 1


def is_command(line: str) -> bool:
    """Whether a line is a command of the shell's: `\\d` or `.tables`."""
    begins = line.lstrip()[:2]
    return begins[:1] == "\\" or (begins[:1] == "." and begins[1:].isalpha())
