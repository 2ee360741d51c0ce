"""`SHOW VOLUMES [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.catalog.volumes import read_volumes
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing
from sqlml.statements.principal_listing import shown


class ShowVolumes(Listing):
    """The volumes that the user may see.

        SHOW VOLUMES LIKE 'land%';

    Columns: name, path, owner, comment. A path to read is below it, or volume://name/file.csv.
    """

    name = "show_volumes"
    shows = "VOLUMES"
    columns = {"name": "VARCHAR", "path": "VARCHAR", "owner": "VARCHAR", "comment": "VARCHAR"}
    named_by = "name"
    order = ("name",)
    yields = True

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        acting = context.access.acting
        access = acting.access
        if not access.is_governed:
            return self.constants([])
        volumes = read_volumes(context.database, context.access.catalog)
        return self.constants(
            [
                (v.name, v.path, shown(access, access.owner_of(v.securable)), v.comment)
                for v in volumes
                if access.sees(acting.roles, v.securable)
            ]
        )
