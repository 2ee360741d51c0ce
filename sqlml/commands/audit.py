"""`sqlml audit verify FILE` and `sqlml audit show FILE`: the audit log of a database with users."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sqlml.audit.log import audit_path
from sqlml.audit.verification import rows_of, verify
from sqlml.signing import signing_key


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    audit = commands.add_parser(
        "audit",
        help="verify or show the audit log of a database with users",
        description="Verifies that no row of the audit log was altered, removed or cut off; or shows its rows as JSON.",
    )
    audit.add_argument("what", choices=("verify", "show"), help="verify the log, or show its rows")
    audit.add_argument("file", help="the DuckDB file")
    audit.set_defaults(command=_audit)


def _audit(given: argparse.Namespace) -> int:
    log, key = audit_path(given.file), signing_key(create=False)
    if not log.is_file() or key is None:
        missing = f"no audit log {log}" if key is not None else "no signing key, which signed the log"
        print(f"sqlml audit: there is {missing}", file=sys.stderr)
        return 2
    if given.what == "show":
        for _, found, _ in rows_of(log, key):
            if not isinstance(found, str):
                print(json.dumps({"seq": found["seq"], **found["row"]}))
    verdict = verify(log, key)
    if verdict.note:
        print(verdict.note, file=sys.stderr)
    if verdict.problem:
        print(f"{verdict.problem} The {verdict.rows} rows before it are as they were written.", file=sys.stderr)
        return 1
    if given.what == "verify":
        print(f"All {verdict.rows} rows are as they were written.")
    return 0
