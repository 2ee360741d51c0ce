"""What is made has an owner, what is renamed keeps its grants, and what is dropped leaves none to its name's next bearer."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.errors import AlreadyExists, NotFound, PermissionDenied

_TRAIN = "OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, y FROM points"


@pytest.fixture
def shop(tmp_path: Path):
    path = tmp_path / "shop.db"
    boss = sqlml.connect(path)
    boss.execute(
        f"""CREATE TABLE points AS SELECT a, 2.0 * a AS y FROM range(20) AS r(a);
            CREATE MODEL "hidden model" {_TRAIN};
            CREATE USER boss; CREATE USER ana; CREATE USER bob; CREATE ROLE lab; GRANT lab TO ana;
            GRANT USE SCHEMA ON SCHEMA main TO public; GRANT SELECT ON points TO ana, bob, lab"""
    )
    ana, bob = sqlml.connect(path, user="ana"), sqlml.connect(path, user="bob")
    yield boss, ana, bob
    for connection in (boss, ana, bob):
        connection.close()


def _models(connection: sqlml.Connection) -> list[str]:
    return [row[2] for row in connection.execute("SHOW MODELS").fetchall()]


def test_a_model_has_its_maker_as_owner(shop) -> None:
    boss, ana, bob = shop
    with pytest.raises(PermissionDenied, match="CREATE MODEL"):
        ana.execute(f"CREATE MODEL m {_TRAIN}")
    boss.execute("GRANT CREATE MODEL ON SCHEMA main TO ana, bob")
    ana.execute(f"BEGIN; CREATE MODEL m {_TRAIN}")
    assert ana.execute("SELECT ml_predict('m', a := 1)").fetchall()
    ana.execute("ROLLBACK")
    assert _models(ana) == []
    ana.execute(f"CREATE MODEL m {_TRAIN}")
    assert ana.execute("SELECT count(ml_predict('m', p)) FROM points AS p").fetchall() == [(20,)]
    assert _models(ana) == ["m"]
    assert _models(bob) == []
    assert _models(boss) == ["hidden model", "m"]
    for refused in ("SELECT ml_predict('m', a := 1)", "DESCRIBE MODEL m", "SELECT * FROM ML.WEIGHTS(MODEL m)"):
        with pytest.raises(NotFound):
            bob.execute(refused)
    # A name that is taken is found to be so, and no version is added to another's model.
    with pytest.raises(AlreadyExists):
        bob.execute(f"CREATE MODEL m {_TRAIN}")
    with pytest.raises(PermissionDenied, match="CREATE MODEL VERSION"):
        bob.execute(f"CREATE OR REPLACE MODEL m {_TRAIN}")
    ana.execute("GRANT CREATE MODEL VERSION, EXECUTE ON MODEL m TO bob")
    bob.execute(f"CREATE OR REPLACE MODEL m {_TRAIN}")
    assert _models(bob) == ["m"]
    assert len(bob.execute("SHOW MODEL VERSIONS").fetchall()) == 2
    with pytest.raises(PermissionDenied, match="MANAGE"):
        bob.execute("DROP MODEL m")


def test_grants_on_a_model_follow_it_and_end_with_it(shop) -> None:
    boss, ana, bob = shop
    boss.execute("GRANT CREATE MODEL ON SCHEMA main TO ana; CREATE SCHEMA other")
    boss.execute("GRANT USE SCHEMA, CREATE MODEL ON SCHEMA other TO ana; GRANT USE SCHEMA ON SCHEMA other TO bob")
    ana.execute(f"CREATE MODEL m {_TRAIN}; GRANT EXECUTE ON MODEL m TO bob")
    ana.execute('BEGIN; ALTER MODEL m RENAME TO "two words"; ROLLBACK')
    assert bob.execute("SELECT ml_predict('m', a := 1)").fetchall()
    ana.execute('ALTER MODEL m RENAME TO other."two words"')
    assert bob.execute("""SELECT ml_predict('other."two words"', a := 1)""").fetchall()
    ana.execute(f"CREATE MODEL m {_TRAIN}")
    assert _models(bob) == ["two words"]
    ana.execute('DROP MODEL other."two words"')
    ana.execute(f'CREATE MODEL other."two words" {_TRAIN}')
    assert _models(bob) == []
    # The role that is set owns what is made.
    boss.execute("GRANT CREATE MODEL ON SCHEMA main TO lab")
    ana.execute(f"SET ROLE lab; CREATE MODEL of_lab {_TRAIN}; CREATE MODEL copied COPY of_lab; RESET ROLE")
    owners = {row[2]: row[8] for row in boss.execute("SHOW MODELS").fetchall()}
    assert (owners["of_lab"], owners["copied"]) == ("lab", "lab")


def test_a_renamed_model_goes_where_one_may_make_models(shop) -> None:
    boss, ana, _ = shop
    boss.execute("GRANT CREATE MODEL ON SCHEMA main TO ana; CREATE SCHEMA other")
    ana.execute(f"CREATE MODEL m {_TRAIN}")
    with pytest.raises(PermissionDenied, match="CREATE MODEL"):
        ana.execute("ALTER MODEL m RENAME TO other.m")


def test_a_table_made_by_a_model_has_its_maker_as_owner(shop) -> None:
    boss, ana, bob = shop
    boss.execute("GRANT CREATE TABLE, CREATE VIEW, CREATE MODEL ON SCHEMA main TO ana")
    boss.execute("GRANT SELECT ON points TO bob")
    ana.execute(f"CREATE MODEL m {_TRAIN}")
    ana.execute("BEGIN; CREATE TABLE scored AS SELECT ml_predict('m', p) AS s FROM points AS p; ROLLBACK")
    ana.execute("CREATE TABLE scored AS SELECT ml_predict('m', p) AS s FROM points AS p")
    assert ana.execute("SELECT count(*) FROM scored").fetchall() == [(20,)]
    with pytest.raises(NotFound):
        bob.execute("FROM scored")
    ana.execute("GRANT SELECT ON scored TO bob")
    assert bob.execute("SELECT count(*) FROM scored").fetchall() == [(20,)]
    ana.execute("DROP TABLE scored")


def test_explain_analyze_of_what_makes_something(shop) -> None:
    boss, ana, _ = shop
    boss.execute("GRANT CREATE TABLE ON SCHEMA main TO ana")
    ana.execute("EXPLAIN ANALYZE CREATE TABLE made AS SELECT a FROM points")
    assert ana.execute("SELECT count(*) FROM made").fetchall() == [(20,)]
    ana.execute("DROP TABLE made")
    ana.execute("EXPLAIN CREATE TABLE made AS SELECT a FROM points")
    with pytest.raises(NotFound):
        ana.execute("FROM made")


def test_python_functions_are_of_superusers(shop) -> None:
    """Whoever runs Python in the process can read all of the file."""
    boss, ana, bob = shop
    boss.execute("GRANT CREATE FUNCTION ON SCHEMA main TO ana")
    for words in ("", "TEMP "):
        with pytest.raises(PermissionDenied, match="superuser"):
            ana.execute(f"CREATE {words}FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS 'x + 1'")
    boss.execute("CREATE FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS 'x + 1'")
    assert boss.execute("SELECT f(1)").fetchall() == [(2,)]
    with pytest.raises(NotFound):
        bob.execute("SELECT f(1)")
    assert "f" not in [row[2] for row in bob.execute("SHOW FUNCTIONS").fetchall()]
    boss.execute("GRANT EXECUTE ON FUNCTION f TO bob")
    assert bob.execute("SELECT f(1)").fetchall() == [(2,)]
    assert "f" in [row[2] for row in bob.execute("SHOW FUNCTIONS").fetchall()]
    boss.execute("DROP FUNCTION f; CREATE FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS 'x + 2'")
    with pytest.raises(NotFound):
        bob.execute("SELECT f(1)")


def test_nothing_says_what_other_models_there_are(shop) -> None:
    boss, ana, _ = shop
    for asked in ("SELECT ml_predict('hidden modell', a := 1)", "DESCRIBE MODEL hidden", "DROP MODEL hidden"):
        with pytest.raises(NotFound) as raised:
            ana.execute(asked)
        assert "hidden model" not in (str(raised.value) + str(raised.value.hint)).replace("hidden modell", "")
    for shown in ("MODELS", "MODEL VERSIONS", "RUNS", "EXPERIMENTS", "MODEL WARNINGS"):
        assert ana.execute(f"SHOW {shown}").fetchall() == []
        assert shown == "MODEL WARNINGS" or boss.execute(f"SHOW {shown}").fetchall()
    boss.execute('GRANT BROWSE ON MODEL "hidden model" TO ana')
    assert _models(ana) == ["hidden model"]
    assert len(ana.execute("SHOW EXPERIMENTS").fetchall()) == 1
    for asked in ("TRAINING_INFO", "WEIGHTS", "FEATURE_INFO", "EVALUATE"):
        with pytest.raises(PermissionDenied, match="EXECUTE"):
            ana.execute(f'SELECT * FROM ML.{asked}(MODEL "hidden model")')


def test_a_temporary_macro_is_not_what_a_view_calls(shop) -> None:
    """The short form of a model in a view of another's means the model, whoever reads the view."""
    boss, ana, _ = shop
    boss.execute(f"CREATE MODEL short {_TRAIN}; CREATE TABLE secret AS SELECT a, 'canary' AS y FROM points")
    boss.execute("CREATE VIEW scored AS SELECT short(s) AS p FROM secret AS s; GRANT SELECT ON scored TO ana")
    ana.execute("CREATE TEMP MACRO short(x) AS x")
    assert "canary" not in str(ana.execute("FROM scored").fetchall())
