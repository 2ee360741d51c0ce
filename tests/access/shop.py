"""The shop under attack: its file, its users, and what one attempt shows and leaves behind."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import sqlml

HERE = Path(__file__).parent
CANARY = "canary_7f3a"
NUMBER = "73919"
# What the canary looks like when a statement has turned it into something else.
SHAPES = tuple(
    shape.casefold()
    for shape in (
        CANARY,
        CANARY[::-1],
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode(),
        NUMBER,
        str(2 * int(NUMBER)),
        str(3 * int(NUMBER)),
    )
)
# Who may what, said by boss.
GRANTS = """
CREATE USER ana;
CREATE USER bob;
CREATE GROUP managers;
GRANT USE CATALOG ON CATALOG TO public;
GRANT CREATE SCHEMA ON CATALOG TO ana;
GRANT USE SCHEMA ON SCHEMA main TO public;
GRANT CREATE TABLE ON SCHEMA main TO ana;
GRANT CREATE VIEW ON SCHEMA main TO ana;
GRANT CREATE FUNCTION ON SCHEMA main TO ana;
GRANT CREATE MODEL ON SCHEMA main TO ana;
GRANT SELECT ON TABLE vault.half TO ana;
GRANT UPDATE, DELETE, INSERT ON TABLE staff TO ana;
GRANT SELECT, MODIFY ON TABLE orders TO ana;
GRANT SELECT, MODIFY ON TABLE people TO ana;
GRANT SELECT ON TABLE v_rows TO ana;
GRANT SELECT ON TABLE v_nested TO ana;
GRANT SELECT ON TABLE v_cte TO ana;
GRANT SELECT ON TABLE v_columns TO ana;
GRANT SELECT ON TABLE v_joined TO ana;
GRANT EXECUTE ON FUNCTION how_many TO ana;
GRANT EXECUTE ON FUNCTION rows_of TO ana;
GRANT EXECUTE ON MODEL m_open TO ana;
GRANT SELECT (id), SELECT (name) ON TABLE staff TO ana;
ALTER TABLE orders SET ROW FILTER only_open ON (region);
ALTER TABLE people ALTER COLUMN ssn SET MASK hide;
ALTER TABLE notes OWNER TO ana;
ALTER TABLE keyed OWNER TO ana;
"""
_KEYED = "CREATE TABLE keyed (id INTEGER PRIMARY KEY, body VARCHAR); INSERT INTO keyed VALUES (1, 'k');"
_MODELS = """
CREATE MODEL m_secret OPTIONS (model_type='linear_reg', input_label_cols=['id'])
AS SELECT code, id FROM secret;
CREATE MODEL m_open OPTIONS (model_type='linear_reg', input_label_cols=['y'])
AS SELECT i::DOUBLE AS x, 2.0 * i AS y FROM range(20) t(i);
"""
# What may not be different after an attempt of ana's, and what is hers to change.
_KEPT = ("shop.main.secret", "shop.main.regions", "shop.vault.gold", "shop.vault.half")
_RULES = "SELECT * FROM shop.sqlml.row_filters UNION ALL BY NAME SELECT * FROM shop.sqlml.column_masks"
_OBJECTS = """
SELECT 'table ' || database_name || '.' || schema_name || '.' || table_name FROM duckdb_tables()
UNION ALL SELECT 'view ' || database_name || '.' || schema_name || '.' || view_name FROM duckdb_views()
WHERE NOT internal
UNION ALL SELECT 'type ' || database_name || '.' || schema_name || '.' || type_name || coalesce(labels::VARCHAR, '')
FROM duckdb_types() WHERE NOT internal
UNION ALL SELECT 'schema ' || database_name || '.' || schema_name FROM duckdb_schemas() WHERE NOT internal
UNION ALL SELECT 'index ' || index_name FROM duckdb_indexes()
UNION ALL SELECT 'sequence ' || sequence_name || coalesce(last_value, 0) FROM duckdb_sequences()
UNION ALL SELECT 'database ' || database_name FROM duckdb_databases()
UNION ALL SELECT 'secret ' || name FROM duckdb_secrets()
"""
_MACROS = """
SELECT 'macro ' || database_name || '.' || schema_name || '.' || function_name || ' ' || macro_definition
FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL
"""
_SETTINGS = "SELECT name, value FROM duckdb_settings()"


@dataclass(frozen=True)
class Attempt:
    """One line of attacks.txt."""

    line: int
    kind: str  # | works on DuckDB, ! DuckDB refuses or shows nothing, ~ about sqlml's own
    idea: str
    steps: tuple[str, ...]

    @property
    def id(self) -> str:
        """For the report of a test."""
        return f"{self.line}: {' ;; '.join(self.steps)}"


def attempts(files: Path) -> Iterator[Attempt]:
    """The lines of attacks.txt."""
    idea = ""
    for number, line in enumerate((HERE / "attacks.txt").read_text("utf-8").splitlines(), 1):
        if line.startswith("##"):
            idea = line[3:]
        elif line[:1] in ("|", "!", "~"):
            text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), line[2:].replace("\\n", "\n"))
            text = text.replace("{files}", str(files))
            yield Attempt(number, line[0], idea, tuple(text.split(" ;; ")))


def make_files(folder: Path) -> Path:
    """Files with the canary, outside of any volume."""
    folder.mkdir()
    (folder / "canary.csv").write_text(f"id,body\n1,{CANARY}\n")
    (folder / "canary.txt").write_text(CANARY)
    (folder / "canary.json").write_text(json.dumps([{"id": 1, "body": CANARY}]))
    with duckdb.connect(str(folder / "other.duckdb")) as other:
        other.execute(f"CREATE TABLE gold AS SELECT 1 AS id, '{CANARY}' AS code")
        other.execute(f"COPY gold TO '{folder}/canary.parquet'")
    return folder


def schema() -> str:
    """What makes the shop's tables, views and macros."""
    return (HERE / "shop.sql").read_text("utf-8") + _KEYED


