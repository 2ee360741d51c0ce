"""The shell without its terminal: statements and commands, one after the other, from a person or a file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TextIO

from sqlml.errors import Cancelled, InvalidOption, SqlmlError, TransactionAborted
from sqlml.interrupts import ctrl_c
from sqlml.output import has_rows
from sqlml.progress_bar import progress_bar
from sqlml.session import Session
from sqlml.shell.display import Fetched, Settings, fetch, show
from sqlml.shell.words import code, is_command, is_complete

_DEEPEST = 20
# Statements that begin with these change no names.
_NO_NEW_NAMES = frozenset(
    ["select", "from", "with", "values", "explain", "describe", "desc", "show", "summarize"]
    + ["insert", "update", "delete", "set", "reset", "execute", "pragma", "checkpoint"]
)


class Shell:
    """One session with its settings; `is_left` once `\\q` was said."""

    def __init__(self, session: Session, *, is_interactive: bool) -> None:
        self.session = session
        self.is_interactive = is_interactive
        self.settings = Settings(chart=is_interactive and sys.stdout.isatty())
        self.is_left = False
        self.names_are_stale = True
        self._file: TextIO | None = None
        self._depth = 0

    @property
    def out(self) -> TextIO:
        """Where results go."""
        return self._file or sys.stdout

    def run(self, text: str) -> None:
        """Run statements and commands: a command stands on a line of its own, where no statement is begun.

        Raises SqlmlError for the first that fails.
        """
        tokenize = self.session.database.tokenize
        begun: list[str] = []
        begins_at = 0
        for number, line in enumerate(text.splitlines()):
            if self.is_left:
                return
            if not "".join(begun).strip():
                begun, begins_at = [], number
                if is_command(line):
                    self._run_command(line.strip())
                    continue
            begun.append(line)
            if ";" in line and is_complete("\n".join(begun), tokenize):
                self._run_statements("\n" * begins_at + "\n".join(begun))
                begun = []
        if begun and not self.is_left:
            self._run_statements("\n" * begins_at + "\n".join(begun))

    def run_file(self, path: str) -> None:
        """`\\i file`: run a file as if it were typed."""
        if self._depth >= _DEEPEST:
            raise InvalidOption(f"{path} is read by itself.", hint="Leave its \\i out.")
        try:
            text = Path(path).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise InvalidOption(f"The file {path} cannot be read: {why}.", hint="Name a file of SQL.") from None
        self._depth += 1
        try:
            self.run(text)
        except SqlmlError:
            print(f"In {path}:", file=sys.stderr)
            raise
        finally:
            self._depth -= 1

    def write_to(self, path: str | None) -> None:
        """`\\o file`: results go there from now on; without a file to the terminal again."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if path is not None:
            try:
                self._file = Path(path).expanduser().open("w", encoding="utf-8")
            except OSError as error:
                raise InvalidOption(
                    f"The file {path} cannot be written: {error.strerror}.", hint="Name another."
                ) from None

    def mark(self) -> str:
        """The prompt's mark of the transaction: none, `*` while one is open, `!` once it has failed."""
        try:
            return "*" if self.session.transaction.is_open() else ""
        except TransactionAborted:
            return "!"

    def close(self) -> None:
        """Close the session, and the file that results go to."""
        self.write_to(None)
        self.session.close()

    def _run_command(self, line: str) -> None:
        from sqlml.shell.commands import run_command

        run_command(self, line)

    def _run_statements(self, text: str) -> None:
        first = [word.folded for word in code(text, self.session.database.tokenize) if word.text != ";"][:1]
        if not first:
            return
        self.names_are_stale = self.names_are_stale or text.count(";") > 1 or first[0] not in _NO_NEW_NAMES
        statements = self.session.run_script(text)
        is_done = False
        while not is_done:
            began = time.perf_counter()
            fetched: Fetched | str | None = None
            with ctrl_c(self.session), progress_bar(self.session):
                is_done = True
                for _, result in statements:
                    if has_rows(result) or self.is_interactive:
                        fetched = fetch(result, self.settings, self.out)
                    else:
                        result.close()
                    is_done = False
                    break
            if not is_done:
                self._show(fetched, time.perf_counter() - began)

    def show_rows(self, text: str) -> None:
        """Show the result of a statement of the shell's own."""
        result = self.session.execute(text)
        self._show(fetch(result, self.settings, self.out), None)

    def _show(self, fetched: Fetched | str | None, seconds: float | None) -> None:
        if isinstance(fetched, Fetched):
            show(fetched, self.settings, self.out)
        elif fetched is not None and self._file is None:
            print(fetched)
        if self.settings.timing and seconds is not None:
            print(f"Time: {seconds:.3f} s")


def report(error: BaseException, out: TextIO) -> None:
    """Print what went wrong: the place with its caret, and the hint."""
    if isinstance(error, Cancelled | KeyboardInterrupt):
        print("Interrupted; nothing half done was kept.", file=out)
        return
    assert isinstance(error, SqlmlError)
    text = f"Error {error.sqlstate}: {error}"
    if not out.isatty():
        print(text, file=out)
        return
    from rich.console import Console
    from rich.text import Text

    message, _, rest = text.partition("\n")
    console = Console(file=out, highlight=False, soft_wrap=True)
    console.print(Text(message, style="bold red"))
    for line in rest.splitlines():
        console.print(Text(line, style="cyan" if error.hint and line.startswith("Hint:") else ""))
