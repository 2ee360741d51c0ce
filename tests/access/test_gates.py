"""Constraints, ASSERT MODEL and DIFF MODEL of a governed file: rights, row filters, statements inside others."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.errors import CheckViolation, NotFound, NotSupported, PermissionDenied

_DIFF = 'DIFF MODEL "my model" VERSION 1 WITH "my model" VERSION 2 ON TABLE "all rows" OPTIONS (bootstrap = 100)'
_ADD = 'ALTER MODEL "my model" ADD CONSTRAINT shown CHECK (recall > 0.1) ON (SELECT * FROM "all rows") FOR EACH (plan)'


@pytest.fixture
def shop(tmp_path: Path):
    path = tmp_path / "shop.db"
    boss = sqlml.connect(path)
    boss.execute(
        """CREATE TABLE "all rows" AS SELECT i AS id, i % 100 AS x, hash(i) % 100 AS z,
                  CASE WHEN i % 3 = 0 THEN 'basic' ELSE 'pro' END AS plan, (i % 100) + (hash(i) % 100) > 99 AS y
           FROM range(600) AS r(i);
           CREATE MODEL "my model" OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y'])
           AS SELECT x, z, y FROM "all rows";
           CREATE OR REPLACE MODEL "my model" OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y'])
           AS SELECT x, y FROM "all rows";
           CREATE USER boss; CREATE USER ana; CREATE USER eva;
           GRANT USE SCHEMA ON SCHEMA main TO public;
           CREATE MACRO seen(plan) AS plan = 'pro' OR current_user = 'boss'"""
    )
    boss.execute('ALTER TABLE "all rows" SET ROW FILTER seen ON (plan)')
    users = [sqlml.connect(path, user=name) for name in ("ana", "eva")]
    yield boss, *users
    for user in users:
        user.close()
    boss.close()


def test_default_deny(shop) -> None:
    boss, ana, _ = shop
    boss.execute(_ADD)
    for statement in (_DIFF, _DIFF + " SHOW FLIPS", 'ASSERT MODEL "my model"', _ADD):
        with pytest.raises((PermissionDenied, NotFound)):
            ana.execute(statement)
    assert ana.execute("SHOW MODEL CONSTRAINTS").fetchall() == []
    boss.execute('GRANT SELECT ON "all rows" TO ana')
    with pytest.raises(NotFound, match="There is no model"):
        ana.execute(_DIFF)
    boss.execute('GRANT EXECUTE ON MODEL "my model" TO ana; REVOKE SELECT ON "all rows" FROM ana')
    for statement in (_DIFF, 'ASSERT MODEL "my model"'):
        with pytest.raises(NotFound, match="There is no table"):
            ana.execute(statement)
    boss.execute('GRANT SELECT ON "all rows" TO ana')
    with pytest.raises(PermissionDenied, match="MANAGE"):
        ana.execute('ALTER MODEL "my model" SET ALIAS champion = 1 FORCE')


def test_rows_are_those_that_may_be_read(shop) -> None:
    boss, ana, _ = shop
    boss.execute('GRANT SELECT ON "all rows" TO ana; GRANT MANAGE, EXECUTE ON MODEL "my model" TO ana')
    assert ana.execute(_DIFF).fetchone()[-1] == 400
    assert boss.execute(_DIFF).fetchone()[-1] == 600
    ana.execute(_ADD)
    [kept] = boss.execute("SHOW MODEL CONSTRAINTS").fetchall()
    assert kept[5] == 'SELECT * FROM "all rows"'
    assert [row[3] for row in ana.execute('ASSERT MODEL "my model"').fetchall()] == ["plan = pro"]
    assert [row[3] for row in boss.execute('ASSERT MODEL "my model"').fetchall()] == ["plan = basic", "plan = pro"]
    assert {row[3] for row in ana.execute(_DIFF + " SHOW FLIPS").fetchall()} == {"pro"}


def test_promotion(shop) -> None:
    boss, ana, eva = shop
    boss.execute('GRANT SELECT ON "all rows" TO ana; GRANT MANAGE, EXECUTE ON MODEL "my model" TO ana, eva')
    boss.execute(_ADD.replace("0.1", "0.9"))
    ana.execute('ALTER MODEL "my model" SET ALIAS champion = 1')
    with pytest.raises(CheckViolation, match="where plan = pro: recall is 0"):
        ana.execute('ALTER MODEL "my model" SET ALIAS Champion = 2')
    with pytest.raises(CheckViolation):
        ana.execute('BEGIN; ALTER MODEL "my model" DROP ALIAS champion')
    ana.execute("ROLLBACK")
    # She may not read the rows, so she cannot tell, and cannot promote.
    for force in ("", " FORCE"):
        with pytest.raises(NotFound, match="There is no table"):
            eva.execute('ALTER MODEL "my model" SET ALIAS champion = 1' + force)
    ana.execute('ALTER MODEL "my model" SET ALIAS champion = 2 FORCE')
    assert boss.execute("SELECT version, forced_by FROM sqlml.forced_promotions").fetchall() == [(2, "ana")]


def test_inside_another_statement(shop) -> None:
    boss, *_ = shop
    with pytest.raises((NotSupported, PermissionDenied)):
        boss.execute("EXPLAIN ANALYZE " + _ADD)
    boss.execute("PREPARE p AS " + _ADD + "; EXECUTE p")
    with pytest.raises((NotSupported, PermissionDenied)):
        boss.execute('EXPLAIN ANALYZE ASSERT MODEL "my model"')
    boss.execute('PREPARE q AS ASSERT MODEL "my model"; EXECUTE q')


def test_a_new_version_is_not_checked_on_behalf_of_nobody(shop) -> None:
    boss, *_ = shop
    boss.execute(_ADD)
    boss.execute(
        """CREATE OR REPLACE MODEL "my model" OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y'])
           AS SELECT x, z, y FROM "all rows" """
    )
    assert boss.execute("SELECT version FROM sqlml.aliases").fetchall() == [(2,)]
    boss.execute('ASSERT MODEL "my model" VERSION 3; ALTER MODEL "my model" SET ALIAS champion = 3')
