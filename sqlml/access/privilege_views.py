"""information_schema about grants, roles and tags, as PostgreSQL and Unity Catalog have it; DuckDB has none of these.

Everyone sees the grants that are theirs or that they gave, and all of what they manage; the tags of what they may see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.objects import Objects
from sqlml.access.values import ALL, CATALOG, NOT_IN_ALL, PRIVILEGES, PUBLIC, Access, Grant, Securable

Row = Sequence[str | None]


class Asking(NamedTuple):
    """Who reads a view, of what."""

    access: Access
    roles: frozenset[str]
    objects: Objects

    def sees(self, grant: Grant) -> bool:
        """Whether a grant is theirs, given by them, or on what they manage."""
        return bool({grant.grantee, grant.grantor} & self.roles) or self.access.may_manage(self.roles, grant.on)


def privilege_view(name: str, asking: Asking) -> exp.Expr | None:
    """The rows of a view of that name; None where there is none."""
    found = _VIEWS.get(fold(name))
    if found is None:
        return None
    columns, rows = found
    nulls = [None] * len(columns)
    # A row of NULLs says how many columns there are where nothing is listed.
    given = [(False, *nulls), *((True, *row) for row in rows(asking))]
    listed = exp.values(given, alias="listed", columns=["is_row", *columns])
    selected = [exp.alias_(exp.cast(exp.column(c), "VARCHAR"), c) for c in columns]
    return exp.select(*selected).from_(listed).where(exp.column("is_row")).subquery()


def _granted(asking: Asking, on: Securable) -> Iterator[tuple[Grant, str, str]]:
    """The grants that count for something, privilege by privilege, and where each is inherited from."""
    places = {on: "NONE", **{place: place.kind for place in on.parents()}}
    for grant in asking.access.grants:
        if grant.on not in places or not asking.sees(grant):
            continue
        of_kind = PRIVILEGES[on.kind]
        each = [p for p in of_kind if p not in NOT_IN_ALL] if grant.privilege == ALL else [grant.privilege]
        for privilege in each:
            if privilege in of_kind:
                yield grant, privilege, places[grant.on]


def _rows(asking: Asking, on: Securable, *parts: str) -> Iterator[list[str | None]]:
    for grant, privilege, inherited in _granted(asking, on):
        who = [_shown(asking.access, grant.grantor), _shown(asking.access, grant.grantee)]
        yield [*who, *parts, privilege, "YES" if grant.with_grant_option else "NO", inherited]


def _shown(access: Access, folded: str) -> str:
    found = access.principals.get(folded)
    return found.name if found else folded


def _tables(asking: Asking) -> list[tuple[Securable, str, str]]:
    """The tables and views that may be seen, with their names as they are written."""
    named = [(Securable.of("TABLE", *parts), *parts) for parts in asking.objects.relation_names()]
    return [each for each in named if each[0].schema not in _OURS and asking.access.sees(asking.roles, each[0])]


def _schemas(asking: Asking) -> list[tuple[Securable, str]]:
    named = [(Securable.of("SCHEMA", schema), schema) for schema in asking.objects.schemas()]
    return [each for each in named if each[0].schema not in _OURS and asking.access.sees(asking.roles, each[0])]


_OURS = frozenset({"sqlml", "sqlml_models"})


def _table_privileges(asking: Asking) -> Iterator[Row]:
    for on, schema, name in _tables(asking):
        yield from _rows(asking, on, asking.access.catalog, schema, name)


def _role_table_grants(asking: Asking) -> Iterator[Row]:
    """Those that name a role of the user's, not those to everyone."""
    own = {_shown(asking.access, role) for role in asking.roles if role != PUBLIC}
    return (row for row in _table_privileges(asking) if own & set(row[:2]))


def _column_privileges(asking: Asking) -> Iterator[Row]:
    for on, schema, name, column in _columns(asking):
        for *row, _ in _rows(asking, on, asking.access.catalog, schema, name, column):
            yield row


def _columns(asking: Asking) -> list[tuple[Securable, str, str, str]]:
    """The columns that may be seen."""
    access, roles = asking.access, asking.roles
    seen: dict[Securable, frozenset[str] | None] = {}
    for table, *_ in _tables(asking):
        whole = any(access.holds(roles, p, table) for p in ("SELECT", "BROWSE", "APPLY TAG", "MANAGE"))
        seen[table] = None if whole else access.columns_held(roles, "SELECT", table)
    found = []
    for schema, name, column in asking.objects.column_names():
        on = Securable.of("COLUMN", schema, name, column)
        shown = seen.get(Securable.of("TABLE", schema, name), frozenset())
        if shown is None or on.column in shown:
            found.append((on, schema, name, column))
    return found


def _schema_privileges(asking: Asking) -> Iterator[Row]:
    for on, schema in _schemas(asking):
        yield from _rows(asking, on, asking.access.catalog, schema)


