"""`SHOW USERS [LIKE 'pattern']`."""

from __future__ import annotations

from sqlml.statements.principal_listing import PrincipalListing


class ShowUsers(PrincipalListing):
    """The users; to who is no superuser only oneself and the members of one's groups.

        SHOW USERS LIKE 'an%';

    Columns: name, superuser, has_password, valid_until (UTC), member_of, comment.
    """

    name = "show_users"
    shows = "USERS"
    kind = "USER"
    columns = {
        "name": "VARCHAR",
        "superuser": "BOOLEAN",
        "has_password": "BOOLEAN",
        "valid_until": "TIMESTAMP",
        "member_of": "VARCHAR",
        "comment": "VARCHAR",
    }
