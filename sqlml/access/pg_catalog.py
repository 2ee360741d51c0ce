"""PostgreSQL's catalog, as programs ask it for tables and columns: of everything only what the reader may know of.

DuckDB's own views of `pg_catalog` are written out. They read `duckdb_tables()` and its like, which are limited as where
a user calls them. Views over what cannot be told by name stay closed.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sqlml.access.names import fold, folded
from sqlml.access.objects import TEMPORARY, Objects
from sqlml.access.sources import BARRIER, put

_OPEN = frozenset(
    {
        *("pg_am", "pg_attribute", "pg_class", "pg_collation", "pg_database", "pg_description", "pg_namespace"),
        *("pg_tables", "pg_tablespace", "pg_type", "pg_views"),
    }
)

Listing = Callable[[exp.Table], exp.Expr | None]


def pg_relation(node: exp.Table, objects: Objects, listed: Listing, *, is_superuser: bool) -> exp.Expr | None:
    """The query that `pg_class` or `pg_catalog.pg_class` stands for; None for any other name.

    `listed` is what a call of a function like `duckdb_tables()` stands for.
    """
    if node.catalog or fold(node.db or "pg_catalog") != "pg_catalog" or fold(node.name) not in _OPEN:
        return None
    definition = objects.internal_view("pg_catalog", fold(node.name))
    query = definition.args.get("expression") if isinstance(definition, exp.Create) else None
    if not isinstance(query, exp.Query):
        return None
    holder = exp.Paren(this=query)
    for table in list(holder.find_all(exp.Table)):
        # `FROM duckdb_indexes` is a view of what the function lists.
        name = fold(table.this.name)
        call = exp.Table(this=exp.Anonymous(this=name))
        found = listed(call) or _limited(call, objects, is_superuser=is_superuser)
        if found is None:
            return None
        put(table, found, fallback=name)
    rest: exp.Expr = holder.this
    rest.pop()
    return rest if isinstance(rest, exp.Subquery) else exp.Subquery(this=rest)


def called(query: exp.Expr) -> set[str]:
    """The functions in FROM of a query about metadata."""
    return {fold(t.this.name) for t in query.find_all(exp.Table) if isinstance(t.this, exp.Anonymous)}


def _limited(call: exp.Table, objects: Objects, *, is_superuser: bool) -> exp.Expr | None:
    """Lists that have no privileges of their own: of the file nothing, but what is DuckDB's or the session's."""
    own = folded("database_name").eq(exp.Literal.string(fold(objects.catalog)))
    temporary = folded("database_name").eq(exp.Literal.string(TEMPORARY))
    conditions: dict[str, exp.Expr] = {
        "duckdb_databases": exp.or_(own, temporary),
        "duckdb_functions": temporary,
        "duckdb_sequences": temporary,
        "duckdb_types": exp.or_(exp.column("internal"), temporary),
    }
    condition = conditions.get(call.this.name)
    if condition is None:
        return None
    query = exp.select("*").from_(call)
    return (query if is_superuser else query.where(condition).limit(BARRIER)).subquery()
