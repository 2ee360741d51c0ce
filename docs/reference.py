"""Writes docs/reference.md from the registries: `python -m docs.reference`, or `--check` to only compare."""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from sqlml import errors
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.model_types import MODEL_TYPES
from sqlml.options import CommonOptions, kind_in_words
from sqlml.statements import STATEMENTS

_PAGE = Path(__file__).with_name("reference.md")


def page() -> str:
    """The whole page as Markdown."""
    parts = ["# Reference", "Written by `make docs` from the registries; do not edit it by hand.", "## Statements"]
    for statement in sorted(STATEMENTS, key=lambda s: s.name):
        if statement.name != "later":
            parts += [f"### {statement.name}", _described(type(statement))]
    parts.append("## Functions")
    for function in sorted(FUNCTIONS, key=lambda f: f.name):
        parts += [f"### {function.name}", f"`{function.signature}`", _described(type(function))]
        parts.append(f"Needs {function.privilege} on each model it names.")
    parts.append("## Model types")
    parts += ["### Options of every model type", _options(CommonOptions)]
    for kind in sorted(MODEL_TYPES, key=lambda t: t.name):
        parts += [f"### {kind.name}", _described(type(kind)), _options(kind.Options)]
    parts += ["## Errors", _errors(), "## Not there yet"]
    parts.append("These names are read and answer NotSupported (0A000):")
    parts.append(", ".join(f"`{name}`" for name in sorted(LATER)) + ".")
    return "\n\n".join(parts) + "\n"


def _described(kind: type[Any]) -> str:
    """A docstring as Markdown: its indented blocks are code."""
    lines: list[str] = []
    in_code = False
    # Docstrings of classes are indented by four; what is indented by eight is code.
    for line in (text.removeprefix("    ") for text in (kind.__doc__ or "").strip().splitlines()):
        is_code = line.startswith("    ") or (in_code and not line.strip())
        if is_code and not in_code:
            lines += ["```sql" if not lines or "roughly" not in "".join(lines[-2:]) else "```python"]
        if in_code and not is_code:
            while not lines[-1].strip():
                lines.pop()
            lines += ["```", ""]
        in_code = is_code
        lines.append(line.removeprefix("    ") if is_code else line)
    if in_code:
        lines.append("```")
    return "\n".join(lines).strip()


def _options(kind: type[Any]) -> str:
    hints = typing.get_type_hints(kind)
    rows = ["| option | values | default | what it does |", "| --- | --- | --- | --- |"]
    for spec in fields(kind):
        default = "" if spec.default in (None, "", ()) else _sql(spec.default)
        rows.append(
            f"| `{spec.name}` | {_values(hints[spec.name], spec.metadata)} | {default} | {spec.metadata['doc']} |"
        )
    return "\n".join(rows)


def _values(hint: Any, limits: Any) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(get_args(hint))
    if get_origin(hint) is UnionType:
        hint = next(h for h in get_args(hint) if h is not type(None))
    if get_origin(hint) in (tuple, Mapping):
        return kind_in_words(hint).removeprefix("a ")
    word = {int: "whole number", float: "number", bool: "TRUE, FALSE", str: "string"}[hint]
    bounds = [(">=", limits["low"]), (">", limits["above"]), ("<=", limits["high"])]
    return " ".join([word, *(f"{sign} {value}" for sign, value in bounds if value is not None)])


def _sql(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_sql, value)) + "]"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _errors() -> str:
    def under(kind: type[errors.SqlmlError]) -> Iterable[type[errors.SqlmlError]]:
        for child in kind.__subclasses__():
            yield child
            yield from under(child)

    rows = ["| error | SQLSTATE | HTTP | when |", "| --- | --- | --- | --- |"]
    for kind in sorted(under(errors.SqlmlError), key=lambda k: k.__name__):
        rows.append(f"| `{kind.__name__}` | {kind.sqlstate} | {kind.http_status} | {kind.__doc__} |")
    return "\n".join(rows)


def main() -> int:
    """Write the page, or compare it with --check; returns the exit code."""
    text = page()
    if "--check" in sys.argv[1:]:
        if not _PAGE.exists() or _PAGE.read_text("utf-8") != text:
            print("docs/reference.md is out of date: run `make docs`.", file=sys.stderr)
            return 1
        return 0
    _PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
