"""What a session adds to an error of DuckDB's: which function was meant, what to do about one that is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from sqlml.errors import SqlmlError, nearest_hint
from sqlml.functions import FUNCTIONS
from sqlml.python_functions import PREFIX
from sqlml.script import char_offsets


def with_nearest_function(error: SqlmlError, sql: str) -> SqlmlError:
    """The error; where DuckDB knows no such function, with the nearest one of ours as the hint."""
    missing = error.missing_function
    if missing and missing.casefold() not in sql.casefold():
        # Its place is one in the text of the view.
        error.line = error.column = error.excerpt = None
        if missing.startswith(PREFIX):
            error.hint = "A function in Python of an attached database: connect to its file, or create it here."
            return error
        error.hint = f'A view or macro calls it. If it is a model that was dropped, create the model "{missing}" again.'
    elif missing:
        error.hint = nearest_hint(missing, [*FUNCTIONS.names(), "ml_train"], otherwise=error.hint)
    return error


@contextmanager
def without_passwords(sql: str, tokenize: Callable[[str], list[tuple[int, Any]]]) -> Iterator[None]:
    """Errors of a text with a password in it show its place, not its line."""
    try:
        yield
    except SqlmlError as error:
        if error.excerpt is not None and has_password(sql, tokenize):
            error.excerpt = None
        raise


def has_password(text: str, tokenize: Callable[[str], list[tuple[int, Any]]]) -> bool:
    """Whether `PASSWORD '...'` stands in a text, outside quotes and comments."""
    if "password" not in text.casefold():
        return False
    tokens = [(offset, kind) for offset, kind in tokenize(text) if kind.name != "comment"]
    starts = char_offsets(text, [offset for offset, _ in tokens])
    placed = list(zip(starts, (kind.name for _, kind in tokens), strict=True))
    # PASSWORD is a word of ours alone: to DuckDB it is a name.
    return any(
        text[start : start + len("password")].casefold() == "password" and after == "string_const"
        for (start, _), (_, after) in pairwise(placed)
    )
