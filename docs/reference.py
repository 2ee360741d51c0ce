"""Writes the reference pages from the registries: `python -m docs.reference`, or `--check` to only compare.

docs/reference.md is the SQL and made here; what is not SQL comes from reference_doors.py.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

from docs.reference_doors import api_page, commands_page, errors_page
from docs.written import write_or_check
from sqlml.described_options import describe_options
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.lint_rules import LINT_RULES
from sqlml.model_types import MODEL_TYPES
from sqlml.options import CommonOptions
from sqlml.statements import STATEMENTS

_FOLDER = Path(__file__).parent
_INTRODUCTION = """\
Written by `make reference` from the registries; do not edit it by hand. The SQL and Python of an entry are that of its
docstring: an example over tables of its own, and what it becomes or is roughly. What is not SQL: [Python](api.md),
[the commands](commands.md), [errors](errors.md)."""


def reference_pages() -> dict[str, str]:
    """The text of each page by the name of its file."""
    return {"reference.md": page(), "api.md": api_page(), "commands.md": commands_page(), "errors.md": errors_page()}


def page() -> str:
    """The whole page as Markdown."""
    parts = ["# Reference of the SQL", _INTRODUCTION, "## Statements"]
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
    parts.append("## Lint rules")
    parts.append("What CREATE MODEL warns of; [what looks wrong with a model](linting.md) says when.")
    for rule in sorted(LINT_RULES, key=lambda r: r.name):
        parts += [f"### {rule.name}", _lint_rule(type(rule))]
    parts.append("## Not there yet")
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
    rows = ["| option | values | default | what it does |", "| --- | --- | --- | --- |"]
    rows += [f"| `{o.name}` | {o.values} | {o.default} | {o.doc} |" for o in describe_options(kind)]
    return "\n".join(rows)


def _lint_rule(kind: type[Any]) -> str:
    """Its docstring; the SQL in it, which is not indented, is what it warns of."""
    said, _, example = inspect.cleandoc(kind.__doc__ or "").rpartition("\n\n")
    return f"{said}\n\n```sql\n{example}\n```"


def main() -> int:
    """Write the pages, or compare them with --check; returns the exit code."""
    return write_or_check({_FOLDER / name: text for name, text in reference_pages().items()}, "make reference")


if __name__ == "__main__":
    sys.exit(main())
