"""Text to statements, on DuckDB's own tokens: where a script splits, and which statements have anything of ours.

Quotes, dollar strings and nested comments are opaque: a word counts only where DuckDB reads a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

_SCHEMAS = ("ml", "ai")
_CALL_STARTS = frozenset(["(", "model", "table"])
# Of the statements about users and grants; GROUP is a word of them only where BY does not follow.
_ACCESS_WORDS = (
    *("user", "role", "token", "volume", "owner", "owned", "grants", "authorization", "filter", "mask"),
    *("tag", "polic"),
)
_GROUP = re.compile(r"group(?!\s+by\b)")
_PRINCIPALS = (["user"], ["role"], ["group"])
_OWNED = ("table", "view", "schema", "function", "catalog", "database", "volume")
_TAGS = (["set", "tags"], ["unset", "tags"])
_LISTS = (
    *("models", "runs", "experiments", "functions", "users", "roles", "groups", "tokens", "volumes", "grants"),
    "tags",
)
_MODEL_LISTS = (["versions"], ["warnings"], ["constraints"], ["types"], ["functions"])
# Words that every statement of ours has one of, in some place; `ml` and `ai` stand before a dot or an underscore.
_STATEMENT_WORDS = (
    *("model", "vector", "grant", "revoke", "runs", "experiments", "function", "python", "system", "sqlml_audit"),
    *_ACCESS_WORDS,
)
_SCHEMA = re.compile(r"(?<![a-z_])(?:ml|ai)(?![a-z0-9])")


@dataclass(frozen=True)
class Piece:
    """One statement of a script: where it stands, whether it is ours to plan, the names of its `$name` parameters."""

    start: int
    end: int
    is_ours: bool
    parameters: frozenset[str] = frozenset()


class Reader:
    """Reads scripts; knows the names of our functions and relations and of the prepared statements that are ours."""

    def __init__(
        self, functions: Collection[str], comment: Any, string: Any, relations: Collection[tuple[str, str]] = ()
    ) -> None:
        self._relations = frozenset(relations)
        self._functions = frozenset(functions)
        self._comment = comment
        self._string = string
        self._words = [*_STATEMENT_WORDS, *(name for name in functions if not name.startswith(("ml_", "ai_")))]

    def is_foreign(self, text: str) -> bool:
        """Whether no letters of ours are in a text: then no token is ours either, and none needs to be read.

        Says nothing of EXECUTE and DEALLOCATE.
        """
        if not isinstance(text, str) or not text.isascii():
            return False
        lowered = text.lower()
        if any(word in lowered for word in self._words) or ("group" in lowered and _GROUP.search(lowered)):
            return False
        return not (("ml" in lowered or "ai" in lowered) and _SCHEMA.search(lowered))

    def read(self, text: str, tokens: list[tuple[int, Any]], prepared: Collection[str] = ()) -> list[Piece]:
        """Split a script; empty statements are left out."""
        if not tokens:
            return []
        starts = char_offsets(text, [position for position, _ in tokens])
        ends = [*starts[1:], len(text)]
        pieces: list[Piece] = []
        words: list[str] = []
        names: list[str] = []
        first = last = -1
        ours = False
        comment, string = self._comment, self._string
        for (_, kind), start, end in zip(tokens, starts, ends, strict=True):
            if kind is comment:
                continue
            written = text[start:end].rstrip()
            if written == ";":
                if first >= 0:
                    pieces.append(Piece(first, last, ours or self._is_ours(words, prepared), frozenset(names)))
                words, names, first, ours = [], [], -1, False
                continue
            if first < 0:
                first = start
            last = start + len(written)
            if words and words[-1] == "$":
                names.append(written)
            word = written.lower() if kind is not string else "'"
            words.append(word)
            if word in _CALL_STARTS:
                ours = ours or self._begins_call(words)
            elif words[-2:-1] == ["."]:
                ours = ours or self._is_system(words[-5:])
        if first >= 0:
            pieces.append(Piece(first, last, ours or self._is_ours(words, prepared), frozenset(names)))
        return pieces

    def _begins_call(self, words: list[str]) -> bool:
        """Whether the words so far end in `f(` of a function of ours, or in `ML.F(MODEL` of one that may be meant."""
        if words[-1] == "(":
            return self._is_call([_bare(word) for word in words[-5:-1]], self._functions)
        return words[-1] in ("model", "table") and words[-2:-1] == ["("] and self._is_call(words[-6:-2], None)

    def _is_system(self, words: list[str]) -> bool:
        """Whether words are the name of a relation of ours in the catalog `system`."""
        names = [_bare(word).lower() for word in words]
        return names[:2] == ["system", "."] and names[3:4] == ["."] and (names[2], names[-1]) in self._relations

    def _is_call(self, words: list[str], functions: Collection[str] | None) -> bool:
        """Whether the words end in the name of one of these functions, or in any name of the schemas ml and ai."""
        if len(words) >= 3 and words[-2] == ".":
            is_ours = words[-3] in _SCHEMAS and (len(words) < 4 or words[-4] != ".")
            return is_ours and (functions is None or f"{words[-3]}_{words[-1]}" in functions)
        if functions is None or not words:
            return False
        return words[-1] in functions and (len(words) < 2 or words[-2] not in ("macro", "function"))

    def _is_ours(self, words: list[str], prepared: Collection[str]) -> bool:
        """Whether the words that a statement begins with make it ours."""
        head, rest = words[0], words[1:]
        if _is_access(head, rest):
            return True
        if head == "explain":
            rest = _after_settings(rest)
            return bool(rest) and (rest[0] == "model" or self._is_ours(rest, prepared))
        if head == "create":
            kind = rest[2:] if rest[:2] == ["or", "replace"] else rest
            return kind[:1] == ["model"] or kind[:2] == ["vector", "index"] or _is_python(kind)
        if head == "comment":
            return rest[:2] == ["on", "model"]
        if head == "drop" and rest[:1] == ["function"]:
            return len(rest) > 1
        if head == "import":
            kind = rest[2:] if rest[:2] == ["or", "replace"] else rest
            return kind[:1] == ["model"] and len(kind) > 1
        if head in ("drop", "alter", "export", "refresh", "reproduce", "assert", "diff"):
            return rest[:1] == ["model"] and len(rest) > 1
        if head == "vacuum":
            return rest[:1] == ["models"] and rest[1:2] not in (["."], ["("])
        if head in ("describe", "desc"):
            return rest[:1] == ["model"] and len(rest) > 1 and rest[1] != "."
        if head == "show":
            is_list = bool(rest) and rest[0] in _LISTS and rest[1:2] != ["."]
            return is_list or (rest[:1] == ["model"] and rest[1:2] in _MODEL_LISTS)
        if head == "prepare":
            after = rest.index("as") + 1 if "as" in rest else len(rest)
            return after < len(rest) and self._is_ours(rest[after:], prepared)
        named = rest[:1] if head == "execute" else rest[-1:]
        return head in ("execute", "deallocate") and any(_bare(name) in prepared for name in named)


def _is_access(head: str, rest: list[str]) -> bool:
    """Whether a statement is about principals, grants or owners."""
    if head in ("grant", "revoke"):
        return True
    if head == "reassign":
        return rest[:1] == ["owned"]
    if head in ("create", "alter", "drop", "describe", "desc") and rest[:1] in _PRINCIPALS:
        return len(rest) > 1 and rest[1] != "."
    if head in ("create", "drop") and rest[:1] in (["token"], ["volume"]):
        return True
    if head in ("describe", "desc") and rest[:1] == ["volume"]:
        return len(rest) > 1 and rest[1] != "."
    if head == "alter" and rest[:1] == ["table"]:
        after = _after_name(rest[1:])
        if after[:3] in (["set", "row", "filter"], ["drop", "row", "filter"]):
            return True
        if after[:1] == ["alter"]:
            after = after[2:] if after[1:2] == ["column"] and len(after) > 3 else after[1:]
            return after[1:3] in (["set", "mask"], ["drop", "mask"], *_TAGS)
    if head in ("set", "reset"):
        return rest[:1] in (["role"], ["sqlml_audit"]) or rest[:2] in (["session", "authorization"], ["tag", "on"])
    if head == "unset" or _is_about_policies(head, rest):
        return True
    after = _after_name(rest[1:]) if head == "alter" and rest[:1] != [] and rest[0] in _OWNED else []
    return after[:2] in (["owner", "to"], *_TAGS)


def _is_about_policies(head: str, rest: list[str]) -> bool:
    """Whether a statement makes, drops or shows policies."""
    if head == "show":
        shown = rest[1:] if rest[:1] == ["effective"] else rest
        return shown[:1] == ["policies"] and shown[1:2] != ["."]
    if head == "create":
        rest = rest[2:] if rest[:2] == ["or", "replace"] else rest
    return head in ("create", "drop", "describe", "desc") and rest[:1] == ["policy"] and rest[1:2] not in ([], ["."])


def _after_name(words: list[str]) -> list[str]:
    """The words after `[IF EXISTS] catalog.schema.name`."""
    words = words[2:] if words[:2] == ["if", "exists"] else words
    words = words[1:]
    while words[:1] == ["."]:
        words = words[2:]
    return words


def _is_python(words: list[str]) -> bool:
    """Whether `FUNCTION f(...)` says LANGUAGE PYTHON: before its body, which begins with AS, or right behind it."""
    words = words[1:] if words[:1] in (["temp"], ["temporary"]) else words
    if words[:1] != ["function"]:
        return False
    depth = 0
    for i, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "as":
            return words[i + 1 : i + 4] == ["'", "language", "python"]
        if depth == 0 and words[i : i + 2] == ["language", "python"]:
            return True
    return False


def _bare(word: str) -> str:
    """A name without its quotes: a quoted word is never a keyword."""
    return word.strip('"`')


def _after_settings(words: list[str]) -> list[str]:
    """The words after `ANALYZE` and `(FORMAT json)`."""
    while words and words[0] in ("analyze", "analyse"):
        words = words[1:]
    if words[:1] == ["("] and ")" in words:
        words = words[words.index(")") + 1 :]
    return words


def char_offsets(text: str, offsets: list[int]) -> list[int]:
    """Offsets in bytes, as DuckDB counts, as offsets in characters."""
    if text.isascii():
        return offsets
    data = text.encode()
    found: list[int] = []
    chars = at = 0
    for offset in offsets:
        chars += len(data[at:offset].decode())
        at = offset
        found.append(chars)
    return found
