"""From scores to answers: the call of the scorer, and predicted value, label and probabilities as plain SQL."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.features import interface
from sqlml.functions.base import Context
from sqlml.metrics import predicted_position
from sqlml.sql_form.base import inputs_of, is_repeatable
from sqlml.types import ModelVersion


def score_call(model: ModelVersion, inputs: exp.Expr, context: Context) -> exp.Expr:
    """DOUBLE[]: the model as plain SQL where that is cheapest, else `sqlml_predict('<sha256>', {inputs})`.

    SQL that is kept calls the model's macro instead, which is replaced with each version.
    """
    values = inputs.this if isinstance(inputs, nodes.ReplayedInputs) else inputs
    is_packed = bool(inputs.args.get("is_packed"))
    if context.is_stored:
        context.scored_by("macro", model)
        raw = inputs.args["raw"] if isinstance(inputs, nodes.ReplayedInputs) else inputs
        return kept_call(model, raw, context.catalog)
    form = context.sql_form(model) if isinstance(values, exp.Struct) and not is_packed else None
    if form is not None and form.pays and is_repeatable(values):
        context.scored_by("sql", model)
        return form.scores(inputs_of(values))
    context.scored_by("kernel", model)
    name = "sqlml_predict_unfolded" if context.unfolded else "sqlml_predict"
    return scorer(name, model.sha256, inputs, is_python=model.is_registered)


def scorer(name: str, sha256: str, inputs: exp.Expr, *, is_python: bool = False) -> exp.Expr:
    """The call of the UDF; the user's own Python is told for whom it runs, so that it can be stopped."""
    connection = [exp.Anonymous(this="current_connection_id")] if is_python else []
    return exp.Anonymous(this=name, expressions=[exp.Literal.string(sha256), inputs, *connection])


def kept_call(model: ModelVersion, inputs: exp.Expr, current_catalog: str) -> exp.Expr:
    """The call of the model's macro of scores: of the version or alias that the statement names, else the default."""
    suffix = f"@{model.version}" if model.is_pinned else f"@{model.alias.lower()}" if model.alias else ""
    name = f"{model.macro_name}{suffix}#{interface(model)}"
    call = exp.Anonymous(this=exp.to_identifier(name, quoted=True), expressions=[inputs])
    schema: exp.Expr = exp.to_identifier("sqlml_models")
    if model.catalog != current_catalog:
        schema = exp.Dot(this=exp.to_identifier(model.catalog, quoted=True), expression=schema)
    return exp.Dot(this=schema, expression=call)


def answer(model: ModelVersion, score: exp.Expr, threshold: float = 0.5) -> exp.Expr:
    """The predicted number, or the predicted label in the label's own type."""
    if isinstance(score, nodes.IfKnown):
        # A number is NULL by itself.
        found = answer(model, score.this, threshold)
        return found if model.task == "regression" else _if_known(score, found)
    if model.task == "regression":
        return element(score, 1)
    if isinstance(score, nodes.Softmax):
        # The margins are in the order of the probabilities.
        score = exp.Array(expressions=score.expressions)
    position = predicted_position(score, len(model.classes), threshold)
    return if_answered(model, score, _extract(class_list(model), position))


def class_list(model: ModelVersion) -> exp.Expr:
    """`CAST(['no', 'yes'] AS label_type[])`."""
    texts = exp.Array(expressions=[exp.Literal.string(c) for c in model.classes])
    return exp.cast(texts, exp.DataType.build(f"{model.label_type}[]", dialect="duckdb"))


def probability_map(model: ModelVersion, score: exp.Expr) -> exp.Expr:
    """`map(labels, probabilities)`."""
    if isinstance(score, nodes.IfKnown):
        return _if_known(score, probability_map(model, score.this))
    found = exp.Anonymous(this="map", expressions=[class_list(model), score])
    return if_answered(model, score, found)


def if_answered(model: ModelVersion, score: exp.Expr, value: exp.Expr) -> exp.Expr:
    """The value; NULL where the row has no answer: of a partitioned model where its key has no model.

    Scores that are written out are under an IfKnown.
    """
    if model.answers_all or isinstance(score, exp.Array | nodes.Softmax):
        return value
    unanswered = exp.Is(this=score.copy(), expression=exp.null())
    return exp.Case(ifs=[exp.If(this=unanswered, true=exp.null())], default=value)


def _if_known(score: nodes.IfKnown, value: exp.Expr) -> exp.Expr:
    return nodes.IfKnown(this=value, known=score.args["known"].copy())


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


def element(score: exp.Expr, position: int) -> exp.Expr:
    """One of the scores, from 1."""
    if isinstance(score, nodes.IfKnown):
        return element(score.this, position)
    if isinstance(score, exp.Array):
        found: exp.Expr = score.expressions[position - 1].copy()
        return found
    return _extract(score, exp.Literal.number(position))


def _extract(value: exp.Expr, position: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="list_extract", expressions=[value, position])