class Plain:
    """The shop in a plain DuckDB, open to all: made anew after every statement that is not only a query."""

    def __init__(self) -> None:
        self._duck: Any = None

    def of(self, steps: Iterable[str]) -> Any:
        """A shop in which nobody has changed anything, to run these steps in."""
        found = self._duck or plain()
        self._duck = found if are_queries(steps) else None
        return found

    def close(self) -> None:
        """Close the one that could still be used."""
        if self._duck is not None:
            self._duck.close()


def are_queries(steps: Iterable[str]) -> bool:
    """Whether DuckDB reads nothing but queries there, which make and drop nothing."""
    try:
        return all(s.type == duckdb.StatementType.SELECT for step in steps for s in duckdb.extract_statements(step))
    except duckdb.Error:
        return False


def plain() -> Any:
    """The shop in a plain DuckDB, open to all."""
    con = duckdb.connect()
    con.execute("ATTACH ':memory:' AS shop; USE shop")
    con.execute("CREATE MACRO is_member(r) AS false")
    con.execute(schema())
    return con


def build(path: Path, changed: Callable[[str], str] = str) -> None:
    """The governed file: boss owns all but the tables of ana's notes."""
    with contextlib.closing(sqlml.connect(str(path))) as con:
        con.execute("CREATE USER boss")
        con.execute(changed(schema() + _MODELS))
        con.execute(GRANTS)
        con.execute("CHECKPOINT")


