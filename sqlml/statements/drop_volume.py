"""`DROP VOLUME [IF EXISTS] v`."""

from __future__ import annotations

from contextlib import suppress

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.values import Securable
from sqlml.catalog.volumes import drop_volume
from sqlml.errors import NotFound
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_volume, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.types import Plan, Privilege


class DropVolume(Statement):
    """Forget a volume and what was granted on it: its folder and files stay as they are.

        DROP VOLUME landing;
        DROP VOLUME IF EXISTS landing;

    For its owner and superusers. Result: whether there was one. Source: Databricks Unity Catalog, DROP VOLUME.
    """

    name = "drop_volume"
    takes = (nodes_access.DropVolume,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find it."""
        need_users(planner, tree, "DROP VOLUME")
        on: Securable | None = None
        if tree.args.get("exists"):
            with suppress(NotFound):
                on = find_volume(planner, tree.this)
        else:
            on = find_volume(planner, tree.this)
        privileges = () if on is None else (Privilege("MANAGE", "VOLUME", str(on), on),)
        return Plan(statement=self.name, sql="", tree=tree, privileges=privileges, details=(planner.acting, on))

    def run(self, plan: Plan, context: Context) -> Result:
        """Forget it."""
        acting, on = plan.details
        if on is not None:
            with changing_access(context, acting):
                drop_volume(context.database, context.access.catalog, on)
        return one_row(context.database, {"dropped": ("BOOLEAN", on is not None)})
