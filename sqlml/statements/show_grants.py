"""`SHOW GRANTS [ON securable] [TO principal]`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.acting import Acting
from sqlml.access.values import PUBLIC, Grant, Securable
from sqlml.dialect import to_sql
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import find_principal, find_securables
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing
from sqlml.statements.principal_listing import shown
from sqlml.types import Plan


class ShowGrants(Listing):
    """Who was granted what, owners included, as far as it is the user's own or what the user may manage.

        SHOW GRANTS;
        SHOW GRANTS ON TABLE customers;
        SHOW GRANTS ON SCHEMA sales TO analysts;
        SHOW GRANTS TO ana;

    Columns: principal, action_type, object_type, object_key, grantable, grantor. ON shows what is inherited from the
    schema and the catalog too. Source: Databricks, SHOW GRANTS.
    """

    name = "show_grants"
    takes = (nodes_access.ShowGrants,)
    shows = "GRANTS"
    named_by = "principal"
    columns = {
        "principal": "VARCHAR",
        "action_type": "VARCHAR",
        "object_type": "VARCHAR",
        "object_key": "VARCHAR",
        "grantable": "BOOLEAN",
        "grantor": "VARCHAR",
    }
    order = ("principal", "object_type", "object_key", "action_type", "grantor")

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether the statement shows grants."""
        return isinstance(tree, self.takes)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find what is shown, and whose."""
        on, principal = tree.args.get("on"), tree.args.get("principal")
        if not on and not principal and planner.binder.has_relation("grants"):
            # DuckDB's own SHOW of a table that is called so.
            return Plan(statement="query", sql=planner.text, reads=None)
        places = find_securables(planner, on) if on else None
        name = None
        if principal is not None:
            is_public = principal.name.casefold() == PUBLIC
            name = PUBLIC if is_public else find_principal(planner, principal).name.casefold()
        return Plan(statement=self.name, sql="", tree=tree, details=(planner.acting, places, name))

    def run(self, plan: Plan, context: Context) -> Result:
        """List them."""
        acting, places, name = plan.details
        rows = [
            (
                shown(acting.access, grant.grantee),
                grant.privilege,
                grant.on.kind,
                str(grant.on) if grant.on.kind != "CATALOG" else acting.access.catalog,
                grant.with_grant_option,
                shown(acting.access, grant.grantor) if grant.grantor else None,
            )
            for grant in _visible(acting)
            if (name is None or grant.grantee == name) and (places is None or _concerns(grant.on, places))
        ]
        listed = exp.select("*").from_(self.constants(rows).subquery("listed")).order_by(*self.order)
        return context.database.execute(to_sql(listed))


def _visible(acting: Acting) -> list[Grant]:
    access = acting.access
    owned = [Grant(owner, "OWN", on, "", with_grant_option=True) for on, owner in access.owners.items()]
    return [
        grant
        for grant in (*access.grants, *owned)
        if {grant.grantee, grant.grantor} & acting.roles or access.may_manage(acting.roles, grant.on)
    ]


def _concerns(on: Securable, places: list[Securable]) -> bool:
    return any(
        on == place or on in place.parents() or (on.kind == "COLUMN" and place in on.parents()[:1]) for place in places
    )