class Shop:
    """The governed file opened by ana, beside bob who has things of his own in his session."""

    def __init__(self, path: Path, files: Path) -> None:
        self.path = path
        self.files = files
        build(path)
        self._template = path
        self._copies = 0
        self._open()

    def _open(self) -> None:
        self._copies += 1
        self.path = self._template.parent / str(self._copies) / self._template.name
        self.path.parent.mkdir()
        shutil.copy(self._template, self.path)
        self.boss = sqlml.connect(str(self.path), user="boss")
        self.bob = sqlml.connect(str(self.path), user="bob")
        self.bob.execute(f"CREATE TEMP TABLE other_temp AS SELECT '{CANARY}' AS code")
        self.bob.execute(f"PREPARE other_prepared AS SELECT '{CANARY}'")
        self.bob.execute(f"SET VARIABLE other_variable = '{CANARY}'")
        self.ana = sqlml.connect(str(self.path), user="ana")
        self._raw = self.ana.session.database._duck
        self.before = self.state()
        self.macros_before = self.macros()
        self.kept = self.protected()

    def close(self) -> None:
        """Close all sessions."""
        for con in (self.ana, self.bob, self.boss):
            con.close()

    def again(self) -> None:
        """The shop as it was built, with new sessions."""
        self.close()
        for left in self.files.iterdir():
            if left.name not in FILES:
                left.unlink() if left.is_file() else shutil.rmtree(left)
        self._open()

    def state(self) -> list[Any]:
        """Everything that a refused statement must have left as it was, besides macros: objects, settings, files."""
        objects = sorted(str(name) for (name,) in self._raw.execute(_OBJECTS).fetchall())
        settings = sorted(self._raw.execute(_SETTINGS).fetchall())
        return [objects, settings, sorted(f.name for f in self.files.iterdir())]

    def macros(self) -> list[str]:
        """All macros; apart from the rest, for DuckDB takes 20 ms to list its functions."""
        return sorted(str(name) for (name,) in self._raw.execute(_MACROS).fetchall())

    def protected(self) -> list[Any]:
        """What no attempt of ana's may change, whether it was refused or not."""
        run = self._raw.execute
        tables = [run(f"FROM {table}").fetchall() for table in _KEPT]
        south = run("FROM shop.main.orders WHERE id IN (2, 4) ORDER BY id").fetchall()
        return [
            tables,
            south,
            run("SELECT id, hidden FROM shop.main.staff WHERE id < 3").fetchall(),
            run(_RULES).fetchall(),
            run("SELECT id, ssn FROM shop.main.people ORDER BY id").fetchall(),
            run("SELECT folded_name, is_superuser FROM shop.sqlml.principals ORDER BY 1").fetchall(),
            run("SELECT * FROM shop.sqlml.grants ORDER BY ALL").fetchall(),
        ]


FILES = ("canary.csv", "canary.txt", "canary.json", "other.duckdb", "canary.parquet")


@dataclass
class Shown:
    """All that the statements of an attempt gave whoever sent them."""

    texts: list[str]
    refused: int = 0
    failed: list[str] | None = None


def shown_by(execute: Callable[[str], Any], steps: Iterable[str], files: Path) -> Shown:
    """Run the statements one after the other, whatever becomes of each; collect rows, names, errors, new files."""
    shown = Shown([])
    for step in steps:
        try:
            result = execute(step)
            if result is not None:
                shown.texts.append(repr(result.description))
                shown.texts.append(repr(result.fetchall()) if result.description else "")
        except Exception as error:  # noqa: BLE001 - whatever is raised is shown to the user
            shown.refused += 1
            shown.texts += _of_error(error)
    for file in files.rglob("*"):
        if file.is_file() and file.name not in FILES:
            shown.texts.append(file.read_bytes().decode("latin-1"))
    return shown


def _of_error(error: BaseException | None) -> list[str]:
    found: list[str] = []
    while error is not None:
        found += [str(error), repr(error), repr(getattr(error, "__dict__", {}))]
        error = error.__cause__ or error.__context__
    return found


def canary_in(shown: Shown, steps: Iterable[str]) -> str | None:
    """The first text with the canary that the user did not write himself."""
    written = " ".join(steps).casefold()
    shapes = [s for s in SHAPES if s not in written]
    for text in shown.texts:
        folded = text.casefold()
        if any(shape in folded for shape in shapes):
            return text
    return None
