"""`OPTIONS (partition_by=['store'])`: the columns for each value of which a model of its own is trained."""

from __future__ import annotations

from typing import Any

from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.features import key_of
from sqlml.options import CommonOptions, WarmStartOptions
from sqlml.types import Column, Feature


def partition_keys(options: Any, columns: list[Column], common: CommonOptions) -> tuple[Feature, ...]:
    """The features that partition_by names, in its order.

    Raises NotFound for an unknown column, InvalidOption for one that is the label, splits the rows, is named twice or
    has a type without clear values, for a warm start and for a global explanation.
    """
    by_name = {c.name.casefold(): c for c in columns}
    taken = {n.casefold() for n in (*common.input_label_cols, common.data_split_col)}
    keys: dict[str, Feature] = {}
    for name in common.partition_by:
        column = by_name.get(name.casefold())
        if column is None:
            known = f"Its columns are: {', '.join(c.name for c in columns)}."
            raise NotFound(
                f'The training query has no column "{name}" to partition by.',
                hint=nearest_hint(name, by_name, otherwise=known),
            )
        if name.casefold() in taken:
            raise InvalidOption(
                f'The column "{column.name}" cannot be partitioned by: it is the label, splits the rows or is named '
                "twice.",
                hint="Name another.",
            )
        key = key_of(column)
        if key is None:
            raise InvalidOption(
                f'"{column.name}" is {column.type}, which cannot be partitioned by.',
                hint="partition_by takes text, whole numbers, booleans and dates: cast it in the training query.",
            )
        taken.add(name.casefold())
        keys[name.casefold()] = key
    if keys and isinstance(options, WarmStartOptions) and options.warm_start:
        raise InvalidOption("warm_start and partition_by exclude each other.", hint="Leave one of them out.")
    if keys and common.enable_global_explain:
        raise InvalidOption("enable_global_explain and partition_by exclude each other.", hint="Leave one of them out.")
    return tuple(keys.values())
