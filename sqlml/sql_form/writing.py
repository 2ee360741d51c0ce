"""Constants, sums and lookups as trees; and a tree written once, so that planning need neither copy nor write it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import to_sql


def number(value: float) -> exp.Expr:
    """`0.1e0`: every digit is kept, `0.1` would be a DECIMAL."""
    text = repr(float(value))
    if math.isfinite(value):
        return nodes.Double(this=text)
    return _cast(text)


def portable(tree: exp.Expr) -> exp.Expr:
    """The tree with `CAST('0.1' AS DOUBLE)` for DuckDB's literals, which are decimals in some engines; in place."""
    for constant in list(tree.find_all(nodes.Double)):
        constant.replace(_cast(str(constant.this)))
    return tree


def _cast(text: str) -> exp.Expr:
    # A large ensemble has thousands of them: reading the name of the type each time would take half of the time.
    double = exp.DataType(this=exp.DataType.Type.DOUBLE)
    return exp.Cast(this=exp.Literal.string(text), to=double)


def numbers(values: Sequence[float | None], kind: str) -> exp.Expr:
    """`CAST('[0.1, 0.2]' AS DOUBLE[])`: a long list is one literal to read."""
    text = ", ".join("NULL" if v is None else repr(v) for v in values)
    return exp.cast(exp.Literal.string(f"[{text}]"), exp.DataType.build(f"{kind}[]", dialect="duckdb"))


def total(terms: Sequence[exp.Expr]) -> exp.Expr:
    """The sum of terms in a balanced tree: DuckDB takes expressions up to 1,000 levels deep."""
    left = list(terms) or [number(0.0)]
    while len(left) > 1:
        pairs = [left[i : i + 2] for i in range(0, len(left), 2)]
        left = [exp.Paren(this=exp.Add(this=p[0], expression=p[1])) if len(p) == 2 else p[0] for p in pairs]
    return left[0]


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of DuckDB's function of that name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


@dataclass(frozen=True)
class Formula:
    """An expression over inputs as pieces of SQL: a text, or the position of an input among `names`."""

    names: tuple[str, ...]
    pieces: tuple[str | int, ...]

    def over(self, inputs: Mapping[str, exp.Expr]) -> exp.Expr:
        """The expression for these inputs."""
        return nodes.Formula(pieces=self.pieces, expressions=[inputs[name].copy() for name in self.names])


def write(tree: exp.Expr, names: Sequence[str]) -> Formula:
    """The formula of a tree over columns of these names."""
    named = {c.name for c in tree.find_all(exp.Column)}
    used = [name for name in names if name in named]
    positions = {name: i for i, name in enumerate(used)}
    marked = tree.copy()
    for column in list(marked.find_all(exp.Column)):
        mark = exp.Var(this=f"{nodes.MARK}{positions[column.name]}{nodes.MARK}")
        if column is marked:
            marked = mark
        else:
            column.replace(mark)
    texts = to_sql(marked).split(nodes.MARK)
    return Formula(tuple(used), tuple(int(text) if i % 2 else text for i, text in enumerate(texts)))
