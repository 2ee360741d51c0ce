"""Views and macros over models score on behalf of their owner; what a reader calls himself is asked of the reader."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.errors import AlreadyExists, NotFound, PermissionDenied, SqlmlError

_OPTIONS = "OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'])"
_MADE = f"""
CREATE TABLE points AS SELECT i AS id, i::DOUBLE AS x, 2.0 * i AS y, 'p' || i AS "phone no" FROM range(20) AS r(i);
CREATE MODEL m {_OPTIONS} AS SELECT x, y FROM points;
CREATE SCHEMA other;
CREATE MODEL other."two words@1" {_OPTIONS} AS SELECT x, y FROM points;
CREATE USER boss; CREATE USER ana; CREATE USER bob; CREATE GROUP hr; GRANT hr TO bob;
GRANT USE SCHEMA ON SCHEMA main TO public; GRANT CREATE VIEW, CREATE FUNCTION ON SCHEMA main TO bob;
CREATE VIEW scalar AS SELECT id, round(ml_predict('m', x := x), 3) AS p FROM points;
CREATE VIEW "two words" AS SELECT id, round(ml_predict('other."two words@1"', x := x), 3) AS p FROM points;
CREATE VIEW pinned AS SELECT id, round(ml_predict('m@1', x := x), 3) AS p FROM points;
CREATE VIEW whole AS
SELECT id, round(predicted_y, 3) AS p FROM ML.PREDICT(MODEL m, (SELECT id, x FROM points));
CREATE VIEW short AS SELECT id, round(m({{'x': x}}), 3) AS p FROM points;
CREATE MACRO twice(a) AS round(ml_predict('m', x := a), 3);
CREATE MACRO rows_below(n) AS TABLE SELECT id, round(ml_predict('m', x := x), 3) AS p FROM points WHERE id < n;
GRANT EXECUTE ON FUNCTION twice TO ana, bob; GRANT EXECUTE ON FUNCTION rows_below TO ana;
"""
_VIEWS = ("scalar", '"two words"', "pinned", "whole", "short")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("scoring") / "scoring.db"
    with sqlml.connect(path) as boss:
        boss.execute(_MADE)
        for view in _VIEWS:
            boss.execute(f"GRANT SELECT ON VIEW {view} TO ana")
        boss.execute("CHECKPOINT")
    return path.read_bytes()


@pytest.fixture
def users(template: bytes, tmp_path: Path):
    path = tmp_path / "scoring.db"
    path.write_bytes(template)
    found = tuple(sqlml.connect(path, user=name) for name in ("boss", "ana", "bob"))
    yield found
    for connection in found:
        connection.close()


def test_a_view_scores_on_behalf_of_its_owner(users) -> None:
    boss, ana, bob = users
    for view in _VIEWS:
        for reader in (boss, ana):
            rows = reader.execute(f"SELECT * FROM {view} WHERE id < 3 ORDER BY id").fetchall()
            assert rows == [(0, 0.0), (1, 2.0), (2, 4.0)], view
        with pytest.raises(NotFound):
            bob.execute(f"FROM {view}")
    assert ana.execute("SELECT twice(3.0)").fetchall() == [(6.0,)]
    assert ana.execute("SELECT * FROM rows_below(2) ORDER BY id").fetchall() == [(0, 0.0), (1, 2.0)]
    # The text is decided on once, and again after PREPARE.
    ana.execute("PREPARE scoring AS SELECT p FROM scalar WHERE id = $1")
    assert ana.execute("EXECUTE scoring(4)").fetchall() == [(8.0,)]
    # A new version is taken at once, one that was named stays.
    boss.execute(f"CREATE OR REPLACE MODEL m {_OPTIONS} AS SELECT x, 3 * x AS y FROM points")
    assert ana.execute("SELECT p FROM scalar WHERE id = 2").fetchall() == [(6.0,)]
    assert ana.execute("SELECT p FROM pinned WHERE id = 2").fetchall() == [(4.0,)]


_DIRECT = (
    "SELECT ml_predict('m', x := 1.0)",
    "SELECT m({'x': 1.0})",
    "SELECT * FROM ML.PREDICT(MODEL m, (SELECT 1.0 AS x))",
    "SELECT ml_predict('m', x := p) FROM scalar",
    "SELECT * FROM ML.PREDICT(MODEL m, (SELECT p AS x FROM scalar))",
    "SELECT twice(ml_predict('m', x := 1.0))",
    """SELECT ml_predict('other."two words@1"', x := 1.0)""",
    "SELECT * FROM query('SELECT ml_predict(''m'', x := 1.0)')",
)


def test_a_call_of_the_readers_own_is_asked_of_the_reader(users) -> None:
    boss, ana, _ = users
    for text in _DIRECT:
        with pytest.raises(NotFound):
            ana.execute(text)
    boss.execute("GRANT EXECUTE ON MODEL m TO ana; GRANT USE SCHEMA ON SCHEMA other TO ana")
    boss.execute('GRANT EXECUTE ON MODEL other."two words@1" TO ana')
    for text in _DIRECT:
        assert ana.execute(text).fetchall()


def test_the_name_that_kept_sql_calls_is_closed(users) -> None:
    boss, ana, bob = users
    rows = boss.session.database.rows(
        "SELECT function_name FROM duckdb_functions() WHERE schema_name = 'sqlml_models' AND function_name LIKE '%#%'"
    )
    assert rows
    for (name,) in rows:
        quoted = '"' + name.replace('"', '""') + '"'
        for session in (boss, ana):
            for text in (
                f"SELECT sqlml_models.{quoted}({{'x': 1.0}})",
                f"SELECT scoring.SQLML_MODELS.{quoted}({{'x': 1.0}})",
                f"SELECT p, sqlml_models.{quoted}({{'x': 1.0}}) FROM scalar",
                f"SELECT twice(sqlml_models.{quoted}({{'x': 1.0}})[1])",
            ):
                with pytest.raises(PermissionDenied, match="sqlml's own"):
                    session.execute(text)
        for made in ("VIEW mine AS SELECT", "MACRO mine() AS", "TEMP VIEW mine AS SELECT", "TEMP MACRO mine() AS"):
            with pytest.raises(PermissionDenied, match="sqlml's own"):
                bob.execute(f"CREATE {made} sqlml_models.{quoted}({{'x': 1.0}})")
        # In a text inside of a query it is the reader's own, who has no privilege.
        nested = f"SELECT sqlml_models.{quoted}({{'x': 1.0}})".replace("'", "''")
        with pytest.raises(SqlmlError, match=r"There is no model|does not have"):
            ana.execute(f"SELECT * FROM query('{nested}')")


def test_who_may_no_longer_execute_the_model_has_views_that_score_nothing(users) -> None:
    boss, ana, bob = users
    boss.execute("GRANT EXECUTE ON MODEL m TO bob; GRANT SELECT ON TABLE points TO bob")
    bob.execute("CREATE VIEW of_bob AS SELECT round(ml_predict('m', x := x)) AS p FROM points WHERE id = 1")
    bob.execute("CREATE VIEW over_boss AS SELECT twice(x) AS p FROM points WHERE id = 1")
    bob.execute("CREATE TEMP VIEW passing AS SELECT round(ml_predict('m', x := x)) AS p FROM points WHERE id = 1")
    bob.execute("GRANT SELECT ON VIEW of_bob TO ana; GRANT SELECT ON VIEW over_boss TO ana")
    assert ana.execute("FROM of_bob").fetchall() == bob.execute("FROM of_bob").fetchall() == [(2.0,)]
    assert bob.execute("FROM passing").fetchall() == [(2.0,)]
    boss.execute("REVOKE EXECUTE ON MODEL m FROM bob")
    with pytest.raises(PermissionDenied, match="owner of a view"):
        ana.execute("FROM of_bob")
    for view in ("of_bob", "passing"):
        with pytest.raises(NotFound, match="no model m"):
            bob.execute(f"FROM {view}")
    # The macro is boss's, who still may.
    assert ana.execute("FROM over_boss").fetchall() == [(2.0,)]
    boss.execute("BEGIN; GRANT EXECUTE ON MODEL m TO bob; ROLLBACK")
    with pytest.raises(PermissionDenied, match="owner of a view"):
        ana.execute("FROM of_bob")


def test_filters_and_masks_below_such_a_view_are_the_readers(users) -> None:
    boss, ana, bob = users
    boss.execute("""
        CREATE FUNCTION few(i) AS is_member('hr') OR i < 2;
        CREATE FUNCTION hidden(v) AS CASE WHEN is_member('hr') THEN v ELSE 100.0 END;
        ALTER TABLE points SET ROW FILTER few ON (id);
        ALTER TABLE points ALTER COLUMN x SET MASK hidden;
        GRANT SELECT ON VIEW scalar TO bob""")
    assert ana.execute("SELECT * FROM scalar ORDER BY id").fetchall() == [(0, 200.0), (1, 200.0)]
    assert bob.execute("SELECT count(*), max(p) FROM scalar").fetchall() == [(20, 38.0)]


def test_a_model_that_may_not_be_replaced_is_not_trained(users, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its rows are read nor is anything learned of them."""
    from sqlml.statements import train_and_store

    boss, _, bob = users
    boss.execute("GRANT CREATE MODEL ON SCHEMA main TO bob; GRANT SELECT ON TABLE points TO bob")
    boss.execute(f'CREATE MODEL "my words" {_OPTIONS} AS SELECT x, y FROM points')

    def train(*_: object, **__: object) -> None:
        raise AssertionError("It was trained.")

    monkeypatch.setattr(train_and_store, "_train", train)
    rest = f"{_OPTIONS} AS SELECT x, y FROM points"
    for name in ("m", "M", '"my words"'):
        for words in ("OR REPLACE MODEL", "MODEL IF STALE"):
            with pytest.raises(PermissionDenied, match="CREATE MODEL VERSION"):
                bob.execute(f"CREATE {words} {name} {rest}")
        with pytest.raises(AlreadyExists):
            bob.execute(f"CREATE MODEL {name} {rest}")
    bob.execute(f"PREPARE train AS CREATE OR REPLACE MODEL m {rest}")
    with pytest.raises(PermissionDenied, match="CREATE MODEL VERSION"):
        bob.execute("EXECUTE train")
