"""A TRANSFORM clause with the types of its columns, and which features they become.

Where a query has columns that are lists or structs and no TRANSFORM clause, one stands for them that takes every
column as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlml.errors import InvalidSql, NotSupported
from sqlml.features import KEY, family_of, feature_of, unused_name
from sqlml.functions.analytic import over_all_rows
from sqlml.planner import Planned
from sqlml.shapes import SPARSE, STRUCT, VECTOR, WORDS, shape_of
from sqlml.training_query import around, query_rows
from sqlml.transform import RAW, UNKNOWN, MadeColumn, MadeFeature, Transform, with_statistics, written
from sqlml.transform_clause import Clause
from sqlml.types import Binder, Column, Feature

# Of a vector, the places that the rows have: numbers, or texts.
Places = Mapping[str, Sequence[int | str]]
# More places of one vector are more than training, and macros in plain SQL, can carry one by one.
MOST_PLACES = {VECTOR: 2_048, SPARSE: 1_000, WORDS: 1_000}
_KINDS = {VECTOR: "element", WORDS: "word", SPARSE: "index"}


@dataclass(frozen=True)
class Described:
    """A clause with the types of its columns: enough to learn it.

    `keys` are the names of the columns that partition_by names, in its order.
    """

    clause: Clause
    columns: tuple[MadeColumn, ...]
    query: Planned
    trains: bool
    keys: tuple[str, ...] = ()
    is_implicit: bool = False

    def made_features(
        self, places: Places | None = None, *, previous: Transform | None = None
    ) -> tuple[MadeFeature, ...]:
        """The features, given the places of each vector; what is not known yet is one feature that stands for them.

        Those of `previous` where a warm start goes on from it.
        Raises NotSupported for a column that can be none, InvalidSql for two of one name.
        """
        if not self.trains:
            return ()
        if previous is not None and [c.name for c in previous.columns] == [c.name for c in self.columns]:
            return previous.features
        taken = {name.casefold() for name in self.clause.passed}
        features: list[MadeFeature] = []
        for column in self._made_of():
            for made in _parts(column.name, column.type, column.name, (), places or {}):
                features.append(_named_apart(made, column, taken))
                taken.add(features[-1].feature.name.casefold())
        order = {name.casefold(): i for i, name in enumerate(self.keys)}
        keys = sorted((_as_key(f) for f in features if f.column.casefold() in order), key=lambda f: order[_folded(f)])
        return (*keys, *(f for f in features if f.column.casefold() not in order))

    def vectors(self) -> list[MadeFeature]:
        """What stands for vectors whose places only the rows tell."""
        return [f for f in self.made_features() if f.kind == UNKNOWN]

    def written(self) -> dict[str, Any]:
        """The clause as plain JSON, before anything is learned."""
        return written(self.columns, self.clause.statistics, self.clause.passed, is_implicit=self.is_implicit)

    def columns_of(self, features: Sequence[MadeFeature]) -> list[Column]:
        """The columns that training reads: those of features, and those that come through as they are."""
        by_column: dict[str, list[MadeFeature]] = {}
        for feature in features:
            by_column.setdefault(feature.column, []).append(feature)
        found = []
        for column in self.columns:
            if column.name in self.clause.passed:
                found.append(Column(column.name, column.type))
            found += [Column(f.feature.name, f.feature.type) for f in by_column.get(column.name, [])]
        return found

    def _made_of(self) -> list[MadeColumn]:
        return [c for c in self.columns if c.name not in self.clause.passed]


def describe_clause(
    clause: Clause, planned: Planned, binder: Binder, *, trains: bool, keys: Sequence[str] = ()
) -> Described:
    """The clause with the types that the engine gives its columns; whether a model is trained on them."""
    windows = [over_all_rows(s) for s in clause.statistics]
    select = exp.select(
        *(exp.alias_(with_statistics(tree, windows), name, quoted=True) for name, tree in clause.columns)
    ).from_(query_rows(RAW))
    sql, source_map = around(select, planned)
    found = binder.describe(sql, planned.params, source_map)
    columns = tuple(MadeColumn(c.name, c.type, tree) for c, (_, tree) in zip(found, clause.columns, strict=True))
    return Described(clause, columns, planned, trains, tuple(keys))


def describe_nested(
    columns: Sequence[Column], planned: Planned, *, passed: Sequence[str], keys: Sequence[str]
) -> Described | None:
    """What stands for columns that are lists or structs; None where there is none.

    `passed` are the label and what else is no feature.
    """
    folded = {name.casefold() for name in passed}
    through = tuple(c.name for c in columns if c.name.casefold() in folded)
    features = [c for c in columns if c.name not in through]
    if not any(shape_of(c.type) for c in features):
        return None
    raw = []
    for column in features:
        shape, plain = shape_of(column.type), feature_of(column)
        if shape is None and plain is None:
            return None
        raw.append(Feature(column.name, column.type, shape.family) if shape else plain)
    made = tuple(MadeColumn(c.name, c.type, exp.column(c.name, table=RAW, quoted=True)) for c in columns)
    clause = Clause(tuple(f for f in raw if f), tuple((c.name, c.tree) for c in made), (), (), through)
    return Described(clause, made, planned, trains=True, keys=tuple(keys), is_implicit=True)


def _parts(name: str, kind: str, column: str, path: tuple[str, ...], places: Places) -> Iterator[MadeFeature]:
    """The features of a column, or of a field below it."""
    family = family_of(kind)
    shape = shape_of(kind)
    if family is not None:
        yield MadeFeature(Feature(name, kind, "numeric" if family == "null" else family), column, path=path)
    elif shape is None or (shape.family == SPARSE and path):
        raise _no_feature(".".join((column, *path)), kind)
    elif shape.family == STRUCT:
        for field, kind_of_field in shape.fields:
            yield from _parts(f"{name}_{field}", kind_of_field, column, (*path, field), places)
    else:
        known = places.get(name, range(1, shape.length + 1) if shape.length and shape.family == VECTOR else None)
        if known is not None and len(known) > MOST_PLACES[shape.family]:
            raise NotSupported(
                f'The vector "{name}" has {len(known)} places; at most {MOST_PLACES[shape.family]} are trained on.',
                hint="Train on a part of it: e[:256].",
            )
        if known is None:
            yield MadeFeature(Feature(name, "DOUBLE", "numeric"), column, UNKNOWN, path=path)
        for place in known or ():
            feature = Feature(f"{name}_{place}", "DOUBLE", "numeric")
            yield MadeFeature(feature, column, _KINDS[shape.family], place, path)


def _no_feature(name: str, kind: str) -> NotSupported:
    hint = "Make numbers or text of it: ML.MULTI_HOT_ENCODER(words) OVER (), ML.BAG_OF_WORDS(words) OVER ()."
    return NotSupported(f'The column "{name}" is {kind}, which cannot be a feature.', hint=hint)


def _named_apart(made: MadeFeature, column: MadeColumn, taken: set[str]) -> MadeFeature:
    """The feature with a name of its own: texts that differ by case only are told apart by `_`."""
    feature = made.feature
    if feature.name.casefold() not in taken:
        return made
    if made.kind == "word":
        name = unused_name(feature.name, taken)
        return MadeFeature(Feature(name, feature.type, feature.family), made.column, made.kind, made.part, made.path)
    raise InvalidSql(
        f'Two columns give a feature "{feature.name}", "{column.name}" is one of them.',
        hint="Give one of the two another name with AS.",
    )


def _as_key(made: MadeFeature) -> MadeFeature:
    return MadeFeature(Feature(made.feature.name, made.feature.type, KEY), made.column)


def _folded(made: MadeFeature) -> str:
    return made.column.casefold()
