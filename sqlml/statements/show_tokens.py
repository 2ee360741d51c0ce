"""`SHOW TOKENS [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.catalog.tokens import read_tokens
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing


class ShowTokens(Listing):
    """The tokens of the user, and of everyone for who owns the database; never the tokens themselves.

        SHOW TOKENS LIKE 'ana';

    Columns: token_id, principal, comment, valid_until, created_at (UTC), created_by. LIKE compares the principal.
    """

    name = "show_tokens"
    shows = "TOKENS"
    columns = {
        "token_id": "VARCHAR",
        "principal": "VARCHAR",
        "comment": "VARCHAR",
        "valid_until": "TIMESTAMP",
        "created_at": "TIMESTAMP",
        "created_by": "VARCHAR",
    }
    named_by = "principal"
    order = ("principal", "created_at", "token_id")
    yields = True

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        acting = context.access.acting
        if not acting.access.is_governed:
            return self.constants([])
        tokens = [t for t in read_tokens(context.database, context.access.catalog) if t.is_seen_by(acting)]
        return self.constants(
            [(t.token_id, t.principal, t.comment, t.valid_until, t.created_at, t.created_by) for t in tokens]
        )
