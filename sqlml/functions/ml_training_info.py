"""`ML.TRAINING_INFO(MODEL m)`: the losses of the training, iteration by iteration."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.stored import stored_rows
from sqlml.functions.table_input import settings, without_rows

_HISTORY = """
SELECT 0::BIGINT AS training_run, t.step::BIGINT AS iteration,
       max(t.value) FILTER (WHERE t.key = 'loss') AS loss,
       max(t.value) FILTER (WHERE t.key = 'eval_loss') AS eval_loss,
       any_value(TRY_CAST(p.value AS DOUBLE)) AS learning_rate,
       max(t.value) FILTER (WHERE t.key = 'duration_ms')::BIGINT AS duration_ms
FROM sqlml.metrics AS t JOIN sqlml.runs AS r ON r.run_id = t.run_id
LEFT JOIN sqlml.params AS p ON p.run_id = r.run_id AND p.key = 'learning_rate'
WHERE r.model_id = $model_id AND r.version = $version AND t.key IN ('loss', 'eval_loss', 'duration_ms')
GROUP BY t.step ORDER BY t.step
"""


class MlTrainingInfo(Function):
    """One row an iteration: the loss of the training rows (of at most 10,000 of them) and of the rows held out.

        SELECT * FROM ML.TRAINING_INFO(MODEL churn);

    Columns: training_run, iteration, loss, eval_loss, learning_rate, duration_ms. A model that is solved in one step
    has no rows.

    Becomes a query over sqlml.metrics. Source: BigQuery ML, ML.TRAINING_INFO.
    """

    name = "ml_training_info"
    signature = "ML.TRAINING_INFO(MODEL m)"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The history."""
        without_rows(call)
        settings(call, ())
        return stored_rows(context.model(model_argument(call)), _HISTORY)
