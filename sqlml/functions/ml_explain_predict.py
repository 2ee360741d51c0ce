"""`ML.EXPLAIN_PREDICT(MODEL m, TABLE t, STRUCT(3 AS top_k_features))`: why a model predicts what it predicts."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlml.errors import AlreadyExists, InvalidOption
from sqlml.features import unused_name
from sqlml.functions.attributions import (
    approximation_error,
    attribution_list,
    baseline,
    explain_call,
    explainable,
    prediction,
)
from sqlml.functions.base import Call, Context, Function, known_only
from sqlml.functions.binding import bind_columns, input_struct
from sqlml.functions.calls import model_argument, scalar_inputs
from sqlml.functions.provenance import provenance_columns, wants_provenance
from sqlml.functions.scores import answer, score_call
from sqlml.functions.table_input import data_query, settings, threshold_of
from sqlml.metrics import predicted_position
from sqlml.types import ModelVersion

_SETTINGS = ("top_k_features", "threshold", "integrated_gradients_num_steps", "approx_feature_contrib")
_TABLE_SETTINGS = (*_SETTINGS, "provenance")
_TOP = 5


class MlExplainPredict(Function):
    """What each feature adds to a prediction: baseline and attributions sum up to the prediction, exactly.

        SELECT * FROM ML.EXPLAIN_PREDICT(MODEL churn, TABLE customers, STRUCT(3 AS top_k_features));
        SELECT id, ml_explain_predict('churn', c).top_feature_attributions FROM customers AS c;

    Columns: predicted_<label>, probability (of a classification, that of the predicted label),
    top_feature_attributions (a list of {feature, attribution}, the largest first, 5 by default),
    baseline_prediction_value, prediction_value, approximation_error, and the input's columns; the scalar form gives
    them as a STRUCT. Values are those before the link function: the logit of the later of two classes, that of the
    predicted one of more. Of linear models an attribution is weight x (value - training mean), of trees the Shapley
    value by TreeSHAP; the parts of a date count for the date. Both are exact, so the settings
    integrated_gradients_num_steps and approx_feature_contrib change nothing.

    Becomes list_extract and list_sum over sqlml_explain('<sha256>', {...}, position of the class).
    Source: BigQuery ML, ML.EXPLAIN_PREDICT; Lundberg et al., Consistent Individualized Feature Attribution for Tree
    Ensembles, 2018.
    """

    name = "ml_explain_predict"
    signature = "ML.EXPLAIN_PREDICT(MODEL m, TABLE t | (query) [, STRUCT(5 AS top_k_features, 0.5 AS threshold)])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """One struct a row."""
        model, inputs, options = scalar_inputs(call, context, _SETTINGS)
        known_only(options, _SETTINGS, self.name)
        explainable(model, context)
        top, threshold = _read(model, options, context)
        scores, found = exp.column("sqlml_scores"), exp.column("sqlml_found")
        answers = exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value)
                for name, value in _answers(model, scores, found, top, threshold).items()
            ]
        )
        # The inputs once: what is random in them must be the same for score and explanation.
        given = exp.column("sqlml_inputs")
        explained = explain_call(model, given.copy(), _position(model, scores, threshold), context)
        scored = _let("sqlml_scores", score_call(model, given, context), _let("sqlml_found", explained, answers))
        return _let("sqlml_inputs", inputs, scored)

    def table(self, call: Call, context: Context) -> exp.Query:
        """The input's rows with their explanations."""
        model = context.model(model_argument(call))
        query = data_query(call)
        if query is None:
            raise InvalidOption(f"{self.name} needs rows.", hint="Write ML.EXPLAIN_PREDICT(MODEL m, TABLE t).")
        options = settings(call, _TABLE_SETTINGS)
        explainable(model, context)
        top, threshold = _read(model, options, context)
        columns = context.columns(query, call.node)
        taken = {c.name.casefold() for c in columns}
        hidden = [unused_name(name, taken) for name in ("sqlml_scores", "sqlml_found")]
        scores, found = (exp.column(name, table="rows_explained") for name in hidden)
        answers = _answers(model, scores, found, top, threshold)
        bound = bind_columns(model, columns, "rows_in", "the input")
        if wants_provenance(options, context):
            answers |= provenance_columns(model, tuple(columns), "rows_explained", context)
        repeated = [name for name in answers if name.casefold() in taken]
        if repeated:
            raise AlreadyExists(
                f'The input has a column "{repeated[0]}" already.',
                hint=f"Leave it out: SELECT * EXCLUDE ({repeated[0]}).",
            )
        scored = exp.select(
            _all("rows_in"), exp.alias_(score_call(model, input_struct(model, bound), context), hidden[0])
        )
        scored = scored.from_(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("rows_in"))))
        again = input_struct(model, bind_columns(model, columns, "rows_scored", "the input"))
        position = _position(model, exp.column(hidden[0], table="rows_scored"), threshold)
        explained = exp.select(
            _all("rows_scored"), exp.alias_(explain_call(model, again, position, context), hidden[1])
        ).from_(scored.subquery("rows_scored"))
        kept = exp.Star(except_=[exp.to_identifier(name) for name in hidden])
        return exp.select(
            *(exp.alias_(value, name, quoted=True) for name, value in answers.items()),
            exp.Column(this=kept, table=exp.to_identifier("rows_explained")),
        ).from_(explained.subquery("rows_explained"))


