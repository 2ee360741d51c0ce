"""A statement without its literals, comments and secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlml.errors import SqlmlError
from sqlml.script import char_offsets

_SECRET = {"password", "token", "secret", "key_id", "session_token"}
_WRITES = re.compile(r"\b(insert|update|delete|merge|ml_train|nextval)\b", re.IGNORECASE)
_READS = frozenset({"SELECT", "FROM", "WITH", "SHOW", "DESCRIBE", "EXPLAIN", "VALUES", "TABLE", "SUMMARIZE", "BEGIN"})
_TWO_WORDS = frozenset({"CREATE", "DROP", "ALTER", "SHOW", "DESCRIBE", "EXPORT", "IMPORT", "REFRESH", "REPRODUCE"})
_PASSED_OVER = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY", "UNIQUE"})

Tokenize = Callable[[str], list[tuple[int, Any]]]


def redacted(text: str, tokenize: Tokenize) -> str:
    """The text with `?` for each literal; `?` alone where its tokens cannot be told apart."""
    try:
        tokens = tokenize(text)
    except SqlmlError:
        return "?"
    starts = [*char_offsets(text, [offset for offset, _ in tokens]), len(text)]
    kept: list[str] = []
    before = ""
    for (_, kind), start, end in zip(tokens, starts[:-1], starts[1:], strict=True):
        word = text[start:end]
        bare = word.strip()
        if kind.name == "comment":
            continue
        if kind.name in ("string_const", "numeric_const") or before.casefold() in _SECRET:
            kept.append("?" + word[len(word.rstrip()) :])
        elif "'" in bare or "$$" in bare or "--" in bare or "/*" in bare:
            return "?"
        else:
            kept.append(word)
        before = bare
    return " ".join("".join(kept).split())


def action_of(statement: str) -> str:
    """What a redacted statement does: SELECT, CREATE_MODEL, GRANT ..."""
    words = [word.upper() for word in re.findall(r"[A-Za-z]+", statement)[:6]]
    if not words:
        return "UNKNOWN"
    if words[0] not in _TWO_WORDS:
        return str(words[0])
    second = [word for word in words[1:] if word not in _PASSED_OVER]
    return "_".join([words[0], *second[:1]])


def is_read(statement: str, action: str) -> bool:
    """Whether a statement only reads, so that it need not wait for the disk."""
    # Of a script, of which the first statement may read, this is not known.
    is_one = ";" not in statement.rstrip("; ")
    return is_one and action.partition("_")[0] in _READS and not _WRITES.search(statement)
