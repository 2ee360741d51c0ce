"""`SELECT churn(c) FROM customers AS c` in any DuckDB: the macros of a model, as plain SQL where it has that form."""

from __future__ import annotations

from sqlglot import exp

from sqlml import artifacts
from sqlml.catalog.cursor import Cursor
from sqlml.catalog.macros import INPUTS, ROW, create_macros, create_shortcut
from sqlml.catalog.models import read_body
from sqlml.errors import ArtifactRefused
from sqlml.features import all_inputs
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.functions.scores import answer, probability_map, scorer
from sqlml.sql_form import SqlForm
from sqlml.sql_form.formats import CACHE
from sqlml.types import Feature, ModelVersion


def place_macros(cursor: Cursor, model: ModelVersion, suffix: str = "") -> None:
    """Create or replace the macros of a version, of an alias or of the model's default."""
    form = _form(cursor, model)
    row = {i.name: i.sql(_tolerant(i.feature)) for i in all_inputs(model.features)}
    kept = {name: exp.func("struct_extract", exp.column(INPUTS), exp.Literal.string(name)) for name in row}
    if form is None:
        scores = scorer("sqlml_predict", model.sha256, exp.column(INPUTS))
        answered = _given_scores(model, scorer("sqlml_predict", model.sha256, _struct(row)))
    else:
        scores = form.scores(kept)
        answered = _answered(model, form, row)
    create_macros(cursor, model, suffix, answered, scores)


def place_shortcut(cursor: Cursor, model: ModelVersion) -> None:
    """Create the macro of the model's own name in its own schema, where no function has that name."""
    if FUNCTIONS.get(model.name) is None and model.name.casefold() not in {*LATER, "ml_train"}:
        create_shortcut(cursor, model)


def _form(cursor: Cursor, model: ModelVersion) -> SqlForm | None:
    try:
        return CACHE.get_or_write(model, lambda: artifacts.document(model, read_body(cursor, model)))
    except ArtifactRefused:
        # The UDF will refuse it, and say why, when it is to score.
        return None


def _tolerant(feature: Feature) -> exp.Expr:
    """A feature out of a row; what cannot be read as its type counts as NULL."""
    kinds = {"numeric": "DOUBLE", "text": "VARCHAR", "date": "TIMESTAMP"}
    kind = kinds.get(feature.family, feature.type)
    value = exp.func("struct_extract", exp.column(ROW), exp.Literal.string(feature.name))
    return exp.TryCast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))


def _answered(model: ModelVersion, form: SqlForm, row: dict[str, exp.Expr]) -> exp.Expr:
    """The number, or the struct of label and probabilities."""
    scores = form.scores(row)
    if model.task == "regression" or isinstance(scores, exp.Array):
        return _struct_of(model, scores)
    return _given_scores(model, scores)


def _given_scores(model: ModelVersion, scores: exp.Expr) -> exp.Expr:
    """The answer from a list of scores that is computed once."""
    if model.task == "regression":
        return answer(model, scores)
    each = exp.Lambda(this=_struct_of(model, exp.column("s")), expressions=[exp.to_identifier("s")])
    made = exp.Anonymous(this="list_transform", expressions=[exp.Array(expressions=[scores]), each])
    return exp.Anonymous(this="list_extract", expressions=[made, exp.Literal.number(1)])


def _struct_of(model: ModelVersion, scores: exp.Expr) -> exp.Expr:
    if model.task == "regression":
        return answer(model, scores)
    return _struct({"label": answer(model, scores), "probs": probability_map(model, scores)})


def _struct(fields: dict[str, exp.Expr]) -> exp.Expr:
    pairs = fields.items()
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(n, quoted=True), expression=v) for n, v in pairs]
    )
