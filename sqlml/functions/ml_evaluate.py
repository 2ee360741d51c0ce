"""`ML.EVALUATE(MODEL m [, TABLE t | (query)] [, STRUCT(0.5 AS threshold)])`: how good a model is."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import NotFound
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.labelled import held_out_only, labelled_rows
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
            held_out_only(model, "ML.EVALUATE", context)
            return _constants(COLUMNS[model.task], context.metrics(model))
        rows = labelled_rows(call, context, model, query)
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
