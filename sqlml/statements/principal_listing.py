"""What SHOW USERS, SHOW ROLES and SHOW GROUPS share."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from sqlml.access.values import Access, Principal
from sqlml.statements.access_change import sees_principal
from sqlml.statements.base import Context
from sqlml.statements.listing import Listing


class PrincipalListing(Listing):
    """A listing of the principals of one kind that the user may see."""

    kind: ClassVar[str]
    named_by = "name"
    order = ("name",)
    yields = True

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        acting = context.access.acting
        known = acting.access.principals.values()
        shown = [p for p in known if p.kind == self.kind and sees_principal(acting, p)]
        return self.constants([[self.value(column, p, acting.access) for column in self.columns] for p in shown])

    def value(self, column: str, principal: Principal, access: Access) -> object:
        """The value of a column for a principal."""
        folded = principal.name.casefold()
        if column == "member_of":
            return ", ".join(sorted(shown(access, m.role) for m in access.memberships if m.member == folded)) or None
        if column == "members":
            return ", ".join(sorted(shown(access, m.member) for m in access.memberships if m.role == folded)) or None
        if column == "has_password":
            return principal.verifier is not None
        return getattr(principal, {"superuser": "is_superuser"}.get(column, column))


def shown(access: Access, folded: str) -> str:
    """A principal's name as it was written."""
    found = access.principals.get(folded)
    return found.name if found else folded
