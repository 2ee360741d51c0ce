"""What a model is made of never holds what its trainer could not see: the bytes of all that is kept are searched."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sqlml

CANARY = "canary_7f3a"
# A number that nothing else has: its bytes as a double, and as text.
NUMBER = 73919.25
HIDDEN_ROWS = 40
_SETUP = f"""
CREATE TABLE patients AS
    SELECT i AS id, i % 7 AS age, CASE WHEN i % 2 = 0 THEN 'north' ELSE 'south' END AS region,
           CASE WHEN i % 2 = 0 THEN 'n' || i % 4 ELSE '{CANARY}' || i % 3 END AS ward,
           CASE WHEN i % 2 = 0 THEN (i % 11)::DOUBLE ELSE {NUMBER} END AS cost,
           '{CANARY}' || i % 5 AS ssn, CASE WHEN i % 3 = 0 THEN 'yes' ELSE 'no' END AS returned
    FROM range({2 * HIDDEN_ROWS}) t(i);
CREATE TABLE notes (region VARCHAR);
CREATE MACRO in_north(r) AS r = 'north' OR is_member('managers');
CREATE MACRO hide(s) AS CASE WHEN is_member('managers') THEN s ELSE left(s, 2) || '***' END;
CREATE VIEW everyone AS SELECT * FROM patients;
CREATE MACRO of_age(a) AS TABLE SELECT * FROM patients WHERE age >= a;
"""
_GRANTS = """
CREATE GROUP managers;
CREATE USER ana;
GRANT USE SCHEMA, CREATE MODEL, CREATE TABLE ON SCHEMA main TO ana;
GRANT SELECT ON TABLE patients TO ana;
GRANT SELECT ON TABLE everyone TO ana;
GRANT EXECUTE ON FUNCTION of_age TO ana;
ALTER TABLE patients SET ROW FILTER in_north ON (region);
ALTER TABLE patients ALTER COLUMN ssn SET MASK hide;
"""
# The sources that a query of CREATE MODEL may name.
SOURCES = {
    "table": "patients",
    "view": "everyone",
    "macro": "of_age(0)",
    "subquery": "(SELECT * FROM patients)",
    "query()": "query('FROM patients')",
    "copy": "copied",
}
# With categories, numbers, labels and transforms that keep what they were fitted on.
MODELS = {
    "linear_reg": "OPTIONS (model_type='linear_reg', input_label_cols=['cost']) AS SELECT ward, ssn, age, cost",
    "logistic_reg": "OPTIONS (model_type='logistic_reg', input_label_cols=['ward']) AS SELECT ssn, cost, age, ward",
    "boosted_tree_classifier": (
        "OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['returned']) "
        "AS SELECT ward, ssn, cost, age, returned"
    ),
    "boosted_tree_regressor": (
        "OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['cost']) AS SELECT ward, ssn, age, cost"
    ),
    "random_forest_classifier": (
        "OPTIONS (model_type='random_forest_classifier', input_label_cols=['ward']) AS SELECT ssn, cost, age, ward"
    ),
    "transform": (
        "TRANSFORM (ml_label_encoder(ward) OVER () AS w, ml_one_hot_encoder(ssn) OVER () AS s, "
        "ml_standard_scaler(cost) OVER () AS c, returned) "
        "OPTIONS (model_type='logistic_reg', input_label_cols=['returned']) AS SELECT ward, ssn, cost, returned"
    ),
}
_TABLES = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'sqlml' AND database_name = 'shop'"
_MACROS = "SELECT macro_definition FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("artifacts") / "shop.duckdb"
    with contextlib.closing(sqlml.connect(str(path))) as con:
        con.execute("CREATE USER boss")
        con.execute(_SETUP)
        con.execute(_GRANTS)
    return path


@pytest.fixture
def users(file: Path) -> Iterator[tuple[sqlml.Connection, sqlml.Connection]]:
    boss, ana = (sqlml.connect(str(file), user=name) for name in ("boss", "ana"))
    yield boss, ana
    boss.execute("DROP MODEL IF EXISTS m")
    boss.execute("DROP TABLE IF EXISTS copied")
    ana.close()
    boss.close()


def kept(con: sqlml.Connection) -> bytes:
    """All that the file holds of its models: every table of ours, and the macros that score."""
    raw: Any = con.session.database._duck
    found = [raw.execute(_MACROS).fetchall()]
    found += [raw.execute(f'FROM shop.sqlml."{name}"').fetchall() for (name,) in raw.execute(_TABLES).fetchall()]
    parts = [value for rows in found for row in rows for value in row]
    return b"\0".join(bytes(v) if isinstance(v, bytes | bytearray) else str(v).encode() for v in parts)


def traces(of: bytes) -> list[bytes]:
    """What is there of hidden values, however it is written."""
    shapes = [str(NUMBER).encode(), struct.pack("<d", NUMBER), struct.pack(">d", NUMBER), struct.pack("<f", NUMBER)]
    shapes += [CANARY.encode(), CANARY.encode("utf-16-le"), CANARY.encode("utf-32-le"), CANARY[::-1].encode()]
    return [shape for shape in shapes if shape in of]


PAIRS = [(model, "table") for model in MODELS] + [("transform", source) for source in SOURCES if source != "table"]


@pytest.mark.parametrize(("model", "source"), PAIRS)
def test_no_artifact_holds_what_its_trainer_could_not_see(
    users: tuple[sqlml.Connection, sqlml.Connection], model: str, source: str
) -> None:
    boss, ana = users
    if source == "copy":
        ana.execute("CREATE TABLE copied AS FROM patients")
    ana.execute(f"CREATE MODEL m {MODELS[model]} FROM {SOURCES[source]}")
    assert traces(kept(boss)) == []
    rows = boss.execute("SELECT training_rows + evaluation_rows + dropped_rows FROM sqlml.runs").fetchall()
    assert rows[-1] == (HIDDEN_ROWS,)


@pytest.mark.parametrize("model", MODELS)
def test_the_search_finds_what_was_seen(users: tuple[sqlml.Connection, sqlml.Connection], model: str) -> None:
    boss, _ = users
    boss.execute("ALTER GROUP managers ADD USER boss")
    try:
        boss.execute(f"CREATE MODEL m {MODELS[model]} FROM patients")
        assert traces(kept(boss)) != []
    finally:
        boss.execute("ALTER GROUP managers DROP USER boss")
