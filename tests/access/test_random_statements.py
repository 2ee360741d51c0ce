"""Two shops that differ only in what ana may not see: no statement of hers may tell them apart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import sqlml
from tests.access.grammar import statements
from tests.access.shop import CANARY, NUMBER, build

# The other values of what is hidden, and a few more hidden rows.
_OTHER, _OTHER_NUMBER = "canopy_no_2", "20"
_MORE = """
INSERT INTO orders VALUES (20, 'south', NULL, NULL), (21, NULL, 'm', 20);
UPDATE staff SET hidden = id::VARCHAR;
INSERT INTO vault.gold VALUES (NULL, NULL);
"""
_EXAMPLES = int(os.environ.get("SQLML_RANDOM_STATEMENTS", "100"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sqlml.Connection, sqlml.Connection]]:
    found = []
    for name in ("one", "two"):
        folder: Path = tmp_path_factory.mktemp(name)
        file = folder / "shop.duckdb"
        build(file, lambda text, name=name: text if name == "one" else _changed(text))
        if name == "two":
            with sqlml.connect(str(file), user="boss") as boss:
                boss.execute(_MORE)
            boss.close()
        # One thread: which of several rows an UPDATE ... FROM takes is then the same in both.
        found.append(sqlml.connect(str(file), user="ana", config={"threads": 1}))
    yield found[0], found[1]
    for con in found:
        con.close()


def _changed(text: str) -> str:
    return text.replace(CANARY, _OTHER).replace(NUMBER, _OTHER_NUMBER)


@settings(
    max_examples=_EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(steps=statements())
def test_no_statement_tells_them_apart(twins: tuple[Any, Any], steps: tuple[str, ...]) -> None:
    one, two = (_shown(con, steps) for con in twins)
    assert one == two
    assert CANARY not in repr(one).casefold() or any(CANARY in step for step in steps)


def _shown(con: Any, steps: tuple[str, ...]) -> list[Any]:
    """What each statement shows, in a transaction that is rolled back; nothing more after the first that fails."""
    found: list[Any] = []
    con.execute("BEGIN")
    for step in steps:
        try:
            result = con.execute(step)
            found.append((result.description, result.fetchall()))
        except sqlml.Error as error:
            found.append((type(error).__name__, str(error)))
            break
    con.rollback()
    if con.session.prepared:
        con.execute("DEALLOCATE kept")
    return found
