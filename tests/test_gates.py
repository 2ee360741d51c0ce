"""Promotion gates from outside: the exit code of a program, transactions, other sessions, interrupts, files."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import sqlml
from sqlml.cli import main
from sqlml.errors import Cancelled, CheckViolation, NotFound, ReadOnly
from sqlml.types import Progress

_ROWS = """
CREATE TABLE t AS SELECT i AS id, i % 100 AS x, hash(i) % 100 AS z, CASE WHEN i % 3 = 0 THEN 'basic' ELSE 'pro' END AS plan,
       CASE WHEN (i % 100) + (hash(i) % 100) > 99 THEN 'yes' ELSE 'no' END AS y FROM range(900) AS r(i);
"""
_GOOD = "OPTIONS (model_type = 'naive_bayes', input_label_cols = ['y']) AS SELECT x, z, y FROM t"
_BAD = "OPTIONS (model_type = 'naive_bayes', input_label_cols = ['y']) AS SELECT hash(id + 5) % 9 AS x, id % 7 AS z, y FROM t"
_GATE = "ALTER MODEL m ADD CONSTRAINT quality CHECK (roc_auc >= 0.80 AND f1 >= champion.f1 - 0.05)"


@pytest.fixture
def gated(con: sqlml.Connection) -> sqlml.Connection:
    con.execute(_ROWS)
    con.execute("CREATE MODEL m " + _GOOD)
    con.execute(_GATE)
    return con


def _aliases(con: sqlml.Connection) -> list[tuple[str, int]]:
    return con.execute("SELECT alias, version FROM sqlml.aliases ORDER BY alias").fetchall()


def test_a_gate_in_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gate.sql"
    file.write_text(_ROWS + "CREATE MODEL m " + _GOOD + ";" + _GATE + "; ASSERT MODEL m;")
    assert main(["run", str(file)]) == 0
    file.write_text(_ROWS + "CREATE MODEL m " + _BAD + ";" + _GATE + "; ASSERT MODEL m;")
    assert main(["run", str(file)]) != 0
    said = capsys.readouterr().err
    assert "23514" in said or "violates" in said
    assert "roc_auc is 0." in said
    assert "must be >= 0.80" in said


def test_autocommit_leaves_the_alias(gated: sqlml.Connection) -> None:
    gated.execute("ALTER MODEL m SET ALIAS champion = 1")
    gated.execute("CREATE OR REPLACE MODEL m " + _BAD)
    with pytest.raises(CheckViolation, match=r"must be >= 0\.80") as caught:
        gated.execute("ALTER MODEL m SET TAGS (a = 'b'), SET ALIAS champion = 2, SET ALIAS challenger = 2")
    assert caught.value.sqlstate == "23514"
    assert _aliases(gated) == [("champion", 1)]
    assert gated.execute("SELECT count(*) FROM sqlml.tags").fetchone() == (0,)
    # Other aliases are no promotion.
    gated.execute("ALTER MODEL m SET ALIAS challenger = 2")
    assert gated.execute("SELECT ml_predict('m', t) = ml_predict('m@1', t) FROM t LIMIT 1").fetchone() == (True,)


def test_a_transaction_is_over(gated: sqlml.Connection) -> None:
    gated.execute("CREATE OR REPLACE MODEL m " + _BAD)
    assert _aliases(gated) == [("champion", 1)]
    gated.execute("BEGIN; CREATE TABLE mine AS SELECT 1 AS a")
    with pytest.raises(CheckViolation):
        gated.execute("ALTER MODEL m SET ALIAS champion = 2")
    gated.execute("ROLLBACK")
    assert _aliases(gated) == [("champion", 1)]
    gated.execute("BEGIN; ALTER MODEL m SET ALIAS champion = 2 FORCE")
    assert _aliases(gated) == [("champion", 2)]
    gated.execute("ROLLBACK")
    assert _aliases(gated) == [("champion", 1)]
    assert gated.execute("SELECT count(*) FROM sqlml.forced_promotions").fetchone() == (0,)


def test_a_constraint_of_the_same_transaction_counts(gated: sqlml.Connection) -> None:
    gated.execute("BEGIN; ALTER MODEL m ADD CONSTRAINT never CHECK (roc_auc > 1)")
    gated.execute("CREATE OR REPLACE MODEL m " + _GOOD)
    assert _aliases(gated) == [("champion", 1)]
    gated.execute("ROLLBACK")
    gated.execute("CREATE OR REPLACE MODEL m " + _GOOD)
    assert _aliases(gated) == []
    gated.execute("ALTER MODEL m SET ALIAS champion = 2, ADD CONSTRAINT never CHECK (roc_auc > 1)")
    with pytest.raises(CheckViolation):
        gated.execute("ALTER MODEL m SET ALIAS champion = 1")


def test_who_stores_a_version_hears_that_the_champion_stays(gated: sqlml.Connection) -> None:
    heard: list[Progress] = []
    gated.session.on_progress = heard.append
    gated.execute("CREATE OR REPLACE MODEL m " + _BAD)
    assert [p.message for p in heard if "stays the champion" in p.message]
    [(version, message)] = gated.execute(
        "SELECT version, message FROM sqlml.warnings WHERE rule = 'constraint'"
    ).fetchall()
    assert version == 2
    assert 'version 1 of "m" stays the champion' in message
    # The macro that other programs call goes on with the first version.
    assert gated.execute("SELECT count(*) FROM t WHERE m(t).label <> ml_predict('m@1', t)").fetchone() == (0,)


def test_a_constraint_over_a_query_checks_a_version_that_is_being_stored(gated: sqlml.Connection) -> None:
    gated.execute("ALTER MODEL m ADD CONSTRAINT plans CHECK (log_loss < 0.5) ON TABLE t FOR EACH (plan)")
    gated.execute("CREATE OR REPLACE MODEL m " + _GOOD)
    assert _aliases(gated) == []
    gated.execute("ALTER MODEL m DROP CONSTRAINT quality")
    gated.execute("CREATE OR REPLACE MODEL m " + _BAD)
    assert _aliases(gated) == [("champion", 2)]
    gated.execute("DROP TABLE t")
    with pytest.raises(
        NotFound, match=r'The query of the constraint "plans" is no longer good: .*t does not exist'
    ) as caught:
        gated.execute("ASSERT MODEL m")
    assert caught.value.line is None


def test_other_sessions_see_it_when_it_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlml.connect(path) as one, sqlml.connect(path) as other:
        one.execute(_ROWS + "CREATE MODEL m " + _GOOD)
        other.execute("BEGIN; SELECT count(*) FROM sqlml.models")
        one.execute(_GATE)
        assert other.execute("SHOW MODEL CONSTRAINTS").fetchall() == []
        other.execute("ROLLBACK")
        assert len(other.execute("SHOW MODEL CONSTRAINTS").fetchall()) == 1
    one.close()
    other.close()
    reader = sqlml.connect(path, read_only=True)
    assert reader.execute("ASSERT MODEL m").fetchall()[0][2] == "quality"
    with pytest.raises((ReadOnly, sqlml.SqlmlError)):
        reader.execute(_GATE.replace("quality", "other"))
    reader.close()


def test_in_another_database(con: sqlml.Connection, tmp_path: Path) -> None:
    con.execute(_ROWS)
    con.execute("ATTACH '" + str(tmp_path / "other.db") + "' AS other")
    con.execute("CREATE MODEL other.m " + _GOOD)
    con.execute(_GATE.replace(" m ", " other.m "))
    con.execute("CREATE OR REPLACE MODEL other.m " + _BAD)
    assert con.execute("SELECT version FROM other.sqlml.aliases").fetchall() == [(1,)]
    with pytest.raises(CheckViolation):
        con.execute("ASSERT MODEL other.m")
    con.execute("DROP MODEL other.m")
    assert con.execute("SELECT count(*) FROM other.sqlml.model_constraints").fetchone() == (0,)


def test_a_file_from_before_there_were_constraints(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    con = sqlml.connect(path)
    con.execute(_ROWS + "CREATE MODEL m " + _GOOD + "; CREATE MODEL n " + _GOOD)
    con.execute("DROP TABLE sqlml.model_constraints; DROP TABLE sqlml.forced_promotions")
    con.execute("DELETE FROM sqlml.migrations WHERE version >= 11")
    con.close()
    reader = sqlml.connect(path, read_only=True)
    assert reader.execute("SHOW MODEL CONSTRAINTS").fetchall() == []
    assert reader.execute("ASSERT MODEL m").fetchall() == []
    assert reader.execute("DIFF MODEL m WITH n ON TABLE t OPTIONS (bootstrap = 100)").fetchone()[4] == 0
    reader.close()
    con = sqlml.connect()
    con.execute("ATTACH '" + str(path) + "' AS old")
    assert con.execute("SHOW MODEL CONSTRAINTS").fetchall() == []
    con.execute("DROP MODEL old.n; ALTER MODEL old.m SET ALIAS champion = 1")
    con.execute(_GATE.replace(" m ", " old.m "))
    con.execute("ASSERT MODEL old.m")
    con.close()


def test_names_that_are_the_slices_own(con: sqlml.Connection) -> None:
    """Columns called as what is made here, and values with quotes."""
    con.execute(_ROWS)
    con.execute(
        "CREATE TABLE odd AS SELECT *, 'it''s \"' || (id % 2) AS \"my slice\", 1 AS sqlml_rows, 2 AS score FROM t"
    )
    con.execute("CREATE MODEL m " + _GOOD)
    con.execute('ALTER MODEL m ADD CONSTRAINT odd CHECK (recall > 0) ON TABLE odd FOR EACH ("MY SLICE", sqlml_rows)')
    slices = [row[3] for row in con.execute("ASSERT MODEL m").fetchall()]
    assert slices == ["MY SLICE = it's \"0, sqlml_rows = 1", "MY SLICE = it's \"1, sqlml_rows = 1"]
    con.execute("CREATE MODEL n OPTIONS (model_type = 'naive_bayes', input_label_cols = ['y']) AS SELECT x, y FROM t")
    found = con.execute("DIFF MODEL n WITH m ON TABLE odd OPTIONS (slices = ['my slice'], bootstrap = 100)").fetchall()
    assert len({row[0] for row in found}) == 3
    with pytest.raises(sqlml.SqlmlError, match="sqlml_rows"):
        con.execute("DIFF MODEL n WITH m ON TABLE odd SHOW FLIPS")
    assert con.execute("DIFF MODEL n WITH m ON (SELECT * EXCLUDE sqlml_rows FROM odd) SHOW FLIPS").fetchall()


def test_ctrl_c_stops_a_comparison(con: sqlml.Connection) -> None:
    con.execute(_ROWS)
    con.execute("CREATE MODEL m " + _GOOD)
    con.execute("CREATE TABLE many AS SELECT t.* FROM t, range(100)")
    compared = threading.Event()
    con.session.on_progress = lambda p: compared.set() if p.stage == "compare" else None
    stopper = threading.Thread(target=lambda: compared.wait(60) and con.session.interrupt())
    stopper.start()
    with pytest.raises(Cancelled):
        con.execute("DIFF MODEL m WITH m ON TABLE many OPTIONS (bootstrap = 100000)")
    stopper.join()
    assert con.execute("ASSERT MODEL m").fetchall() == []


def _later(column: str):
    """A model that gives a column as the probability of the later class."""

    def probabilities(frame):
        return np.column_stack([1 - frame[column], frame[column]])

    return probabilities


def test_a_planted_lift_of_three_points_is_found(con: sqlml.Connection) -> None:
    """From SQL to SQL: the second model is right on three rows more of a hundred, in the slice that has it."""
    con.execute(
        """CREATE TABLE planted AS
           SELECT y, CASE WHEN part < 5000 THEN 'new' ELSE 'old' END AS region,
                  CASE WHEN (n < 80) = (y = 'yes') THEN 0.9 ELSE 0.1 END AS pa,
                  CASE WHEN (CASE WHEN part < 5000 THEN n >= 5 AND n < 88 ELSE n < 80 END) = (y = 'yes')
                       THEN 0.9 ELSE 0.1 END AS pb
           FROM (SELECT CASE WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS y, i % 100 AS n, i AS part
                 FROM range(10000) AS r(i))"""
    )
    for name in ("pa", "pb"):
        con.register_model(
            name, _later(name), example={name: [0.1, 0.9]}, label="y", task="classification", classes=["no", "yes"]
        )
    found = con.execute("DIFF MODEL pa WITH pb ON TABLE planted OPTIONS (slices = ['region'], seed = 5)").fetchall()
    by_slice = {row[0]: row for row in found if row[1] == "accuracy"}
    _, _, a, b, difference, lower, upper, p_value, n = by_slice["region = new"]
    assert (a, b, n) == (0.80, 0.83, 5000)
    assert difference == pytest.approx(0.03)
    assert 0 < lower < 0.03 < upper
    assert p_value < 0.05
    assert by_slice["region = old"][4:8] == (0, 0, 0, 1)
    assert by_slice["overall"][4] == pytest.approx(0.015)
