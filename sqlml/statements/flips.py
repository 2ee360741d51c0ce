"""`DIFF MODEL ... SHOW FLIPS`: the rows that two models decide otherwise, and the features that make it so."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query
from sqlml.errors import InvalidOption
from sqlml.features import family_of
from sqlml.templates import number
from sqlml.types import Column, ModelVersion

# Only the rows that are decided otherwise are asked again, with one feature after the other typical.
_FLIPS = """
WITH sqlml_rows AS MATERIALIZED (SELECT 1),
sqlml_decided AS MATERIALIZED (
    SELECT sqlml_rows.*, __decision_a AS sqlml_da, __decision_b AS sqlml_db,
           __scores_a AS sqlml_pa, __scores_b AS sqlml_pb
    FROM sqlml_rows
), sqlml_gaps AS (
    SELECT *, sqlml_pb[sqlml_db] - sqlml_pa[sqlml_db] AS sqlml_gap FROM sqlml_decided WHERE sqlml_da <> sqlml_db
), sqlml_flips AS MATERIALIZED (
    SELECT * FROM sqlml_gaps ORDER BY sqlml_gap DESC LIMIT __most
), sqlml_typical AS MATERIALIZED (SELECT 1)
SELECT sqlml_flips.* EXCLUDE (sqlml_da, sqlml_db, sqlml_pa, sqlml_pb, sqlml_gap),
       sqlml_da AS decision_a, sqlml_db AS decision_b,
       sqlml_pa[sqlml_da] AS probability_a, sqlml_pb[sqlml_db] AS probability_b,
       list_transform(list_slice(list_sort(__effects), 1, __top),
                      lambda one: {'feature': one.feature, 'effect': one.effect}) AS top_features
FROM sqlml_flips CROSS JOIN sqlml_typical
ORDER BY sqlml_gap DESC
"""


class Choice(Protocol):
    """How many rows and features are wanted, and where the later of two classes begins."""

    @property
    def threshold(self) -> float: ...

    @property
    def top_k_features(self) -> int: ...

    @property
    def max_flips(self) -> int: ...


def flips_query(a: ModelVersion, b: ModelVersion, query: exp.Expr, columns: list[Column], choice: Choice) -> exp.Query:
    """The query of the rows whose decision differs, with calls of both models in it.

    Raises InvalidOption for a column that is called as what is made here.
    """
    taken = [column.name for column in columns if column.name.casefold().startswith("sqlml_")]
    if taken:
        raise InvalidOption(
            f'The query has a column "{taken[0]}": SHOW FLIPS has such names of its own.',
            hint=f'Leave it out: SELECT * EXCLUDE ("{taken[0]}").',
        )
    tree = parse_query(_FLIPS)
    takes = _features(a, b, columns)
    whole = exp.column("sqlml_rows")
    tree.ctes[0].set("this", query.copy())
    next(cte for cte in tree.ctes if cte.alias == "sqlml_typical").set("this", _typical(takes))
    marks = {
        "__decision_a": _decision(a, whole, choice),
        "__decision_b": _decision(b, whole, choice),
        "__scores_a": model_call("ml_predict_proba", a, whole.copy()),
        "__scores_b": model_call("ml_predict_proba", b, whole.copy()),
        "__most": exp.Literal.number(choice.max_flips),
        "__top": exp.Literal.number(choice.top_k_features),
        "__effects": exp.Array(expressions=[_effect(a, b, i, column.name) for i, column in enumerate(takes)]),
    }
    for column in list(tree.find_all(exp.Column)):
        if column.name in marks:
            column.replace(marks[column.name].copy())
    return tree


def _features(a: ModelVersion, b: ModelVersion, columns: list[Column]) -> list[Column]:
    """The columns of the query that either model takes."""
    taken = {feature.name.casefold() for model in (a, b) for feature in model.takes}
    return [column for column in columns if column.name.casefold() in taken]


def _typical(takes: list[Column]) -> exp.Query:
    """One row: the middle number, or the most frequent value, of each feature."""
    values = []
    for column in takes:
        value = exp.column(column.name, table="sqlml_rows", quoted=True)
        is_number = family_of(column.type) == "numeric"
        middle = exp.Anonymous(this="quantile_disc", expressions=[value, exp.Literal.number("0.5")])
        values.append(
            exp.alias_(
                middle if is_number else exp.Anonymous(this="mode", expressions=[value]), column.name, quoted=True
            )
        )
    return exp.select(*values).from_("sqlml_rows")


def _decision(model: ModelVersion, row: exp.Expr, choice: Choice) -> exp.Expr:
    given = [exp.PropertyEQ(this=exp.to_identifier("threshold"), expression=number(choice.threshold))]
    return model_call(
        "ml_predict", model, row.copy(), *(given if len(model.classes) == 2 and choice.threshold != 0.5 else [])
    )


def _effect(a: ModelVersion, b: ModelVersion, position: int, feature: str) -> exp.Expr:
    """By how much the gap shrinks when one feature is typical, as a struct that sorts the largest first."""
    both = [_probability(model, feature) for model in (b, a)]
    shrunk = exp.Sub(this=exp.column("sqlml_gap"), expression=exp.paren(exp.Sub(this=both[0], expression=both[1])))
    size = exp.Neg(this=exp.Anonymous(this="abs", expressions=[shrunk]))
    fields = {
        "size": size,
        "position": exp.Literal.number(position),
        "feature": exp.Literal.string(feature),
        "effect": shrunk.copy(),
    }
    return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(k), expression=v) for k, v in fields.items()])


def _probability(model: ModelVersion, typical: str) -> exp.Expr:
    """What a model gives to the decision of b, with one feature typical."""
    arguments = [
        exp.PropertyEQ(
            this=exp.to_identifier(feature.name, quoted=True),
            expression=exp.column(
                feature.name,
                table="sqlml_typical" if feature.name.casefold() == typical.casefold() else "sqlml_flips",
                quoted=True,
            ),
        )
        for feature in model.takes
    ]
    scores = model_call("ml_predict_proba", model, *arguments)
    return exp.Bracket(this=scores, expressions=[exp.column("sqlml_db")])


def model_call(function: str, model: ModelVersion, *arguments: exp.Expr) -> exp.Expr:
    """`function(MODEL m VERSION n, arguments)`."""
    name = exp.table_(model.name, model.schema, model.catalog, quoted=True)
    reference = nodes.ModelRef(this=name, version=exp.Literal.number(model.version))
    return exp.Anonymous(this=function, expressions=[reference, *arguments])
