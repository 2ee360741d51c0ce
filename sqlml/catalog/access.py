"""Reading and writing the tables of access control; who may do so is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from sqlml.access.values import (
    Access,
    Applied,
    Grant,
    Membership,
    Policy,
    Principal,
    Securable,
)
from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.dialect import to_sql

Rows = Callable[[str], list[tuple[Any, ...]]]


def read_version(cursor: Cursor, catalog: str) -> int:
    """The number that grows with every change of access."""
    return int(cursor.rows(in_catalog("SELECT max(version) FROM sqlml.access_version", catalog))[0][0] or 0)


def is_governed(cursor: Cursor, catalog: str) -> bool:
    """Whether the file has principals."""
    return bool(cursor.rows(in_catalog("SELECT count(*) FROM sqlml.principals", catalog))[0][0])


def read_access(cursor: Cursor, catalog: str) -> Access:
    """All there is, as the cursor's transaction sees it."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return cursor.rows(in_catalog(sql, catalog))

    principals = {
        folded: Principal(*rest)
        for folded, *rest in rows(
            """SELECT folded_name, name, kind, is_superuser, can_login, verifier, valid_until, comment
               FROM sqlml.principals"""
        )
    }
    if not principals:
        return Access(read_version(cursor, catalog), catalog)
    grants = rows(
        """SELECT grantee, privilege, kind, schema_name, object_name, column_name, grantor, with_grant_option
           FROM sqlml.grants"""
    )
    tags: dict[Securable, dict[str, str]] = {}
    for kind, schema, name, column, tag, value in rows(
        "SELECT kind, schema_name, object_name, column_name, tag, value FROM sqlml.object_tags"
    ):
        tags.setdefault(Securable(kind, schema, name, column), {})[tag] = value
    limits: dict[str, dict[str, float]] = {}
    for principal, name, value in rows("SELECT principal, limit_name, value FROM sqlml.limits"):
        limits.setdefault(principal, {})[name] = value
    return Access(
        version=read_version(cursor, catalog),
        catalog=catalog,
        principals=principals,
        memberships=tuple(
            Membership(*row) for row in rows("SELECT member, role, with_admin, grantor FROM sqlml.memberships")
        ),
        grants=tuple(Grant(g, p, Securable(k, s, o, c), by, option) for g, p, k, s, o, c, by, option in grants),
        owners=_owners(rows, principals),
        row_filters={
            Securable("TABLE", schema, name): Applied(at, function, tuple(arguments), by)
            for schema, name, at, function, arguments, by in rows(
                """SELECT schema_name, table_name, function_schema, function_name, arguments, set_by
                   FROM sqlml.row_filters"""
            )
        },
        column_masks={
            Securable("COLUMN", schema, name, column): Applied(at, function, tuple(arguments), by)
            for schema, name, column, at, function, arguments, by in rows(
                """SELECT schema_name, table_name, column_name, function_schema, function_name, arguments, set_by
                   FROM sqlml.column_masks"""
            )
        },
        policies=_policies(rows),
        tags=tags,
        volumes=dict(rows("SELECT folded_name, path FROM sqlml.volumes")),
        limits=limits,
    )


def _policies(rows: Rows) -> tuple[Policy, ...]:
    found = rows(
        """SELECT policy_name, kind, schema_name, object_name, action, function_schema, function_name, principals,
                  except_principals, condition, aliases, alias_conditions, on_column, arguments, set_by, comment
           FROM sqlml.policies ORDER BY policy_name"""
    )
    return tuple(
        Policy(
            name=name,
            on=Securable(*on),
            action=action,
            function_schema=at,
            function=function,
            principals=tuple(principals),
            except_principals=tuple(excepted),
            condition=condition,
            matches=tuple(zip(aliases, conditions, strict=True)),
            on_column=on_column,
            arguments=tuple(arguments),
            set_by=set_by,
            comment=comment,
        )
        for (name, *on), (action, at, function, principals, excepted, condition, aliases, conditions, *rest) in (
            (row[:4], row[4:]) for row in found
        )
        for on_column, arguments, set_by, comment in [rest]
    )


def _owners(rows: Rows, principals: Mapping[str, Principal]) -> dict[Securable, str]:
    """Owners by what they own; those of models stand with the models, some from before there were principals."""
    found = {
        Securable(kind, schema, name): owner
        for kind, schema, name, owner in rows("SELECT kind, schema_name, object_name, owner FROM sqlml.owners")
    }
    for schema, name, owner in rows("SELECT schema_name, model_name, owner FROM sqlml.models WHERE owner IS NOT NULL"):
        if owner.casefold() in principals:
            found[Securable.of("MODEL", schema, name)] = owner.casefold()
    return found


def bump_version(cursor: Cursor, catalog: str) -> None:
    """Every change of access ends with this: two at once conflict, and what was decided before is decided again.

    Rows alone do not change DuckDB's catalog, whose version is what open sessions watch: engine_catalog_version.py.
    """
    cursor.rows(in_catalog("UPDATE sqlml.access_version SET version = version + 1", catalog))
    sequence = exp.table_("access_changes", db="sqlml", catalog=exp.to_identifier(catalog, quoted=True))
    comment = exp.Literal.string(str(read_version(cursor, catalog)))
    cursor.rows(to_sql(exp.Comment(this=sequence, kind="SEQUENCE", expression=comment)))
