"""What lineage is made of: origins of values, the columns of queries, what a statement writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from sqlglot import exp

from sqlml.types import ObjectName

TABLE, VIEW, PATH, MODEL, DATAFRAME = "TABLE", "VIEW", "PATH", "MODEL", "DATAFRAME"
# A table of the session's own, which stands for what it was made from.
TEMPORARY = "TEMPORARY"


class Unfollowed(Exception):
    """The columns of a query cannot be followed; what it reads is known as a whole."""


@dataclass(frozen=True, order=True)
class Origin:
    """Where a value comes from: a column of a table, view, file or dataframe, or a version of a model.

    Without a column it is the relation as a whole.
    """

    kind: str
    name: ObjectName
    column: str | None = None
    version: int | None = None

    @property
    def whole(self) -> Origin:
        """The relation without its column."""
        return replace(self, column=None)


Origins = frozenset[Origin]
NONE: Origins = frozenset()


@dataclass(frozen=True)
class Output:
    """A column of a query, and what it is computed from.

    `is_open`: it may be several columns, as unnest of a struct gives.
    """

    name: str
    origins: Origins = NONE
    is_open: bool = False


@dataclass(frozen=True)
class Target:
    """What a statement writes; its columns, where it is there before."""

    kind: str
    name: ObjectName
    columns: tuple[str, ...] = ()
    version: int | None = None


@dataclass(frozen=True)
class Macro:
    """A macro: its parameters and the text it stands for."""

    parameters: tuple[str, ...]
    definition: str
    schema: str


class Names(Protocol):
    """What the names of a statement stand for."""

    def relation(self, name: ObjectName, home: str | None) -> tuple[Origin, Sequence[Output]] | None:
        """A table or view, and its columns; one that only the session has may come from others."""

    def macro(self, name: ObjectName, home: str | None, *, is_table: bool) -> Macro | None:
        """A macro of the user's."""

    def kept_model(self, name: ObjectName, home: str | None) -> tuple[Origin, Sequence[str]] | None:
        """The model whose macro is called by this name, and its features."""

    def scored_by(self, sha256: str) -> Origin | None:
        """The model with this artifact."""

    def columns(self, query: exp.Query) -> Sequence[str]:
        """The names of the columns of a query that stands alone."""

    def matching(self, names: Sequence[str], condition: exp.Expr, variable: str) -> Sequence[str]:
        """Those of the names for which a condition on the variable holds."""


@dataclass(frozen=True)
class Source:
    """A relation in FROM: its alias, its columns, and those that USING or NATURAL shows once only."""

    alias: str
    outputs: tuple[Output, ...]
    hidden: frozenset[str] = frozenset()
    merged: Mapping[str, Origins] = field(default_factory=dict)
    schema: str | None = None

    def find(self, name: str) -> Origins | None:
        """The origins of a column."""
        wanted = name.casefold()
        found = [o.origins for o in self.outputs if o.name.casefold() == wanted]
        return found[0] if found else None

    def shown(self) -> list[Output]:
        """The columns that `*` gives."""
        return [
            replace(o, origins=self.merged.get(o.name.casefold(), o.origins))
            for o in self.outputs
            if o.name.casefold() not in self.hidden
        ]

    def all(self) -> Origins:
        """What a whole row is made of."""
        return union(o.origins for o in self.outputs)


@dataclass(frozen=True)
class Scope:
    """What the names at a place of a statement may mean."""

    ctes: Mapping[str, tuple[Output, ...]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    aliases: Mapping[str, Origins] = field(default_factory=dict)
    values: Mapping[str, Origins] = field(default_factory=dict)
    windows: Mapping[str, exp.Expr] = field(default_factory=dict)
    outer: Scope | None = None
    # What stands in for COLUMNS(...), and the schema of the view or macro whose text this is.
    every: Origins | None = None
    home: str | None = None


@dataclass(frozen=True)
class Flow:
    """What a statement does to one target: for each column its origins; what it read besides.

    `is_new`: what the target was made of before does not count any more. `outputs` are the columns of a table or view
    that is to be made, in order: what they are called is known once it is there.
    """

    target: Target
    columns: Mapping[str, Origins]
    reads: tuple[Origin, ...] = ()
    is_new: bool = False
    outputs: tuple[Output, ...] | None = None

    def placed(self, kind: str, name: ObjectName, columns: Sequence[str]) -> Flow:
        """The flow to a target as it is after the statement."""
        target = Target(kind, name, tuple(columns))
        found = self.columns
        if self.outputs is not None:
            try:
                found = by_position(columns, self.outputs)
            except Unfollowed:
                found = {}
        return replace(self, target=target, columns=found, outputs=None)

    def edges(self) -> list[tuple[Origin, str | None]]:
        """From an origin to a column of the target; where no column is computed from a relation, to the target."""
        found: dict[tuple[Origin, str | None], None] = {}
        told = set()
        own = (self.target.kind, self.target.name)
        for column, origins in self.columns.items():
            for origin in sorted(origins, key=_order):
                told.add(origin.whole)
                if (origin.kind, origin.name) == own and (origin.column or "").casefold() == column.casefold():
                    continue
                found[origin, column] = None
        for origin in self.reads:
            if origin.whole not in told and (origin.kind, origin.name) != own:
                found[origin.whole, None] = None
        return list(found)


def by_position(names: Sequence[str], outputs: Sequence[Output]) -> dict[str, Origins]:
    """Columns of the target from those of the query; one of these may stand for several.

    Raises Unfollowed.
    """
    several = [i for i, output in enumerate(outputs) if output.is_open]
    if len(outputs) != len(names) and len(several) == 1:
        place = several[0]
        repeated = [outputs[place]] * (len(names) - len(outputs) + 1)
        outputs = [*outputs[:place], *repeated, *outputs[place + 1 :]]
    if len(outputs) != len(names):
        raise Unfollowed
    return {name: output.origins for name, output in zip(names, outputs, strict=True)}


def _order(origin: Origin) -> tuple[str, ...]:
    name = origin.name
    return (origin.kind, name.catalog or "", name.schema or "", name.name, origin.column or "")


def union(origins: Iterable[Origins]) -> Origins:
    """All origins of several."""
    return NONE.union(*origins)
