"""A result as a notebook shows it: its next rows, and the chart of `SELECT * FROM ML.ROC_CURVE(MODEL m)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.chart_data import chart_data, has_chart
from sqlml.notebook.charts import chart_html
from sqlml.notebook.html import markdown_table, note, rows_table, tag

_ROWS, _OF_CHARTS = 20, 1000
_KEPT_BACK = "The rows are not shown: they could not be fetched afterwards."


@dataclass(frozen=True)
class Shown:
    """The columns and next rows of a result, None where they cannot be looked at; or only a note."""

    description: Sequence[Sequence[Any]]
    rows: Sequence[Sequence[Any]] | None
    has_more: bool = False
    note: str | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [str(column[0]) for column in self.description]

    @property
    def summary(self) -> str:
        """How many rows there are, as far as that is known."""
        if self.rows is None:
            return _KEPT_BACK
        count = len(self.rows)
        shown = min(count, _ROWS)
        if self.has_more:
            return f"The next {shown:,} rows; there are more."
        words = f"{count:,} row{'' if count == 1 else 's'}"
        return words if shown == count else f"{words}, {shown} shown"


def wanted_rows(columns: Sequence[str]) -> int:
    """How many rows are to be looked at: a chart needs all of them."""
    return _OF_CHARTS if has_chart(columns) else _ROWS


def html_of(shown: Shown) -> str:
    """A table, with the chart of such a result above it."""
    if shown.note is not None:
        return note(shown.note)
    rows = shown.rows or ()
    chart = None if shown.has_more else chart_data(shown.columns, rows)
    drawn = chart_html(chart) if chart is not None else ""
    table = tag("div", rows_table(shown.description, rows[:_ROWS]), css="overflow-x:auto")
    return tag("div", drawn, table, note(shown.summary))


def markdown_of(shown: Shown) -> str:
    """The same as markdown, without the chart."""
    if shown.note is not None:
        return shown.note + "\n"
    heads = [f"{column[0]} ({column[1]})" for column in shown.description]
    return f"{markdown_table(heads, (shown.rows or ())[:_ROWS])}\n{shown.summary}\n"
