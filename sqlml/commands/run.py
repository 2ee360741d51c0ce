"""`sqlml run FILE.sql`: a file of SQL, statement by statement."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sqlml.connection import connect
from sqlml.interrupts import ctrl_c
from sqlml.output import FORMATS, write
from sqlml.progress_bar import progress_bar


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    run = commands.add_parser("run", help="run a file of SQL", description="Run a file of SQL; - reads standard input.")
    run.add_argument("file", help="the SQL file, or - for standard input")
    run.add_argument("--db", default=":memory:", help="the DuckDB file (default: in memory)")
    run.add_argument("--read-only", action="store_true", help="open the file read-only")
    run.add_argument("--user", help="the user of the database to act as")
    run.add_argument("--udfs", metavar="FOLDER", help="a folder of Python files, one a SQL function")
    run.add_argument("--format", choices=sorted(FORMATS), default="table", help="how results are written")
    run.add_argument("--param", action="append", default=[], metavar="K=V", help="a value for $K; JSON or a string")
    run.set_defaults(command=_run)


def _run(given: argparse.Namespace) -> int:
    params = _params(given.param)
    if params is None:
        return 2
    if given.file != "-" and not Path(given.file).is_file():
        print(f"sqlml run: there is no file {given.file}", file=sys.stderr)
        return 2
    text = sys.stdin.read() if given.file == "-" else Path(given.file).read_text("utf-8")
    connection = connect(given.db, read_only=given.read_only, udfs=given.udfs, user=given.user)
    connection.name_door("run")
    try:
        with ctrl_c(connection.session), progress_bar(connection.session):
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
