"""`SHOW GROUPS [LIKE 'pattern']`."""

from __future__ import annotations

from sqlml.statements.principal_listing import PrincipalListing


class ShowGroups(PrincipalListing):
    """The groups; to who is no superuser only those one is in.

        SHOW GROUPS LIKE 'an%';

    Columns: name, superuser, members, member_of, comment.
    """

    name = "show_groups"
    shows = "GROUPS"
    kind = "GROUP"
    columns = {
        "name": "VARCHAR",
        "superuser": "BOOLEAN",
        "members": "VARCHAR",
        "member_of": "VARCHAR",
        "comment": "VARCHAR",
    }
