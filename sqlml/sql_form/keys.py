"""The key of a row of a partitioned model, in SQL: whether it is a given one, and its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml.sql_form.writing import call, numbers

Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Keys:
    """The columns of a key and the keys that have a model; the columns are text, NULL is a value like others."""

    names: tuple[str, ...]
    known: tuple[Key, ...]

    def is_key(self, number: int) -> exp.Expr:
        """`store = 'north' AND day IS NULL`: whether a row has the key of that number, from 0."""
        return exp.and_(
            *(_is(exp.column(n, quoted=True), v) for n, v in zip(self.names, self.known[number], strict=True))
        )

    def is_any(self) -> exp.Expr:
        """Whether a row has a key that is known."""
        if len(self.names) > 1:
            return exp.or_(*(self.is_key(i) for i in range(len(self.known))))
        column = exp.column(self.names[0], quoted=True)
        texts = [exp.Literal.string(v) for (v,) in self.known if v is not None]
        among = [exp.In(this=column, expressions=texts)] if texts else []
        nulls = [exp.Is(this=column.copy(), expression=exp.Null())] if len(texts) < len(self.known) else []
        return exp.or_(*nulls, *among)

    def number(self, *, most: int) -> exp.Expr | None:
        """DuckDB's expression of the number of a row's key, from 1, NULL where it is not known.

        None where there were more than `most` combinations of the values of its columns to look up.
        """
        values = [sorted({k[i] for k in self.known}, key=_nulls_last) for i in range(len(self.names))]
        size = 1
        for of_one in values:
            size *= len(of_one)
        if size > most:
            return None
        at: exp.Expr | None = None
        for name, of_one in zip(self.names, values, strict=True):
            place = place_of(exp.column(name, quoted=True), [v for v in of_one if v is not None], null=None in of_one)
            at = place if at is None else then(at, len(of_one), place)
        assert at is not None
        table: list[int | None] = [None] * size
        for number, key in enumerate(self.known):
            position = 0
            for value, of_one in zip(key, values, strict=True):
                position = position * len(of_one) + of_one.index(value)
            table[position] = number + 1
        return at if table == list(range(1, size + 1)) else call("list_extract", numbers(table, "INTEGER"), at)


def place_of(value: exp.Expr, texts: Sequence[str], *, null: bool) -> exp.Expr:
    """The place of a text among some, from 1, NULL where it is none of them; NULL's own is the last, or it has none."""
    place: exp.Expr = exp.cast(exp.Null(), "INTEGER")
    if texts:
        kind = exp.DataType(this=exp.DataType.Type.ENUM, expressions=[exp.Literal.string(t) for t in texts])
        code = exp.cast(call("enum_code", exp.TryCast(this=value.copy(), to=kind)), "INTEGER")
        place = exp.Paren(this=exp.Add(this=code, expression=exp.Literal.number(1)))
    if not null:
        return place
    last = exp.Literal.number(len(texts) + 1)
    is_null = exp.If(this=exp.Is(this=value.copy(), expression=exp.Null()), true=last)
    return call("coalesce", place, exp.Case(ifs=[is_null]))


def then(place: exp.Expr, size: int, other: exp.Expr) -> exp.Expr:
    """The place in a table of rows of that size: `(place - 1) * size + other`."""
    rows = exp.Paren(this=exp.Sub(this=place.copy(), expression=exp.Literal.number(1)))
    return exp.Paren(this=exp.Add(this=exp.Mul(this=rows, expression=exp.Literal.number(size)), expression=other))


def _is(column: exp.Expr, value: str | None) -> exp.Expr:
    if value is None:
        return exp.Is(this=column, expression=exp.Null())
    return exp.EQ(this=column, expression=exp.Literal.string(value))


def _nulls_last(value: str | None) -> tuple[bool, str]:
    return value is None, value or ""
