"""What the names of a statement stand for in DuckDB's catalog: tables, views and macros its transaction sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.values import Securable
from sqlml.catalog.cursor import in_catalog
from sqlml.dialect import parse
from sqlml.python_functions import PREFIX
from sqlml.types import Column, ObjectName

TEMPORARY = "temp"
MAIN = "main"

# lower() knows more letters than DuckDB's catalog, and is quick: what it finds besides is left out afterwards.
_RELATIONS = """
SELECT database_name, schema_name, table_name, 'TABLE', NULL, table_oid FROM duckdb_tables()
WHERE list_contains(list_transform($1, lambda n: lower(n)), lower(table_name))
UNION ALL
SELECT database_name, schema_name, view_name, 'VIEW', sql, view_oid FROM duckdb_views()
WHERE NOT internal AND list_contains(list_transform($1, lambda n: lower(n)), lower(view_name))
"""
_COLUMNS = """
SELECT database_name, schema_name, table_name, column_name, data_type FROM duckdb_columns()
WHERE NOT internal AND list_contains(list_transform($1, lambda n: lower(n)), lower(table_name)) ORDER BY column_index
"""
_MACROS = """
SELECT database_name, schema_name, function_name, function_type, parameters, macro_definition FROM duckdb_functions()
WHERE NOT internal AND function_type IN ('macro', 'table_macro')
"""


class Rows(Protocol):
    """A cursor in the session's transaction."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return all its rows."""


@dataclass(frozen=True)
class Entry:
    """A table or view: its full name, for a view the text of its CREATE VIEW."""

    catalog: str
    schema: str
    name: str
    kind: str
    sql: str | None = None
    # It stays when the object is renamed or altered; one that takes its place has another.
    oid: int = 0

    @property
    def is_temporary(self) -> bool:
        """Whether only this session has it."""
        return self.catalog == TEMPORARY

    @property
    def securable(self) -> Securable:
        """What privileges on it are on."""
        return Securable.of("TABLE", self.schema, self.name)


@dataclass(frozen=True)
class Macro:
    """A macro of the user's: scalar or table, with the text it stands for."""

    catalog: str
    schema: str
    name: str
    is_table: bool
    parameters: tuple[str, ...]
    definition: str

    @property
    def securable(self) -> Securable:
        """What privileges on it are on."""
        return Securable.of("FUNCTION", self.schema, self.name)


def _read_macros(cursor: Rows) -> list[Macro]:
    """All macros that the cursor's transaction sees."""
    return [
        Macro(catalog, schema, name, kind == "table_macro", tuple(parameters or ()), str(definition))
        for catalog, schema, name, kind, parameters, definition in cursor.rows(_MACROS)
    ]


@dataclass
class Known:
    """What was looked up in a catalog, for all statements that are decided while it stays the same."""

    relations: dict[str, list[Entry]] = field(default_factory=dict)
    columns: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    # The functions of Python's and the models of the file; None until they were asked for.
    models: set[tuple[str, str]] | None = None
    python: set[tuple[str, str]] | None = None
    macros: dict[str, list[Macro]] | None = None
    path: tuple[str, ...] | None = None
    trees: dict[str, exp.Expr] = field(default_factory=dict)


