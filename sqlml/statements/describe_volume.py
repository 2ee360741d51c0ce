"""`DESCRIBE VOLUME v`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.catalog.volumes import read_volumes
from sqlml.errors import NotFound
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import find_volume, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.principal_listing import shown
from sqlml.types import Plan


class DescribeVolume(Statement):
    """What there is to know of a volume, in one row.

        DESCRIBE VOLUME landing;

    Columns: name, path, owner, comment, created_at (UTC), created_by, can_read, can_write: what the user may.
    """

    name = "describe_volume"
    takes = (nodes_access.DescribeVolume,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find it; one that may not be seen is not there."""
        need_users(planner, tree, "DESCRIBE VOLUME")
        on = find_volume(planner, tree.this)
        return Plan(statement=self.name, sql="", tree=tree, details=(planner.acting, on))

    def run(self, plan: Plan, context: Context) -> Result:
        """Read it."""
        acting, on = plan.details
        found = [v for v in read_volumes(context.database, context.access.catalog) if v.securable == on]
        if not found:
            raise NotFound(f'There is no volume "{on}".', hint="SHOW VOLUMES lists them.")
        [volume] = found
        access = acting.access
        values = {
            "name": ("VARCHAR", volume.name),
            "path": ("VARCHAR", volume.path),
            "owner": ("VARCHAR", shown(access, access.owner_of(on))),
            "comment": ("VARCHAR", volume.comment),
            "created_at": ("TIMESTAMP", volume.created_at),
            "created_by": ("VARCHAR", shown(access, volume.created_by)),
            "can_read": ("BOOLEAN", access.may(acting.roles, "READ VOLUME", on)),
            "can_write": ("BOOLEAN", access.may(acting.roles, "WRITE VOLUME", on)),
        }
        return one_row(context.database, values)
