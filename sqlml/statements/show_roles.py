"""`SHOW ROLES [LIKE 'pattern']`."""

from __future__ import annotations

from sqlml.statements.principal_listing import PrincipalListing


class ShowRoles(PrincipalListing):
    """The roles; to who is no superuser only those one is in.

        SHOW ROLES LIKE 'an%';

    Columns: name, superuser, members, member_of, comment.
    """

    name = "show_roles"
    shows = "ROLES"
    kind = "ROLE"
    columns = {
        "name": "VARCHAR",
        "superuser": "BOOLEAN",
        "members": "VARCHAR",
        "member_of": "VARCHAR",
        "comment": "VARCHAR",
    }
