"""Users across sessions, their passwords and tokens, and what no error may show."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml
from sqlml.access.authority import sound
from sqlml.access.limits import limits_of
from sqlml.access.passwords import is_password, make_verifier, prepared, read_verifier
from sqlml.access.principal_functions import principal_functions
from sqlml.catalog.tokens import verify_password, verify_token
from sqlml.dialect import parse, to_sql
from sqlml.errors import NotFound, PermissionDenied, SqlmlError


@pytest.fixture
def governed(tmp_path: Path):
    path = tmp_path / "shop.db"
    connection = sqlml.connect(path)
    connection.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE USER ana PASSWORD 'secret'; CREATE USER bob")
    yield path, connection
    connection.session.close()


def test_a_database_without_users_has_no_user(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no users"):
        sqlml.connect(tmp_path / "x.db", user="ana")


def test_only_users_connect_to_a_governed_database(governed) -> None:
    path, _ = governed
    for user in ("nobody", "public", ""):
        with pytest.raises(PermissionDenied):
            sqlml.connect(path, user=user)
    assert sqlml.connect(path, user="BOB").session.user == "bob"


def test_a_session_from_before_has_to_be_a_user(tmp_path: Path) -> None:
    first, second = sqlml.connect(tmp_path / "x.db"), sqlml.connect(tmp_path / "x.db")
    first.execute("BEGIN; CREATE USER ana")
    assert second.execute("SELECT 1").fetchall() == [(1,)]
    first.execute("COMMIT")
    with pytest.raises(PermissionDenied, match="may log in"):
        second.execute("SELECT 1")
    assert first.session.user == "ana"


def test_a_revoke_counts_in_an_open_transaction(governed) -> None:
    path, ana = governed
    ana.execute("GRANT SELECT ON t TO bob WITH GRANT OPTION")
    bob = sqlml.connect(path, user="bob")
    bob.execute("BEGIN; GRANT SELECT ON t TO public; ROLLBACK; BEGIN; SELECT 1")
    ana.execute("REVOKE SELECT ON t FROM bob")
    with pytest.raises(SqlmlError) as raised:
        bob.execute("GRANT SELECT ON t TO public")
    assert raised.value.sqlstate in ("42501", "42704")
    bob.execute("ROLLBACK")


def test_a_user_whose_time_is_over(governed) -> None:
    path, ana = governed
    bob = sqlml.connect(path, user="bob")
    ana.execute("ALTER USER bob VALID UNTIL '2001-01-01'")
    with pytest.raises(PermissionDenied, match="no longer valid"):
        bob.execute("SELECT 1")


def test_two_sessions_change_access_at_once(governed) -> None:
    path, ana = governed
    other = sqlml.connect(path, user="ana")
    ana.execute("BEGIN; GRANT SELECT ON t TO bob")
    with pytest.raises(SqlmlError) as raised:
        other.execute("GRANT INSERT ON t TO bob")
    assert raised.value.sqlstate == "40001"
    ana.execute("COMMIT")
    other.execute("GRANT INSERT ON t TO bob")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER x PASSWORD 'hunter2' FLY",
        "CREATE USER x PASSWORD 'hunter2' IN ROLE nothing",
        "CREATE USRE x PASSWORD 'hunter2'",
        "SELECT 1; ALTER USER nobody PASSWORD 'hunter2'",
        "PREPARE p AS CREATE USER x PASSWORD 'hunter2'",
    ],
)
def test_no_error_shows_a_password(governed, text: str) -> None:
    _, ana = governed
    with pytest.raises(SqlmlError) as raised:
        ana.execute(text)
    assert "hunter2" not in f"{raised.value} {raised.value!r} {raised.value.args}"
    assert "hunter2" not in str(ana.session.prepared)


def test_passwords() -> None:
    made = make_verifier("pencil")
    assert made.startswith("SCRAM-SHA-256$4096:")
    assert make_verifier(made) == made
    assert is_password(made, "pencil")
    assert not is_password(made, "Pencil")
    assert not is_password(None, "pencil")
    # A verifier with the salt of RFC 7677's example.
    found = read_verifier(made)
    assert found is not None
    assert len(found.salt) == 16
    assert read_verifier("SCRAM-SHA-256$4096:x$y:z") is None
    # RFC 4013's examples.
    assert prepared("I\u00adX") == "IX"
    assert prepared("\u00aa") == "a"
    assert prepared("\u2168") == "IX"
    assert prepared("\u0007") == "\u0007"


def test_passwords_and_tokens_of_users(governed) -> None:
    path, ana = governed
    [(_, token, _)] = ana.execute("CREATE TOKEN FOR bob").fetchall()
    access = ana.session.access.acting.access
    found = verify_token(ana.session.database, access, token)
    assert found is not None
    assert found.name == "bob"
    assert verify_token(ana.session.database, access, token + "x") is None
    assert verify_token(ana.session.database, access, "sqlml_x") is None
    assert verify_password(access, "ANA", "secret") is not None
    assert verify_password(access, "ana", "Secret") is None
    assert verify_password(access, "bob", "") is None
    ana.execute("CHECKPOINT")
    ana.close()
    stored = path.read_bytes()
    assert token.encode() not in stored
    assert b"secret" not in stored


def test_limits_are_the_strictest(governed) -> None:
    _, ana = governed
    ana.execute("CREATE ROLE r; GRANT r TO bob; ALTER ROLE r SET LIMIT rows = 10; ALTER USER bob SET LIMIT rows = 20")
    ana.execute("SELECT 1; ALTER USER bob SET LIMIT memory = '1KiB'")
    ana.execute("SHOW USERS")
    access = ana.session.access.acting.access
    assert limits_of(access, access.roles_of("bob")) == {"rows": 10, "memory": 1024}


def test_grants_in_a_ring_do_not_hold_one_another(governed) -> None:
    _, ana = governed
    ana.execute("CREATE USER eva; GRANT SELECT ON t TO bob WITH GRANT OPTION; SET SESSION AUTHORIZATION bob")
    ana.execute("GRANT SELECT ON t TO eva WITH GRANT OPTION; RESET SESSION AUTHORIZATION")
    ana.execute("SET SESSION AUTHORIZATION eva; GRANT SELECT ON t TO bob WITH GRANT OPTION")
    ana.execute("RESET SESSION AUTHORIZATION")
    with pytest.raises(SqlmlError, match="rest on"):
        ana.execute("REVOKE SELECT ON t FROM eva")
    ana.execute("REVOKE SELECT ON t FROM bob CASCADE; SHOW USERS")
    assert {g.privilege for g in sound(ana.session.access.acting.access)} == {"USE CATALOG"}


def test_principal_functions(governed) -> None:
    path, ana = governed
    ana.execute("CREATE ROLE r; CREATE GROUP g; GRANT r, g TO bob")
    bob = sqlml.connect(path, user="bob")

    def value(text: str):
        tree = principal_functions(parse(text), bob.session.access.acting)
        return sqlml.connect().execute(to_sql(tree)).fetchall()[0]

    text = "SELECT current_user, current_user(), session_user, user, current_role, is_member('G'), is_member('r'), is_account_group_member(NULL)"
    assert value(text) == ("bob", "bob", "bob", "bob", None, True, True, None)
    bob.execute("SET ROLE r")
    assert value(text) == ("r", "r", "bob", "r", "r", False, True, None)
    assert value('SELECT t."user", "current_user" FROM (SELECT 1 AS "user", 2 AS "current_user") AS t') == (1, 2)
