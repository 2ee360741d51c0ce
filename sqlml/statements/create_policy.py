"""`CREATE [OR REPLACE] POLICY p ON place {ROW FILTER | COLUMN MASK} f TO ... FOR TABLES [WHEN ...] ...`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_policies
from sqlml.access.objects import Objects
from sqlml.access.tags import condition_text
from sqlml.access.values import PUBLIC, Policy
from sqlml.catalog.tags import add_policy, drop_policy
from sqlml.errors import AlreadyExists, InvalidOption, InvalidSql, NotFound, SqlmlError, nearest_hint
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.access_change import changing_access, find_principal, find_securable, need_users
from sqlml.statements.base import Context, Statement
from sqlml.statements.policies import managing, named, place_of
from sqlml.statements.protecting import find_macro, written
from sqlml.types import Plan, Privilege


class CreatePolicy(Statement):
    """Filter rows or mask columns of all tables of a place, now and later, by their tags.

        CREATE POLICY hide_pii ON SCHEMA main COMMENT 'contact data'
        COLUMN MASK redacted TO PUBLIC EXCEPT support
        FOR TABLES WHEN NOT has_tag('public')
        MATCH COLUMNS has_tag_value('pii', 'email') AS contact ON COLUMN contact;

        CREATE POLICY own_region ON CATALOG ROW FILTER in_region TO analysts
        FOR TABLES MATCH COLUMNS has_tag('region') AS r USING COLUMNS (r, 'north');

    A table that has not all the columns that MATCH COLUMNS asks for is left alone. A mask is given the column, then
    USING COLUMNS; a filter is given those alone. A column that two policies would mask cannot be read. Whoever TO
    names is concerned, but for EXCEPT. Needs MANAGE on the place and EXECUTE on the function.
    Source: Databricks, CREATE POLICY.
    """

    name = "create_policy"
    takes = (nodes_policies.CreatePolicy,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Find all that is named, and check that it fits together."""
        need_users(planner, tree, "CREATE POLICY")
        on = place_of(planner, tree.args["place"])
        function = find_securable(planner, "FUNCTION", tree.args["function"])
        matches = _matches(planner, tree)
        column = tree.args.get("column")
        policy = Policy(
            name=tree.this.name,
            on=on,
            action=tree.text("action"),
            function_schema=function.schema,
            function=function.name,
            principals=_principals(planner, tree, "principals"),
            except_principals=_principals(planner, tree, "except_principals"),
            condition=_condition(planner, tree.args["when"]) if tree.args.get("when") else None,
            matches=tuple(matches.items()),
            on_column=column.name.casefold() if column is not None else None,
            arguments=tuple(written(argument) for argument in tree.args.get("using") or ()),
            set_by=planner.acting.current.casefold(),
            comment=tree.args["comment"].name if tree.args.get("comment") else None,
        )
        _check(policy, tree, planner)
        there = named(planner.acting, on, policy.name)
        if there is not None and not tree.args.get("replace"):
            raise planner.at(
                AlreadyExists(f'There is a policy "{policy.name}" on {on} already.', hint="CREATE OR REPLACE POLICY."),
                tree.this,
            )
        privileges = (managing(on), Privilege("EXECUTE", "FUNCTION", str(function), function))
        details = (planner.acting, policy, there)
        return Plan(statement=self.name, sql="", tree=tree, privileges=privileges, details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Check the function, and store the policy."""
        acting, policy, there = plan.details
        with changing_access(context, acting):
            _check_function(policy, Objects(context.database, context.access.catalog))
            if there is not None:
                drop_policy(context.database, context.access.catalog, there)
            add_policy(context.database, context.access.catalog, policy)
        return no_rows()


def _principals(planner: Planner, tree: exp.Expr, key: str) -> tuple[str, ...]:
    return tuple(
        PUBLIC if name.name.casefold() == PUBLIC else find_principal(planner, name).name.casefold()
        for name in tree.args.get(key) or ()
    )


def _condition(planner: Planner, condition: exp.Expr) -> str:
    try:
        return condition_text(condition)
    except SqlmlError as error:
        raise planner.at(error, condition) from None


def _matches(planner: Planner, tree: exp.Expr) -> dict[str, str]:
    """The conditions of MATCH COLUMNS by alias."""
    found: dict[str, str] = {}
    for match in tree.args.get("match") or ():
        alias = match.alias.casefold()
        if alias in found:
            raise planner.at(InvalidSql(f'Two columns are called "{alias}".', hint="Rename one."), tree.this)
        found[alias] = _condition(planner, match.this)
    return found


def _check(policy: Policy, tree: exp.Expr, planner: Planner) -> None:
    aliases = [alias for alias, _ in policy.matches]
    is_mask = policy.action == "COLUMN MASK"
    if is_mask and policy.on_column is None:
        raise planner.at(InvalidSql("COLUMN MASK masks no column.", hint="MATCH COLUMNS ... AS c ON COLUMN c"), tree)
    if not is_mask and policy.on_column is not None:
        raise planner.at(InvalidSql("ROW FILTER is on no column.", hint="USING COLUMNS (c) gives it one."), tree)
    named_aliases = [a for a in policy.arguments if not a.startswith(("'", "#"))]
    for alias in [*([policy.on_column] if policy.on_column is not None else []), *named_aliases]:
        if alias.casefold() not in aliases:
            hint = nearest_hint(alias, aliases, otherwise=f"It matches: {', '.join(aliases) or 'none'}.")
            raise planner.at(NotFound(f'MATCH COLUMNS has no column called "{alias}".', hint=hint), tree)


def _check_function(policy: Policy, objects: Objects) -> None:
    macro = find_macro(policy.function_schema, policy.function, objects)
    given = len(policy.arguments) + (policy.on_column is not None)
    if given != len(macro.parameters):
        raise InvalidOption(
            f"{macro.name} takes {len(macro.parameters)} arguments ({', '.join(macro.parameters)}), "
            f"and is given {given}.",
            hint="A mask is given the column, then USING COLUMNS; a filter those alone.",
        )
