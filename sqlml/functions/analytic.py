"""Functions of a value and of all rows: `ML.STANDARD_SCALER(x) OVER ()`.

Each is written once, as SQL over a value and over statistics of all rows. Alone, the statistics are window
aggregates; in a TRANSFORM clause they are learned from the training rows and stand there as constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.functions.base import Context, Preprocessing
from sqlml.templates import fill
from sqlml.transform import is_learned

# In a template of statistics, what is aggregated over all rows.
_OVER_ALL = "sqlml_over_all"


class Analytic(Preprocessing):
    """A function that is written with `OVER ()`.

    A subclass writes `scalar` with `learn`.
    """

    is_analytic: ClassVar[bool] = True

    def learn(self, sql: str, values: Mapping[str, exp.Expr], context: Context) -> exp.Expr:
        """A statistic of all rows; in its SQL each aggregate stands in `sqlml_over_all(...)`.

        Raises InvalidOption where a value is itself of all rows: windows do not nest.
        """
        for value in values.values():
            if value.find(exp.Window) is not None or any(is_learned(m) for m in value.find_all(exp.Placeholder)):
                raise InvalidOption(
                    f"{self.name} takes a value of its own row, not another function with OVER.",
                    hint="Work that out first: in a subquery, or in the query of the model.",
                )
        return context.statistic(fill(sql, values))


def over_all_rows(statistic: exp.Expr) -> exp.Expr:
    """The statistic where rows are: each aggregate with `OVER ()`."""
    return _with_aggregates(statistic, lambda aggregate: exp.Window(this=aggregate, over="OVER"))


def of_all_rows(statistic: exp.Expr) -> exp.Expr:
    """The statistic as a plain aggregate."""
    return _with_aggregates(statistic, lambda aggregate: aggregate)


def _with_aggregates(statistic: exp.Expr, write: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    holder = exp.Paren(this=statistic.copy())
    for call in list(holder.find_all(exp.Anonymous)):
        if call.name == _OVER_ALL:
            call.replace(write(call.expressions[0]))
    written: exp.Expr = holder.this.pop()
    return written
