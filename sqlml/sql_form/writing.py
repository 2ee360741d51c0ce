"""Constants, sums and lookups as trees; and a tree written once, so that planning need neither copy nor write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import to_sql


def number(value: float) -> exp.Expr:
    """`CAST('0.1' AS DOUBLE)`: every digit is kept, a plain literal would be a DECIMAL."""
    return nodes.cast(exp.Literal.string(repr(float(value))), "DOUBLE")


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
