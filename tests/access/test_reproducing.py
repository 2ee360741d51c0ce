"""REFRESH and REPRODUCE MODEL of a governed file ask for what CREATE MODEL asks for, and tell no more than it does."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.errors import NotFound, NotSupported, PermissionDenied

_STATEMENTS = ('REPRODUCE MODEL "my line"', 'REFRESH MODEL "my line"')


@pytest.fixture
def shop(tmp_path: Path):
    path = tmp_path / "shop.db"
    boss = sqlml.connect(path)
    boss.execute(
        """CREATE TABLE "all points" AS SELECT a, 2.0 * a AS y, a < 20 AS shown FROM range(40) AS r(a);
           CREATE VIEW seen AS FROM "all points";
           CREATE MODEL "my line" OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'])
           AS SELECT a, y FROM "all points";
           CREATE USER boss; CREATE USER ana;
           GRANT USE SCHEMA ON SCHEMA main TO public"""
    )
    ana = sqlml.connect(path, user="ana")
    yield boss, ana
    ana.close()
    boss.close()


def _refused(connection: sqlml.Connection, **expected: str) -> None:
    for statement in _STATEMENTS:
        with pytest.raises((PermissionDenied, NotFound), **expected):
            connection.execute(statement)


def test_default_deny(shop) -> None:
    boss, ana = shop
    _refused(ana, match="There is no model")
    boss.execute('GRANT EXECUTE ON MODEL "my line" TO ana; GRANT SELECT ON "all points" TO ana')
    _refused(ana, match="CREATE MODEL VERSION")
    boss.execute('GRANT CREATE MODEL VERSION ON MODEL "my line" TO ana; REVOKE SELECT ON "all points" FROM ana')
    _refused(ana, match="all points")
    boss.execute('GRANT SELECT (a) ON "all points" TO ana')
    _refused(ana)
    ana.execute(f"PREPARE p AS {_STATEMENTS[0]}")
    for inside in (*(f"EXPLAIN ANALYZE {s}" for s in _STATEMENTS), "EXECUTE p", 'BEGIN; REFRESH MODEL "my line"'):
        with pytest.raises((PermissionDenied, NotFound, NotSupported)):
            ana.execute(inside)
    assert boss.execute("SELECT count(*) FROM sqlml.model_versions").fetchall() == [(1,)]


def test_with_the_rights(shop) -> None:
    boss, ana = shop
    boss.execute('GRANT CREATE MODEL VERSION ON MODEL "my line" TO ana; GRANT SELECT ON "all points" TO ana')
    assert ana.execute(_STATEMENTS[0]).fetchall()[0][2] == "bit-identical"
    assert ana.execute(_STATEMENTS[1]).fetchall()[0][-1].startswith("version 1 is up to date")
    assert boss.execute(_STATEMENTS[0]).fetchall()[0][2] == "bit-identical"
    boss.execute('INSERT INTO "all points" VALUES (50, 0, true)')
    [row] = boss.execute(_STATEMENTS[0]).fetchall()
    assert row[2:4] == ("sources changed", "main.all points has 1 row more (41, were 40)")
    [row] = ana.execute(_STATEMENTS[1]).fetchall()
    assert (row[1], row[-1]) == (2, "the rows changed: 40 then, 41 now")
    [row] = boss.execute("SELECT training_query FROM sqlml.model_versions WHERE version = 2").fetchall()
    assert row == ('SELECT a, y FROM "all points"',)
    assert boss.execute(_STATEMENTS[0]).fetchall()[0][2] == "bit-identical"


def test_the_callers_own_view_of_the_rows(shop) -> None:
    """Whoever sees a part of a table trains on that part, and is told of no other rows."""
    boss, ana = shop
    boss.execute(
        """CREATE FUNCTION only_shown(shown) AS current_user = 'boss' OR shown;
           ALTER TABLE "all points" SET ROW FILTER only_shown ON (shown);
           GRANT CREATE MODEL VERSION ON MODEL "my line" TO ana; GRANT SELECT ON "all points" TO ana"""
    )
    [row] = ana.execute(_STATEMENTS[0]).fetchall()
    assert row[2:4] == ("sources changed", "the query gives 20 rows, and gave 40")
    boss.execute('INSERT INTO "all points" VALUES (77, 1, false)')
    assert ana.execute(_STATEMENTS[0]).fetchall()[0][2:4] == row[2:4]
