"""Names as DuckDB's catalog compares them: without case in ASCII, to the letter in everything else.

`straße` and `strasse`, `Ä` and `ä` are two tables there, and so they are two here: a grant on one is none on the other.
"""

from __future__ import annotations

import string

from sqlglot import exp

UPPER, LOWER = string.ascii_uppercase, string.ascii_lowercase
_LOWERED = str.maketrans(UPPER, LOWER)


def fold(name: str) -> str:
    """The name in the form that is compared and kept."""
    return name.lower() if name.isascii() else name.translate(_LOWERED)


def folded(column: str) -> exp.Expr:
    """The same of a column of names, in SQL: DuckDB's own lower() knows more letters than its catalog."""
    letters = [exp.Literal.string(UPPER), exp.Literal.string(LOWER)]
    return exp.Anonymous(this="translate", expressions=[exp.column(column), *letters])
