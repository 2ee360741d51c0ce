"""The one authoriser: every statement passes here before DuckDB sees it.

In single-user mode, the only one yet, whoever opened the file may do everything.
"""

from __future__ import annotations

from sqlml.types import Plan


class Gate:
    """Decides whether a plan may run."""

    def authorise(self, plan: Plan) -> None:
        """Allow the plan.

        Raises PermissionDenied for a privilege that the principal does not hold.
        """
        # One user owns everything in the file, so every declared privilege is held.
        assert plan.statement
