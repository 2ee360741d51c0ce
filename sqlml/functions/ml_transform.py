"""`ML.TRANSFORM(MODEL m, TABLE t | (query))`: the columns that the TRANSFORM clause of a model makes."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.binding import bind_columns, raw_values
from sqlml.functions.calls import model_argument
from sqlml.functions.table_input import data_query, settings
from sqlml.transform import is_implicit, over, read


class MlTransform(Function):
    """The rows given, as the TRANSFORM clause of a model makes them, with the statistics of its training.

        SELECT * FROM ML.TRANSFORM(MODEL churn, TABLE customers_2025);

    Becomes the expressions of the clause over the input, with the learned statistics as constants:

        SELECT (age - 41.5) / 12.7 AS age, upper(plan) AS plan, churned FROM customers_2025

    The columns of the clause come first, in its order; then those of the input that the clause does not read, the
    label among them. A view keeps the statistics of the version it was made with. Source: BigQuery ML, ML.TRANSFORM.
    """

    name = "ml_transform"
    signature = "ML.TRANSFORM(MODEL m, TABLE t | (query))"
    tasks = ("regression", "classification", "transform")

    def table(self, call: Call, context: Context) -> exp.Query:
        """The transformed rows."""
        model = context.model(model_argument(call))
        query = data_query(call)
        settings(call, ())
        if not model.transform or is_implicit(model):
            raise InvalidOption(
                f'Model "{model.short_name}" has no TRANSFORM clause.',
                hint="Write CREATE MODEL ... TRANSFORM (...) to have one.",
            )
        if query is None:
            raise InvalidOption(f"{self.name} needs rows.", hint="Write ML.TRANSFORM(MODEL m, TABLE t) or (query).")
        columns = context.columns(query, call.node)
        raw = raw_values(model, bind_columns(model, columns, "rows_in", "the input"))
        transform = read(model.transform)
        made = [c for c in transform.columns if c.name not in transform.passed]
        taken = {c.name.casefold() for c in made} | {f.name.casefold() for f in model.raw}
        kept = [c.name for c in columns if c.name.casefold() not in taken]
        return exp.select(
            *(exp.alias_(over(c.tree, raw), c.name, quoted=True) for c in made),
            *(exp.column(name, table="rows_in", quoted=True) for name in kept),
        ).from_(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("rows_in"))))
