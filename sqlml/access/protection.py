"""What of a table is hidden: columns that were not granted, rows that a filter drops, columns that a mask changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlml.access.names import fold
from sqlml.access.tags import is_met, tags_of
from sqlml.access.values import Access, Applied, Policy, Securable
from sqlml.errors import PermissionDenied
from sqlml.types import Column


@dataclass(frozen=True)
class Protection:
    """The columns that may be read, folded (None: all), the filters, and the masks by folded column."""

    columns: frozenset[str] | None
    filters: tuple[Applied, ...]
    masks: Mapping[str, Applied]


def protection_of(
    access: Access,
    table: Securable,
    columns: Sequence[Column],
    held: frozenset[str] | None,
    roles: frozenset[str],
    *,
    is_view: bool = False,
) -> Protection | None:
    """What hides a table from a caller with these roles; None where nothing does.

    Filters and masks hold for everyone, the table's owner too: their functions say for whom they do nothing.
    Raises PermissionDenied where two masks claim a column or two policies the rows.
    """
    filters = [access.row_filters[table]] if table in access.row_filters else []
    masks: dict[str, Applied] = {}
    for column in columns:
        on = _column(table, column.name)
        if on in access.column_masks:
            masks[on.column] = access.column_masks[on]
    # Policies are for tables: what a view shows of them is hidden below it.
    for policy in () if is_view else access.policies:
        if _is_about(access, policy, table, roles):
            _apply(access, policy, table, columns, filters, masks)
    if held is None and not filters and not masks:
        return None
    return Protection(held, tuple(filters), masks)


def _is_about(access: Access, policy: Policy, table: Securable, roles: frozenset[str]) -> bool:
    if policy.on not in (table, *table.parents()):
        return False
    if not set(policy.principals) & roles or set(policy.except_principals) & roles:
        return False
    return policy.condition is None or is_met(policy.condition, tags_of(access, table))


def _apply(
    access: Access,
    policy: Policy,
    table: Securable,
    columns: Sequence[Column],
    filters: list[Applied],
    masks: dict[str, Applied],
) -> None:
    """Add what a policy hides; it says nothing of a table that has not all the columns it matches."""
    matched: dict[str, list[str]] = {}
    for alias, condition in policy.matches:
        found = [c.name for c in columns if is_met(condition, access.tags.get(_column(table, c.name), {}))]
        if not found:
            return
        matched[alias] = found
    if policy.on_column is None:
        arguments = _arguments(policy, table, matched)
        filters.append(Applied(policy.function_schema, policy.function, arguments, policy.set_by))
        return
    for column in matched[policy.on_column]:
        if fold(column) in masks:
            raise PermissionDenied(
                f'The column "{column}" of {table} has more than one mask.',
                hint=f"One of them is policy {policy.name}: its owner has to drop one.",
            )
        arguments = (column, *_arguments(policy, table, matched))
        masks[fold(column)] = Applied(policy.function_schema, policy.function, arguments, policy.set_by)


def _column(table: Securable, name: str) -> Securable:
    return Securable("COLUMN", table.schema, table.name, fold(name))


def _arguments(policy: Policy, table: Securable, matched: Mapping[str, list[str]]) -> tuple[str, ...]:
    """What the function is called with: each alias has to mean one column, or it is not known what to hide by."""
    found = []
    for argument in policy.arguments:
        columns = matched.get(fold(argument), [argument])
        if len(columns) > 1:
            raise PermissionDenied(
                f"The policy {policy.name} matches more than one column of {table}.",
                hint="Tag one column of the table.",
            )
        found.append(columns[0])
    return tuple(found)
