"""`SHOW [EFFECTIVE] POLICIES [ON {CATALOG [c] | SCHEMA s | TABLE t}]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlglot import exp

from sqlml import nodes_policies
from sqlml.access.acting import Acting
from sqlml.access.values import Policy
from sqlml.dialect import to_sql
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing
from sqlml.statements.policies import place_of
from sqlml.statements.principal_listing import shown
from sqlml.types import Plan


class ShowPolicies(Listing):
    """The policies of a place, or all; with EFFECTIVE those of its schema and the catalog too.

        SHOW POLICIES ON SCHEMA main;
        SHOW EFFECTIVE POLICIES ON TABLE customers;

    Columns: name, on_type, on_name, action, function, principals, except_principals, condition, match_columns,
    on_column, using_columns, comment. Only of places that the user may manage. Source: Databricks, SHOW POLICIES.
    """

    name = "show_policies"
    takes = (nodes_policies.ShowPolicies,)
    shows = "POLICIES"
    named_by = "name"
    columns: ClassVar[Mapping[str, str]] = {
        "name": "VARCHAR",
        "on_type": "VARCHAR",
        "on_name": "VARCHAR",
        "action": "VARCHAR",
        "function": "VARCHAR",
        "principals": "VARCHAR",
        "except_principals": "VARCHAR",
        "condition": "VARCHAR",
        "match_columns": "VARCHAR",
        "on_column": "VARCHAR",
        "using_columns": "VARCHAR",
        "comment": "VARCHAR",
    }
    order = ("on_type", "on_name", "name")

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether the statement shows policies."""
        return isinstance(tree, self.takes)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find the place."""
        place = tree.args.get("place")
        if place is None and planner.binder.has_relation("policies"):
            # DuckDB's own SHOW of a table that is called so.
            return Plan(statement="query", sql=planner.text, reads=None)
        on = place_of(planner, place) if place else None
        places = None if on is None else {on, *(on.parents() if tree.args.get("effective") else ())}
        return Plan(statement=self.name, sql="", tree=tree, details=(planner.acting, places))

    def run(self, plan: Plan, context: Context) -> Result:
        """List them."""
        acting, places = plan.details
        rows = [
            row(policy, acting)
            for policy in acting.access.policies
            if (places is None or policy.on in places) and acting.access.may_manage(acting.roles, policy.on)
        ]
        listed = exp.select("*").from_(self.constants(rows).subquery("listed")).order_by(*self.order)
        return context.database.execute(to_sql(listed))


def row(policy: Policy, acting: Acting) -> list[Any]:
    """A policy as it is listed."""
    access = acting.access
    return [
        policy.name,
        policy.on.kind,
        str(policy.on) if policy.on.kind != "CATALOG" else access.catalog,
        policy.action,
        f"{policy.function_schema}.{policy.function}",
        ", ".join(shown(access, p) for p in policy.principals),
        ", ".join(shown(access, p) for p in policy.except_principals) or None,
        policy.condition,
        ", ".join(f"{condition} AS {alias}" for alias, condition in policy.matches) or None,
        policy.on_column,
        ", ".join(a.removeprefix("#") for a in policy.arguments) or None,
        policy.comment,
    ]
