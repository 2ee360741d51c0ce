"""Where predictions and exported models say that they come from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import sqlml

_SCORED = "SELECT * FROM ML.PREDICT(MODEL spend, (SELECT 1.0 AS visits), STRUCT(TRUE AS provenance))"


@pytest.fixture
def con() -> Iterator[sqlml.Connection]:
    """A model of one feature."""
    connection = sqlml.connect(":memory:")
    connection.execute("CREATE TABLE t AS SELECT i::DOUBLE AS visits, 2.0 * i AS spend FROM range(20) AS r(i)")
    connection.execute("CREATE MODEL spend OPTIONS (model_type='linear_reg', input_label_cols=['spend']) AS FROM t")
    yield connection
    connection.close()


def test_card_document_and_prediction_say_the_same_lineage(con: sqlml.Connection, tmp_path: Path) -> None:
    """One hash, wherever it is asked for."""
    con.execute(f"EXPORT MODEL spend TO '{tmp_path / 'spend.json'}'")
    document = json.loads((tmp_path / "spend.json").read_text())
    [[predicted]] = con.execute(f"SELECT _lineage_hash FROM ({_SCORED})").fetchall()
    assert predicted == con.model("spend").lineage_hash == document["training"]["lineage_hash"]
    assert len(predicted) == 64


def test_a_model_from_elsewhere_has_no_lineage_here(con: sqlml.Connection, tmp_path: Path) -> None:
    """It was not trained on anything that this file knows of."""
    path = tmp_path / "spend.json"
    con.execute(f"EXPORT MODEL spend TO '{path}'")
    con.execute(f"IMPORT OR REPLACE MODEL spend FROM '{path}'")
    assert con.execute(f"SELECT _version, _lineage_hash FROM ({_SCORED})").fetchall() == [(2, None)]


def test_the_champion_answers(con: sqlml.Connection) -> None:
    """The version is the one that a bare name means, in each statement anew, prepared ones too."""
    con.execute(f"PREPARE scored AS SELECT _version FROM ({_SCORED})")
    con.execute("CREATE OR REPLACE MODEL spend OPTIONS (model_type='linear_reg', input_label_cols=['spend']) AS FROM t")
    assert con.execute("EXECUTE scored").fetchall() == [(2,)]
    con.execute("ALTER MODEL spend SET ALIAS champion = 1")
    assert con.execute("EXECUTE scored").fetchall() == [(1,)]


def test_whoever_may_execute_a_model_may_ask_for_provenance(con: sqlml.Connection) -> None:
    """It says nothing that the model's rights do not cover, and its functions are open to users."""
    for sql in ("CREATE USER owner", "CREATE USER ana", "GRANT USE SCHEMA ON SCHEMA main TO ana"):
        con.execute(sql)
    con.execute("GRANT EXECUTE ON MODEL spend TO ana")
    con.execute("SET SESSION AUTHORIZATION ana")
    [(model, version, same)] = con.execute(f"SELECT _model, _version, _scored_at <= now() FROM ({_SCORED})").fetchall()
    assert (model, version, same) == ("spend", 1, True)
