"""Answers that are known when a statement is planned: rows of constants as a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp


def constant_rows(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> exp.Query:
    """The query of rows in this order, each column of its DuckDB type."""
    parts = [
        exp.select(
            *(
                exp.alias_(exp.cast(literal(value), exp.DataType.build(kind, dialect="duckdb")), name, quoted=True)
                for value, (name, kind) in zip(row, columns.items(), strict=True)
            )
        )
        for row in rows
    ]
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def literal(value: Any) -> exp.Expr:
    """A constant whose numbers keep every digit: they are cast from text, a plain literal would be a DECIMAL."""
    if isinstance(value, list):
        return exp.Array(expressions=[literal(item) for item in value])
    if isinstance(value, dict):
        fields = [exp.PropertyEQ(this=exp.to_identifier(k), expression=literal(v)) for k, v in value.items()]
        return exp.Struct(expressions=fields)
    if isinstance(value, float):
        return exp.cast(exp.Literal.string(repr(value)), exp.DataType.build("DOUBLE", dialect="duckdb"))
    return exp.convert(value)
