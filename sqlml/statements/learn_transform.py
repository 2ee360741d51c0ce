"""What CREATE MODEL does for a TRANSFORM clause: one query for its statistics, then the training query with them.

The statistics are those of all rows of the query, the held-out ones included, as in BigQuery; the ones of the raw
columns, which ML.FEATURE_INFO answers, come with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlglot import exp

from sqlml.errors import NotSupported, TrainingFailed
from sqlml.features import all_inputs, family_of, inputs_of
from sqlml.functions.analytic import of_all_rows, over_all_rows
from sqlml.planner import Planned
from sqlml.statements.base import Context
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
    with_statistics,
    write,
)
from sqlml.transform_clause import Clause
from sqlml.types import Binder, Column, Feature, FeatureStatistics, Plan, Trained

# More places of one vector are more than training and scoring one column each can carry.
_MOST_PLACES = 1_000
_VECTOR = 'STRUCT("index" BIGINT, "value" DOUBLE)[]'
_PLACES = {
    "index": """
        SELECT {'low': min(list_min(list_transform($x, lambda sqlml_e: struct_extract(sqlml_e, 'index')))),
                'high': max(list_max(list_transform($x, lambda sqlml_e: struct_extract(sqlml_e, 'index'))))}
    """,
    "element": "SELECT {'low': 1, 'high': max(len($x))}",
}
# sqlglot's names of types that DESCRIBE calls otherwise.
_WRITTEN = {
    "TEXT": "VARCHAR",
    "INT": "INTEGER",
    "REAL": "FLOAT",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMETZ": "TIME WITH TIME ZONE",
}
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


@dataclass(frozen=True)
class Described:
    """A clause with the types of its columns: enough to learn it."""

    clause: Clause
    columns: tuple[MadeColumn, ...]
    query: Planned
    trains: bool

    def made_features(self, places: Mapping[str, tuple[int, int]] | None = None) -> tuple[MadeFeature, ...]:
        """The features, given the first and last place of each vector; one place each where they are not known yet.

        Raises NotSupported for a column that can be none.
        """
        if not self.trains:
            return ()
        names = [c for c in self.columns if c.name not in self.clause.passed]
        return tuple(f for c in names for f in _features_of(c, (places or {}).get(c.name, (1, 1))))

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


def describe_clause(clause: Clause, planned: Planned, binder: Binder, *, trains: bool) -> Described:
    """The clause with the types that the engine gives its columns; whether a model is trained on them."""
    windows = [over_all_rows(s) for s in clause.statistics]
    select = exp.select(
        *(exp.alias_(with_statistics(tree, windows), name, quoted=True) for name, tree in clause.columns)
    ).from_(query_rows(RAW))
    sql, source_map = around(select, planned)
    found = binder.describe(sql, planned.params, source_map)
    columns = tuple(MadeColumn(c.name, c.type, tree) for c, (_, tree) in zip(found, clause.columns, strict=True))
    return Described(clause, columns, planned, trains)


def learn(described: Described, context: Context) -> Learned:
    """Ask the rows.

    Raises TrainingFailed for statistics that cannot be kept.
    """
    clause, planned = described.clause, described.query
    asked = [
        fill(_ROWS, {"row": exp.column(RAW)}),
        *(of_all_rows(s) for s in clause.statistics),
        *(_facts(f) for f in clause.raw),
    ]
    (count, total, mixed), *row = _ask(asked, query_rows(RAW), planned, context)
    if not count:
        raise TrainingFailed("The training query returned no rows.", hint="Check its WHERE and JOIN conditions.")
    values = [_plain(v) for v in row[: len(clause.statistics)]]
    facts = tuple(_statistics_of(f, v) for f, v in zip(clause.raw, row[len(values) :], strict=True))
    constants = [literal(v) for v in values]
    learned = tuple(replace(c, tree=with_statistics(c.tree, constants)) for c in described.columns)
    places = _places(learned, clause, planned, context) if described.trains else {}
    features = described.made_features(places)
    try:
        text = write(described.columns, values, features, clause.passed)
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
    made = made_query(learned.columns, learned.features, described.clause.passed)
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


def made_query(columns: Sequence[MadeColumn], features: Sequence[MadeFeature], passed: Sequence[str]) -> exp.Select:
    """`SELECT the features and what comes through FROM the columns of the clause FROM the query`."""
    inner = exp.select(*(exp.alias_(prepared(c, features), c.name, quoted=True) for c in columns)).from_(
        query_rows(RAW)
    )
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
    return made_query(columns, features, passed)


def _features_of(column: MadeColumn, places: tuple[int, int]) -> Iterator[MadeFeature]:
    family = family_of(column.type)
    if family is not None:
        yield MadeFeature(Feature(column.name, column.type, "numeric" if family == "null" else family), column.name)
    elif column.type == _VECTOR or (column.type.endswith("]") and _is_numeric_list(column.type)):
        kind = "index" if column.type == _VECTOR else "element"
        for place in range(places[0], places[1] + 1):
            yield MadeFeature(Feature(f"{column.name}_{place}", "DOUBLE", "numeric"), column.name, kind, place)
    elif column.type.startswith("STRUCT(") and not column.type.endswith("]"):
        for field in exp.DataType.build(column.type, dialect="duckdb").expressions:
            kind = field.args["kind"].sql(dialect="duckdb")
            kind = _WRITTEN.get(kind, kind)
            of_field = family_of(kind)
            if of_field is None:
                raise _no_feature(f"{column.name}.{field.name}", kind)
            name = f"{column.name}_{field.name}"
            yield MadeFeature(Feature(name, kind, of_field), column.name, "field", field.name)
    else:
        raise _no_feature(column.name, column.type)


def _no_feature(name: str, kind: str) -> NotSupported:
    hint = "Make numbers or text of it: ML.MULTI_HOT_ENCODER(words) OVER (), ML.BAG_OF_WORDS(words) OVER ()."
    return NotSupported(f'The column "{name}" of TRANSFORM is {kind}, which cannot be a feature.', hint=hint)


def _is_numeric_list(kind: str) -> bool:
    return family_of(kind.rpartition("[")[0]) == "numeric"


def _places(
    columns: Sequence[MadeColumn], clause: Clause, planned: Planned, context: Context
) -> dict[str, tuple[int, int]]:
    """The first and last place of each column that is a vector, in the rows of the query."""
    vectors = [c for c in columns if c.name not in clause.passed and family_of(c.type) is None and c.type.endswith("]")]
    if not vectors:
        return {}
    asked = [fill(_PLACES["index" if c.type == _VECTOR else "element"], {"x": c.tree}) for c in vectors]
    row = _ask(asked, query_rows(RAW), planned, context)
    found = {}
    for column, place in zip(vectors, row, strict=True):
        low, high = place["low"] or 0, place["high"] if place["high"] is not None else -1
        if high - low >= _MOST_PLACES:
            raise TrainingFailed(
                f'The vector "{column.name}" of TRANSFORM has {high - low + 1} places.',
                hint=f"At most {_MOST_PLACES} are trained on: give a smaller top_k or a higher frequency_threshold.",
            )
        found[column.name] = (int(low), int(high))
    return found


def _ask(asked: Sequence[exp.Expr], rows: exp.Subquery, planned: Planned, context: Context) -> Sequence[Any]:
    tree = exp.select(*(exp.alias_(a.copy(), f"s{i}") for i, a in enumerate(asked))).from_(rows)
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
    if feature.family == OTHER:
        return fill(_NULLS, {"x": column})
    if feature.family in ("text", "boolean"):
        return fill(_TEXTS, {"x": cast(column, "VARCHAR")})
    known = fill(_FINITE, {"x": inputs_of(feature)[0].sql(column)})
    return fill(_NUMBERS, {"k": known})


def _statistics_of(feature: Feature, values: Sequence[Any]) -> FeatureStatistics:
    if feature.family == OTHER:
        return FeatureStatistics(feature.name, null_count=int(values[0]))
    if feature.family in ("text", "boolean"):
        return FeatureStatistics(feature.name, category_count=int(values[0]), null_count=int(values[1]))
    low, high, mean, median, stddev, nulls = values
    return FeatureStatistics(feature.name, low, high, mean, median, stddev, null_count=int(nulls))
