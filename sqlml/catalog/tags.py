"""Writing tags and policies over them; who may do so is decided elsewhere."""

from __future__ import annotations

from sqlml.access.values import Policy, Securable
from sqlml.catalog.cursor import Cursor, in_catalog


def set_tag(cursor: Cursor, catalog: str, on: Securable, tag: str, value: str) -> None:
    """Give something a tag; one of that name has another value then."""
    cursor.rows(
        in_catalog(
            """INSERT INTO sqlml.object_tags VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (kind, schema_name, object_name, column_name, tag) DO UPDATE SET value = excluded.value""",
            catalog,
        ),
        [on.kind, on.schema, on.name, on.column, tag, value],
    )


def drop_tag(cursor: Cursor, catalog: str, on: Securable, tag: str) -> bool:
    """Take a tag away; whether there was one."""
    dropped = cursor.rows(
        in_catalog(
            """DELETE FROM sqlml.object_tags
               WHERE kind = ? AND schema_name = ? AND object_name = ? AND column_name = ? AND tag = ? RETURNING 1""",
            catalog,
        ),
        [on.kind, on.schema, on.name, on.column, tag],
    )
    return bool(dropped)


def add_policy(cursor: Cursor, catalog: str, policy: Policy) -> None:
    """Store a policy."""
    on = policy.on
    cursor.rows(
        in_catalog("INSERT INTO sqlml.policies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", catalog),
        [
            *(policy.name, on.kind, on.schema, on.name, policy.action, policy.function_schema, policy.function),
            *(list(policy.principals), list(policy.except_principals), policy.condition),
            *([alias for alias, _ in policy.matches], [condition for _, condition in policy.matches]),
            *(policy.on_column, list(policy.arguments), policy.set_by, policy.comment),
        ],
    )


def drop_policy(cursor: Cursor, catalog: str, policy: Policy) -> None:
    """Remove a policy."""
    on = policy.on
    cursor.rows(
        in_catalog(
            """DELETE FROM sqlml.policies
               WHERE policy_name = ? AND kind = ? AND schema_name = ? AND object_name = ?""",
            catalog,
        ),
        [policy.name, on.kind, on.schema, on.name],
    )