class Objects:
    """Looks names up, each once; `catalog` is the governed database, which alone can be named."""

    def __init__(self, cursor: Rows, catalog: str, known: Known | None = None) -> None:
        self.catalog = catalog
        self._cursor = cursor
        # Whether everything that was found is the file's or the session's own.
        self.is_closed = True
        self.used: list[Entry] = []
        self._known = known or Known()

    @property
    def path(self) -> tuple[str, ...]:
        """The schemas in which a name without one is looked for."""
        if self._known.path is None:
            [[path]] = self._cursor.rows("SELECT current_schemas(false)")
            self._known.path = tuple(dict.fromkeys([*map(str, path), MAIN]))
        return self._known.path

    @property
    def _macros(self) -> dict[str, list[Macro]]:
        # DuckDB lists its own functions with them, which takes long.
        if self._known.macros is None:
            found: dict[str, list[Macro]] = {}
            for macro in _read_macros(self._cursor):
                found.setdefault(fold(macro.name), []).append(macro)
            self._known.macros = found
        return self._known.macros

    def tree(self, sql: str) -> exp.Expr:
        """The tree of what a view or macro stands for, to be changed."""
        found = self._known.trees.get(sql)
        if found is None:
            self._known.trees[sql] = found = parse(sql)
        return found.copy()

    def internal_view(self, schema: str, name: str) -> exp.Expr | None:
        """The tree of one of DuckDB's own views, to be changed."""
        rows = self._cursor.rows(
            "SELECT sql FROM duckdb_views() WHERE internal AND database_name = ? AND schema_name = ? AND view_name = ?",
            ["system", schema, name],
        )
        return self.tree(str(rows[0][0])) if rows else None

    def load(self, names: Iterable[str]) -> None:
        """Read the tables and views of these names at once."""
        missing = sorted({fold(n) for n in names} - self._known.relations.keys())
        if not missing:
            return
        found: dict[str, list[Entry]] = {name: [] for name in missing}
        for row in self._cursor.rows(_RELATIONS, [missing]):
            if (key := fold(str(row[2]))) in found:
                found[key].append(Entry(*row))
        self._known.relations.update(found)

    def relation(self, name: ObjectName, home: str | None = None) -> Entry | None:
        """The table or view that a name means; `home` is the schema of the view it is written in."""
        self.load([name.name])
        found = self._known.relations[fold(name.name)]
        for catalog, schema in self.places(name, home):
            for entry in found:
                if (fold(entry.catalog), fold(entry.schema)) == (catalog, schema):
                    self._found(catalog, schema)
                    self.used.append(entry)
                    return entry
        return None

    def macro(self, name: ObjectName, *, is_table: bool, home: str | None = None) -> Macro | None:
        """The macro that a call means."""
        named = self._macros.get(fold(name.name), ())
        for catalog, schema in self.places(name, home) if named else ():
            for macro in named:
                if macro.is_table == is_table and (fold(macro.catalog), fold(macro.schema)) == (
                    catalog,
                    schema,
                ):
                    self._found(catalog, schema)
                    return macro
        return None

    def _found(self, catalog: str, schema: str) -> None:
        # A database that is attached later can take the place of a temporary schema, but not of `temp.main`.
        if catalog != fold(self.catalog) and (catalog, schema) != (TEMPORARY, MAIN):
            self.is_closed = False

    def has_macro(self, name: str) -> bool:
        """Whether any macro of that name is there, in whichever schema."""
        return fold(name) in self._macros

    def is_model(self, schema: str, name: str) -> bool:
        """Whether the file has a model of that name, whose macro it then is."""
        return (fold(schema), fold(name)) in self.models()

    def models(self) -> set[tuple[str, str]]:
        """Schema and name of all models of the database, folded."""
        if self._known.models is None:
            rows = self._cursor.rows(in_catalog("SELECT schema_name, model_name FROM sqlml.models", self.catalog))
            self._known.models = {(fold(str(s)), fold(str(n))) for s, n in rows}
        return self._known.models

    def is_python(self, macro: Macro) -> bool:
        """Whether a macro stands for a function in Python: one that is kept, or one of this session's."""
        if PREFIX not in macro.definition:
            return False
        if macro.catalog == TEMPORARY:
            return True
        if self._known.python is None:
            rows = self._cursor.rows(in_catalog("SELECT schema_name, function_name FROM sqlml.functions", self.catalog))
            self._known.python = {(fold(str(s)), fold(str(n))) for s, n in rows}
        return (fold(macro.schema), fold(macro.name)) in self._known.python

    def load_columns(self, names: Iterable[str]) -> None:
        """Read the columns of the tables and views of these names at once."""
        missing = sorted({fold(n) for n in names} - self._known.columns.keys())
        if not missing:
            return
        found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in missing}
        for row in self._cursor.rows(_COLUMNS, [missing]):
            if (key := fold(str(row[2]))) in found:
                found[key].append(row)
        self._known.columns.update(found)

    def created(self, name: ObjectName, kind: str) -> Entry | None:
        """The table or view that a CREATE has just made, whatever was known of its name before."""
        key = fold(name.name)
        self._known.relations.pop(key, None)
        self._known.columns.pop(key, None)
        self.load_columns([key])
        # One without a catalog is not temporary.
        places = [place for place in self.places(name) if name.catalog or place != (TEMPORARY, MAIN)]
        found = {(fold(str(row[0])), fold(str(row[1]))): row for row in self._known.columns[key]}
        made = next((found[place] for place in places if place in found), None)
        return None if made is None else Entry(str(made[0]), str(made[1]), str(made[2]), kind)

    def columns(self, entry: Entry) -> list[Column]:
        """The columns of a table, in order."""
        key = fold(entry.name)
        self.load_columns([key])
        return [
            Column(name, kind)
            for catalog, schema, table, name, kind in self._known.columns[key]
            if (catalog, schema, table) == (entry.catalog, entry.schema, entry.name)
        ]

    def schemas(self) -> list[str]:
        """All schemas of the database."""
        return [
            str(name)
            for (name,) in self._cursor.rows(
                "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ?", [self.catalog]
            )
        ]

    def all_relations(self) -> list[Securable]:
        """All tables and views of the database."""
        return [Securable.of("TABLE", *names) for names in self.relation_names()]

    def relation_names(self) -> list[tuple[str, str]]:
        """Schema and name of all tables and views of the database, as they are written."""
        rows = self._cursor.rows(
            """SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?
               UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal AND database_name = ?
               ORDER BY ALL""",
            [self.catalog, self.catalog],
        )
        return [(str(schema), str(name)) for schema, name in rows]

    def column_names(self) -> list[tuple[str, str, str]]:
        """Schema, table and name of all columns of the database, as they are written."""
        sql = """SELECT schema_name, table_name, column_name FROM duckdb_columns()
                 WHERE NOT internal AND database_name = ? ORDER BY schema_name, table_name, column_index"""
        return [(str(s), str(t), str(c)) for s, t, c in self._cursor.rows(sql, [self.catalog])]

    def routine_names(self, kind: str) -> list[tuple[str, str]]:
        """Schema and name of all models of the database, or of all macros that stand for none."""
        models = self._cursor.rows(
            in_catalog("SELECT schema_name, model_name FROM sqlml.models ORDER BY ALL", self.catalog)
        )
        if kind == "MODEL":
            return [(str(schema), str(name)) for schema, name in models]
        sql = """SELECT DISTINCT schema_name, function_name FROM duckdb_functions()
                 WHERE NOT internal AND database_name = ? ORDER BY ALL"""
        found = self._cursor.rows(sql, [self.catalog])
        return [(str(s), str(n)) for s, n in found if not self.is_model(str(s), str(n))]

    def places(self, name: ObjectName, home: str | None = None) -> list[tuple[str, str]]:
        """Where DuckDB looks for a name, in its order: (catalog, schema), folded."""
        own = fold(self.catalog)
        if name.catalog:
            return [(fold(name.catalog), fold(name.schema or MAIN))]
        if name.schema:
            schema = fold(name.schema)
            kept = [(own, schema), (schema, MAIN)]
            return kept if home is not None else [*kept, (TEMPORARY, schema)]
        if home is not None:
            # What is kept means what its maker meant: nothing temporary of whoever reads it.
            return [(own, fold(home)), (own, MAIN)]
        return [(TEMPORARY, MAIN), *((own, fold(schema)) for schema in self.path)]
