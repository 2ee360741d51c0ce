"""`ML.ROC_CURVE(MODEL m [, TABLE t | (query)] [, thresholds])`: hits and false alarms at every threshold."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.labelled import classifier_only, held_out_only, labelled_rows
from sqlml.functions.stored import stored_rows
from sqlml.functions.table_input import data_query, settings
from sqlml.metrics import roc_curve

_STORED = """
SELECT threshold, true_positives / nullif(true_positives + false_negatives, 0)::DOUBLE AS recall,
       false_positives / nullif(false_positives + true_negatives, 0)::DOUBLE AS false_positive_rate,
       true_positives, false_positives, true_negatives, false_negatives
FROM sqlml.roc_curve WHERE model_id = $model_id AND version = $version ORDER BY threshold
"""


class MlRocCurve(Function):
    """How a classification of two classes trades hits against false alarms.

        SELECT * FROM ML.ROC_CURVE(MODEL churn);
        SELECT * FROM ML.ROC_CURVE(MODEL churn, TABLE customers_2024, [0.25, 0.5, 0.75]);

    Columns: threshold, recall, false_positive_rate, true_positives, false_positives, true_negatives, false_negatives.
    Positive is a probability above the threshold. Without thresholds: the percentiles of the probabilities; of the rows
    held out those of at most 100,000 of them, and 0.5.
    Becomes aggregates over (label, sqlml_predict('<sha256>', {...})). Source: BigQuery ML, ML.ROC_CURVE.
    """

    name = "ml_roc_curve"
    signature = "ML.ROC_CURVE(MODEL m [, TABLE t | (query)] [, [0.25, 0.5]])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The curve, one row a threshold."""
        model = context.model(model_argument(call))
        classifier_only(model, "ML.ROC_CURVE")
        if len(model.classes) != 2:
            raise InvalidOption("ML.ROC_CURVE is for two classes.", hint="ML.CONFUSION_MATRIX works with any number.")
        given = _given(call)
        query = data_query(call)
        if query is None:
            if given is not None:
                raise InvalidOption("Thresholds need rows.", hint="Write ML.ROC_CURVE(MODEL m, TABLE t, [...]).")
            held_out_only(model, "ML.ROC_CURVE", context)
            return stored_rows(model, _STORED)
        thresholds = None if given is None else _thresholds(context.value(given))
        return roc_curve(model.classes, labelled_rows(call, context, model, query), thresholds)


def _given(call: Call) -> exp.Expr | None:
    """The thresholds: a third argument, `thresholds => [...]` or STRUCT([...] AS thresholds)."""
    lists = [a for a in call.positional[2:] if not isinstance(a, exp.Struct)]
    others = tuple(a for a in call.positional if a not in lists)
    named = settings(replace(call, positional=others), ("thresholds",)).get("thresholds")
    if len(lists) + (named is not None) > 1:
        raise InvalidOption("ML.ROC_CURVE has more than one list of thresholds.", hint="Keep one.")
    return lists[0] if lists else named


def _thresholds(given: object) -> list[float]:
    is_list = isinstance(given, list) and given
    if not is_list or not all(isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1 for v in given):  # type: ignore[attr-defined]
        raise InvalidOption("Thresholds are a list of numbers from 0 to 1.", hint="Write [0.25, 0.5, 0.75].")
    return [float(v) for v in given]  # type: ignore[attr-defined]
