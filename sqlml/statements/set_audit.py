"""`SET sqlml_audit = 'on' | 'strict' | 'off'`, `RESET sqlml_audit`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes_access
from sqlml.errors import InvalidOption, NotSupported, nearest_hint
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.base import Context, Statement
from sqlml.types import Plan

_MODES = ("on", "strict", "off")


class SetAudit(Statement):
    """Which of the session's statements are written to the audit log, and which of them wait for the disk.

        SET sqlml_audit = 'strict';
        RESET sqlml_audit;

    'on' is the default where the database has users: each statement is written, and waits for the disk unless it
    was a query that was allowed. With 'strict' those wait too. In a file without users the default is 'off'. It belongs
    to the session: a ROLLBACK does not undo it. A database with users always has its log: 'off' is refused there.
    """

    name = "set_audit"
    takes = (nodes_access.SetAudit,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check the mode."""
        given = tree.args.get("this")
        if given is None:
            return Plan(statement=self.name, sql="", tree=tree)
        value = given.name if isinstance(given, exp.Identifier) else planner.constant(given)
        mode = str(value).casefold()
        if mode not in _MODES:
            hint = nearest_hint(mode, _MODES, otherwise="It is 'on', 'strict' or 'off'.")
            raise planner.at(InvalidOption(f"sqlml_audit is {value!r}.", hint=hint), tree)
        if mode == "off" and planner.acting.access.is_governed:
            raise planner.at(
                NotSupported("A database with users always has its audit log.", hint="It is 'on' or 'strict'."), tree
            )
        return Plan(statement=self.name, sql="", tree=tree, details=mode)

    def run(self, plan: Plan, context: Context) -> Result:
        """Change the mode of the session."""
        context.access.set_audit(plan.details)
        return no_rows()
