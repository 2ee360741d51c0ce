"""`DROP TOKEN [IF EXISTS] 'id'`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.catalog.tokens import Token, drop_token, read_tokens
from sqlml.errors import NotFound, PermissionDenied
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, need_users
from sqlml.statements.base import Context, Statement, one_row
from sqlml.types import Plan


class DropToken(Statement):
    """Drop a token by the id that SHOW TOKENS gives: nobody logs in with it any more.

        DROP TOKEN '6f3a9c1e0b7d4a52';

    Users drop their own; who owns the database all.
    """

    name = "drop_token"
    takes = (nodes_access.DropToken,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Note the id."""
        need_users(planner, tree, "DROP TOKEN")
        written = tree.this
        token_id = written.name if isinstance(written, exp.Identifier) else str(planner.constant(written))
        details = (planner.acting, token_id, bool(tree.args.get("exists")))
        return Plan(statement=self.name, sql="", tree=tree, details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Forget it."""
        acting, token_id, may_lack = plan.details
        with changing_access(context, acting):
            known = {t.token_id: t for t in read_tokens(context.database, context.access.catalog)}
            found: Token | None = known.get(token_id)
            if found is None or not found.is_seen_by(acting):
                if not may_lack:
                    raise NotFound(f'There is no token "{token_id}".', hint="SHOW TOKENS lists them.")
                found = None
            elif acting.role is not None and not acting.is_superuser:
                raise PermissionDenied("A role has no tokens.", hint="RESET ROLE first.")
            else:
                drop_token(context.database, context.access.catalog, token_id)
        return one_row(context.database, {"dropped": ("INTEGER", int(found is not None))})
