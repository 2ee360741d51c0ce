"""`ML.PARTITION_INFO(MODEL m)`: the models of a partitioned one, one row a key."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.features import KEY
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.stored import stored_rows
from sqlml.functions.table_input import settings

_PARTITIONS = """
SELECT CASE WHEN error IS NULL THEN 'TRAINED' ELSE 'FAILED' END AS status, training_rows, evaluation_rows, error
FROM sqlml.partitions WHERE model_id = $model_id AND version = $version ORDER BY position
"""


class MlPartitionInfo(Function):
    """One row for each value of the columns that a model is partitioned by.

        SELECT * FROM ML.PARTITION_INFO(MODEL demand) WHERE status = 'FAILED';

    Columns: the columns of partition_by in their own types, status (TRAINED or FAILED), training_rows,
    evaluation_rows, error.

    Becomes a query over sqlml.partitions.
    """

    name = "ml_partition_info"
    signature = "ML.PARTITION_INFO(MODEL m)"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The keys."""
        settings(call, ())
        model = context.model(model_argument(call))
        if not model.is_partitioned:
            raise InvalidOption(
                f'Model "{model.short_name}" is not partitioned.',
                hint="CREATE MODEL ... OPTIONS (partition_by=['column']) trains one model a value.",
            )
        query = stored_rows(model, _PARTITIONS)
        keys = [f for f in model.features if f.family == KEY]
        columns = [
            exp.alias_(
                exp.cast(
                    exp.Anonymous(this="list_extract", expressions=[exp.column("key"), exp.Literal.number(i)]),
                    exp.DataType.build(key.type, dialect="duckdb"),
                ),
                key.name,
                quoted=True,
            )
            for i, key in enumerate(keys, 1)
        ]
        query.set("expressions", [*columns, *query.expressions])
        return query
