"""What may come next: the names that fit the place before the cursor, on DuckDB's tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlml.shell.names import Names, RelationName
from sqlml.shell.words import Tokenize, Word, code, words

_BEGINNINGS = (
    *("SELECT", "FROM", "WITH", "CREATE MODEL", "CREATE OR REPLACE MODEL", "CREATE TABLE", "CREATE VIEW"),
    *(
        "CREATE FUNCTION",
        "DROP MODEL",
        "DROP FUNCTION",
        "DROP TABLE",
        "ALTER MODEL",
        "ASSERT MODEL",
        "COMMENT ON MODEL",
        "EXPORT MODEL",
        "VACUUM MODELS",
    ),
    *(
        "SHOW MODELS",
        "SHOW MODEL VERSIONS",
        "SHOW MODEL WARNINGS",
        "SHOW MODEL CONSTRAINTS",
        "SHOW MODEL TYPES",
        "SHOW MODEL FUNCTIONS",
    ),
    *("SHOW RUNS", "SHOW EXPERIMENTS", "SHOW FUNCTIONS", "SHOW TABLES", "DESCRIBE", "DESCRIBE MODEL"),
    *("DESCRIBE MODEL TYPE", "EXPLAIN", "EXPLAIN MODEL", "SUMMARIZE", "INSERT INTO", "UPDATE", "DELETE FROM", "COPY"),
    *("BEGIN", "COMMIT", "ROLLBACK", "PREPARE", "EXECUTE", "ATTACH", "DETACH", "USE", "SET", "PRAGMA", "CHECKPOINT"),
)
_BEFORE_RELATION = frozenset(["from", "join", "into", "update", "table", "describe", "desc", "summarize"])
_AFTER_RELATION = frozenset(
    ["as", "on", "using", "where", "set", "values", "select", "join", "order", "group", "limit"]
)

_CLAUSES = frozenset(["select", "from", "on", "using", "where", "by", "having", "set", "values", "with", "("])


@dataclass(frozen=True)
class Candidate:
    """A completion: the text that replaces the last `length` characters, and what it is."""

    text: str
    length: int
    what: str


def complete(before: str, after: str, names: Names, tokenize: Tokenize) -> list[Candidate]:
    """The completions at the cursor between two parts of a text, the most fitting kinds first."""
    if words(f"{before}x", tokenize)[-1].kind == "comment":
        return []
    found = code(before, tokenize)
    prefix = ""
    if found and found[-1].end == len(before) and found[-1].kind != "operator":
        prefix, found = found[-1].text, found[:-1]
    last = max((i for i, word in enumerate(found) if word.text == ";"), default=-1)
    # Read apart, for a quote that is open at the cursor must not swallow what comes after it.
    place = _Place(found[last + 1 :], prefix, names, [*found[last + 1 :], *code(after, tokenize)])
    return list(dict.fromkeys(place.candidates()))


class _Place:
    """The cursor: the words of the statement before it, what is typed of the next, the words of the whole text."""

    def __init__(self, before: list[Word], prefix: str, names: Names, everything: list[Word]) -> None:
        self.words = [word.folded for word in before]
        self.written = [word.text for word in before]
        self.prefix = prefix
        self.names = names
        self.everything = everything

    def candidates(self) -> Iterator[Candidate]:
        if self.prefix[:1] == "'":
            yield from self._in_string()
            return
        last = self.words[-1] if self.words else ""
        begun = self._beginnings()
        yield from self._of(begun, "statement", self._cased)
        if begun and last not in ("explain", "describe") and not self._expects_model():
            return
        if last == ".":
            yield from self._qualified()
        elif self._expects_model():
            yield from self._of(self.names.models, "model", self._quoted_name)
        elif self._in_options():
            if last in ("(", ","):
                described = self.names.options
                yield from self._of(("model_type", *described), "option", str)
        elif last in _BEFORE_RELATION or self._in_list_of_relations():
            yield from self._relations()
            if last in ("from", "join"):
                yield from self._of(("ML.",), "functions", str)
            if last in ("describe", "desc"):
                yield from self._of(("MODEL",), "keyword", self._cased)
        else:
            yield from self._anything()

    def _anything(self) -> Iterator[Candidate]:
        for relation in self._used().values():
            yield from self._of(relation.columns, relation.name, self._quoted)
        yield from self._of(self._used(), "alias", self._quoted)
        if not self.prefix:
            # Everything would be too much.
            return
        is_quoted = self.prefix[0] == '"'
        yield from self._of(() if is_quoted else self.names.functions, "function", lambda name: f"{name}(")
        yield from self._relations()
        keywords = () if is_quoted else ("MODEL", "OPTIONS", *self.names.keywords)
        yield from self._of(keywords, "keyword", self._cased)

    def _expects_model(self) -> bool:
        if self.words[-3:] == ["model", "if", "exists"]:
            return True
        return self.words[-1:] == ["model"] and self.words[-2:-1] not in ([], ["show"])

    def _beginnings(self) -> list[str]:
        """How the statement may go on that begins with these words: `SHOW MODEL` with VERSIONS, WARNINGS, ..."""
        typed = len(self.words)
        fitting = [b.split() for b in _BEGINNINGS if b.lower().split()[:typed] == self.words]
        return [" ".join(parts[typed:]) for parts in fitting if len(parts) > typed]

    def _in_list_of_relations(self) -> bool:
        """Whether a comma stands before that goes on with what FROM lists."""
        clauses = (word for word in reversed(self.words) if word in _CLAUSES)
        return self.words[-1] == "," and next(clauses, "") == "from"

    def _in_options(self) -> bool:
        """Whether the innermost open parenthesis is that of OPTIONS."""
        depth = 0
        for at in range(len(self.words) - 1, -1, -1):
            word = self.words[at]
            if word in (")", "]", "}"):
                depth += 1
            elif word in ("(", "[", "{"):
                depth -= 1
            if depth < 0:
                return at > 0 and self.words[at - 1] == "options"
        return False

    def _in_string(self) -> Iterator[Candidate]:
        """Inside quotes: the model of a function of ours, or a model type."""
        called = self.words[-2] if len(self.words) > 1 and self.words[-1] == "(" else ""
        if called.startswith(("ml_", "ai_")) and called in self.names.functions:
            yield from self._of(self.names.models, "model", lambda name: "'" + name.replace("'", "''") + "'")
        if self.words[-2:] == ["model_type", "="]:
            yield from self._of(self.names.model_types, "model type", lambda name: f"'{name}'")

    def _qualified(self) -> Iterator[Candidate]:
        """After a dot: functions of ML, columns of a relation or alias, relations of a schema or database."""
        qualifier = _bare(self.written[-2]) if len(self.written) > 1 else ""
        if qualifier in ("ml", "ai"):
            short = [name.removeprefix(f"{qualifier}_") for name in self.names.functions if name[:3] == f"{qualifier}_"]
            yield from self._of([name.upper() for name in short], "function", lambda name: f"{name}(")
        used = {name.casefold(): relation for name, relation in self._used().items()}
        relation = used.get(qualifier) or self._relation(qualifier)
        if relation is not None:
            yield from self._of(relation.columns, relation.name, self._quoted)
        inner = [r.name for r in self.names.relations if qualifier in (r.schema.casefold(), r.catalog.casefold())]
        yield from self._of(inner, "relation", self._quoted)
        prefix = f"{qualifier}."
        models = [m.removeprefix(prefix) for m in self.names.models if m.casefold().startswith(prefix)]
        yield from self._of(models, "model", self._quoted)

    def _relations(self) -> Iterator[Candidate]:
        yield from self._of((r.name for r in self.names.relations if r.is_visible), "relation", self._quoted)
        hidden = {r.schema for r in self.names.relations if not r.is_visible}
        yield from self._of(sorted(hidden), "schema", lambda name: f"{self._quoted(name)}.")

    def _relation(self, name: str) -> RelationName | None:
        fitting = [r for r in self.names.relations if r.name.casefold() == name]
        return min(fitting, key=lambda r: not r.is_visible, default=None)

    def _used(self) -> dict[str, RelationName]:
        """The relations that the whole text names, by alias or name."""
        found: dict[str, RelationName] = {}
        texts = [word.text for word in self.everything]
        folded = [word.folded for word in self.everything]
        for at in range(len(texts) - 1):
            if folded[at] not in _BEFORE_RELATION and not (folded[at] == "," and found):
                continue
            end = at + 1
            while end + 2 < len(texts) and texts[end + 1] == ".":
                end += 2
            relation = self._relation(_bare(texts[end]))
            if relation is None:
                continue
            follows = end + 1 + (folded[end + 1 : end + 2] == ["as"])
            named = self.everything[follows : follows + 1]
            has_alias = named and named[0].kind == "identifier" and named[0].folded not in _AFTER_RELATION
            found[named[0].text if has_alias else relation.name] = relation
        return found

    def _of(self, texts: Iterable[str], what: str, write: Callable[[str], str]) -> Iterator[Candidate]:
        typed = self.prefix.strip("\"'`").casefold()
        for text in texts:
            if text.casefold().startswith(typed) and text.casefold() != typed:
                yield Candidate(write(text), len(self.prefix), what)

    def _cased(self, word: str) -> str:
        """A keyword as the user writes them."""
        return word.lower() if self.prefix.islower() else word.upper()

    def _quoted(self, name: str) -> str:
        """A name as it can stand in SQL."""
        is_plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
        if self.prefix[:1] != '"' and is_plain and name.lower() not in self.names.reserved:
            return name
        return '"' + name.replace('"', '""') + '"'

    def _quoted_name(self, name: str) -> str:
        return ".".join(self._quoted(part) for part in name.split(".", 1))


def _bare(name: str) -> str:
    return name.strip('"`').casefold()
