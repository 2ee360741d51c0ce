"""Rows that a statement answers with, as a query of constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlml.dialect import to_sql
from sqlml.result import Result
from sqlml.statements.base import Database
from sqlml.templates import cast, number


def answer(database: Database, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Result:
    """A result of these rows; columns are names and DuckDB types."""
    names = [exp.to_identifier(name, quoted=True) for name in columns]
    given = [exp.Tuple(expressions=[_constant(value) for value in row]) for row in rows or [[None] * len(columns)]]
    values = exp.Values(expressions=given, alias=exp.TableAlias(this=exp.to_identifier("answer"), columns=names))
    query = exp.select(
        *(exp.alias_(cast(exp.column(n, quoted=True), kind), n, quoted=True) for n, kind in columns.items())
    ).from_(values)
    return database.execute(to_sql(query if rows else query.where(exp.false())))


def _constant(value: Any) -> exp.Expr:
    return number(value) if isinstance(value, float) else exp.convert(value)
