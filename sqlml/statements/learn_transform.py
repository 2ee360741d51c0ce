"""What CREATE MODEL does for a TRANSFORM clause: one query for its statistics, then the training query with them.

The statistics are those of all rows of the query, the held-out ones included, as in BigQuery; the ones of the raw
columns, which ML.FEATURE_INFO answers, come with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlglot import exp

from sqlml.errors import TrainingFailed
from sqlml.features import all_inputs, inputs_of
from sqlml.functions.analytic import of_all_rows, over_all_rows
from sqlml.planner import Planned
from sqlml.shapes import SPARSE, STRUCT, VECTOR, WORDS, shape_of
from sqlml.statements.base import Context
from sqlml.statements.described_clause import MOST_PLACES, Described
from sqlml.templates import cast, fill
from sqlml.training_query import around, query_rows, training_query
from sqlml.transform import (
    MADE,
    OTHER,
    RAW,
    MadeColumn,
    MadeFeature,
    literal,
    prepared,
    read,
    statistics_of,
    with_statistics,
    write,
)
from sqlml.types import Feature, FeatureStatistics, ModelVersion, Plan, Trained

_PLACES = {
    VECTOR: "SELECT [min(len($x)), max(len($x))]",
    WORDS: "SELECT list_sort(list_distinct(flatten(list(list_distinct($x))))::VARCHAR[])",
    SPARSE: """
        SELECT list_sort(list_distinct(flatten(list(
            list_transform($x, lambda sqlml_e: struct_extract_at(sqlml_e, 1)::BIGINT)))))
    """,
}
_NESTED = {OTHER, SPARSE, STRUCT, VECTOR, WORDS}
_NUMBERS = """
SELECT [min($k), max($k), avg($k ORDER BY $k), quantile_cont($k, 0.5),
        coalesce(stddev_samp($k ORDER BY $k), CASE WHEN count($k) > 0 THEN 0 END), (count(*) - count($k))::DOUBLE]
