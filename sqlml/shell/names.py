"""The names that can be completed: relations and their columns, models, functions, options, DuckDB's keywords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.snapshot import model_catalogs
from sqlml.described_options import describe_options
from sqlml.engine_private import builtin_functions
from sqlml.functions import FUNCTIONS
from sqlml.model_types import MODEL_TYPES
from sqlml.options import CommonOptions
from sqlml.session import Session

_COLUMNS = """
SELECT c.database_name, c.schema_name, c.table_name, list(c.column_name ORDER BY c.column_index),
       c.database_name IN (current_database(), 'temp') AND list_contains(current_schemas(true), c.schema_name)
FROM duckdb_columns() AS c
WHERE NOT c.internal
GROUP BY c.database_name, c.schema_name, c.table_name
"""
_MACROS = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal AND schema_name <> 'sqlml_models'"
_MODELS = "SELECT schema_name, model_name FROM sqlml.models"
_KEYWORDS = "SELECT keyword_name, keyword_category = 'reserved' FROM duckdb_keywords()"


@dataclass(frozen=True)
class RelationName:
    """A table or view and its columns; `is_visible` where its schema can be left out."""

    catalog: str
    schema: str
    name: str
    columns: tuple[str, ...]
    is_visible: bool


@dataclass(frozen=True)
class Names:
    """Everything that can be completed."""

    relations: tuple[RelationName, ...] = ()
    models: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()
    model_types: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)  # name to what it does


def read_names(session: Session) -> Names:
    """Read the names from the catalog, as the open transaction sees it."""
    cursor = session.database
    keywords = cursor.rows(_KEYWORDS)
    macros = [str(row[0]) for row in cursor.rows(_MACROS)]
    named = [row for c in model_catalogs(cursor) for row in cursor.rows(in_catalog(_MODELS, c))]
    return Names(
        relations=tuple(
            RelationName(str(c), str(s), str(t), tuple(map(str, cols)), bool(visible))
            for c, s, t, cols, visible in cursor.rows(_COLUMNS)
        ),
        models=tuple(sorted({name if schema == "main" else f"{schema}.{name}" for schema, name in named})),
        functions=tuple(sorted({*FUNCTIONS.names(), *macros, *(f for f in builtin_functions() if f[:1].isalpha())})),
        keywords=tuple(str(row[0]) for row in keywords),
        reserved=frozenset(str(name) for name, is_reserved in keywords if is_reserved),
        model_types=tuple(MODEL_TYPES.names()),
        options=_options(),
    )


def _options() -> dict[str, str]:
    kinds: list[type[Any]] = [CommonOptions, *(model_type.Options for model_type in MODEL_TYPES)]
    return {option.name: option.doc for kind in kinds for option in describe_options(kind)}
