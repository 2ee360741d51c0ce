"""What the calls of model functions share: which model, and the score of a scalar call."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.base import Call, Context
from sqlml.functions.binding import bind_arguments, input_struct
from sqlml.functions.scores import score_call
from sqlml.types import ModelVersion


def model_argument(call: Call) -> exp.Expr:
    """The argument that names the model: the first, or `model => '...'`."""
    if call.positional:
        return call.positional[0]
    if "model" in call.named:
        return call.named["model"]
    raise InvalidOption(f"{call.name} needs a model.", hint=f"Write {call.name}('model', ...).")


def scalar_score(call: Call, context: Context) -> tuple[ModelVersion, exp.Expr, dict[str, exp.Expr]]:
    """Model and score of a scalar call, and the named arguments that are settings rather than features."""
    model = context.model(model_argument(call))
    arguments = list(call.node.expressions)[1:] if call.positional else list(call.node.expressions)
    options: dict[str, exp.Expr] = {}
    if call.positional and len(call.positional) > 1:
        # With a row given, named arguments are settings; without one they are features.
        options = dict(call.named)
        arguments = list(call.positional[1:])
        if options and not all(k in ("threshold", "label") for k in options):
            arguments = list(call.node.expressions)[1:]
            options = {}
    bound = bind_arguments(model, arguments, context, call.node)
    return model, score_call(model, input_struct(model, bound), context), options
