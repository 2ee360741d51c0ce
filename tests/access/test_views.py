"""Views of several owners over tables with filters and masks, against tables that were worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import sqlml
from sqlml.errors import PermissionDenied

_PEOPLE = """
CREATE USER boss;
CREATE USER carol; CREATE USER dave; CREATE USER erin; CREATE USER ana; CREATE USER hugo;
CREATE GROUP hr; GRANT hr TO hugo;
GRANT USE SCHEMA ON SCHEMA main TO public;
GRANT CREATE VIEW ON SCHEMA main TO carol, dave, erin;
CREATE TABLE pay (id INTEGER, region VARCHAR, ssn VARCHAR, salary INTEGER);
INSERT INTO pay VALUES (1, 'north', '111-11', 100), (2, 'north', '222-22', 200), (3, 'south', '333-33', 300),
                       (4, NULL, '444-44', 400);
CREATE TABLE phones (id INTEGER, "phone no" VARCHAR);
INSERT INTO phones VALUES (1, '555-0001'), (2, '555-0002'), (3, '555-0003');
CREATE FUNCTION near_me(r) AS is_member('hr') OR r = 'north';
CREATE FUNCTION no_ssn(s) AS CASE WHEN is_member('hr') THEN s ELSE '***' || right(s, 2) END;
CREATE FUNCTION no_phone(p) AS CASE WHEN current_user = 'boss' THEN p ELSE left(p, 3) END;
ALTER TABLE pay SET ROW FILTER near_me ON (region);
ALTER TABLE pay ALTER COLUMN ssn SET MASK no_ssn;
ALTER TABLE phones ALTER COLUMN "phone no" SET MASK no_phone;
GRANT SELECT ON TABLE pay TO carol;
GRANT SELECT ON TABLE phones TO dave;
"""


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, sqlml.Connection]]:
    file = str(tmp_path_factory.mktemp("views") / "hr.duckdb")
    boss = sqlml.connect(file)
    boss.execute(_PEOPLE)
    found = {name: sqlml.connect(file, user=name) for name in ("carol", "dave", "erin", "ana", "hugo")} | {"boss": boss}
    found["carol"].execute("CREATE VIEW one AS SELECT id, ssn, salary FROM pay WHERE salary < 400")
    found["carol"].execute("GRANT SELECT ON VIEW one TO dave")
    found["dave"].execute("""CREATE VIEW "second one" AS
        SELECT one.id, ssn, salary, "phone no" AS phone FROM one LEFT JOIN phones USING (id)""")
    found["dave"].execute('GRANT SELECT ON VIEW "second one" TO erin')
    found["erin"].execute("""CREATE VIEW three AS
        SELECT *, sum(salary) OVER (ORDER BY id) AS total, current_user AS who FROM main."second one" """)
    found["erin"].execute("GRANT SELECT ON VIEW three TO ana, hugo")
    yield found
    for con in found.values():
        con.close()


_BY_HAND: dict[str, list[tuple[Any, ...]]] = {
    # Neither in hr nor boss: the north only, both columns masked, whatever the owners on the way may see.
    "ana": [(1, "***11", 100, "555", 100, "ana"), (2, "***22", 200, "555", 300, "ana")],
    "erin": [(1, "***11", 100, "555", 100, "erin"), (2, "***22", 200, "555", 300, "erin")],
    # In hr: all rows below 400, numbers in full, telephones still masked.
    "hugo": [
        (1, "111-11", 100, "555", 100, "hugo"),
        (2, "222-22", 200, "555", 300, "hugo"),
        (3, "333-33", 300, "555", 600, "hugo"),
    ],
    # The owner of the tables is no member of hr: filters and masks hold for him as well.
    "boss": [(1, "***11", 100, "555-0001", 100, "boss"), (2, "***22", 200, "555-0002", 300, "boss")],
}
_WAYS = (
    "FROM three ORDER BY id",
    "SELECT * FROM main.three AS t ORDER BY ALL",
    'WITH x AS (SELECT * FROM "three") SELECT * FROM x ORDER BY id',
    "SELECT t.* FROM three t JOIN three u USING (id) ORDER BY 1",
    "FROM query('FROM three') ORDER BY id",
    "FROM query_table('three') ORDER BY id",
    "FROM query_table(['main.three']) ORDER BY id",
)


@pytest.mark.parametrize("sql", _WAYS)
@pytest.mark.parametrize("user", list(_BY_HAND))
def test_three_views_deep(users: dict[str, sqlml.Connection], user: str, sql: str) -> None:
    con = users[user]
    assert con.execute(sql).fetchall() == _BY_HAND[user]
    con.execute(f"PREPARE p AS {sql}")
    assert con.execute("EXECUTE p").fetchall() == _BY_HAND[user]
    con.execute("DEALLOCATE p")
    con.execute("BEGIN")
    con.execute(f"CREATE TEMP TABLE kept AS {sql}")
    assert con.execute("FROM kept ORDER BY id").fetchall() == _BY_HAND[user]
    con.execute("ROLLBACK")


@pytest.mark.parametrize("name", ["pay", "phones", "one", '"second one"'])
def test_what_is_below_stays_closed(users: dict[str, sqlml.Connection], name: str) -> None:
    with pytest.raises(sqlml.Error, match="There is no table or view"):
        users["ana"].execute(f"FROM {name}")


def test_a_link_that_breaks_closes_all_above(users: dict[str, sqlml.Connection]) -> None:
    """What dave was granted is taken away: erin's view, and ana's reading of it, end with it, and come back."""
    carol, ana = users["carol"], users["ana"]
    carol.execute("BEGIN")
    carol.execute("REVOKE SELECT ON VIEW one FROM dave")
    assert ana.execute("FROM three ORDER BY id").fetchall() == _BY_HAND["ana"]
    carol.execute("COMMIT")
    with pytest.raises(PermissionDenied, match="owner of a view"):
        ana.execute("FROM three")
    carol.execute("GRANT SELECT ON VIEW one TO dave")
    assert ana.execute("FROM three ORDER BY id").fetchall() == _BY_HAND["ana"]


def test_another_user_on_trial(users: dict[str, sqlml.Connection]) -> None:
    """The filter asks for the user that is set, as the masks do."""
    boss = users["boss"]
    boss.execute("SET SESSION AUTHORIZATION hugo")
    assert boss.execute("FROM three ORDER BY id").fetchall() == _BY_HAND["hugo"]
    boss.execute("RESET SESSION AUTHORIZATION")
    assert boss.execute("FROM three ORDER BY id").fetchall() == _BY_HAND["boss"]
