"""Which views and macros score with a model: their stored SQL calls its macros or names its artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml.catalog.cursor import Cursor
from sqlml.catalog.macros import has_shortcut, is_shortcut
from sqlml.catalog.schema import MACROS
from sqlml.dialect import parse, to_sql
from sqlml.errors import InvalidSql
from sqlml.types import ModelVersion

_VIEWS = """
SELECT 'VIEW', database_name, schema_name, view_name, sql, false FROM duckdb_views()
WHERE NOT internal AND database_name <> 'system'
"""
_MACROS = """
SELECT 'MACRO', database_name, schema_name, function_name, macro_definition, function_type = 'table_macro'
FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL AND schema_name <> ?
ORDER BY function_oid
"""


@dataclass(frozen=True)
class Dependent:
    """A view or macro that scores with a model."""

    kind: str
    catalog: str
    schema: str
    name: str
    is_table_macro: bool = False

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.schema}.{self.name}"


def dependents(cursor: Cursor, models: Sequence[ModelVersion], suffixes: Sequence[str]) -> list[Dependent]:
    """What would break if these versions, and the macros of these suffixes, were dropped."""
    model = models[0]
    used = _Used(
        artifacts={m.sha256 for m in models},
        macros={(model.macro_name + suffix).casefold() for suffix in suffixes},
        shortcut=(model.schema, model.name) if "" in suffixes and has_shortcut(cursor, model) else None,
    )
    rows = [*cursor.rows(_VIEWS), *cursor.rows(_MACROS, [MACROS])]
    return [
        Dependent(str(kind), str(catalog), str(schema), str(name), bool(is_table))
        for kind, catalog, schema, name, text, is_table in rows
        if _mentions(str(text), used) and not ((schema, name) == used.shortcut and is_shortcut(str(text), model))
    ]


def drop_dependent(cursor: Cursor, dependent: Dependent) -> None:
    """Drop a view or macro."""
    names = (dependent.name, dependent.schema, dependent.catalog)
    table = exp.table_(*names, quoted=True)
    kind = "MACRO TABLE" if dependent.is_table_macro else dependent.kind
    cursor.rows(to_sql(exp.Drop(tables=[table], kind=kind, exists=True)))


@dataclass(frozen=True)
class _Used:
    """What is to be dropped: artifacts by sha256, macros by name, and the macro in the model's own schema."""

    artifacts: set[str]
    macros: set[str]
    shortcut: tuple[str, str] | None


def _mentions(text: str, used: _Used) -> bool:
    try:
        tree = parse(text)
    except InvalidSql:
        # A definition that we cannot read was not written by us: it can only hold a hash as a word of its own.
        return any(sha in text for sha in used.artifacts)
    for call in tree.find_all(exp.Anonymous):
        schema = call.parent.this.name if isinstance(call.parent, exp.Dot) else ""
        # Behind a # stands the interface.
        if schema == MACROS and call.name.partition("#")[0].casefold() in used.macros:
            return True
        if used.shortcut and _folded(schema or "main", call.name) == _folded(*used.shortcut):
            return True
        first = call.expressions[0] if call.expressions else None
        if call.name == "sqlml_predict" and isinstance(first, exp.Literal) and first.this in used.artifacts:
            return True
    return False


def _folded(*names: str) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)
