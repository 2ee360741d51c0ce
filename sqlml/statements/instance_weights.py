"""`OPTIONS (instance_weight_col='w')`: the column of the training query that says how much a row counts."""

from __future__ import annotations

from typing import Any

from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.features import family_of
from sqlml.options import CommonOptions, InstanceWeightOptions
from sqlml.types import Column


def weight_column(options: Any, columns: list[Column], common: CommonOptions) -> Column | None:
    """The column that instance_weight_col names, or None where it names none.

    Raises NotFound for an unknown column, InvalidOption for one that is the label, splits the rows or is no number.
    """
    name = options.instance_weight_col if isinstance(options, InstanceWeightOptions) else ""
    if not name:
        return None
    by_name = {c.name.casefold(): c for c in columns}
    found = by_name.get(name.casefold())
    if found is None:
        known = f"Its columns are: {', '.join(c.name for c in columns)}."
        raise NotFound(
            f'The training query has no column "{name}" to weigh rows by.',
            hint=nearest_hint(name, by_name, otherwise=known),
        )
    if name.casefold() in {n.casefold() for n in (*common.input_label_cols, common.data_split_col)}:
        raise InvalidOption(
            f'The column "{name}" is the label or splits the rows; it cannot weigh them too.', hint="Name another."
        )
    if family_of(found.type) != "numeric":
        raise InvalidOption(
            f'instance_weight_col needs a column of numbers; "{name}" is {found.type}.',
            hint="A row of weight 2 counts like two rows.",
        )
    return found
