"""`SET ROLE r | NONE`, `RESET ROLE`, `SET SESSION AUTHORIZATION u | DEFAULT`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.errors import NotFound, PermissionDenied
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import find_principal, need_users
from sqlml.statements.base import Context, Statement
from sqlml.types import Plan


class SetRole(Statement):
    """Act with the rights of one of one's roles alone, until RESET ROLE; a superuser also as another user.

        CREATE ROLE reader;
        SET ROLE reader;
        RESET ROLE;
        SET SESSION AUTHORIZATION ana;
        SET SESSION AUTHORIZATION DEFAULT;

    current_user is then the role, session_user stays. It belongs to the session: a ROLLBACK does not undo it.
    Source: PostgreSQL, SET ROLE.
    """

    name = "set_role"
    takes = (nodes_access.SetRole, nodes_access.SetSessionAuthorization)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check the name."""
        is_role, name = isinstance(tree, nodes_access.SetRole), tree.args.get("this")
        if name is None:
            return Plan(statement=self.name, sql="", tree=tree, details=(is_role, None))
        need_users(planner, tree, "SET ROLE" if is_role else "SET SESSION AUTHORIZATION")
        if not is_role:
            if not planner.acting.is_superuser:
                raise planner.at(
                    PermissionDenied("Only a superuser may act as another user.", hint="Connect as that user."), tree
                )
            return Plan(
                statement=self.name, sql="", tree=tree, details=(False, find_principal(planner, name, ("USER",)).name)
            )
        found = planner.acting.access.principals.get(name.name.casefold())
        acting = planner.acting
        if found is None or not acting.may_set(found.name):
            hint = "SHOW ROLES lists yours. A group counts always: it is not set."
            if (found is not None and found.kind == "GROUP") or planner.acting.access.is_superuser(
                planner.acting.roles
            ):
                raise planner.at(NotFound(f'There is no role "{name.name}".', hint=hint), name)
            raise planner.at(PermissionDenied(f'You are in no role "{name.name}".', hint=hint), name)
        return Plan(statement=self.name, sql="", tree=tree, details=(True, found.name))

    def run(self, plan: Plan, context: Context) -> Result:
        """Change whom the session acts as."""
        is_role, name = plan.details
        (context.access.set_role if is_role else context.access.set_authorization)(name)
        return no_rows()
