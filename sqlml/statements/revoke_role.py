"""`REVOKE [ADMIN OPTION FOR] role [, ...] FROM principal [, ...]`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.authority import dependents
from sqlml.access.values import Membership
from sqlml.catalog.grants import drop_grants
from sqlml.catalog.principals import drop_admin_option, drop_membership
from sqlml.errors import DependentObjects, NotFound
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_principal, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.membership import admitting, check_superuser_left, with_memberships
from sqlml.types import Plan, Privilege


class RevokeRole(Statement):
    """Take users, groups or roles out of a role or group, or take only the right to give it on.

        REVOKE reader FROM ana;
        REVOKE ADMIN OPTION FOR reader FROM analysts;

    Fails where the member has granted what it held only through the role; with CASCADE those grants go.
    Source: PostgreSQL, REVOKE; CREATE ROLE makes a role.
    """

    name = "revoke_role"
    takes = (nodes_access.RevokeRoles,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the memberships, and the grants that rest on them."""
        need_users(planner, tree, "REVOKE")
        acting, only_option = planner.acting, bool(tree.args.get("option"))
        found: list[Membership] = []
        privileges: list[Privilege] = []
        for role_name in tree.expressions:
            role = find_principal(planner, role_name, ("ROLE", "GROUP"))
            privileges += admitting(acting, role)
            for name in tree.args["principals"]:
                key = (find_principal(planner, name).name.casefold(), role.name.casefold())
                held = [m for m in acting.access.memberships if (m.member, m.role) == key]
                if not held:
                    raise planner.at(
                        NotFound(f'"{name.name}" is not in "{role.name}".', hint="DESCRIBE ROLE lists the members."),
                        name,
                    )
                found += held
        resting = []
        if not only_option:
            after = with_memberships(acting.access, removed=found)
            check_superuser_left(planner, after, tree)
            resting = dependents(acting.access, after)
        if resting and tree.text("behaviour") != "CASCADE":
            grant = resting[0]
            raise planner.at(
                DependentObjects(
                    f"A grant rests on it: {grant.privilege} on {grant.on} to {grant.grantee} by {grant.grantor}.",
                    hint="REVOKE ... CASCADE takes that back too.",
                ),
                tree,
            )
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            privileges=tuple(dict.fromkeys(privileges)),
            details=(acting, found, resting, only_option),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Take them out."""
        acting, found, resting, only_option = plan.details
        with changing_access(context, acting):
            for membership in found:
                change = drop_admin_option if only_option else drop_membership
                change(context.database, context.access.catalog, membership.member, membership.role)
            drop_grants(context.database, context.access.catalog, resting)
        return one_row(context.database, {"revoked": ("INTEGER", len(found))})
