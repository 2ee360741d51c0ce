"""`GRANT role [, ...] TO principal [, ...] [WITH ADMIN OPTION]`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.values import Membership
from sqlml.catalog.principals import add_membership
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_principal, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.membership import admitting, check_no_cycle, with_memberships
from sqlml.types import Plan, Privilege


class GrantRole(Statement):
    """Put users, groups or roles into a role or group: they hold what it holds.

        CREATE ROLE reader;
        GRANT reader TO ana, analysts WITH ADMIN OPTION;

    Roles may be nested, not in a ring. Who has a role WITH ADMIN OPTION may give it to others. Source: PostgreSQL.
    """

    name = "grant_role"
    takes = (nodes_access.GrantRoles,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find roles and members."""
        need_users(planner, tree, "GRANT")
        acting, option = planner.acting, bool(tree.args.get("option"))
        after, made = acting.access, []
        privileges: list[Privilege] = []
        for role_name in tree.expressions:
            role = find_principal(planner, role_name, ("ROLE", "GROUP"))
            privileges += admitting(acting, role)
            for name in tree.args["principals"]:
                member = find_principal(planner, name).name
                check_no_cycle(planner, after, member, role, name)
                by = acting.current.casefold()
                membership = Membership(member.casefold(), role.name.casefold(), option, by)
                after = with_memberships(after, [membership])
                made.append(membership)
        privileges = list(dict.fromkeys(privileges))
        return Plan(statement=self.name, sql="", tree=tree, privileges=tuple(privileges), details=(acting, made))

    def run(self, plan: Plan, context: Context) -> Result:
        """Store the memberships."""
        acting, made = plan.details
        with changing_access(context, acting):
            for membership in made:
                add_membership(context.database, context.access.catalog, membership)
        return one_row(context.database, {"grants": ("INTEGER", len(made))})
