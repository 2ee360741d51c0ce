"""`SELECT churn(c) FROM customers AS c` in any DuckDB: the macros of a model, as plain SQL where it has that form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from sqlml import artifacts, nodes
from sqlml.catalog.cursor import Cursor
from sqlml.catalog.macros import INPUTS, ROW, create_shortcut, macro_statements
from sqlml.catalog.models import read_body
from sqlml.dialect import to_sql
from sqlml.errors import ArtifactRefused
from sqlml.features import model_inputs
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.functions.scores import answer, probability_map, scorer
from sqlml.shapes import read_as, shape_of
from sqlml.sql_form import SqlForm
from sqlml.sql_form.base import inputs_of, is_repeatable
from sqlml.sql_form.formats import CACHE
from sqlml.transform import is_implicit, macro_inputs, packed
from sqlml.types import Feature, ModelVersion


def place_macros(
    cursor: Cursor, model: ModelVersion, suffix: str = "", *, dropped: Sequence[ModelVersion] = ()
) -> None:
    """Create or replace the macros of a version, of an alias or of the model's default.

    `dropped` are versions that were dropped just now.
    """
    for made in compiled_macros(cursor, model, suffix, dropped=dropped):
        cursor.rows(to_sql(made))


def compiled_macros(
    cursor: Cursor, model: ModelVersion, suffix: str = "", *, dropped: Sequence[ModelVersion] = ()
) -> list[exp.Create]:
    """The statements that create these macros, written from the model's verified artifact."""
    exactly = bool(model.transform) and not is_implicit(model)
    row = _inputs(model, {f.name: _tolerant(f, _lengths(model), exactly=exactly) for f in model.takes})
    kept = _inputs(model, {f.name: _field(f.name) for f in model.takes}) if model.transform else None
    if model.task == "transform":
        assert kept is not None
        return macro_statements(cursor, model, suffix, row, kept, dropped)
    form = _form(cursor, model)
    if kept is None and form is not None:
        kept = _struct({i.name: _field(i.name) for i in model_inputs(model)})
    scores = _scores(model, form, kept if kept is not None else exp.column(INPUTS))
    return macro_statements(cursor, model, suffix, _answered(model, _scores(model, form, row)), scores, dropped)


def _inputs(model: ModelVersion, values: dict[str, exp.Expr]) -> exp.Expr:
    """The struct of inputs that the model is scored with, of the values of what it takes."""
    if model.transform:
        return macro_inputs(model, {name.casefold(): value for name, value in values.items()})
    return _struct({i.name: i.sql(values[i.feature.name].copy()) for i in model_inputs(model)})


def _scores(model: ModelVersion, form: SqlForm | None, inputs: exp.Expr) -> exp.Expr:
    """DOUBLE[]: as plain SQL where there is that form, its inputs computed once where they are long."""
    if form is None:
        return scorer("sqlml_predict", model.sha256, inputs, is_python=model.is_registered)
    places = packed(model)
    if isinstance(inputs, exp.Struct) and not places and (not model.transform or is_repeatable(inputs)):
        return form.scores(inputs_of(inputs))
    return _let("i", inputs, form.scores({i.name: _one(i.name, places) for i in model_inputs(model)}))


def _one(name: str, places: Mapping[str, tuple[str, int]]) -> exp.Expr:
    """An input out of the struct of inputs."""
    field, place = places.get(name, (name, 0))
    value: exp.Expr = exp.func("struct_extract", exp.column("i"), exp.Literal.string(field))
    if not place:
        return value
    return exp.Anonymous(this="list_extract", expressions=[value, exp.Literal.number(place)])


def _let(name: str, value: exp.Expr, body: exp.Expr) -> exp.Expr:
    """The body with a value that is computed once."""
    each = exp.Lambda(this=body, expressions=[exp.to_identifier(name)])
    made = exp.Anonymous(this="list_transform", expressions=[exp.Array(expressions=[value]), each])
    return exp.Anonymous(this="list_extract", expressions=[made, exp.Literal.number(1)])


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


def _field(name: str) -> exp.Expr:
    return exp.func("struct_extract", exp.column(INPUTS), exp.Literal.string(name))


def _lengths(model: ModelVersion) -> dict[str, int]:
    """How many numbers the lists have that the model was trained on."""
    lengths: dict[str, int] = {}
    for name, place in packed(model).values():
        lengths[name] = max(place, lengths.get(name, 0))
    return lengths


def _tolerant(feature: Feature, lengths: Mapping[str, int], *, exactly: bool) -> exp.Expr:
    """A feature out of a row; what cannot be read as its type counts as NULL.

    What a TRANSFORM clause makes of it may depend on its very type.
    """
    kinds = {"numeric": "DOUBLE", "text": "VARCHAR", "date": "TIMESTAMP"}
    kind = kinds.get(feature.family, feature.type)
    if exactly and feature.type not in ("NULL", '"NULL"'):
        kind = feature.type
    value = exp.func("struct_extract", exp.column(ROW), exp.Literal.string(feature.name))
    if not exactly and shape_of(feature.type) is not None:
        return exp.TryCast(this=value, to=read_as(feature.type, feature.name, lengths))
    return exp.TryCast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))


def _answered(model: ModelVersion, scores: exp.Expr) -> exp.Expr:
    """The number, or the struct of label and probabilities."""
    inner = scores.this if isinstance(scores, nodes.IfKnown) else scores
    if model.task == "regression" or isinstance(inner, exp.Array):
        return _struct_of(model, scores)
    return _given_scores(model, scores)


def _given_scores(model: ModelVersion, scores: exp.Expr) -> exp.Expr:
    """The answer from a list of scores that is computed once."""
    if model.task == "regression":
        return answer(model, scores)
    return _let("s", scores, _struct_of(model, exp.column("s")))


def _struct_of(model: ModelVersion, scores: exp.Expr) -> exp.Expr:
    if model.task == "regression":
        return answer(model, scores)
    return _struct({"label": answer(model, scores), "probs": probability_map(model, scores)})


def _struct(fields: dict[str, exp.Expr]) -> exp.Expr:
    pairs = fields.items()
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(n, quoted=True), expression=v) for n, v in pairs]
    )
