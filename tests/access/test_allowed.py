"""allowed.sql: ordinary statements are not refused, and answer as DuckDB does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.access.shop import HERE, Plain, Shop, make_files


def test_answers_as_duckdb(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop.duckdb", make_files(tmp_path / "files"))
    shared = Plain()
    found = []
    for line in (HERE / "allowed.sql").read_text("utf-8").splitlines():
        if line.startswith("--"):
            continue
        steps = line.split(" ;; ")
        expected = _answers(shared.of(steps).execute, steps)
        got = _answers(shop.ana.execute, steps)
        if got != expected:
            found.append((line, got, expected))
        if shop.state() != shop.before or shop.macros() != shop.macros_before or steps[0].split()[0] in _WRITES:
            shop.again()
    shop.close()
    shared.close()
    assert not found


_WRITES = {"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "ALTER", "CREATE", "DROP", "BEGIN", "SET", "COMMENT"}


def _answers(execute: Any, steps: list[str]) -> Any:
    """The rows of the last statement; an error where any fails."""
    rows: Any = None
    try:
        for step in steps:
            if "EXPLAIN" not in step:
                rows = execute(step).fetchall()
    except Exception as error:  # noqa: BLE001 - both must fail, or neither
        return type(error).__name__ and "error"
    return rows
