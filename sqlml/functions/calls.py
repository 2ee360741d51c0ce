"""What the calls of model functions share: which model, and the score of a scalar call."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption, nearest_hint
from sqlml.functions.base import Call, Context, known_only, named_value
from sqlml.functions.binding import bind_arguments, bind_row, input_struct
from sqlml.functions.scores import score_call
from sqlml.types import ModelVersion

_SETTINGS = ("threshold", "label")


def model_argument(call: Call) -> exp.Expr:
    """The argument that names the model: the first, or `model => '...'`."""
    if call.positional:
        return call.positional[0]
    if "model" in call.named:
        return call.named["model"]
    raise InvalidOption(f"{call.name} needs a model.", hint=f"Write {call.name}('model', ...).")


def scalar_inputs(
    call: Call, context: Context, known: tuple[str, ...]
) -> tuple[ModelVersion, exp.Expr, dict[str, exp.Expr]]:
    """Model and inputs of a scalar call, and the named arguments that are settings rather than features."""
    model = context.model(model_argument(call))
    values = call.positional[1:]
    row = bind_row(model, values[0], context, call.node) if len(values) == 1 else None
    features = {f.name.casefold() for f in model.takes}
    # With a row given, named arguments are settings; without one those that no feature has the name of.
    options = {k: v for k, v in call.named.items() if k != "model" and (row or (k in known and k not in features))}
    misspelt = [k for k in call.named if k not in (*options, *features) and nearest_hint(k, known)]
    known_only(dict.fromkeys(misspelt), known, call.name)
    if row is None:
        given = list(call.node.expressions)[1 if call.positional else 0 :]
        arguments = [a for a in given if (named_value(a)[0] or "").casefold() not in (*options, "model")]
        row = bind_arguments(model, arguments, context, call.node)
    return model, input_struct(model, row), options


def scalar_score(call: Call, context: Context) -> tuple[ModelVersion, exp.Expr, dict[str, exp.Expr]]:
    """Model and score of a scalar call, and its settings."""
    model, inputs, options = scalar_inputs(call, context, _SETTINGS)
    return model, score_call(model, inputs, context), options
