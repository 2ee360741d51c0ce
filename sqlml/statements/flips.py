"""`DIFF MODEL ... SHOW FLIPS`: the rows that two models decide otherwise, and the features that make it so."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query
from sqlml.errors import InvalidOption
from sqlml.explanations import EXACT_FORMATS
from sqlml.features import family_of
from sqlml.templates import cast, fill, text
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
), sqlml_typical AS MATERIALIZED (SELECT 1), sqlml_explained AS MATERIALIZED (
    SELECT *, __explained_a AS sqlml_ea, __explained_b AS sqlml_eb FROM sqlml_flips
)
SELECT sqlml_explained.* EXCLUDE (sqlml_da, sqlml_db, sqlml_pa, sqlml_pb, sqlml_gap, sqlml_ea, sqlml_eb),
       sqlml_da AS decision_a, sqlml_db AS decision_b,
       sqlml_pa[sqlml_da] AS probability_a, sqlml_pb[sqlml_db] AS probability_b,
       list_transform(list_slice(list_sort(__effects), 1, __top),
                      lambda one: {'feature': one.feature, 'effect': one.effect}) AS top_features,
       __unit AS effect_in
FROM sqlml_explained CROSS JOIN sqlml_typical
ORDER BY sqlml_gap DESC
"""
# Of one feature, what b adds to the logit of its decision more than a does.
_DIFFERENCE = """
SELECT (coalesce(list_extract(list_filter($b, lambda one: one.feature = $name), 1).attribution, 0)
        - coalesce(list_extract(list_filter($a, lambda one: one.feature = $name), 1).attribution, 0)) * $sign
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
    is_exact = len(b.classes) == 2 and all(model.format in EXACT_FORMATS for model in (a, b))
    if is_exact:
        names = dict.fromkeys(feature.name for model in (b, a) for feature in model.features)
        effects = [_sorted(_attributed(b, name), i, name) for i, name in enumerate(names)]
    else:
        effects = [_sorted(_shrunk(a, b, column.name), i, column.name) for i, column in enumerate(takes)]
    marks = {
        "__decision_a": _decision(a, whole, choice),
        "__decision_b": _decision(b, whole, choice),
        "__scores_a": model_call("ml_predict_proba", a, whole.copy()),
        "__scores_b": model_call("ml_predict_proba", b, whole.copy()),
        "__explained_a": _attributions(a) if is_exact else exp.null(),
        "__explained_b": _attributions(b) if is_exact else exp.null(),
        "__unit": exp.Literal.string("log-odds" if is_exact else "probability"),
        "__most": exp.Literal.number(choice.max_flips),
        "__top": exp.Literal.number(choice.top_k_features),
        "__effects": exp.Array(expressions=effects),
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
    given = [exp.PropertyEQ(this=exp.to_identifier("threshold"), expression=exp.Literal.number(repr(choice.threshold)))]
    return model_call(
        "ml_predict", model, row.copy(), *(given if len(model.classes) == 2 and choice.threshold != 0.5 else [])
    )


def _attributions(model: ModelVersion) -> exp.Expr:
    """All attributions of a row."""
    every = exp.PropertyEQ(
        this=exp.to_identifier("top_k_features"), expression=exp.Literal.number(max(1, len(model.features)))
    )
    explained = model_call("ml_explain_predict", model, exp.column("sqlml_flips"), every)
    return exp.func("struct_extract", explained, exp.Literal.string("top_feature_attributions"))


def _attributed(b: ModelVersion, feature: str) -> exp.Expr:
    """By how much a feature speaks more for the decision of b in b than in a: attributions are of the later class."""
    later = exp.EQ(this=cast(exp.column("sqlml_db"), "VARCHAR"), expression=text(b.classes[1]))
    sign = exp.Case(ifs=[exp.If(this=later, true=exp.Literal.number(1))], default=exp.Literal.number(-1))
    explained = {"a": exp.column("sqlml_ea"), "b": exp.column("sqlml_eb")}
    return fill(_DIFFERENCE, {**explained, "name": text(feature), "sign": exp.paren(sign)})


def _shrunk(a: ModelVersion, b: ModelVersion, feature: str) -> exp.Expr:
    """By how much the gap shrinks when one feature is typical."""
    both = [_probability(model, feature) for model in (b, a)]
    typical = exp.paren(exp.Sub(this=both[0], expression=both[1]))
    return exp.Sub(this=exp.column("sqlml_gap"), expression=typical)


def _sorted(effect: exp.Expr, position: int, feature: str) -> exp.Expr:
    """The effect of a feature as a struct that sorts the largest first."""
    fields = {
        "size": exp.Neg(this=exp.Anonymous(this="abs", expressions=[effect])),
        "position": exp.Literal.number(position),
        "feature": text(feature),
        "effect": effect.copy(),
    }
    return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(k), expression=v) for k, v in fields.items()])


def _probability(model: ModelVersion, typical: str) -> exp.Expr:
    """What a model gives to the decision of b, with one feature typical."""
    arguments = [
        exp.PropertyEQ(
            this=exp.to_identifier(feature.name, quoted=True),
            expression=exp.column(
                feature.name,
                table="sqlml_typical" if feature.name.casefold() == typical.casefold() else "sqlml_explained",
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
