"""DuckDB's own metadata, of which everyone sees what they may know of: information_schema, duckdb_tables(), ..."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from sqlml.access.names import fold, folded
from sqlml.access.objects import TEMPORARY, Objects
from sqlml.access.pg_catalog import pg_relation
from sqlml.access.privilege_views import Asking, privilege_view
from sqlml.access.sources import BARRIER
from sqlml.access.values import Access, Securable

_OURS = frozenset({"sqlml", "sqlml_models"})


@dataclass(frozen=True)
class Listed:
    """A metadata relation: the columns that name what a row is about, and those that only its owner reads."""

    kind: str  # what privileges the rows' objects have: SCHEMA, TABLE, COLUMN, or ALL where nothing is hidden
    catalog: str = ""
    schema: str = ""
    name: str = ""
    column: str = ""
    hidden: tuple[str, ...] = ()


_DUCK = ("database_name", "schema_name")
_FUNCTIONS: Mapping[str, Listed] = {
    "duckdb_tables": Listed("TABLE", *_DUCK, "table_name", hidden=("estimated_size", "sql")),
    "duckdb_views": Listed("TABLE", *_DUCK, "view_name", hidden=("sql",)),
    "duckdb_columns": Listed("COLUMN", *_DUCK, "table_name", "column_name"),
    "duckdb_constraints": Listed("TABLE", *_DUCK, "table_name"),
    "duckdb_indexes": Listed("TABLE", *_DUCK, "table_name"),
    "duckdb_schemas": Listed("SCHEMA", *_DUCK),
    "duckdb_keywords": Listed("ALL"),
}
_STANDARD = ("table_catalog", "table_schema", "table_name")
_VIEWS: Mapping[str, Listed] = {
    "tables": Listed("TABLE", *_STANDARD),
    "columns": Listed("COLUMN", *_STANDARD, "column_name"),
    "schemata": Listed("SCHEMA", catalog="catalog_name", schema="schema_name"),
}


def metadata_of(node: exp.Table, access: Access, roles: frozenset[str], objects: Objects) -> exp.Expr | None:
    """What a name or call of metadata stands for; None where it is none, or none that is open."""
    if isinstance(node.this, exp.Identifier):
        if fold(node.db) != "information_schema":
            return pg_relation(
                node,
                objects,
                lambda call: metadata_of(call, access, roles, objects),
                is_superuser=access.is_superuser(roles),
            )
        ours = privilege_view(node.name, Asking(access, roles, objects))
        if ours is not None:
            # Its rows were looked up now.
            objects.is_closed = False
            return ours
        listed = _VIEWS.get(fold(node.name))
        source = exp.Table(
            this=node.this.copy(), db=exp.to_identifier("information_schema"), catalog=exp.to_identifier("system")
        )
    else:
        listed = _FUNCTIONS.get(fold(node.this.name)) if isinstance(node.this, exp.Anonymous) else None
        source = exp.Table(this=node.this.copy())
    if listed is None:
        return None
    query = exp.select("*").from_(source)
    if listed.kind == "ALL" or access.is_superuser(roles):
        return query.subquery()
    if listed.hidden:
        star = exp.Star(
            replace=[exp.alias_(exp.cast(exp.null(), _TYPES[h]), h) for h in listed.hidden],
        )
        query.set("expressions", [star])
    # No condition of the reader's sees what is left out.
    return query.where(_visible(listed, access, roles, objects)).limit(BARRIER).subquery()


_TYPES = {"estimated_size": "BIGINT", "sql": "VARCHAR"}


def _visible(listed: Listed, access: Access, roles: frozenset[str], objects: Objects) -> exp.Expr:
    """The rows about what may be seen: temporary things are the session's own."""
    own = folded(listed.catalog).eq(exp.Literal.string(fold(objects.catalog)))
    temporary = folded(listed.catalog).eq(exp.Literal.string(TEMPORARY))
    schemas = [s for s in objects.schemas() if fold(s) not in _OURS]
    if listed.kind == "SCHEMA":
        seen = [s for s in schemas if fold(s) == "main" or access.sees(roles, Securable.of("SCHEMA", s))]
        return exp.or_(temporary, exp.and_(own, folded(listed.schema).isin(*_strings(seen))))
    tables = [on for on in objects.all_relations() if on.schema not in _OURS and access.sees(roles, on)]
    named = exp.Tuple(expressions=[folded(listed.schema), folded(listed.name)])
    pairs = [exp.Tuple(expressions=_strings([on.schema, on.name])) for on in tables] or [
        exp.Tuple(expressions=_strings(["", ""]))
    ]
    condition: exp.Expr = exp.In(this=named, expressions=pairs)
    if listed.kind == "COLUMN":
        condition = exp.and_(condition, *_columns(listed, tables, access, roles))
    return exp.or_(temporary, exp.and_(own, condition))


def _columns(listed: Listed, tables: list[Securable], access: Access, roles: frozenset[str]) -> list[exp.Expr]:
    """Of a table that is granted by columns only these."""
    found: list[exp.Expr] = []
    for on in tables:
        if access.holds(roles, "SELECT", on) or access.holds(roles, "BROWSE", on):
            continue
        held = access.columns_held(roles, "SELECT", on)
        if held:
            here = exp.and_(
                folded(listed.schema).eq(exp.Literal.string(on.schema)),
                folded(listed.name).eq(exp.Literal.string(on.name)),
            )
            found.append(exp.or_(exp.not_(here), folded(listed.column).isin(*_strings(sorted(held)))))
    return found


def _strings(values: list[str]) -> list[exp.Expr]:
    return [exp.Literal.string(fold(v)) for v in values]
