"""attacks.txt: each attempt works on plain DuckDB where it is said to, and shows nothing in a governed database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.access.shop import CANARY, Attempt, Plain, Shop, are_queries, attempts, canary_in, make_files, shown_by

IDEAS = list(dict.fromkeys(a.idea for a in attempts(Path("files"))))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("attacks")
    found = Shop(folder / "shop.duckdb", make_files(folder / "files"))
    yield found
    found.close()


@pytest.mark.parametrize("idea", IDEAS)
def test_shows_nothing_and_leaves_nothing(shop: Shop, idea: str) -> None:
    wanted = [attempt for attempt in attempts(shop.files) if attempt.idea == idea]
    found = []
    for quiet, group in groupby(wanted, lambda attempt: are_queries(attempt.steps)):
        for attempt in group:
            found += _wrong_after(shop, attempt, is_quiet=quiet)
        # Where DuckDB reads only queries, once for all of them.
        if quiet and shop.macros() != shop.macros_before:
            found.append((attempt.id, "or one before it leaves", str(shop.macros())))
            shop.again()
    assert not found


def _wrong_after(shop: Shop, attempt: Attempt, *, is_quiet: bool) -> list[tuple[str, str, str]]:
    found = []
    shown = shown_by(shop.ana.execute, attempt.steps, shop.files)
    shop.ana.rollback()
    if (leak := canary_in(shown, attempt.steps)) is not None:
        found.append((attempt.id, "shows", leak))
    if shop.protected() != shop.kept:
        found.append((attempt.id, "changes", "what is not ana's"))
    if shop.state() != shop.before or not (is_quiet or shop.macros() == shop.macros_before):
        if shown.refused == len(attempt.steps):
            found.append((attempt.id, "leaves", str([shop.state(), shop.macros()])))
        else:
            shop.again()
    return found


def test_attempts_work_on_duckdb(tmp_path: Path) -> None:
    files = make_files(tmp_path / "files")
    blind = []
    shared = Plain()
    for attempt in attempts(files):
        if attempt.kind != "|":
            continue
        shown = shown_by(shared.of(attempt.steps).execute, attempt.steps, files)
        if canary_in(shown, attempt.steps) is None:
            blind.append(attempt.id)
    shared.close()
    assert not blind


def doors(shop: Shop) -> dict[str, Any]:
    """What a connection offers besides execute."""
    import pandas as pd

    con = shop.ana
    many = "INSERT INTO notes SELECT ?, code FROM secret"
    return {
        "plan": lambda: con.session.plan("SELECT ml_predict('m_open', s), s.* FROM (SELECT 1.0 AS x, * FROM secret) s"),
        "plan of a file": lambda: con.session.plan(
            f"SELECT ml_predict('m_open', {{'x': 1.0}}), * FROM '{shop.files}/canary.csv'"
        ),
        "executemany": lambda: (con.executemany(many, [[i] for i in range(20)]), con.execute("FROM notes").fetchall()),
        "model": lambda: con.model("m_secret"),
        "parameter": lambda: con.execute("SELECT * FROM query(?)", ["FROM secret"]).fetchall(),
        "named parameter": lambda: con.execute("FROM query_table($t)", {"t": "secret"}).fetchall(),
        "file by parameter": lambda: con.execute("SELECT * FROM read_text(?)", [f"{shop.files}/canary.txt"]).fetchall(),
        "query of ml_train": lambda: con.execute(
            "CALL ml_train('q', query => ?, model_type => 'linear_reg', input_label_cols => ['id'])",
            ["SELECT id, note FROM orders"],
        ).fetchall(),
        "register over a table": lambda: (
            con.register("secret", pd.DataFrame({"id": [1]})),
            con.execute("FROM secret"),
        ),
        "script": lambda: [r.fetchall() for _, r in con.session.run_script("SELECT 1; FROM secret")],
    }


DOORS = ("plan", "plan of a file", "executemany", "model", "parameter", "named parameter", "file by parameter",
         "query of ml_train", "register over a table", "script")  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_doors_show_nothing(shop: Shop, door: str) -> None:
    shown = shown_by(lambda name: _Seen(doors(shop)[name]()), [door], shop.files)
    assert not any(CANARY in text.casefold() for text in shown.texts)
    assert shown.refused == 1


class _Seen:
    """A result as its repr."""

    def __init__(self, value: Any) -> None:
        self.description = None if value is None else ["value"]
        self._value = value

    def fetchall(self) -> Any:
        return self._value


def test_a_refused_statement_opens_no_file(shop: Shop) -> None:
    """To open a FIFO that nobody writes waits for ever."""
    import os

    fifo = shop.files / "fifo.csv"
    os.mkfifo(fifo)
    try:
        for sql in (f"FROM '{fifo}'", f"FROM read_csv('{fifo}')", f"DESCRIBE FROM '{fifo}'", f"COPY notes FROM '{fifo}'",
                    f"SELECT ml_predict('m_open', f) FROM '{fifo}' f"):  # fmt: skip
            shown = shown_by(shop.ana.execute, [sql], shop.files / "nothing")
            assert shown.refused == 1
    finally:
        fifo.unlink()
