"""`sqlml backup FILE TO COPY` and `sqlml restore COPY TO FILE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Describe the two commands and their arguments."""
    backup = commands.add_parser(
        "backup",
        help="copy a file, with a manifest to check the copy by",
        description="Copies a DuckDB file as it is at one moment; COPY.json beside it has sha256, key, versions.",
    )
    backup.add_argument("file", help="the DuckDB file")
    backup.add_argument("to", metavar="TO", type=str.upper, choices=["TO"], help="the word TO")
    backup.add_argument("copy", help="the copy; there must be no such file")
    backup.add_argument("--user", help="the user of the database to act as: a superuser")
    backup.set_defaults(command=_backup)
    restore = commands.add_parser(
        "restore",
        help="make a file of a copy that `sqlml backup` wrote",
        description="Checks a copy by its manifest and makes a file of it.",
    )
    restore.add_argument("copy", help="the copy, with its manifest beside it")
    restore.add_argument("to", metavar="TO", type=str.upper, choices=["TO"], help="the word TO")
    restore.add_argument("file", help="the DuckDB file to make; there must be no such file")
    restore.set_defaults(command=_restore)


def _backup(given: argparse.Namespace) -> int:
    from sqlml.backup import backup

    made = backup(Path(given.file), Path(given.copy), user=given.user)
    print(f"Copied {made.size_bytes} bytes, sha256 {made.sha256}.")
    return 0


def _restore(given: argparse.Namespace) -> int:
    from sqlml.backup import knows_key, restore

    made = restore(Path(given.copy), Path(given.file))
    print(f"Restored {made.size_bytes} bytes of {made.created_at}.")
    if made.key_id is not None and not knows_key(made.key_id):
        print(f"Its models are signed with another key, {made.key_id}.", file=sys.stderr)
        print(f"Hint: once you trust where it comes from: sqlml trust {given.file}", file=sys.stderr)
    return 0
