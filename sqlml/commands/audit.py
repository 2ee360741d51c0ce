"""`sqlml audit verify | show | prune FILE`: the audit log of a database with users."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlml.audit.log import audit_path
from sqlml.audit.verification import rows_of, verify
from sqlml.errors import SqlmlError
from sqlml.signing import trusted_keys


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    audit = commands.add_parser(
        "audit",
        help="verify, show or prune the audit log of a database with users",
        description="Verifies that no row of the audit log was altered, removed or cut off; shows its rows as JSON; "
        "or leaves out the oldest so that the others can still be verified.",
    )
    audit.add_argument("what", choices=("verify", "show", "prune"), help="what to do with the log")
    audit.add_argument("file", help="the DuckDB file")
    audit.add_argument("--keep", metavar="DAYS", type=int, default=395, help="prune: the days to keep (default: 395)")
    audit.set_defaults(command=_audit)


def _audit(given: argparse.Namespace) -> int:
    log, keys = audit_path(given.file), trusted_keys()
    if not log.is_file() or not keys:
        missing = f"no audit log {log}" if keys else "no signing key, which signed the log"
        print(f"sqlml audit: there is {missing}", file=sys.stderr)
        return 2
    if given.what == "prune":
        return _prune(log, given.keep)
    if given.what == "show":
        for _, found, _ in rows_of(log, keys):
            if not isinstance(found, str) and "row" in found:
                print(json.dumps({"seq": found["seq"], **found["row"]}))
    verdict = verify(log, keys)
    if verdict.note:
        print(verdict.note, file=sys.stderr)
    if verdict.problem:
        print(f"{verdict.problem} The {verdict.rows} rows before it are as they were written.", file=sys.stderr)
        return 1
    if given.what == "verify":
        print(f"All {verdict.rows} rows are as they were written.")
    return 0


def _prune(log: Path, days: int) -> int:
    from sqlml.audit.pruning import prune

    if days < 0:
        print("sqlml audit: --keep is a number of days", file=sys.stderr)
        return 2
    try:
        gone, kept = prune(log, timedelta(days=days))
    except SqlmlError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{gone} rows are gone, {kept} are kept.")
    return 0
