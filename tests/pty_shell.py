"""`sqlml shell` on a terminal of its own: keys go in, and the screen is what a person would see."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping

import pexpect
import pyte


class Terminal:
    """A program on a pseudo-terminal, and its screen."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], columns: int = 110, lines: int = 45) -> None:
        # The answers to a terminal's questions come from this screen too slowly to be waited for.
        own = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": str(columns), "LINES": str(lines)}
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.process = pexpect.spawn(
            sys.executable,
            ["-m", "sqlml.cli", *arguments],
            env={**os.environ, **own, **environment},
            dimensions=(lines, columns),
            timeout=60,
        )
        # pexpect waits a while before each key, for programs that have yet to turn the echo off.
        self.process.delaybeforesend = None

    def read(self, seconds: float = 0.02) -> None:
        """Take in what was written until nothing more comes for a while."""
        try:
            while True:
                self._stream.feed(self.process.read_nonblocking(65536, timeout=seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return

    @property
    def text(self) -> str:
        """The screen as text, without empty ends."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    @property
    def last(self) -> str:
        """The line that the cursor is in."""
        return self.screen.display[self.screen.cursor.y].rstrip()

    def wait(self, found: Callable[[Terminal], bool], seconds: float = 30) -> None:
        """Read until something is so; fails with the screen where it does not come to be."""
        end = time.monotonic() + seconds
        while not found(self):
            assert time.monotonic() < end, f"waited in vain; the screen is:\n{self.text}"
            self.read()

    def see(self, text: str, seconds: float = 30) -> None:
        """Wait until a text stands on the screen."""
        self.wait(lambda terminal: text in terminal.text, seconds)

    def prompt(self, mark: str = "", seconds: float = 30) -> None:
        """Wait for an empty prompt."""
        self.wait(lambda terminal: terminal.last.endswith(f"sqlml{mark}>"), seconds)

    def type(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys)

    def run(self, line: str, mark: str = "", seconds: float = 30) -> str:
        """Type a line, press Enter, wait for the next prompt; gives the screen. The screen is emptied before."""
        self.type("\x0c")
        self.prompt_is_first()
        self.type(line + "\r")
        self.wait(lambda t: t.last == f"sqlml{mark}>" and t.screen.cursor.y > 0, seconds)
        return self.text

    def prompt_is_first(self) -> None:
        """Wait until the prompt stands in the first line of an empty screen."""
        self.wait(lambda t: t.screen.cursor.y == 0 and t.last.startswith("sqlml") and len(t.text.split()) == 1)

    def leave(self) -> int:
        """Press Ctrl-D; gives the exit code."""
        self.type("\x04")
        self.process.expect(pexpect.EOF)
        self.process.close()
        return int(self.process.exitstatus)
