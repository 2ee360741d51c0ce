"""`data_split_col`: the column that says which rows are held out for evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.features import family_of
from sqlml.options import CommonOptions
from sqlml.types import Column


def split_column(common: CommonOptions, by_name: Mapping[str, Column], label: Column) -> Column | None:
    """The column of the query that rows are held out by; None where none is named.

    Raises InvalidOption and NotFound.
    """
    method, name = common.data_split_method, common.data_split_col
    if method not in ("CUSTOM", "SEQ"):
        if name:
            raise InvalidOption(
                f"data_split_col needs data_split_method 'CUSTOM' or 'SEQ', not '{method}'.", hint="Set both."
            )
        return None
    if not name:
        raise InvalidOption(f"data_split_method '{method}' needs data_split_col.", hint="Name the column to split by.")
    column = by_name.get(name.casefold())
    if column is None:
        known = f"Its columns are: {', '.join(c.name for c in by_name.values())}."
        raise NotFound(
            f'The training query has no column "{name}" to split by.',
            hint=nearest_hint(name, by_name, otherwise=known),
        )
    if column == label:
        raise InvalidOption("The label cannot be the column to split by.", hint="Name another column.")
    if method == "CUSTOM" and column.type != "BOOLEAN":
        raise InvalidOption(
            f"data_split_method 'CUSTOM' needs a BOOLEAN column; \"{name}\" is {column.type}.",
            hint="TRUE or NULL rows are held out, FALSE rows train.",
        )
    has_order = family_of(column.type) not in (None, "interval", "null") and column.type != "BIGNUM"
    if method == "SEQ" and not has_order:
        raise InvalidOption(
            f"data_split_method 'SEQ' needs a column with an order; \"{name}\" is {column.type}.",
            hint="Name a column of numbers, dates, timestamps or text.",
        )
    return column
