"""HTML for notebooks: every name and value is escaped, colours are those of the page around it."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

_LONGEST = 300
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM")
_NUMERIC = (*_NUMBERS, "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")

# Styles stand at each element: notebooks that are not trusted lose their <style>. Lines and faint text are made of the
# colour of the text, so that they can be read on light and on dark.
TABLE = "border-collapse:collapse;margin:0.3em 0"
_CELL = "padding:0.2em 0.7em;border-bottom:1px solid rgba(128,128,128,0.3);vertical-align:top"
FAINT = "opacity:0.6"


def escape(text: object) -> str:
    """Text as it may stand between tags and in an attribute."""
    # A control character ends an SVG that is read as XML.
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return html.escape(shown, quote=True)


def tag(name: str, *inner: str, **attributes: object) -> str:
    """An element; its content is HTML already, its attributes are escaped here. `css` is the attribute style."""
    given = {("style" if key == "css" else key.replace("_", "-")): value for key, value in attributes.items()}
    written = "".join(f' {key}="{escape(value)}"' for key, value in given.items())
    return f"<{name}{written}>{''.join(inner)}</{name}>"


def value_text(value: Any) -> str:
    """A value as people read it; NULL is SQL's."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {value_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(value_text, value)) + "]"
    return str(value)


def short(text: str, most: int = _LONGEST) -> str:
    """A text, cut where it is long."""
    return text if len(text) <= most else text[: most - 1] + "…"


def is_numeric(duckdb_type: str) -> bool:
    """Whether values of a type are set to the right."""
    return duckdb_type.partition("(")[0] in _NUMERIC


def cell(value: Any, *, right: bool = False, css: str = "") -> str:
    """A cell of a table; NULL is not the text NULL."""
    style = f"{_CELL};text-align:{'right' if right else 'left'};{css}"
    if value is None:
        return tag("td", tag("i", "NULL", css=FAINT), css=style)
    return tag("td", escape(short(value_text(value))), css=f"{style};white-space:pre-wrap")


def rows_table(description: Sequence[Sequence[Any]], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table; a column's head is its name and, below, its type."""
    right = [is_numeric(str(column[1])) for column in description]
    heads = "".join(
        tag(
            "th",
            escape(column[0]),
            "<br>",
            tag("small", escape(short(str(column[1]), 60)), css=f"font-weight:normal;{FAINT}"),
            css=f"{_CELL};text-align:{'right' if at_right else 'left'}",
        )
        for column, at_right in zip(description, right, strict=True)
    )
    lines = "".join(
        tag("tr", *(cell(value, right=at_right) for value, at_right in zip(row, right, strict=True))) for row in rows
    )
    return tag("table", tag("thead", tag("tr", heads)), tag("tbody", lines), css=TABLE)


def facts_table(facts: Iterable[tuple[str, Any]]) -> str:
    """Names and values, a line each."""
    lines = "".join(
        tag("tr", tag("th", escape(name), css=f"{_CELL};text-align:left;font-weight:normal;{FAINT}"), cell(value))
        for name, value in facts
    )
    return tag("table", tag("tbody", lines), css=TABLE)


def note(text: str) -> str:
    """A line in faint letters."""
    return tag("div", escape(text), css=f"{FAINT};margin:0.2em 0")


def pictures(drawn: Sequence[str]) -> str:
    """Pieces of HTML beside one another, as far as there is room."""
    pieces = (tag("div", piece) for piece in drawn)
    return tag("div", *pieces, css="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start;margin:0.5em 0")


def markdown_cell(value: Any) -> str:
    """A value in a table of markdown, where HTML must not be HTML."""
    text = escape(short(value_text(value)))
    for mark in "\\|`*_[]~$":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ").replace("\r", " ")


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table of markdown."""
    lines = [list(map(markdown_cell, heads)), ["---"] * len(heads), *([markdown_cell(v) for v in row] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
