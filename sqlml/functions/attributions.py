"""From contributions to answers: the call of the explainer, and attributions by feature as plain SQL."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import NotSupported
from sqlml.explanations import EXACT_FORMATS, no_explanation, of_parts
from sqlml.features import inputs_of
from sqlml.functions.base import Context
from sqlml.types import ModelVersion

# Where the UDF puts what; the contributions of the inputs follow.
_BASELINE, _PREDICTION, _FIRST = 1, 2, 3

# What is left of 1e-9 of the prediction is rounding.
_ROUNDING = "1e-9"


def explainable(model: ModelVersion, context: Context) -> None:
    """Refuse a model without exact attributions, and SQL that is kept and would explain another version than it scores.

    Raises NotSupported.
    """
    if model.format == "partitioned":
        raise of_parts("attributions")
    if model.format not in EXACT_FORMATS:
        raise no_explanation(model.model_type)
    if context.is_stored and not model.is_pinned:
        raise NotSupported(
            "A view or macro explains the predictions of one version only.",
            hint=f"Name it: MODEL {model.short_name} VERSION {model.version}, or '{model.short_name}@{model.version}'.",
        )


def explain_call(model: ModelVersion, inputs: exp.Expr, position: exp.Expr, context: Context) -> exp.Expr:
    """`sqlml_explain('<sha256>', {inputs}, position)`: DOUBLE[]."""
    context.scored_by("kernel", model)
    name = "sqlml_explain_unfolded" if context.unfolded else "sqlml_explain"
    return exp.Anonymous(this=name, expressions=[exp.Literal.string(model.sha256), inputs, position])


def attribution_list(model: ModelVersion, found: exp.Expr, top: int) -> exp.Expr:
    """The `top` features with the largest contributions, as a list of {feature, attribution}."""
    ranked = []
    for position, (name, value) in enumerate(_by_feature(model, found)):
        size = exp.Neg(this=exp.Anonymous(this="abs", expressions=[value.copy()]))
        values = (size, exp.Literal.number(position), exp.Literal.string(name), value)
        ranked.append(_struct(dict(zip(("size", "position", "feature", "attribution"), values, strict=True))))
    # Structs sort by their first field, equals by the order of the features.
    ordered = exp.Anonymous(this="list_sort", expressions=[exp.Array(expressions=ranked)])
    first = exp.Anonymous(
        this="list_slice", expressions=[ordered, exp.Literal.number(1), exp.Literal.number(min(top, len(ranked)))]
    )
    one = exp.column("sqlml_one")
    kept = _struct({name: exp.func("struct_extract", one.copy(), exp.Literal.string(name)) for name in _PAIR})
    each = exp.Lambda(this=kept, expressions=[exp.to_identifier("sqlml_one")])
    return exp.Anonymous(this="list_transform", expressions=[first, each])


_PAIR = ("feature", "attribution")


def baseline(found: exp.Expr) -> exp.Expr:
    """The prediction for no row in particular."""
    return _extract(found, _BASELINE)


def prediction(found: exp.Expr) -> exp.Expr:
    """The prediction before the link function."""
    return _extract(found, _PREDICTION)


def approximation_error(found: exp.Expr) -> exp.Expr:
    """By how much baseline and attributions miss the prediction, beyond rounding."""
    parts = exp.Anonymous(
        this="list_slice", expressions=[found.copy(), exp.Literal.number(_FIRST), exp.Neg(this=exp.Literal.number(1))]
    )
    whole = exp.Add(this=baseline(found), expression=exp.Anonymous(this="list_sum", expressions=[parts]))
    missed = exp.Anonymous(this="abs", expressions=[exp.Sub(this=prediction(found), expression=exp.paren(whole))])
    scale = exp.Anonymous(
        this="greatest",
        expressions=[_double("1"), exp.Anonymous(this="abs", expressions=[prediction(found)])],
    )
    is_rounding = exp.LTE(this=missed.copy(), expression=exp.Mul(this=_double(_ROUNDING), expression=scale))
    return exp.Case(ifs=[exp.If(this=is_rounding, true=_double("0"))], default=missed)


def _by_feature(model: ModelVersion, found: exp.Expr) -> list[tuple[str, exp.Expr]]:
    """Each feature with its contribution: those of the parts of a date or timestamp together."""
    values: list[tuple[str, exp.Expr]] = []
    at = _FIRST
    for feature in model.features:
        width = len(inputs_of(feature))
        value = _extract(found, at)
        if width > 1:
            ends = [exp.Literal.number(at), exp.Literal.number(at + width - 1)]
            parts = exp.Anonymous(this="list_slice", expressions=[found.copy(), *ends])
            value = exp.Anonymous(this="list_sum", expressions=[parts])
        values.append((feature.name, value))
        at += width
    return values


def _extract(found: exp.Expr, position: int) -> exp.Expr:
    return exp.Anonymous(this="list_extract", expressions=[found.copy(), exp.Literal.number(position)])


def _struct(fields: dict[str, exp.Expr]) -> exp.Expr:
    return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(k), expression=v) for k, v in fields.items()])


def _double(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), exp.DataType.build("DOUBLE", dialect="duckdb"))
