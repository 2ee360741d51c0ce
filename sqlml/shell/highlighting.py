"""Colours for what is typed, on DuckDB's own tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from sqlml.errors import InvalidSql
from sqlml.shell.words import Tokenize, Word, is_command, words

STYLE = Style.from_dict(
    {
        "sql.keyword": "ansiblue bold",
        "sql.ours": "ansimagenta bold",
        "sql.string_const": "ansigreen",
        "sql.numeric_const": "ansicyan",
        "sql.comment": "ansibrightblack italic",
        "sql.command": "ansiyellow",
        "prompt": "bold",
        "prompt.open": "ansiyellow bold",
        "prompt.failed": "ansired bold",
        "continuation": "ansibrightblack",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)
# Words of our statements that DuckDB takes for names.
_OURS = frozenset(["model", "models", "options", "transform", "ml", "versions", "experiments", "runs"])


class SqlLexer(Lexer):
    """Colours by DuckDB's kinds of tokens; our own words and functions stand out."""

    def __init__(self, tokenize: Tokenize, functions: Collection[str]) -> None:
        self._tokenize = tokenize
        self._ours = _OURS | frozenset(functions)

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The coloured parts of each line."""
        lines = document.lines
        styles = self._styles(document.text)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)

        def line_at(number: int) -> StyleAndTextTuples:
            if number >= len(lines):
                return []
            if number == 0 and is_command(document.text):
                return [("class:sql.command", lines[0])]
            begin = starts[number]
            return [(styles[begin + i], char) for i, char in enumerate(lines[number])]

        return line_at

    def _styles(self, text: str) -> list[str]:
        """The style of each character."""
        styles = [""] * len(text)
        try:
            found = words(text, self._tokenize)
        except InvalidSql:
            # Half a character was pasted: the statement will be refused, and say why.
            return styles
        for before, word in zip([None, *found], found, strict=False):
            styles[word.start : word.end] = [self._style(word, before)] * (word.end - word.start)
        return styles

    def _style(self, word: Word, before: Word | None) -> str:
        if word.kind in ("identifier", "keyword") and word.text.lower() in self._ours:
            return "class:sql.ours"
        if word.kind == "identifier" and before is not None and before.text == ".":
            return ""
        return f"class:sql.{word.kind}"