def _catalog_privileges(asking: Asking) -> Iterator[Row]:
    for *row, _ in _rows(asking, CATALOG, asking.access.catalog):
        yield row


def _routine_privileges(asking: Asking) -> Iterator[Row]:
    for kind in ("FUNCTION", "MODEL"):
        for schema, name in asking.objects.routine_names(kind):
            on = Securable.of(kind, schema, name)
            if on.schema in _OURS or not asking.access.sees(asking.roles, on):
                continue
            place = [asking.access.catalog, schema, name]
            yield from _rows(asking, on, *place, *place, kind)


def _applicable_roles(asking: Asking) -> Iterator[Row]:
    for membership in asking.access.memberships:
        if membership.member in asking.roles:
            named = [_shown(asking.access, each) for each in (membership.member, membership.role)]
            yield [*named, "YES" if membership.with_admin else "NO"]


def _enabled_roles(asking: Asking) -> Iterator[Row]:
    for role in sorted(asking.roles - {PUBLIC}):
        yield [_shown(asking.access, role)]


def _tagged(asking: Asking, on: Securable, *parts: str) -> Iterator[Row]:
    for tag, value in asking.access.tags.get(on, {}).items():
        yield [asking.access.catalog, *parts, tag, value]


def _table_tags(asking: Asking) -> Iterator[Row]:
    for on, *parts in _tables(asking):
        yield from _tagged(asking, on, *parts)


def _column_tags(asking: Asking) -> Iterator[Row]:
    for on, *parts in _columns(asking):
        yield from _tagged(asking, on, *parts)


def _schema_tags(asking: Asking) -> Iterator[Row]:
    for on, *parts in _schemas(asking):
        yield from _tagged(asking, on, *parts)


def _catalog_tags(asking: Asking) -> Iterator[Row]:
    return _tagged(asking, CATALOG)


def _row_filters(asking: Asking) -> Iterator[Row]:
    """The filters of tables that the user manages."""
    access = asking.access
    for on, schema, name in _tables(asking):
        applied = access.row_filters.get(on)
        if applied is not None and access.may_manage(asking.roles, on):
            function = [access.catalog, applied.function_schema, applied.function]
            yield [access.catalog, schema, name, *function, ", ".join(a.removeprefix("#") for a in applied.arguments)]


def _column_masks(asking: Asking) -> Iterator[Row]:
    """The masks of tables that the user manages."""
    access = asking.access
    for on, schema, name, column in _columns(asking):
        applied = access.column_masks.get(on)
        if applied is not None and access.may_manage(asking.roles, Securable("TABLE", on.schema, on.name)):
            function = [access.catalog, applied.function_schema, applied.function]
            using = ", ".join(a.removeprefix("#") for a in applied.arguments[1:])
            yield [access.catalog, schema, name, column, *function, using or None]


_WHO = ("grantor", "grantee")
_HOW = ("privilege_type", "is_grantable")
_TABLE = ("table_catalog", "table_schema", "table_name")
_ROUTINE = tuple(f"{what}_{part}" for what in ("specific", "routine") for part in ("catalog", "schema", "name"))
_PLACE = ("catalog_name", "schema_name", "table_name", "column_name")
_TAG = ("tag_name", "tag_value")
_VIEWS: Mapping[str, tuple[tuple[str, ...], Callable[[Asking], Iterator[Row]]]] = {
    "table_privileges": ((*_WHO, *_TABLE, *_HOW, "inherited_from"), _table_privileges),
    "role_table_grants": ((*_WHO, *_TABLE, *_HOW, "inherited_from"), _role_table_grants),
    "column_privileges": ((*_WHO, *_TABLE, "column_name", *_HOW), _column_privileges),
    "schema_privileges": ((*_WHO, *_PLACE[:2], *_HOW, "inherited_from"), _schema_privileges),
    "catalog_privileges": ((*_WHO, *_PLACE[:1], *_HOW), _catalog_privileges),
    "routine_privileges": ((*_WHO, *_ROUTINE, "routine_type", *_HOW, "inherited_from"), _routine_privileges),
    "applicable_roles": (("grantee", "role_name", "is_grantable"), _applicable_roles),
    "enabled_roles": (("role_name",), _enabled_roles),
    "table_tags": ((*_PLACE[:3], *_TAG), _table_tags),
    "column_tags": ((*_PLACE, *_TAG), _column_tags),
    "schema_tags": ((*_PLACE[:2], *_TAG), _schema_tags),
    "catalog_tags": ((*_PLACE[:1], *_TAG), _catalog_tags),
    "row_filters": ((*_TABLE, "filter_catalog", "filter_schema", "filter_name", "target_columns"), _row_filters),
    "column_masks": (
        (*_TABLE, "column_name", "mask_catalog", "mask_schema", "mask_name", "using_columns"),
        _column_masks,
    ),
}
