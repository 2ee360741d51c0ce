"""The one authoriser: every statement passes here before DuckDB sees it.

In single-user mode, the only one yet, whoever opened the file may do everything.
"""

from __future__ import annotations

import getpass

from sqlml.errors import PermissionDenied
from sqlml.types import Plan, Privilege


class Gate:
    """Decides whether a plan may run for a principal."""

    def __init__(self, principal: str) -> None:
        self.principal = principal

    def authorise(self, plan: Plan) -> None:
        """Allow the plan.

        Raises PermissionDenied naming the first privilege that the principal does not hold.
        """
        for privilege in plan.privileges:
            if not self.holds(privilege):
                raise PermissionDenied(
                    f'"{self.principal}" does not have {privilege.action} on {privilege.kind.lower()} {privilege.on}.',
                    hint="Ask its owner to GRANT it.",
                )

    def authorise_load(self, catalog: str) -> None:
        """Allow a plain DuckDB connection with functions of ours: no later statement of its passes here.

        Raises PermissionDenied to whoever does not own everything in the database.
        """
        self.authorise(Plan(statement="load", sql="", privileges=(Privilege("LOAD", "DATABASE", catalog),)))

    def holds(self, privilege: Privilege) -> bool:
        """Whether the principal holds a privilege: a single user owns everything in the file."""
        return bool(self.principal and privilege.action)


def os_user() -> str:
    """The name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