def _answers(model: ModelVersion, scores: exp.Expr, found: exp.Expr, top: int, threshold: float) -> dict[str, exp.Expr]:
    answers = {f"predicted_{model.label}": answer(model, scores.copy(), threshold)}
    if model.task == "classification":
        chosen = predicted_position(scores, len(model.classes), threshold)
        answers["probability"] = exp.Anonymous(this="list_extract", expressions=[scores.copy(), chosen])
    return {
        **answers,
        "top_feature_attributions": attribution_list(model, found, top),
        "baseline_prediction_value": baseline(found),
        "prediction_value": prediction(found),
        "approximation_error": approximation_error(found),
    }


def _position(model: ModelVersion, scores: exp.Expr, threshold: float) -> exp.Expr:
    """Which output is explained: that of the predicted class, where there is one for each class."""
    if len(model.classes) > 2:
        return predicted_position(scores, len(model.classes), threshold)
    return exp.Literal.number(1)


def _read(model: ModelVersion, options: Mapping[str, exp.Expr], context: Context) -> tuple[int, float]:
    """The settings that count: how many features, and the threshold; the others are checked."""
    top = _whole("top_k_features", options, context, _TOP)
    _whole("integrated_gradients_num_steps", options, context, 15)
    approximate = context.value(options["approx_feature_contrib"]) if "approx_feature_contrib" in options else False
    if not isinstance(approximate, bool):
        raise InvalidOption(f"approx_feature_contrib is {approximate!r}.", hint="It is TRUE or FALSE.")
    return top, threshold_of(model, options.get("threshold"), context)


def _whole(name: str, options: Mapping[str, exp.Expr], context: Context, default: int) -> int:
    value = context.value(options[name]) if name in options else default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidOption(f"{name} is {value!r}.", hint="It is a whole number from 1.")
    return value


def _all(alias: str) -> exp.Expr:
    return exp.Column(this=exp.Star(), table=exp.to_identifier(alias))


def _let(name: str, value: exp.Expr, body: exp.Expr) -> exp.Expr:
    """The body, in which a name stands for a value that is computed once."""
    once = exp.Lambda(this=body, expressions=[exp.to_identifier(name)])
    made = exp.Anonymous(this="list_transform", expressions=[exp.Array(expressions=[value]), once])
    return exp.Anonymous(this="list_extract", expressions=[made, exp.Literal.number(1)])
