"""Results on the terminal: tables, records, charts below them, the pager for what does not fit."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from sqlml.output import FORMATS, has_rows, table_of, text_of
from sqlml.result import Result
from sqlml.shell.charts import chart_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# How many rows a table shows: with a pager, and without.
_PAGED, _PRINTED = 1000, 40
# A table whose columns would be folded below this width is paged sideways instead.
_NARROW = 12
_WIDE = 100_000


@dataclass
class Settings:
    """What `\\format`, `\\x`, `\\timing`, `\\chart`, `\\pager` and `\\rows` set."""

    format: str = "table"
    expanded: bool = False
    timing: bool = False
    chart: bool = False
    pager: bool = True
    rows: int | None = None


@dataclass(frozen=True)
class Fetched:
    """The first rows of a result, read while Ctrl-C still stops the statement."""

    description: Sequence[Sequence[Any]]
    rows: Sequence[Sequence[Any]]
    has_more: bool


def fetch(result: Result, settings: Settings, out: TextIO) -> Fetched | str | None:
    """Read what is to be shown; formats for programs are written as the rows come.

    Gives the words for a statement that has no rows, and None where all is written.
    """
    if not has_rows(result):
        changed = result.rowcount
        return f"{changed:,} row{'' if changed == 1 else 's'}" if changed >= 0 else "OK"
    if settings.format != "table":
        FORMATS[settings.format](result, out)
        out.flush()
        return None
    limit = settings.rows or (_PAGED if _can_page(settings, out) else _PRINTED)
    rows = result.fetchmany(limit + 1)
    fetched = Fetched(result.description or [], rows[:limit], len(rows) > limit)
    result.close()
    return fetched


def show(fetched: Fetched, settings: Settings, out: TextIO) -> None:
    """Print a table, through the pager where it is longer or much wider than the terminal."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(file=out, width=None if out.isatty() else 200, soft_wrap=not out.isatty())
    parts = _parts(fetched, settings, console)
    if not _can_page(settings, out):
        console.print(*parts, sep="\n")
        return
    is_wide = not settings.expanded and _least_width(fetched) > console.width
    with console.capture() as capture:
        if is_wide:
            console.width = Measurement.get(console, console.options.update(width=_WIDE), parts[0]).maximum
        console.print(*parts, sep="\n")
    text = capture.get()
    if is_wide or text.count("\n") >= shutil.get_terminal_size().lines:
        page(text)
    else:
        out.write(text)
        out.flush()


def _least_width(fetched: Fetched) -> int:
    """The width of a table none of whose columns is folded below a width that can be read."""
    from rich.cells import cell_len

    lines = [[column[0] for column in fetched.description], *fetched.rows]
    widths = [min(_NARROW, max(cell_len(str(v)) for v in column)) for column in zip(*lines, strict=True)]
    return sum(widths) + 3 * len(widths) + 1


def _parts(fetched: Fetched, settings: Settings, console: Console) -> list[RenderableType]:
    from rich.text import Text

    names = [str(column[0]) for column in fetched.description]
    parts: list[RenderableType] = [
        _records(names, fetched.rows) if settings.expanded else table_of(fetched.description, fetched.rows)
    ]
    count = len(fetched.rows)
    if fetched.has_more:
        parts.append(Text(f"The first {count:,} rows; there are more (\\rows N shows N).", style="dim"))
    elif count != 1:
        parts.append(Text(f"{count:,} rows", style="dim"))
    chart = chart_of(names, fetched.rows, console.width) if settings.chart else None
    if chart is not None:
        parts.append(Text(chart, no_wrap=True))
    return parts


def _records(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> RenderableType:
    """Every row as lines of column and value."""
    from rich.console import Group
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for number, row in enumerate(rows, 1):
        grid = Table.grid(padding=(0, 2))
        for name, value in zip(names, row, strict=True):
            grid.add_row(Text(name, style="bold"), text_of(value))
        parts += [Rule(f"row {number}", align="left", style="dim"), grid]
    return Group(*parts)


def _can_page(settings: Settings, out: TextIO) -> bool:
    return settings.pager and out.isatty() and sys.stdin.isatty()


def page(text: str) -> None:
    """Show a long text in $SQLML_PAGER, $PAGER or less; it is printed where there is no such program."""
    asked = os.environ.get("SQLML_PAGER") or os.environ.get("PAGER") or "less"
    command = shlex.split(asked)
    if shutil.which(command[0]) is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    # As git has it; and long lines are not folded but scrolled.
    environment = {"LESS": "FRSX", **os.environ}
    pager = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, text=True)  # noqa: S603 - the user's own
    assert pager.stdin is not None
    try:
        pager.stdin.write(text)
        pager.stdin.close()
    except (BrokenPipeError, KeyboardInterrupt):
        # Who leaves the pager has seen enough.
        pass
    while True:
        try:
            pager.wait()
        except KeyboardInterrupt:
            # The pager's own affair.
            continue
        return
