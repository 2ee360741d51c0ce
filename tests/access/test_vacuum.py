"""VACUUM MODELS of a governed file is about models that one may manage, and tells of no others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import sqlml
from sqlml.errors import InvalidSql, NotFound, PermissionDenied

_TRAIN = "CREATE OR REPLACE MODEL {} OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM points"


@pytest.fixture
def con() -> Iterator[sqlml.Connection]:
    """Two models of three versions; ana manages one of them and may only ask the other."""
    connection = sqlml.connect(":memory:")
    connection.execute("CREATE TABLE points AS SELECT i::DOUBLE AS a, 2.0 * i AS y FROM range(20) AS r(i)")
    for _ in range(3):
        connection.execute(_TRAIN.format("hers"))
        connection.execute(_TRAIN.format("his"))
    for sql in ("CREATE USER boss", "CREATE USER ana", "CREATE USER bob", "GRANT USE SCHEMA ON SCHEMA main TO ana"):
        connection.execute(sql)
    connection.execute("GRANT MANAGE ON MODEL hers TO ana")
    connection.execute("GRANT EXECUTE ON MODEL his TO ana")
    yield connection
    connection.close()


def test_only_what_one_may_manage(con: sqlml.Connection) -> None:
    """Without a name others' models are left alone; by name they are refused."""
    con.execute("SET SESSION AUTHORIZATION ana")
    with pytest.raises(PermissionDenied, match="MANAGE"):
        con.execute("VACUUM MODELS his RETAIN 1 VERSIONS")
    rows = con.execute("VACUUM MODELS RETAIN 1 VERSIONS").fetchall()
    assert [(row[1], row[2], row[4]) for row in rows] == [
        ("hers", 1, "dropped"),
        ("hers", 2, "dropped"),
        ("hers", 3, "kept"),
    ]
    con.execute("RESET SESSION AUTHORIZATION")
    assert len(con.execute("SHOW MODEL VERSIONS IN main.his").fetchall()) == 3


def test_nothing_is_said_to_whom_nothing_is_granted(con: sqlml.Connection) -> None:
    """Not even that the models are there."""
    con.execute("SET SESSION AUTHORIZATION bob")
    assert con.execute("VACUUM MODELS RETAIN 0 VERSIONS").fetchall() == []
    with pytest.raises(NotFound):
        con.execute("VACUUM MODELS hers DRY RUN")


def test_duckdbs_vacuum_stays_closed(con: sqlml.Connection) -> None:
    """What sqlml does not read is refused to users."""
    con.execute("SET SESSION AUTHORIZATION ana")
    for sql in ("VACUUM", "VACUUM points", "VACUUM ANALYZE points"):
        with pytest.raises(InvalidSql, match="not supported in a governed database"):
            con.execute(sql)
