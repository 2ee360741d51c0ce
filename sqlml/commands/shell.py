"""`sqlml shell`: statements and commands at a terminal, or from standard input."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from typing import Any

from sqlml.connection import connect
from sqlml.errors import NotSupported, SqlmlError
from sqlml.output import FORMATS


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    shell = commands.add_parser(
        "shell",
        help="an interactive shell",
        description="An interactive shell; where standard input is no terminal it is run as a script.",
    )
    shell.add_argument("--db", default=":memory:", help="the DuckDB file (default: in memory)")
    shell.add_argument("--read-only", action="store_true", help="open the file read-only")
    shell.add_argument("--user", help="the user of the database to act as")
    shell.add_argument("--udfs", metavar="FOLDER", help="a folder of Python files, one a SQL function")
    shell.add_argument("--format", choices=sorted(FORMATS), default="table", help="how results are written")
    shell.set_defaults(command=_shell)


def _shell(given: argparse.Namespace) -> int:
    from sqlml.shell.shell import Shell, report

    is_interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if is_interactive and find_spec("prompt_toolkit") is None:
        raise NotSupported(
            "The shell at a terminal needs the package prompt_toolkit.",
            hint="pip install 'sqlml[shell]'; `sqlml run FILE` and `sqlml shell < FILE` need nothing more.",
        )
    connection = connect(given.db, read_only=given.read_only, udfs=given.udfs, user=given.user)
    connection.name_door("shell")
    shell = Shell(connection.session, is_interactive=is_interactive)
    shell.settings.format = given.format
    try:
        if is_interactive:
            from sqlml.shell.terminal import run_at_terminal

            return run_at_terminal(shell)
        try:
            shell.run(sys.stdin.read())
        except SqlmlError as error:
            report(error, sys.stderr)
            return 130 if error.sqlstate == "57014" else 1
        return 0
    finally:
        shell.close()
