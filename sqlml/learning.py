"""Rewrites the columns of a TRANSFORM clause: statistics of all rows become marks, and are collected to be learned."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sqlml.functions.base import Source
from sqlml.rewriter import Rewriter
from sqlml.transform import RAW, learned
from sqlml.types import Column


class LearningRewriter(Rewriter):
    """A rewriter whose only relation is that of the raw columns; `statistics` are aggregates over it."""

    statistics: list[exp.Expr]
    raw_columns: tuple[Column, ...]

    def over(self, columns: Sequence[Column]) -> LearningRewriter:
        """Set the raw columns."""
        self.raw_columns = tuple(columns)
        self.statistics = []
        return self

    def statistic(self, aggregate: exp.Expr) -> exp.Expr:
        """A mark for a statistic that is learned at training."""
        if aggregate not in self.statistics:
            self.statistics.append(aggregate)
        return learned(self.statistics.index(aggregate))

    def source(self, alias: str, at: exp.Expr) -> Source | None:
        """The raw columns."""
        return Source(RAW, self.raw_columns) if alias.casefold() == RAW else None

    def sources(self, at: exp.Expr) -> list[Source]:
        """The raw columns."""
        return [Source(RAW, self.raw_columns)]
