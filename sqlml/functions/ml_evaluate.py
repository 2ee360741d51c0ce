"""`ML.EVALUATE(MODEL m [, TABLE t | (query)] [, STRUCT(0.5 AS threshold)])`: how good a model is."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import NotFound, WrongType, nearest_hint
from sqlml.features import family_of, known_label
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.binding import bind_columns, input_struct
from sqlml.functions.calls import model_argument
from sqlml.functions.scores import score_call
from sqlml.functions.table_input import data_query, settings, threshold_of
from sqlml.metrics import COLUMNS, evaluation


class MlEvaluate(Function):
    """One row of metrics: of the rows held out at training, or of the rows given.

        SELECT * FROM ML.EVALUATE(MODEL churn);
        SELECT * FROM ML.EVALUATE(MODEL churn, TABLE customers_2024, STRUCT(0.3 AS threshold));

    Becomes the stored metrics as constants, or aggregates over (label, sqlml_predict('<sha256>', {...})).
    Classification: precision, recall, accuracy, f1_score, log_loss, roc_auc. Regression: mean_absolute_error,
    mean_squared_error, mean_squared_log_error, median_absolute_error, r2_score, explained_variance.
    Source: BigQuery ML, ML.EVALUATE.
    """

    name = "ml_evaluate"
    signature = "ML.EVALUATE(MODEL m [, TABLE t | (query)] [, STRUCT(0.5 AS threshold)])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """One row of metrics."""
        model = context.model(model_argument(call))
        query = data_query(call)
        options = settings(call, ("threshold",))
        threshold = threshold_of(model, options.get("threshold"), context)
        if query is None:
            if "threshold" in options:
                raise NotFound(
                    "A threshold needs rows to evaluate: the stored metrics are those at 0.5.",
                    hint=f"Write ML.EVALUATE(MODEL {model.short_name}, TABLE t, STRUCT(...)).",
                )
            return _constants(COLUMNS[model.task], context.metrics(model))
        columns = context.columns(query, call.node)
        by_name = {c.name.casefold(): c for c in columns}
        label = by_name.get(model.label.casefold())
        if label is None:
            raise NotFound(
                f'The input has no column "{model.label}", the label of model "{model.short_name}".',
                hint=nearest_hint(model.label, by_name, otherwise="Evaluate on rows whose outcome is known."),
            )
        if model.task == "regression" and family_of(label.type) != "numeric":
            raise WrongType(
                f'The label "{label.name}" is {label.type}; model "{model.short_name}" predicts a number.',
                hint=f'Cast it: CAST("{label.name}" AS DOUBLE).',
            )
        bound = bind_columns(model, columns, "rows_in", "the input")
        value = exp.column(label.name, table="rows_in", quoted=True)
        kept = exp.DataType.build("DOUBLE" if model.task == "regression" else model.label_type, dialect="duckdb")
        rows = exp.select(
            exp.alias_(exp.cast(known_label(value, label.type), kept), "label"),
            exp.alias_(score_call(model, input_struct(model, bound), context), "score"),
        ).from_(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("rows_in"))))
        return evaluation(model.task, model.classes, rows, threshold=threshold)


def _constants(columns: tuple[str, ...], metrics: object) -> exp.Query:
    values = dict(metrics)  # type: ignore[call-overload]
    double = exp.DataType.build("DOUBLE", dialect="duckdb")
    return exp.select(
        *(
            exp.alias_(
                exp.cast(exp.null() if values.get(c) is None else exp.Literal.string(repr(values[c])), double),
                c,
            )
            for c in columns
        )
    )
