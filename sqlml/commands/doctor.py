"""`sqlml doctor [FILE]`: examines the installation, and a file."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlml.doctor.findings import Finding

_STYLES = {"ok": "green", "note": "yellow", "failed": "bold red"}


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    doctor = commands.add_parser(
        "doctor",
        help="check the installation and a file",
        description="Checks the installation, and whether what sqlml keeps in a file is whole. Exit code 1 where not.",
    )
    doctor.add_argument("file", nargs="?", help="a DuckDB file; it is opened for reading only")
    doctor.add_argument("--repair", action="store_true", help="write the macros of the file's models again")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(command=_doctor)


def _doctor(given: argparse.Namespace) -> int:
    from sqlml.doctor.database_file import examine_file, repair_macros
    from sqlml.doctor.findings import FAILED, OK, Finding
    from sqlml.doctor.installation import examine_installation

    if given.file is not None and not Path(given.file).is_file():
        print(f"sqlml doctor: there is no file {given.file}", file=sys.stderr)
        return 2
    if given.repair and given.file is None:
        print("sqlml doctor: --repair takes a file", file=sys.stderr)
        return 2
    findings = examine_installation()
    if given.file is not None:
        path = Path(given.file)
        if given.repair:
            written = repair_macros(path)
            findings.append(Finding("repair", OK, f"{written} macros were written again"))
        findings += examine_file(path)
    if given.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        _print(findings)
    return 1 if any(finding.status == FAILED for finding in findings) else 0


def _print(findings: list[Finding]) -> None:
    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=ROUNDED, header_style="bold")
    for name in ("check", "status", "detail"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        detail = Text(finding.detail)
        if finding.hint:
            detail.append(f"\n{finding.hint}", style="cyan")
        table.add_row(finding.check, Text(finding.status, style=_STYLES[finding.status]), detail)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    failed = sum(finding.status == "failed" for finding in findings)
    console.print(f"{failed} of {len(findings)} failed" if failed else "All is well.")
