"""From scores to answers: the call of the scorer, and predicted value, label and probabilities as plain SQL."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.features import interface
from sqlml.functions.base import Context
from sqlml.metrics import predicted_position
from sqlml.types import ModelVersion


def score_call(model: ModelVersion, inputs: exp.Expr, context: Context) -> exp.Expr:
    """`sqlml_predict('<sha256>', {inputs})`: DOUBLE[]. SQL that is kept calls the model's macro instead.

    The macro is replaced with each version, so a view follows the model, unless it names a version.
    """
    if context.is_stored and not model.is_pinned:
        raw = inputs.args["raw"] if isinstance(inputs, nodes.ReplayedInputs) else inputs
        return macro_call(model, raw, context.catalog)
    name = "sqlml_predict_unfolded" if context.unfolded else "sqlml_predict"
    return scorer(name, model.sha256, inputs, is_python=model.is_registered)


def scorer(name: str, sha256: str, inputs: exp.Expr, *, is_python: bool = False) -> exp.Expr:
    """The call of the UDF; the user's own Python is told for whom it runs, so that it can be stopped."""
    connection = [exp.Anonymous(this="current_connection_id")] if is_python else []
    return exp.Anonymous(this=name, expressions=[exp.Literal.string(sha256), inputs, *connection])


def macro_call(model: ModelVersion, inputs: exp.Expr, current_catalog: str) -> exp.Expr:
    """The call of the model's macro."""
    made_for = exp.PropertyEQ(this=exp.to_identifier("interface"), expression=exp.Literal.string(interface(model)))
    name = f"{model.macro_name}@{model.alias.lower()}" if model.alias else model.macro_name
    call = exp.Anonymous(this=exp.to_identifier(name, quoted=True), expressions=[inputs, made_for])
    schema: exp.Expr = exp.to_identifier("sqlml_models")
    if model.catalog != current_catalog:
        schema = exp.Dot(this=exp.to_identifier(model.catalog, quoted=True), expression=schema)
    return exp.Dot(this=schema, expression=call)


def answer(model: ModelVersion, score: exp.Expr, threshold: float = 0.5) -> exp.Expr:
    """The predicted number, or the predicted label in the label's own type."""
    if model.task == "regression":
        return _extract(score, exp.Literal.number(1))
    position = predicted_position(score, len(model.classes), threshold)
    return if_answered(model, score, _extract(class_list(model), position))


def class_list(model: ModelVersion) -> exp.Expr:
    """`CAST(['no', 'yes'] AS label_type[])`."""
    texts = exp.Array(expressions=[exp.Literal.string(c) for c in model.classes])
    return exp.cast(texts, exp.DataType.build(f"{model.label_type}[]", dialect="duckdb"))


def probability_map(model: ModelVersion, score: exp.Expr) -> exp.Expr:
    """`map(labels, probabilities)`."""
    found = exp.Anonymous(this="map", expressions=[class_list(model), score])
    return if_answered(model, score, found)


def if_answered(model: ModelVersion, score: exp.Expr, value: exp.Expr) -> exp.Expr:
    """The value; of a partitioned model NULL where the key of the row has no model."""
    if not model.is_partitioned:
        return value
    unanswered = exp.Is(this=score.copy(), expression=exp.null())
    return exp.Case(ifs=[exp.If(this=unanswered, true=exp.null())], default=value)


def probability_list(model: ModelVersion, score: exp.Expr) -> exp.Expr:
    """BigQuery's list of {label, prob}, the most probable first."""
    pair = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier("label"), expression=_extract(class_list(model), exp.column("i"))),
            exp.PropertyEQ(this=exp.to_identifier("prob"), expression=_extract(score.copy(), exp.column("i"))),
        ]
    )
    order = exp.Anonymous(this="list_grade_up", expressions=[score.copy(), exp.Literal.string("DESC")])
    each = exp.Lambda(this=pair, expressions=[exp.to_identifier("i")])
    return exp.Anonymous(this="list_transform", expressions=[order, each])


def _extract(value: exp.Expr, position: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="list_extract", expressions=[value, position])
