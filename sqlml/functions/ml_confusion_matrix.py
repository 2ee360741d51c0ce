"""`ML.CONFUSION_MATRIX(MODEL m [, TABLE t | (query)])`: which classes are taken for which."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import NotFound
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.labelled import classifier_only, held_out_only, labelled_rows
from sqlml.functions.stored import stored_rows
from sqlml.functions.table_input import data_query, settings, threshold_of
from sqlml.metrics import confusion
from sqlml.types import ModelVersion

_STORED = """
SELECT expected AS y, predicted AS p, n FROM sqlml.confusion WHERE model_id = $model_id AND version = $version
"""


class MlConfusionMatrix(Function):
    """One row an expected label, one BIGINT column a predicted label; of the rows held out, or of the rows given.

        SELECT * FROM ML.CONFUSION_MATRIX(MODEL churn);
        SELECT * FROM ML.CONFUSION_MATRIX(MODEL churn, TABLE customers_2024, STRUCT(0.3 AS threshold));

    Becomes one sum a class over the counts of (label, predicted label). Source: BigQuery ML, ML.CONFUSION_MATRIX; the
    columns are named by the labels themselves.
    """

    name = "ml_confusion_matrix"
    signature = "ML.CONFUSION_MATRIX(MODEL m [, TABLE t | (query)] [, STRUCT(0.5 AS threshold)])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The matrix."""
        model = context.model(model_argument(call))
        classifier_only(model, "ML.CONFUSION_MATRIX")
        query = data_query(call)
        options = settings(call, ("threshold",))
        threshold = threshold_of(model, options.get("threshold"), context)
        if query is not None:
            rows = labelled_rows(call, context, model, query)
            return _matrix(model, confusion(model.classes, rows, threshold=threshold))
        if "threshold" in options:
            raise NotFound("A threshold needs rows.", hint="Write ML.CONFUSION_MATRIX(MODEL m, TABLE t, STRUCT(...)).")
        held_out_only(model, "ML.CONFUSION_MATRIX", context)
        return _matrix(model, stored_rows(model, _STORED))


def _matrix(model: ModelVersion, pairs: exp.Query) -> exp.Query:
    own = exp.DataType.build(model.label_type, dialect="duckdb")
    bigint = exp.DataType.build("BIGINT", dialect="duckdb")
    cells = [
        exp.alias_(
            exp.cast(
                exp.func(
                    "coalesce",
                    exp.Filter(
                        this=exp.func("sum", exp.column("n")),
                        expression=exp.Where(this=exp.column("p").eq(exp.Literal.string(c))),
                    ),
                    exp.Literal.number(0),
                ),
                bigint,
            ),
            c,
            quoted=True,
        )
        for c in model.classes
    ]
    expected = exp.alias_(exp.cast(exp.column("y"), own), "expected_label")
    counted = exp.select(expected, *cells).from_(pairs.subquery("pairs")).group_by("y")
    return exp.select("*").from_(counted.subquery("matrix")).order_by("expected_label")
