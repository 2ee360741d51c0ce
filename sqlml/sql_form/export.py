"""`EXPORT MODEL churn TO 'churn.sql' (DIALECT 'postgres')`: a model as a query that another engine runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlml.errors import NotSupported
from sqlml.features import KEY, Input, all_inputs
from sqlml.sql_form.base import Margins
from sqlml.sql_form.formats import margins_of
from sqlml.sql_form.links import IDENTITY
from sqlml.sql_form.writing import call, number, portable, total
from sqlml.types import ModelVersion

DIALECTS = ("bigquery", "duckdb", "postgres", "snowflake", "spark")
_WITH_DATES = ("duckdb", "postgres")
# PostgreSQL's fields of EXTRACT for DuckDB's functions.
_FIELDS = {"day": "DAY", "dayofweek": "DOW", "month": "MONTH", "weekofyear": "WEEK", "year": "YEAR"} | {
    "hour": "HOUR",
    "minute": "MINUTE",
}


def exported(model: ModelVersion, document: Mapping[str, Any], dialect: str, source: exp.Table) -> str:
    """The query that adds predictions to the rows of `source`, in a dialect.

    Raises NotSupported for a model without a SQL form, and for dates where the dialect has other functions for them.
    """
    margins = margins_of(model, document, is_portable=True)
    if margins is None:
        raise NotSupported(
            f'The model "{model.short_name}" has no SQL form.',
            hint="Linear models and small tree ensembles have one. TO 'm.json' writes any model.",
        )
    inputs = {i.name: _input(i, dialect) for i in all_inputs(model.features)}
    trees = [_filled(tree, inputs) for tree in margins.trees]
    query = _of_one(model, margins, trees[0], source) if len(trees) == 1 else _of_many(model, trees, source)
    for below in query.ctes if dialect == "postgres" else ():
        # PostgreSQL would put the margins in wherever they are named, and compute them as often.
        below.set("materialized", True)  # noqa: FBT003 - sqlglot's signature
    return f"{portable(query).sql(dialect=dialect, pretty=True)};\n"


def _input(made: Input, dialect: str) -> exp.Expr:
    value = exp.column(made.feature.name, table="source", quoted=True)
    family = made.feature.family
    if dialect == "duckdb" or family in ("numeric", "text", "boolean", KEY):
        return made.sql(value)
    if dialect not in _WITH_DATES:
        raise NotSupported(
            f'The feature "{made.feature.name}" is {made.feature.type}, which is not exported to {dialect}.',
            hint="Export to duckdb or postgres, or train on numbers that are made of it.",
        )
    moment: exp.Expr = value
    if "ZONE" in made.feature.type.upper():
        moment = exp.AtTimeZone(this=value, zone=exp.Literal.string("UTC"))
    elif family in ("date", "timestamp"):
        moment = exp.cast(value, "TIMESTAMP")
    field = _FIELDS[made.part] if made.part else "EPOCH"
    return exp.cast(exp.Extract(this=exp.var(field), expression=moment), "DOUBLE")


def _filled(tree: exp.Expr, inputs: Mapping[str, exp.Expr]) -> exp.Expr:
    holder = exp.Paren(this=tree.copy())
    for column in list(holder.find_all(exp.Column)):
        column.replace(inputs[column.name].copy())
    return holder


def _of_one(model: ModelVersion, margins: Margins, margin: exp.Expr, source: exp.Table) -> exp.Query:
    """One margin: the prediction, or the label and the probability of the later class, beside the source's columns."""
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("source"))
    predicted = f"predicted_{model.label}"
    if margins.link is IDENTITY:
        return exp.select(exp.alias_(margin, predicted, quoted=True), star).from_(_aliased(source))
    below = exp.select(star, exp.alias_(margin, "margin_1")).from_(_aliased(source))
    scores = margins.link.scores([_bounded(exp.column("margin_1", table="scored"))]).expressions
    columns: list[exp.Expr] = [exp.alias_(scores[0], predicted, quoted=True)]
    if model.task != "regression":
        is_later = exp.GT(this=scores[1].copy(), expression=number(0.5))
        cases = [exp.If(this=is_later, true=_label(model, 1))]
        if margins.known is not None:
            # No answer for a key that has no model.
            unanswered = exp.Is(this=exp.column("margin_1", table="scored"), expression=exp.Null())
            cases = [exp.If(this=unanswered, true=exp.Null()), *cases]
        label = exp.Case(ifs=cases, default=_label(model, 0))
        columns = [exp.alias_(label, predicted, quoted=True)]
        columns += [exp.alias_(s, f"probability_{c}", quoted=True) for s, c in zip(scores, model.classes, strict=True)]
    return (
        exp.select(*columns, exp.Column(this=exp.Star(), table=exp.to_identifier("scored")))
        .from_("scored")
        .with_("scored", as_=below)
    )


def _of_many(model: ModelVersion, trees: list[exp.Expr], source: exp.Table) -> exp.Query:
    """One margin a class, in a query below: the label and the probability of each class."""
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("source"))
    names = [f"margin_{k + 1}" for k in range(len(trees))]
    below = exp.select(star, *(exp.alias_(t, n) for t, n in zip(trees, names, strict=True))).from_(_aliased(source))
    margins = [exp.column(name, table="scored") for name in names]
    probabilities = [_share(own, margins) for own in margins]
    # The first of the largest, as everywhere.
    cases = [
        exp.If(this=exp.and_(*(exp.GTE(this=own.copy(), expression=m.copy()) for m in margins)), true=_label(model, k))
        for k, own in enumerate(margins)
    ]
    columns = [exp.alias_(exp.Case(ifs=cases), f"predicted_{model.label}", quoted=True)]
    columns += [
        exp.alias_(p, f"probability_{c}", quoted=True) for p, c in zip(probabilities, model.classes, strict=True)
    ]
    all_below = exp.Column(this=exp.Star(), table=exp.to_identifier("scored"))
    return exp.select(*columns, all_below).from_("scored").with_("scored", as_=below)


def _share(own: exp.Expr, margins: Sequence[exp.Expr]) -> exp.Expr:
    """The softmax of one margin."""
    powers = [call("exp", _bounded(exp.Sub(this=other.copy(), expression=own.copy()))) for other in margins]
    return exp.Div(this=number(1.0), expression=exp.Paren(this=total(powers)))


def _bounded(value: exp.Expr) -> exp.Expr:
    """The value within -700 and 700: beyond, exp is an error in PostgreSQL, and a probability is 0 or 1 in any case."""
    cases = [
        exp.If(this=exp.GT(this=value.copy(), expression=number(700.0)), true=number(700.0)),
        exp.If(this=exp.LT(this=value.copy(), expression=number(-700.0)), true=number(-700.0)),
    ]
    return exp.Case(ifs=cases, default=value)


def _label(model: ModelVersion, position: int) -> exp.Expr:
    kind = exp.DataType.build(model.label_type, dialect="duckdb")
    return exp.cast(exp.Literal.string(model.classes[position]), kind)


def _aliased(source: exp.Table) -> exp.Expr:
    return exp.alias_(source.copy(), "source", table=True)
