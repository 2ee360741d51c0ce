"""Writing users, roles, groups, memberships and limits; who may do so is decided elsewhere."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sqlml.access.values import PUBLIC, Membership, Principal
from sqlml.catalog.cursor import Cursor, in_catalog, utc_now


def add_principal(cursor: Cursor, catalog: str, principal: Principal, created_by: str) -> None:
    """Store a new principal."""
    cursor.rows(
        in_catalog("INSERT INTO sqlml.principals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", catalog),
        [
            principal.name.casefold(),
            principal.name,
            principal.kind,
            principal.verifier,
            principal.is_superuser,
            principal.can_login,
            principal.valid_until,
            principal.comment,
            utc_now(),
            created_by.casefold(),
        ],
    )


def found_governance(cursor: Cursor, catalog: str, owner: str) -> None:
    """The first user owns the catalog, and everyone may use it."""
    cursor.rows(in_catalog("INSERT INTO sqlml.owners VALUES ('CATALOG', '', '', ?)", catalog), [owner.casefold()])
    cursor.rows(
        in_catalog("INSERT INTO sqlml.grants VALUES (?, 'USE CATALOG', 'CATALOG', '', '', '', ?, false, ?)", catalog),
        [PUBLIC, owner.casefold(), utc_now()],
    )


def add_membership(cursor: Cursor, catalog: str, membership: Membership) -> None:
    """Put a member into a role or group; the admin option is added to what there is, never taken."""
    cursor.rows(
        in_catalog(
            """INSERT INTO sqlml.memberships VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (member, role) DO UPDATE SET with_admin = with_admin OR excluded.with_admin""",
            catalog,
        ),
        [membership.member, membership.role, membership.with_admin, membership.grantor, utc_now()],
    )


def drop_membership(cursor: Cursor, catalog: str, member: str, role: str) -> None:
    """Take a member out of a role or group."""
    cursor.rows(
        in_catalog("DELETE FROM sqlml.memberships WHERE member = ? AND role = ?", catalog),
        [member.casefold(), role.casefold()],
    )


def drop_admin_option(cursor: Cursor, catalog: str, member: str, role: str) -> None:
    """Leave a member in a role that it may give on no longer."""
    cursor.rows(
        in_catalog("UPDATE sqlml.memberships SET with_admin = false WHERE member = ? AND role = ?", catalog),
        [member.casefold(), role.casefold()],
    )


_SETTERS = {
    "verifier": "UPDATE sqlml.principals SET verifier = ? WHERE folded_name = ?",
    "is_superuser": "UPDATE sqlml.principals SET is_superuser = ? WHERE folded_name = ?",
    "valid_until": "UPDATE sqlml.principals SET valid_until = ? WHERE folded_name = ?",
    "comment": "UPDATE sqlml.principals SET comment = ? WHERE folded_name = ?",
}


Attribute = str | bool | datetime.datetime | None


def set_attribute(cursor: Cursor, catalog: str, name: str, attribute: str, value: Attribute) -> None:
    """Change one attribute of a principal."""
    cursor.rows(in_catalog(_SETTERS[attribute], catalog), [value, name.casefold()])


def set_limit(cursor: Cursor, catalog: str, name: str, limit: str, value: float) -> None:
    """Set a limit of a principal."""
    cursor.rows(
        in_catalog(
            """INSERT INTO sqlml.limits VALUES (?, ?, ?)
               ON CONFLICT (principal, limit_name) DO UPDATE SET value = excluded.value""",
            catalog,
        ),
        [name.casefold(), limit, value],
    )


def drop_limit(cursor: Cursor, catalog: str, name: str, limit: str) -> None:
    """Take a limit away."""
    cursor.rows(
        in_catalog("DELETE FROM sqlml.limits WHERE principal = ? AND limit_name = ?", catalog),
        [name.casefold(), limit],
    )


# Every place that a principal's folded name is kept in.
_NAMED_IN = (
    "UPDATE sqlml.principals SET created_by = $1 WHERE created_by = $2",
    "UPDATE sqlml.memberships SET member = $1 WHERE member = $2",
    "UPDATE sqlml.memberships SET role = $1 WHERE role = $2",
    "UPDATE sqlml.memberships SET grantor = $1 WHERE grantor = $2",
    "UPDATE sqlml.tokens SET principal = $1 WHERE principal = $2",
    "UPDATE sqlml.tokens SET created_by = $1 WHERE created_by = $2",
    "UPDATE sqlml.grants SET grantee = $1 WHERE grantee = $2",
    "UPDATE sqlml.grants SET grantor = $1 WHERE grantor = $2",
    "UPDATE sqlml.owners SET owner = $1 WHERE owner = $2",
    "UPDATE sqlml.models SET owner = $1 WHERE lower(owner) = $2",
    "UPDATE sqlml.row_filters SET set_by = $1 WHERE set_by = $2",
    "UPDATE sqlml.column_masks SET set_by = $1 WHERE set_by = $2",
    "UPDATE sqlml.policies SET set_by = $1 WHERE set_by = $2",
    """UPDATE sqlml.policies SET principals = list_transform(principals, lambda p: CASE WHEN p = $2 THEN $1 ELSE p END)
       WHERE list_contains(principals, $2)""",
    """UPDATE sqlml.policies
       SET except_principals = list_transform(except_principals, lambda p: CASE WHEN p = $2 THEN $1 ELSE p END)
       WHERE list_contains(except_principals, $2)""",
    "UPDATE sqlml.volumes SET created_by = $1 WHERE created_by = $2",
    "UPDATE sqlml.limits SET principal = $1 WHERE principal = $2",
)


def rename_principal(cursor: Cursor, catalog: str, old: str, new: str) -> None:
    """Call a principal otherwise wherever it is named."""
    cursor.rows(
        in_catalog("UPDATE sqlml.principals SET folded_name = ?, name = ? WHERE folded_name = ?", catalog),
        [new.casefold(), new, old.casefold()],
    )
    if new.casefold() == old.casefold():
        return
    for sql in _NAMED_IN:
        cursor.rows(in_catalog(sql, catalog), [new.casefold(), old.casefold()])


def drop_principals(cursor: Cursor, catalog: str, names: Sequence[str]) -> None:
    """Forget principals with their memberships, tokens, limits and the grants they were given."""
    folded = [name.casefold() for name in names]
    for sql in (
        "DELETE FROM sqlml.memberships WHERE list_contains($1, member) OR list_contains($1, role)",
        "DELETE FROM sqlml.tokens WHERE list_contains($1, principal)",
        "DELETE FROM sqlml.limits WHERE list_contains($1, principal)",
        "DELETE FROM sqlml.grants WHERE list_contains($1, grantee)",
        "DELETE FROM sqlml.principals WHERE list_contains($1, folded_name)",
    ):
        cursor.rows(in_catalog(sql, catalog), [folded])
