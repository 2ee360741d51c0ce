"""`sqlml trust FILE`: sign the models and functions of a file from elsewhere with your own key."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlml.connection import connect


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    trust = commands.add_parser(
        "trust",
        help="sign the models and functions of a file from elsewhere with your key",
        description="Lists the models and functions that your key has not signed and, once you agree, signs them.",
    )
    trust.add_argument("file", help="the DuckDB file")
    trust.add_argument("--yes", action="store_true", help="do not ask")
    trust.set_defaults(command=_trust)


def _trust(given: argparse.Namespace) -> int:
    from sqlml.trust import sign_functions, sign_models, unsigned_functions, unsigned_models

    if not Path(given.file).is_file():
        print(f"sqlml trust: there is no file {given.file}", file=sys.stderr)
        return 2
    connection = connect(given.file)
    try:
        models = unsigned_models(connection.session)
        functions = unsigned_functions(connection.session)
        if not models and not functions:
            print("Every model in this file is signed with your key.")
            return 0
        for model in models:
            runs = ", runs Python code when it is loaded" if model.is_pickled else ""
            print(
                f"{model.short_name} version {model.version}: {model.model_type}, {model.format}, "
                f"sha256 {model.sha256}{runs}"
            )
        for function in functions:
            print(f"function {function.sql_signature}, Python:\n{textwrap.indent(function.body.strip(), '    ')}")
        if not given.yes and not _agreed(len(models) + len(functions)):
            print("Nothing was signed.")
            return 1
        sign_models(connection.session, models)
        sign_functions(connection.session, functions)
        signed = [_counted(models, "model version"), _counted(functions, "function")]
        print(f"Signed {' and '.join(part for part in signed if part)}.")
    finally:
        connection.close()
    return 0


def _counted(things: Sequence[Any], word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) > 1 else ''}" if things else ""


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        print("Say --yes to sign them.", file=sys.stderr)
        return False
    return input(f"Sign {count} with your key? [y/N] ").strip().lower() in ("y", "yes")
