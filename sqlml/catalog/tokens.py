"""The service tokens of users, and who a token or a password belongs to."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlml.access.acting import Acting
from sqlml.access.passwords import is_password
from sqlml.access.tokens import NewToken, digest_of, id_of, is_token
from sqlml.access.values import CATALOG, Access, Principal
from sqlml.catalog.cursor import Cursor, in_catalog, utc_now


@dataclass(frozen=True)
class Token:
    """A token as it is stored; times in UTC."""

    token_id: str
    principal: str
    comment: str | None
    valid_until: datetime.datetime | None
    created_at: datetime.datetime
    created_by: str

    def is_seen_by(self, acting: Acting) -> bool:
        """Whether it is one's own, or the database is."""
        return self.principal == acting.user.casefold() or acting.access.owns(acting.roles, CATALOG)


def add_token(
    cursor: Cursor,
    catalog: str,
    new: NewToken,
    *,
    principal: str,
    comment: str | None,
    valid_until: datetime.datetime | None,
    created_by: str,
) -> None:
    """Store what is kept of a token."""
    cursor.rows(
        in_catalog("INSERT INTO sqlml.tokens VALUES (?, ?, ?, ?, ?, ?, ?)", catalog),
        [new.token_id, principal.casefold(), new.digest, comment, valid_until, utc_now(), created_by.casefold()],
    )


def drop_token(cursor: Cursor, catalog: str, token_id: str) -> None:
    """Forget a token: it is refused from now on."""
    cursor.rows(in_catalog("DELETE FROM sqlml.tokens WHERE token_id = ?", catalog), [token_id])


def read_tokens(cursor: Cursor, catalog: str) -> list[Token]:
    """All tokens, the oldest first."""
    rows = cursor.rows(
        in_catalog(
            """SELECT token_id, principal, comment, valid_until, created_at, created_by FROM sqlml.tokens
               ORDER BY created_at, token_id""",
            catalog,
        )
    )
    return [Token(*row) for row in rows]


def verify_token(cursor: Cursor, access: Access, text: str) -> Principal | None:
    """The user a token belongs to; None where it is wrong, or it or the user is no longer valid."""
    sql = "SELECT principal, digest, valid_until FROM sqlml.tokens WHERE token_id = ?"
    rows = cursor.rows(in_catalog(sql, access.catalog), [id_of(text) or ""])
    name, digest, until = rows[0] if rows else ("", digest_of(""), None)
    is_right = is_token(digest, text) and bool(rows)
    found = access.principals.get(name)
    return found if is_right and _is_valid(until) and _may_log_in(found) else None


def verify_password(access: Access, user: str, password: str) -> Principal | None:
    """The user with this password; None, after as long a time, where there is no such user or it is wrong."""
    found = access.principals.get(user.casefold())
    is_right = is_password(found.verifier if found else None, password)
    return found if is_right and _may_log_in(found) else None


def _may_log_in(found: Principal | None) -> bool:
    return found is not None and found.kind == "USER" and found.can_login and _is_valid(found.valid_until)


def _is_valid(until: datetime.datetime | None) -> bool:
    return until is None or until > utc_now()
