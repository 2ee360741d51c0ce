"""`CREATE TOKEN [FOR user] [VALID UNTIL '...' | EXPIRES IN '90 days'] [COMMENT '...']`."""

from __future__ import annotations

import datetime
from typing import Any

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.tokens import make_token
from sqlml.catalog.cursor import utc_now
from sqlml.catalog.tokens import add_token
from sqlml.errors import InvalidOption, InvalidSql
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, find_principal, need_users, read_text, read_time
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.membership import over
from sqlml.types import Plan


class CreateToken(Statement):
    """Make a token by which a program logs in as a user: it is shown this once, and only a digest is stored.

        CREATE TOKEN EXPIRES IN '90 days' COMMENT 'nightly job';
        CREATE TOKEN FOR ana VALID UNTIL '2030-12-31';

    Columns: token_id, token, valid_until (UTC). Without FOR it is the user's own.
    """

    name = "create_token"
    takes = (nodes_access.CreateToken,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check the user and the time."""
        need_users(planner, tree, "CREATE TOKEN")
        acting = planner.acting
        own = acting.access.principals[acting.user.casefold()]
        user = find_principal(planner, tree.this, ("USER",)) if tree.this else own
        clauses = {clause.name: clause.expressions[0] for clause in tree.args.get("clauses") or ()}
        if "VALID UNTIL" in clauses and "EXPIRES IN" in clauses:
            raise planner.at(
                InvalidSql("A token is VALID UNTIL a time or EXPIRES IN some.", hint="Leave one out."), tree
            )
        until = read_time(planner, clauses["VALID UNTIL"]) if "VALID UNTIL" in clauses else None
        if until is not None and until <= utc_now():
            raise planner.at(InvalidOption("The token would be over already.", hint="Name a later time."), tree)
        lasting = read_text(planner, clauses["EXPIRES IN"], "EXPIRES IN") if "EXPIRES IN" in clauses else None
        comment = read_text(planner, clauses["COMMENT"], "COMMENT") if "COMMENT" in clauses else None
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            privileges=() if user is own and acting.role is None else over(acting, user),
            details=(acting, user.name, until, lasting, comment),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Make it, and show it."""
        acting, user, until, lasting, comment = plan.details
        database = context.database
        new = make_token()
        if lasting is not None:
            until = _after(context, lasting)
        with changing_access(context, acting):
            add_token(
                database,
                context.access.catalog,
                new,
                principal=user,
                comment=comment,
                valid_until=until,
                created_by=acting.current,
            )
        values: dict[str, tuple[str, Any]] = {
            "token_id": ("VARCHAR", new.token_id),
            "token": ("VARCHAR", new.text),
            "valid_until": ("TIMESTAMP", until),
        }
        return one_row(database, values)


def _after(context: Context, lasting: str) -> datetime.datetime:
    """Now and an interval as DuckDB reads it."""
    now = utc_now()
    [(until,)] = context.database.rows("SELECT ?::TIMESTAMP + CAST(? AS INTERVAL)", [now, lasting])
    if not isinstance(until, datetime.datetime) or until <= now:
        raise InvalidOption(f"'{lasting}' is no time to last.", hint="Write EXPIRES IN '90 days'.")
    return until
