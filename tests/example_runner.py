"""Runs the lessons in sql_examples/ and checks their answers: the `-- =>` lines behind each query, one a row.

    python -m tests.example_runner              checks all lessons
    python -m tests.example_runner --refresh    writes the answers anew

The values of a row are joined by ` | ` and written as DuckDB casts them to VARCHAR. Queries have answers; statements
that write (CREATE, INSERT, BEGIN, ...) have none.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlml
from tests.sqllogictest import render

EXAMPLES = Path(__file__).parent.parent / "sql_examples"
_MARK = "-- =>"
_QUERIES = ("select", "from", "with", "values", "pivot", "describe", "summarize", "show", "assert")


@dataclass(frozen=True)
class Step:
    """One statement of a lesson, the answer it gave, and the answer that the file says."""

    line: int
    sql: str
    found: list[str]
    expected: list[str]


def run(text: str) -> list[Step]:
    """Run a lesson in a database of its own."""
    plain, answers = _taken_apart(text)
    connection = sqlml.connect()
    try:
        return list(_steps(plain, answers, connection))
    finally:
        connection.close()


def refreshed(text: str) -> str:
    """The lesson with the answers it gives now."""
    plain, _ = _taken_apart(text)
    lines = plain.split("\n")
    for step in reversed(run(text)):
        lines[step.line : step.line] = [f"{_MARK} {row}".rstrip() for row in step.found]
    return "\n".join(lines)


def _taken_apart(text: str) -> tuple[str, dict[int, list[str]]]:
    """The lesson without its answers, and the answers by the number of the line they stand behind."""
    lines: list[str] = []
    answers: dict[int, list[str]] = {}
    for line in text.split("\n"):
        if line.startswith(_MARK):
            answers.setdefault(len(lines), []).append(line.removeprefix(_MARK).strip())
        else:
            lines.append(line)
    return "\n".join(lines), answers


def _steps(plain: str, answers: dict[int, list[str]], connection: sqlml.Connection) -> Iterator[Step]:
    at = 0
    for sql, result in connection.session.run_script(plain):
        at = plain.index(sql, at) + len(sql)
        line = plain.count("\n", 0, plain.index("\n", at)) + 1
        is_query = sql.split(None, 1)[0].lower() in _QUERIES
        kinds = [column[1] for column in result.description or ()]
        rows = result.fetchall() if is_query else []
        found = [" | ".join(render(v, k) for v, k in zip(row, kinds, strict=True)) for row in rows]
        yield Step(line, sql, found, answers.get(line, []))


def main(arguments: list[str]) -> int:
    """Check or refresh all lessons; 1 where an answer is another one."""
    if arguments not in ([], ["--refresh"]):
        print(__doc__)
        return 2
    failures = 0
    for path in sorted(EXAMPLES.glob("*.sql")):
        text = path.read_text("utf-8")
        if arguments:
            path.write_text(refreshed(text), "utf-8")
            continue
        for step in run(text):
            if step.found != step.expected:
                failures += 1
                print(f"{path}:{step.line}: {step.sql}\nanswers\n{step.found}\nnot\n{step.expected}")
    return 1 if failures else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        # The lessons never touch the user's own key.
        os.environ["SQLML_CONFIG_DIR"] = folder
        raise SystemExit(main(sys.argv[1:]))
