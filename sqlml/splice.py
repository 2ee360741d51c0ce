"""The user's text with some stretches replaced by generated SQL; everything else stays to the byte."""

from __future__ import annotations

from sqlglot import exp

from sqlml.dialect import to_sql
from sqlml.types import SourceMap


def splice(
    text: str, replaced: list[tuple[int, int, exp.Expr]], start: int = 0, end: int | None = None
) -> tuple[str, SourceMap]:
    """The stretch [start, end) of the text with replacements, and the map back to the whole text.

    Of replacements inside one another the outermost counts: its tree already contains the others. A replacement
    keeps the line breaks of what it replaces, so that lines below keep their numbers.
    """
    end = len(text) if end is None else end
    outer: list[tuple[int, int, exp.Expr]] = []
    for piece in sorted(replaced, key=lambda r: (r[0], -r[1])):
        if piece[0] >= start and piece[1] <= end and (not outer or piece[0] >= outer[-1][1]):
            outer.append(piece)
    parts: list[str] = []
    pieces: list[tuple[int, int, int, int]] = []
    if start:
        pieces.append((0, 0, 0, start))
    at, length = start, 0
    for first, last, tree in outer:
        kept = text[at:first]
        apart = " " if first == last else ""
        new = apart + to_sql(tree) + "\n" * text.count("\n", first, last)
        parts += [kept, new]
        length += len(kept)
        pieces.append((length, length + len(new), first, last))
        length += len(new)
        at = last
    parts.append(text[at:end])
    return "".join(parts), SourceMap(text, tuple(pieces))
