"""`python -m docs.shell_picture`: types a session into `sqlml shell` on a terminal and draws it, docs/shell.svg."""

from __future__ import annotations

import io
import re
import tempfile
from itertools import groupby
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.pty_shell import Terminal

PICTURE = Path(__file__).parent / "shell.svg"
SESSION = (
    "CREATE TABLE customers AS\r"
    "SELECT (hash(i) % 60)::INT + 18 AS age, ['basic', 'pro'][1 + i % 2] AS plan, -- made up\r"
    "       age + (hash(i + 13) % 40)::INT > 70 AS churned FROM range(2000) AS r(i);",
    "CREATE MODEL churn OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['churned'])\r"
    "AS SELECT age, plan, churned FROM customers;",
    "FROM ML.FEATURE_IMPORTANCE(MODEL churn);",
    "SELECT ml_predict('churn', age := 61, plan := 'pro') AS leaves;",
    "BEGIN;",
    "DELETE FROM customers WHERE agee > 60;",
)
# Without the fonts that rich would have a browser fetch: whoever looks at a picture is not to be seen by others.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
_COLOURS = {"brown": "yellow", "brightblack": "bright_black", "brightbrown": "bright_yellow", "default": None}


def main() -> None:
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"SQLML_STATE_DIR": folder, "SQLML_CONFIG_DIR": folder, "SQLML_PAGER": "cat"}
        terminal = Terminal("shell", environment=own, columns=112, lines=54)
        terminal.prompt()
        for number, text in enumerate(SESSION):
            mark = {len(SESSION) - 2: "*", len(SESSION) - 1: "!"}.get(number, "")
            begins = terminal.screen.cursor.y
            terminal.type(f"{text}\r")
            terminal.wait(lambda t, y=begins, m=mark: t.screen.cursor.y > y and t.last == f"sqlml{m}>", seconds=90)
        lines = _lines(terminal)
        terminal.process.close(force=True)
    console = Console(record=True, width=terminal.screen.columns, file=io.StringIO())
    for line in lines:
        console.print(line, soft_wrap=True)
    print(console.export_text(clear=False))
    console.save_svg(str(PICTURE), title="sqlml shell", theme=MONOKAI, code_format=_FORMAT, unique_id="sqlml-shell")


def _lines(terminal: Terminal) -> list[Text]:
    """The screen with its colours."""
    found = []
    for y in range(terminal.screen.cursor.y + 1):
        line = Text()
        row = [terminal.screen.buffer[y][x] for x in range(terminal.screen.columns)]
        for (fg, bold, italics), chars in groupby(row, key=lambda char: (char.fg, char.bold, char.italics)):
            colour = _COLOURS.get(fg, fg)
            if colour is not None and len(colour) == 6 and not colour.isalpha():
                colour = f"#{colour}"
            line.append("".join(char.data for char in chars), Style(color=colour, bold=bold, italic=italics))
        line.rstrip()
        found.append(line)
    return found


if __name__ == "__main__":
    main()
