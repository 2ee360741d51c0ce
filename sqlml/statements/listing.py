"""What the SHOW statements share: LIKE and IN over a listing, here or in every attached database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlglot import exp

from sqlml import nodes
from sqlml.access.names import folded
from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.schema import schema_version
from sqlml.catalog.snapshot import model_catalogs
from sqlml.dialect import parse_query, to_sql
from sqlml.errors import InvalidSql
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.owning import sees
from sqlml.types import ObjectName, Plan, Relation

Columns = Mapping[str, str]


class Listing(Statement):
    """A SHOW statement. A subclass says what it shows, the columns, what LIKE compares, and what IN may name.

    One that `yields` is DuckDB's where there is a table of that name; `since` is the migration that made its tables.
    """

    takes: ClassVar[tuple[type[exp.Expr], ...]] = (nodes.ShowObjects,)
    shows: ClassVar[str]
    columns: ClassVar[Columns]
    named_by: ClassVar[str]
    scopes: ClassVar[tuple[str, ...]] = ()
    order: ClassVar[tuple[str, ...]]
    yields: ClassVar[bool] = False
    since: ClassVar[int] = 0

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether the statement shows this."""
        return super().accepts(tree) and tree.name == self.shows

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Note what to list."""
        scope, like = tree.args.get("scope"), tree.args.get("like")
        if not scope and not like and self.yields and planner.binder.has_relation(self.shows):
            # DuckDB's own SHOW of a table that is called so.
            return Plan(statement="query", sql=planner.text, reads=None)
        if scope and not self.scopes:
            raise planner.at(InvalidSql(f"SHOW {self.shows} takes no IN.", hint="Leave it out."), tree)
        parts = [part.name for part in scope.parts] if scope else []
        wanted = list(zip(reversed(self.scopes), reversed(parts), strict=False))
        reads = (Relation(ObjectName("models", "sqlml", planner.snapshot.catalog)),)
        return Plan(statement=self.name, sql="", tree=tree, reads=reads, details=(wanted, like.name if like else None))

    def run(self, plan: Plan, context: Context) -> Result:
        """List them."""
        wanted, like = plan.details
        listed = (
            exp.select("*").from_(self.rows(context).subquery("listed", copy=False)).order_by(*self.order, copy=False)
        )
        for column, value in wanted:
            same = exp.func("lower", exp.column(column, quoted=True)).eq(exp.Literal.string(value.lower()))
            listed = listed.where(same, copy=False)
        if like is not None:
            named = exp.ILike(this=exp.column(self.named_by), expression=exp.Literal.string(like))
            listed = listed.where(named, copy=False)
        return context.database.execute(to_sql(listed))

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        raise NotImplementedError

    def from_catalogs(self, context: Context, sql: str) -> exp.Query:
        """The rows of a query over the tables of every attached database that has models."""
        parts: exp.Query = self.constants([])
        for attached in model_catalogs(context.database):
            if self.since and schema_version(context.database, attached) < self.since:
                continue
            part = _seen(parse_query(in_catalog(sql, attached)), attached, context)
            for column in list(part.find_all(exp.Column)):
                if column.name == "__catalog":
                    column.replace(exp.Literal.string(attached))
            parts = exp.union(parts, part, distinct=False, copy=False)
        return parts

    def constants(self, rows: Sequence[Sequence[Any]]) -> exp.Query:
        """These rows as a query with the listing's columns and types."""
        selects = [
            exp.select(
                *(
                    exp.alias_(exp.cast(exp.convert(value), exp.DataType.build(kind, dialect="duckdb")), name)
                    for value, (name, kind) in zip(row, self.columns.items(), strict=True)
                )
            )
            for row in rows
        ]
        nothing = exp.select(
            *(
                exp.alias_(exp.cast(exp.null(), exp.DataType.build(kind, dialect="duckdb")), name)
                for name, kind in self.columns.items()
            )
        ).where(exp.false())
        found: exp.Query = nothing
        for part in selects:
            found = exp.union(found, part, distinct=False, copy=False)
        return found


def _seen(query: exp.Query, catalog: str, context: Context) -> exp.Query:
    """The query over the models that the user may know of, and nothing of the others."""
    access = context.access
    if access.acting.is_superuser:
        return query
    named = exp.Tuple(expressions=[folded("schema_name"), folded("model_name")])
    seen = [on for on in access.securables("MODEL") if sees(context, on)] if catalog == access.catalog else []
    pairs = [exp.Tuple(expressions=[exp.Literal.string(on.schema), exp.Literal.string(on.name)]) for on in seen]
    for table in list(query.find_all(exp.Table)):
        if table.name != "models":
            continue
        rows = exp.select("*").from_(exp.Table(**{key: table.args[key] for key in ("this", "db", "catalog")}))
        rows = rows.where(exp.In(this=named.copy(), expressions=pairs) if pairs else exp.false())
        table.replace(rows.subquery(table.alias))
    return query
