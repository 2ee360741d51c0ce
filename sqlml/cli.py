"""The command line: `sqlml run | shell | new | doctor | lineage | trust | audit | backup | restore`: sqlml/commands.

Exit codes: 0 all went well, 1 a statement or check failed, 2 the command was misused, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys

from sqlml.commands import COMMANDS
from sqlml.errors import Cancelled, SqlmlError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        code: int = given.command(given)
    except Cancelled:
        print("Interrupted; nothing half done was kept.", file=sys.stderr)
        return 130
    except SqlmlError as error:
        print(f"Error {error.sqlstate}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; nothing half done was kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output has gone: what is still buffered has nowhere to go.
        sys.stderr.close()
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of every command, which the reference is written from too."""
    from sqlml import __version__

    parser = argparse.ArgumentParser(prog="sqlml", description="SQL-first machine learning inside DuckDB.")
    parser.add_argument("--version", action="version", version=f"sqlml {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