"""
_TEXTS = "SELECT [count(DISTINCT $x)::DOUBLE, (count(*) - count($x))::DOUBLE]"
_NULLS = "SELECT [(count(*) - count($x))::DOUBLE]"
# How many rows, and what tells their set from others whatever their order.
_ROWS = "SELECT [count(*), sum(hash($row)::HUGEINT), bit_xor(hash($row))::HUGEINT]"
_FINITE = "SELECT CASE WHEN isfinite($x) THEN $x END"


@dataclass(frozen=True)
class Learned:
    """What the rows say: the clause with its statistics as JSON, its features, and statistics of the raw columns."""

    clause: str
    features: tuple[MadeFeature, ...]
    columns: tuple[MadeColumn, ...]
    statistics: tuple[FeatureStatistics, ...]
    rows: int
    digest: str


def learn(described: Described, context: Context, *, previous: ModelVersion | None = None) -> Learned:
    """Ask the rows; a warm start keeps what the version learned that it goes on from.

    Raises TrainingFailed for statistics that cannot be kept.
    """
    clause, planned = described.clause, described.query
    kept = previous.transform if previous else ""
    aggregates = () if kept else tuple(of_all_rows(s) for s in clause.statistics)
    vectors = () if kept else tuple(described.vectors())
    asked = [fill(_ROWS, {"row": exp.column(RAW)}), *(_facts(f) for f in clause.raw), *aggregates]
    # Places of what statistics make are asked once those are known; else all is asked at once.
    at_once = [] if aggregates else _places_of(vectors, described.columns)
    (count, total, mixed), *row = _ask([*asked, *at_once], planned, context)
    if not count:
        raise TrainingFailed("The training query returned no rows.", hint="Check its WHERE and JOIN conditions.")
    facts = tuple(_statistics_of(f, v) for f, v in zip(clause.raw, row, strict=False))
    found: Sequence[Any] = row[len(facts) :]
    values = statistics_of(kept) if kept else [_plain(v) for v in found[: len(aggregates)]]
    constants = [literal(v) for v in values]
    learned = tuple(replace(c, tree=with_statistics(c.tree, constants)) for c in described.columns)
    if aggregates and vectors:
        found = _ask(_places_of(vectors, learned), planned, context)
    places = {v.feature.name: _checked(v, f, described.columns) for v, f in zip(vectors, found, strict=False)}
    features = described.made_features(places, previous=read(kept) if kept else None)
    try:
        text = kept or write(described.written(), values, features)
    except ValueError:
        raise TrainingFailed(
            "A statistic of the TRANSFORM clause is infinite or undefined.",
            hint="Rescale very large columns in the query.",
        ) from None
    digest = hashlib.sha256(f"{count}:{total % 2**64}:{mixed}".encode()).hexdigest()[:16]
    return Learned(text, features, learned, facts, int(count), digest)


def learned_plan(plan: Plan, learned: Learned) -> Plan:
    """The plan of CREATE MODEL with what was learned: its features, their inputs, and the SQL that makes them."""
    creation = plan.details
    described: Described = creation.transform
    if not described.trains:
        return replace(plan, details=replace(creation, learned=learned.clause))
    features = tuple(f.feature for f in learned.features)
    task = replace(creation.task, inputs=all_inputs(features))
    made = made_query(learned.columns, learned.features, described.clause.passed, is_implicit=described.is_implicit)
    sql, source_map = training_query(task, features, described.query, made)
    details = replace(creation, task=task, features=features, learned=learned.clause)
    return replace(plan, sql=sql, source_map=source_map, details=details)


def transform_only(learned: Learned, seconds: float) -> Trained:
    """What is stored of a model that only transforms."""
    return Trained(
        document={"transform": learned.clause},
        format="transform",
        classes=(),
        history=(),
        training_rows=learned.rows,
        evaluation_rows=0,
        dropped_rows=0,
        evaluation_source="training",
        resolved={},
        labels=None,
        scores=None,
        seconds=seconds,
        dataset_digest=learned.digest,
        total_rows=learned.rows,
        statistics=learned.statistics,
    )


def made_query(
    columns: Sequence[MadeColumn], features: Sequence[MadeFeature], passed: Sequence[str], *, is_implicit: bool
) -> exp.Select:
    """`SELECT the features and what comes through FROM the columns of the clause FROM the query`."""
    values = {c.name: prepared(c, features, is_implicit=is_implicit) for c in columns}
    inner = exp.select(*(exp.alias_(v, name, quoted=True) for name, v in values.items())).from_(query_rows(RAW))
    outer = []
    for column in columns:
        source = exp.column(column.name, table=MADE, quoted=True)
        if column.name in passed:
            outer.append(exp.alias_(source, column.name, quoted=True))
        outer += [exp.alias_(f.of(source), f.feature.name, quoted=True) for f in features if f.column == column.name]
    return exp.select(*outer).from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(MADE))))


def transform_query(described: Described, features: Sequence[MadeFeature]) -> exp.Select:
    """What is trained on, its statistics as window aggregates: what the clause means before anything is learned."""
    windows = [over_all_rows(s) for s in described.clause.statistics]
    columns = [replace(c, tree=with_statistics(c.tree, windows)) for c in described.columns]
    passed = described.clause.passed if described.trains else [c.name for c in columns]
    return made_query(columns, features, passed, is_implicit=described.is_implicit)


def _places_of(vectors: Sequence[MadeFeature], columns: Sequence[MadeColumn]) -> list[exp.Expr]:
    """What asks for the places of each vector."""
    by_name = {c.name: c for c in columns}
    return [
        fill(_PLACES[_family_of(v, columns)], {"x": replace(v, kind="column").of(by_name[v.column].tree)})
        for v in vectors
    ]


def _family_of(vector: MadeFeature, columns: Sequence[MadeColumn]) -> str:
    shape = shape_of(next(c.type for c in columns if c.name == vector.column))
    for field in vector.path:
        shape = shape_of(dict(shape.fields)[field]) if shape else None
    assert shape is not None
    return shape.family


def _checked(vector: MadeFeature, found: Sequence[Any] | None, columns: Sequence[MadeColumn]) -> list[int | str]:
    """The places of a vector, from 1 for a list of numbers.

    Raises TrainingFailed for lists of several lengths, for too many places and for none at all.
    """
    name = vector.feature.name
    is_list = _family_of(vector, columns) == VECTOR
    if is_list and found and found[0] != found[1]:
        raise TrainingFailed(
            f'The lists of "{name}" have from {found[0]} to {found[1]} numbers; they need as many in each row.',
            hint="Leave out the rows with others, or make them as long with list_resize.",
        )
    places = list(range(1, (found[0] or 0) + 1)) if is_list and found else list(found or ())
    if not places:
        raise TrainingFailed(f'The lists of "{name}" are empty or NULL in every row.', hint="Leave the column out.")
    most = MOST_PLACES[_family_of(vector, columns)]
    if len(places) > most:
        raise TrainingFailed(
            f'The vector "{name}" has {len(places)} places; at most {most} are trained on.',
            hint="Of texts keep the most frequent: TRANSFORM (ML.MULTI_HOT_ENCODER(words, 500) OVER () AS words, ...).",
        )
    return places


def _ask(asked: Sequence[exp.Expr], planned: Planned, context: Context) -> Sequence[Any]:
    tree = exp.select(*(exp.alias_(a.copy(), f"s{i}") for i, a in enumerate(asked))).from_(query_rows(RAW))
    sql, source_map = around(tree, planned)
    [row] = context.database.execute(sql, planned.params, source_map).fetchall()
    return row


def _plain(value: Any) -> Any:
    """A statistic as JSON has it."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float | Decimal):
        return float(value)
    raise TrainingFailed(
        f"TRANSFORM learned a {type(value).__name__}, which cannot be kept.",
        hint="ML.IMPUTER takes numbers and text: cast the column to VARCHAR.",
    )


def _facts(feature: Feature) -> exp.Expr:
    column = exp.column(feature.name, table=RAW, quoted=True)
    if feature.family in _NESTED:
        return fill(_NULLS, {"x": column})
    if feature.family in ("text", "boolean"):
        return fill(_TEXTS, {"x": cast(column, "VARCHAR")})
    known = fill(_FINITE, {"x": inputs_of(feature)[0].sql(column)})
    return fill(_NUMBERS, {"k": known})


def _statistics_of(feature: Feature, values: Sequence[Any]) -> FeatureStatistics:
    if feature.family in _NESTED:
        return FeatureStatistics(feature.name, null_count=int(values[0]))
    if feature.family in ("text", "boolean"):
        return FeatureStatistics(feature.name, category_count=int(values[0]), null_count=int(values[1]))
    low, high, mean, median, stddev, nulls = values
    return FeatureStatistics(feature.name, low, high, mean, median, stddev, null_count=int(nulls))
