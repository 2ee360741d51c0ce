"""What the names of a statement stand for, to whoever follows its columns: tables, macros, models, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlml.access.objects import MAIN, TEMPORARY, Entry, Known, Objects
from sqlml.catalog.macros import is_shortcut
from sqlml.catalog.snapshot import read_snapshot
from sqlml.data_lineage.values import (
    DATAFRAME,
    MODEL,
    Macro,
    Origin,
    Output,
    Unfollowed,
)
from sqlml.data_lineage.values import TEMPORARY as OF_SESSION
from sqlml.dialect import to_sql
from sqlml.engine import Engine
from sqlml.errors import SqlmlError
from sqlml.session_access import committed
from sqlml.types import ModelVersion, ObjectName

_MODELS = "sqlml_models"
OURS = frozenset({"sqlml", _MODELS})


class Lookups:
    """What was looked up for a statement, and for those after it while the catalog stays what it was.

    In a transaction it is for one statement: others may make what only they see.
    """

    def __init__(self, engine: Engine, catalog: str) -> None:
        self._engine = engine
        self._catalog = catalog
        self._kept: tuple[tuple[int, object], Known] | None = None

    def known(self) -> Known:
        """To be asked once a statement, before it runs."""
        marker = self._engine.changes.last()
        if marker is None or self._engine.in_transaction():
            self.forget()
            return Known()
        key = (self._engine.database.catalog_version(self._catalog).read(), marker)
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, Known())
        return self._kept[1]

    def forget(self) -> None:
        """A statement does more than read or write rows: names may mean something else."""
        self._kept = None


class Names:
    """Looks names up in the session's transaction.

    `temporary` are the columns of temporary tables that statements before have made, by folded name; `models` those
    that the statement was planned with.
    """

    def __init__(
        self,
        engine: Engine,
        catalog: str,
        temporary: Mapping[str, Sequence[Output]],
        models: Sequence[ModelVersion] = (),
        known: Known | None = None,
    ) -> None:
        self._engine = engine
        self._objects = Objects(engine, catalog, known)
        self._temporary = temporary
        self._models = models

    def entry(self, name: ObjectName, home: str | None = None) -> Entry | None:
        """The table or view of a name."""
        return self._objects.relation(name, home)

    def load(self, tree: exp.Expr) -> None:
        """Look up all names of tables in a statement at once."""
        names = {table.name for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}
        self._objects.load(names)
        self._objects.load_columns(names)

    def created(self, name: ObjectName, kind: str) -> Entry | None:
        """The table or view that a CREATE has just made."""
        return self._objects.created(name, kind)

    def relation(self, name: ObjectName, home: str | None) -> tuple[Origin, Sequence[Output]] | None:
        """A table or view, and its columns."""
        entry = self.entry(name, home)
        if entry is None:
            return None
        if entry.is_temporary:
            return self._of_session(entry)
        origin = Origin(entry.kind, ObjectName(entry.name, entry.schema, entry.catalog))
        if is_ours(origin):
            return origin, [Output(column.name) for column in self._objects.columns(entry)]
        return origin, self._outputs(entry, origin)

    def _of_session(self, entry: Entry) -> tuple[Origin, Sequence[Output]]:
        known = self._temporary.get(entry.name.casefold())
        name = ObjectName(entry.name, MAIN, TEMPORARY)
        if known is not None:
            return Origin(OF_SESSION, name), known
        origin = Origin(DATAFRAME, ObjectName(entry.name))
        return origin, self._outputs(entry, origin)

    def _outputs(self, entry: Entry, origin: Origin) -> list[Output]:
        return [
            Output(c.name, frozenset({Origin(origin.kind, origin.name, c.name)})) for c in self._objects.columns(entry)
        ]

    def column_names(self, entry: Entry) -> list[str]:
        """The names of the columns of a table or view, in order."""
        return [column.name for column in self._objects.columns(entry)]

    def in_schema(self, schema: str) -> list[str]:
        """The names of the tables and views of a schema."""
        found = self._objects.relation_names()
        return [name for of, name in found if of.casefold() == schema.casefold()]

    def macro(self, name: ObjectName, home: str | None, *, is_table: bool) -> Macro | None:
        """A macro of the user's."""
        found = self._objects.macro(name, is_table=is_table, home=home)
        return None if found is None else Macro(found.parameters, found.definition, found.schema)

    def kept_model(self, name: ObjectName, home: str | None) -> tuple[Origin, Sequence[str]] | None:
        """The model whose macro is called: `sqlml_models.churn(c)`, or `churn(c)` by its shortcut."""
        if name.schema is not None and name.schema.casefold() == _MODELS:
            called = name.name.partition("#")[0]
            base, _, version = called.partition("@")
            return self._model(base, int(version) if version.isdigit() else None)
        found = self._objects.macro(name, is_table=False, home=home)
        if found is None or not self._objects.is_model(found.schema, found.name):
            return None
        for model in self._versions(found.name):
            if model.schema.casefold() == found.schema.casefold() and is_shortcut(found.definition, model):
                return _origin(model, None), [feature.name for feature in model.takes]
        return None

    def _model(self, macro: str, version: int | None) -> tuple[Origin, Sequence[str]] | None:
        """What is kept follows the model's newest version: it has none of its own."""
        name = macro.rpartition(".")[2].strip('"')
        for model in [*self._models, *self._versions(name)]:
            if model.macro_name.casefold() == macro.casefold() and version in (None, model.version):
                return _origin(model, version), [feature.name for feature in model.takes]
        return None

    def _versions(self, name: str) -> Sequence[ModelVersion]:
        return sorted(read_snapshot(self._engine, [name]).versions, key=lambda m: -m.version)

    def scored_by(self, sha256: str) -> Origin | None:
        """The model with this artifact."""
        return next((_origin(m, m.version) for m in self._models if m.sha256 == sha256), None)

    def columns(self, query: exp.Query) -> Sequence[str]:
        """The names of the columns of a query over files, or over what is committed.

        It is asked elsewhere: an error would end the session's transaction.
        """
        return [str(row[0]) for row in self._elsewhere(to_sql(exp.Describe(this=query)))]

    def matching(self, names: Sequence[str], condition: exp.Expr, variable: str) -> Sequence[str]:
        """Those of the names for which a condition on the variable holds."""
        each = exp.Lambda(this=condition.copy(), expressions=[exp.to_identifier(variable)])
        listed = exp.Array(expressions=[exp.Literal.string(name) for name in names])
        call = exp.Anonymous(this="list_filter", expressions=[listed, each])
        [[found]] = self._elsewhere(to_sql(exp.select(call)))
        return [str(name) for name in found]

    def _elsewhere(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            with committed(self._engine.database) as reading:
                return reading.rows(sql)
        except SqlmlError:
            raise Unfollowed from None


def is_ours(origin: Origin) -> bool:
    """Whether it is a table of our own, from which nothing of the user's comes."""
    return (origin.name.schema or "").casefold() in OURS


def is_same(a: ObjectName, b: ObjectName) -> bool:
    """Whether a full name may be what was written."""
    same_schema = b.schema is None or (a.schema or "").casefold() == b.schema.casefold()
    return a.name.casefold() == b.name.casefold() and same_schema


def name_of(table: exp.Table) -> ObjectName:
    """The name that stands in a statement."""
    return ObjectName(table.name, table.db or None, table.catalog or None)


def _origin(model: ModelVersion, version: int | None) -> Origin:
    return Origin(MODEL, ObjectName(model.name, model.schema, model.catalog), version=version)
