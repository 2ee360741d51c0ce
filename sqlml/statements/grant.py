"""`GRANT privilege [(columns)] [, ...] ON securable TO principal [, ...] [WITH GRANT OPTION]`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.values import PUBLIC
from sqlml.access.values import Grant as Granted
from sqlml.catalog.grants import add_grants
from sqlml.errors import InvalidOption
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.granting import asked, read_grants, read_principals
from sqlml.types import Plan


class Grant(Statement):
    """Give privileges on something to users, groups, roles or PUBLIC, which is everyone.

        GRANT SELECT (name, region), UPDATE (region) ON TABLE customers TO ana;
        GRANT EXECUTE ON MODEL churn TO analysts WITH GRANT OPTION;
        GRANT USE SCHEMA, SELECT ON SCHEMA sales TO analysts;
        GRANT SELECT ON ALL TABLES IN SCHEMA sales TO reader;

    A grant on a schema or on the catalog is inherited by all that is in it, then and later; ALL TABLES IN SCHEMA means
    those that are there now. Only the owner, who has MANAGE, or who holds it WITH GRANT OPTION may grant it.
    Source: Databricks Unity Catalog and PostgreSQL, GRANT.
    """

    name = "grant"
    takes = (nodes_access.GrantPrivileges,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find what is granted, to whom, and what that asks for."""
        need_users(planner, tree, "GRANT")
        acting, option = planner.acting, bool(tree.args.get("option"))
        principals = read_principals(planner, tree.args["principals"])
        if option and PUBLIC in principals:
            raise planner.at(
                InvalidOption("PUBLIC cannot be given the grant option.", hint="Name users, groups or roles."), tree
            )
        wanted = read_grants(planner, tree)
        by = acting.current.casefold()
        grants = [Granted(to, privilege, on, by, option) for to in principals for privilege, on in wanted]
        return Plan(statement=self.name, sql="", tree=tree, privileges=asked(wanted), details=(acting, grants))

    def run(self, plan: Plan, context: Context) -> Result:
        """Store the grants."""
        acting, grants = plan.details
        with changing_access(context, acting):
            add_grants(context.database, acting.access, grants)
        return one_row(context.database, {"grants": ("INTEGER", len(grants))})
