"""What of a table is hidden: columns that were not granted, rows that a filter drops, columns that a mask changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    access: Access, table: Securable, columns: Sequence[Column], held: frozenset[str] | None, roles: frozenset[str]
) -> Protection | None:
    """What hides a table from a caller with these roles; None where nothing does.

    Filters and masks hold for everyone, the table's owner too: their functions say for whom they do nothing.
    Raises PermissionDenied where two masks claim a column or two policies the rows.
    """
    filters = [access.row_filters[table]] if table in access.row_filters else []
    masks: dict[str, Applied] = {}
    for column in columns:
        on = Securable("COLUMN", table.schema, table.name, column.name.casefold())
        if on in access.column_masks:
            masks[on.column] = access.column_masks[on]
    for policy in access.policies:
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
    return policy.when_tag is None or any(
        policy.when_tag in access.tags.get(place, {}) for place in (table, *table.parents())
    )


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
    wanted = json.loads(policy.match_columns)
    for alias, tag in wanted.items():
        matched[alias] = [
            c.name
            for c in columns
            if _has_tag(access, Securable("COLUMN", table.schema, table.name, c.name.casefold()), tag)
        ]
    if not all(matched.values()):
        return
    if policy.action == "ROW FILTER":
        if any(len(found) > 1 for found in matched.values()):
            raise _ambiguous(policy, table)
        arguments = tuple(matched[alias][0] for alias in wanted)
        filters.append(Applied(policy.function_schema, policy.function, arguments, policy.set_by))
        return
    [masked, *using] = wanted
    if any(len(matched[alias]) > 1 for alias in using):
        raise _ambiguous(policy, table)
    for column in matched[masked]:
        if column.casefold() in masks:
            raise PermissionDenied(
                f'The column "{column}" of {table} has more than one mask.',
                hint=f"One of them is policy {policy.name}: its owner has to drop one.",
            )
        arguments = (column, *(matched[alias][0] for alias in using))
        masks[column.casefold()] = Applied(policy.function_schema, policy.function, arguments, policy.set_by)


def _has_tag(access: Access, column: Securable, tag: Mapping[str, str | None]) -> bool:
    tags = access.tags.get(column, {})
    name = str(tag["tag"])
    return name in tags and tag.get("value") in (None, tags[name])


def _ambiguous(policy: Policy, table: Securable) -> PermissionDenied:
    return PermissionDenied(
        f"The policy {policy.name} matches more than one column of {table}.", hint="Tag one column of the table."
    )
