"""`ALTER TABLE | VIEW | SCHEMA | FUNCTION | CATALOG x OWNER TO p`."""

from __future__ import annotations

from contextlib import suppress

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.values import Securable
from sqlml.catalog.grants import set_owner
from sqlml.errors import NotFound
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_principal, find_securable, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.types import Plan, Privilege


class AlterOwner(Statement):
    """Give something to another owner, who then may do everything with it.

        ALTER TABLE sales.orders OWNER TO ana;
        ALTER SCHEMA sales OWNER TO analysts;
        ALTER CATALOG shop OWNER TO bob;

    The owner may, and who has MANAGE; of the database only its owner or a superuser. ALTER MODEL ... OWNER TO is of
    the same kind. Source: Databricks Unity Catalog, ALTER ... OWNER TO.
    """

    name = "alter_owner"
    takes = (nodes_access.AlterOwner,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the thing and its new owner."""
        kind = tree.text("kind")
        need_users(planner, tree, f"ALTER {kind} ... OWNER TO")
        on: Securable | None = None
        if tree.args.get("exists"):
            with suppress(NotFound):
                on = find_securable(planner, kind, tree.this)
        else:
            on = find_securable(planner, kind, tree.this)
        owner = find_principal(planner, tree.args["owner"])
        privileges: tuple[Privilege, ...] = ()
        if on is not None:
            action = "OWN" if on.kind == "CATALOG" else "MANAGE"
            privileges = (Privilege(action, on.kind, str(on), on),)
        return Plan(
            statement=self.name, sql="", tree=tree, privileges=privileges, details=(planner.acting, on, owner.name)
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Note the owner."""
        acting, on, owner = plan.details
        if on is not None:
            with changing_access(context, acting):
                set_owner(context.database, context.access.catalog, on, owner)
        return one_row(context.database, {"owner": ("VARCHAR", owner if on is not None else None)})
