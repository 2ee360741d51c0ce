"""Results as text: a table for people, csv, json and markdown for programs. Rows are written as they come."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from sqlml.result import Result

if TYPE_CHECKING:
    from rich.table import Table

# A table shows this many rows; the other formats all of them.
_TABLE_ROWS = 40


def has_rows(result: Result) -> bool:
    """Whether a result is rows, and not only their count or that all went well."""
    return result.has_rows


def write(result: Result, form: str, out: TextIO) -> None:
    """Write a result in a format; a statement that gives no rows, or only their count, writes nothing."""
    if has_rows(result):
        FORMATS[form](result, out)
        out.flush()


def _table(result: Result, out: TextIO) -> None:
    from rich.console import Console

    description = result.description or []
    rows = result.fetchmany(_TABLE_ROWS)
    more = sum(1 for _ in result)
    console = Console(file=out, soft_wrap=not out.isatty(), width=None if out.isatty() else 200)
    console.print(table_of(description, rows))
    if more:
        console.print(f"{len(rows) + more:,} rows, {len(rows)} shown")


def table_of(description: Sequence[Sequence[Any]], rows: Sequence[Sequence[Any]]) -> Table:
    """Rows as a table for people; `description` has the name and type of each column."""
    from rich.box import ROUNDED
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=ROUNDED, header_style="bold")
    for name, kind, *_ in description:
        table.add_column(escape(name), justify="right" if str(kind) in _NUMERIC else "left", overflow="fold")
    for row in rows:
        table.add_row(*(text_of(value) for value in row))
    return table


_NUMERIC = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UINTEGER", "FLOAT", "DOUBLE"}


def text_of(value: Any) -> Any:
    """A value as people read it, with rich's markup escaped."""
    from rich.markup import escape
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return escape(", ".join(f"{k}: {_short(v)}" for k, v in value.items()))
    return escape(str(value))


def _short(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _csv(result: Result, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(result.columns)
    for row in result:
        writer.writerow(["" if v is None else _plain_text(v) for v in row])


def _plain_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, default=str) if isinstance(value, dict | list) else value


def _json(result: Result, out: TextIO) -> None:
    names = result.columns
    out.write("[")
    for number, row in enumerate(result):
        out.write(",\n " if number else "\n ")
        json.dump(dict(zip(names, map(_json_value, row), strict=True)), out, default=str, ensure_ascii=False)
    out.write("\n]\n")


def _json_value(value: Any) -> Any:
    # JSON has no NaN and no infinity, and its keys are strings.
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(k): _json_value(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_json_value(v) for v in value]
    return value


def _markdown(result: Result, out: TextIO) -> None:
    def line(cells: Iterator[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |\n"

    out.write(line(iter(result.columns)))
    out.write(line("---" for _ in result.columns))
    for row in result:
        out.write(line("" if v is None else _short(v) for v in row))
    out.write("\n")


FORMATS: dict[str, Callable[[Result, TextIO], None]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
    "markdown": _markdown,
}
