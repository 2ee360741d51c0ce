"""The command line: `sqlml run FILE.sql`, `sqlml trust FILE`.

Exit codes: 0 all went well, 1 a statement failed, 2 the command was misused, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlml.connection import connect
from sqlml.errors import Cancelled, SqlmlError
from sqlml.output import FORMATS, write
from sqlml.session import Session
from sqlml.types import Progress


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    given = _parser().parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    from sqlml import __version__

    parser = argparse.ArgumentParser(prog="sqlml", description="SQL-first machine learning inside DuckDB.")
    parser.add_argument("--version", action="version", version=f"sqlml {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a file of SQL", description="Run a file of SQL; - reads standard input.")
    run.add_argument("file", help="the SQL file, or - for standard input")
    run.add_argument("--db", default=":memory:", help="the DuckDB file (default: in memory)")
    run.add_argument("--read-only", action="store_true", help="open the file read-only")
    run.add_argument("--udfs", metavar="FOLDER", help="a folder of Python files, one a SQL function")
    run.add_argument("--format", choices=sorted(FORMATS), default="table", help="how results are written")
    run.add_argument("--param", action="append", default=[], metavar="K=V", help="a value for $K; JSON or a string")
    run.set_defaults(command=_run)

    trust = commands.add_parser(
        "trust",
        help="sign the models and functions of a file from elsewhere with your key",
        description="Lists the models and functions that your key has not signed and, once you agree, signs them.",
    )
    trust.add_argument("file", help="the DuckDB file")
    trust.add_argument("--yes", action="store_true", help="do not ask")
    trust.set_defaults(command=_trust)
    return parser


def _run(given: argparse.Namespace) -> int:
    params = _params(given.param)
    if params is None:
        return 2
    if given.file != "-" and not Path(given.file).is_file():
        print(f"sqlml run: there is no file {given.file}", file=sys.stderr)
        return 2
    text = sys.stdin.read() if given.file == "-" else Path(given.file).read_text("utf-8")
    connection = connect(given.db, read_only=given.read_only, udfs=given.udfs)
    try:
        with _ctrl_c(connection.session), _progress(connection.session):
            for _, result in connection.session.run_script(text, params):
                write(result, given.format, sys.stdout)
    finally:
        connection.close()
    return 0


def _params(given: list[str]) -> dict[str, Any] | None:
    params: dict[str, Any] = {}
    for item in given:
        name, mark, value = item.partition("=")
        if not mark or not name:
            print(f"sqlml run: --param takes NAME=VALUE, not {item!r}", file=sys.stderr)
            return None
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        params[name] = value if isinstance(read, dict) else read
    return params


@contextmanager
def _ctrl_c(session: Session) -> Iterator[None]:
    """Ctrl-C stops DuckDB whenever it comes: DuckDB's own check loses a signal that comes as a query begins."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)  # noqa: FBT003 - as set_wakeup_fd asks
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    done = threading.Event()

    def watch() -> None:
        while ours.recv(1) == bytes([signal.SIGINT]):
            while not done.wait(0.05):
                session.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        signal.set_wakeup_fd(before)
        theirs.close()
        watcher.join()
        ours.close()


@contextmanager
def _progress(session: Session) -> Iterator[None]:
    """Warnings on standard error while a model is trained, and a progress bar when that is a terminal."""
    if not sys.stderr.isatty():
        session.on_progress = _warn
        try:
            yield
        finally:
            session.on_progress = None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=1)

    def show(progress: Progress) -> None:
        if progress.stage in ("warning", "done"):
            bar.stop()
            _warn(progress)
            return
        bar.start()
        bar.update(task, description=progress.stage, completed=progress.done, total=progress.total)

    session.on_progress = show
    try:
        yield
    finally:
        bar.stop()
        session.on_progress = None


def _warn(progress: Progress) -> None:
    if progress.stage == "warning":
        print(f"Warning: {progress.message}", file=sys.stderr)


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


if __name__ == "__main__":
    sys.exit(main())
