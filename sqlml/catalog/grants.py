"""Writing grants and owners; who may do so is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from sqlml.access.names import LOWER, UPPER
from sqlml.access.values import CATALOG, Access, Grant, Securable
from sqlml.catalog.cursor import Cursor, in_catalog, utc_now


def _key(grant: Grant) -> list[str]:
    on = grant.on
    return [grant.grantee, grant.privilege, on.kind, on.schema, on.name, on.column, grant.grantor]


def add_grants(cursor: Cursor, access: Access, grants: Iterable[Grant]) -> None:
    """Store grants; one that is there gains the grant option, and never loses it."""
    for grant in grants:
        cursor.rows(
            in_catalog(
                """INSERT INTO sqlml.grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (grantee, privilege, kind, schema_name, object_name, column_name, grantor)
                   DO UPDATE SET with_grant_option = with_grant_option OR excluded.with_grant_option""",
                access.catalog,
            ),
            [*_key(grant), grant.with_grant_option, utc_now()],
        )


def drop_grants(cursor: Cursor, catalog: str, grants: Iterable[Grant]) -> None:
    """Take grants back."""
    for grant in grants:
        cursor.rows(in_catalog(_DROP, catalog), _key(grant))


def drop_grant_options(cursor: Cursor, catalog: str, grants: Iterable[Grant]) -> None:
    """Leave the grants, without the right to give them on."""
    for grant in grants:
        cursor.rows(in_catalog(_DROP_OPTION, catalog), _key(grant))


_DROP = """DELETE FROM sqlml.grants WHERE grantee = ? AND privilege = ? AND kind = ? AND schema_name = ?
           AND object_name = ? AND column_name = ? AND grantor = ?"""
_DROP_OPTION = """UPDATE sqlml.grants SET with_grant_option = false WHERE grantee = ? AND privilege = ? AND kind = ?
                  AND schema_name = ? AND object_name = ? AND column_name = ? AND grantor = ?"""


def set_owner(cursor: Cursor, catalog: str, on: Securable, owner: str) -> None:
    """Note who owns something; of a model that stands with the model."""
    if on.kind == "MODEL":
        cursor.rows(
            in_catalog(
                """UPDATE sqlml.models SET owner = ?
                   WHERE translate(schema_name, ?, ?) = ? AND translate(model_name, ?, ?) = ?""",
                catalog,
            ),
            [owner.casefold(), UPPER, LOWER, on.schema, UPPER, LOWER, on.name],
        )
        return
    cursor.rows(
        in_catalog(
            """INSERT INTO sqlml.owners VALUES (?, ?, ?, ?)
               ON CONFLICT (kind, schema_name, object_name) DO UPDATE SET owner = excluded.owner""",
            catalog,
        ),
        [on.kind, on.schema, on.name, owner.casefold()],
    )


def pass_on(cursor: Cursor, catalog: str, owners: Iterable[str], to: str | None) -> None:
    """Give all that these principals own to another one; without one it falls to the owner of the catalog."""
    folded = [owner.casefold() for owner in owners]
    if to is None:
        cursor.rows(
            in_catalog("DELETE FROM sqlml.owners WHERE list_contains(?, owner) AND kind <> ?", catalog),
            [folded, CATALOG.kind],
        )
        cursor.rows(
            in_catalog("UPDATE sqlml.models SET owner = NULL WHERE list_contains(?, lower(owner))", catalog), [folded]
        )
        return
    for sql in (
        "UPDATE sqlml.row_filters SET set_by = ? WHERE list_contains(?, set_by)",
        "UPDATE sqlml.column_masks SET set_by = ? WHERE list_contains(?, set_by)",
        "UPDATE sqlml.policies SET set_by = ? WHERE list_contains(?, set_by)",
        "UPDATE sqlml.owners SET owner = ? WHERE list_contains(?, owner)",
        "UPDATE sqlml.models SET owner = ? WHERE list_contains(?, lower(owner))",
    ):
        cursor.rows(in_catalog(sql, catalog), [to.casefold(), folded])
