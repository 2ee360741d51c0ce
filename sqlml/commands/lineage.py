"""`sqlml lineage FILE OBJECT`: what something was made from, as text or a picture; `--openlineage` sends all of it."""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Any

from sqlml.connection import connect
from sqlml.errors import InvalidOption


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    lineage = commands.add_parser(
        "lineage",
        help="what a table, view, model or file was made from",
        description="Follows lineage column by column, or sends all that was recorded as OpenLineage events.",
    )
    lineage.add_argument("db", help="the DuckDB file; it is opened for reading only")
    lineage.add_argument("object", nargs="?", help="schema.name, or the path of a file as it was read")
    lineage.add_argument("--direction", choices=("upstream", "downstream", "both"), default="upstream")
    lineage.add_argument("--column", help="follow one column")
    lineage.add_argument("--depth", type=int, default=100, help="how many steps are followed")
    lineage.add_argument("--svg", metavar="FILE", help="write a picture")
    lineage.add_argument("--openlineage", metavar="TO", help="write events to this file, or send them to this URL")
    lineage.add_argument("--since", metavar="TIME", help="only events since then (ISO, UTC)")
    lineage.add_argument("--user", help="the user of the database to act as")
    lineage.set_defaults(command=_lineage)


def _lineage(given: argparse.Namespace) -> int:
    if not Path(given.db).is_file():
        print(f"sqlml lineage: there is no file {given.db}", file=sys.stderr)
        return 2
    if (given.object is None) == (given.openlineage is None):
        print("sqlml lineage: name an object, or say where events go with --openlineage", file=sys.stderr)
        return 2
    with connect(given.db, read_only=True, user=given.user) as connection:
        if given.openlineage is not None:
            from sqlml.openlineage import export

            count = export(connection, given.openlineage, since=_time(given.since))
            print(f"{count} statement{'' if count == 1 else 's'} sent to {given.openlineage}")
            return 0
        found = connection.lineage(given.object, given.direction, column=given.column, depth=given.depth)
        if given.svg is not None:
            Path(given.svg).write_text(found.svg() + "\n", "utf-8")
        else:
            print(found)
    return 0


def _time(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidOption(f"--since {text} is no time.", hint="Write 2026-01-31 or 2026-01-31T12:00.") from None
    return found.astimezone(datetime.UTC).replace(tzinfo=None) if found.tzinfo is not None else found
