"""`ALTER USER | ROLE | GROUP ana PASSWORD '...' | RENAME TO x | SUPERUSER | VALID UNTIL '...' | SET LIMIT rows = 9`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp

from sqlml import nodes, nodes_access
from sqlml.access.limits import LIMITS, read_limit
from sqlml.access.values import Access, Membership, Principal
from sqlml.catalog import principals as catalog
from sqlml.errors import AlreadyExists, InvalidOption, InvalidSql, NotFound, SqlmlError, nearest_hint
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import (
    changing_access,
    find_principal,
    need_users,
    new_name,
    read_text,
    read_time,
    superuser,
)
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.create_user import verifier_of
from sqlml.statements.membership import admitting, check_no_cycle, check_superuser_left, over, with_memberships
from sqlml.types import Plan, Privilege

# A change of the catalog: what is done with the cursor and the name of the database.
Change = Callable[[Any, str], None]


class AlterUser(Statement):
    """Change a user, role or group; several changes happen together or not at all.

        ALTER USER ana PASSWORD 'another horse' VALID UNTIL '2031-12-31';
        ALTER USER ana RENAME TO anna;
        ALTER ROLE analysts SET LIMIT rows = 1000, seconds = 10, memory = '1GB';
        ALTER ROLE analysts RESET LIMIT rows;
        ALTER GROUP staff ADD USER ana, bob;
        ALTER GROUP staff DROP USER bob;

    Users change their own password; all else is for who owns the database, and for superusers where one is concerned.
    Source: PostgreSQL, ALTER ROLE and ALTER GROUP.
    """

    name = "alter_user"
    takes = (nodes_access.AlterPrincipal,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check every clause."""
        kind = tree.text("kind")
        need_users(planner, tree, f"ALTER {kind}")
        alteration = _Alteration(planner, find_principal(planner, tree.this, (kind,)))
        # A new name comes last: the other clauses are about the old one.
        for clause in sorted(tree.args["clauses"], key=lambda clause: clause.name == "RENAME TO"):
            alteration.add(clause)
        if alteration.takes_power:
            check_superuser_left(planner, alteration.after, tree)
        details = (planner.acting, alteration.changes)
        return Plan(statement=self.name, sql="", privileges=tuple(alteration.privileges), details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """Make the changes in one transaction."""
        acting, changes = plan.details
        with changing_access(context, acting):
            for change in changes:
                change(context.database, context.access.catalog)
        return one_row(context.database, {"changes": ("INTEGER", len(changes))})


class _Alteration:
    """The clauses as they are read: what they ask for, what they will change, and Access as it will be."""

    def __init__(self, planner: Planner, principal: Principal) -> None:
        self.planner = planner
        self.principal = principal
        self.after: Access = planner.acting.access
        self.takes_power = False
        self.privileges: list[Privilege] = []
        self.changes: list[Change] = []

    def add(self, clause: exp.Expr) -> None:
        """Read one clause."""
        words = clause.name
        acting = self.planner.acting
        if words in ("ADD USER", "DROP USER"):
            self._members(clause, is_added=words == "ADD USER")
            return
        if words in ("IN ROLE", "IN GROUP"):
            kind = words.removeprefix("IN ")
            raise self.planner.at(
                InvalidSql(f"ALTER has no {words}.", hint=f"GRANT the {kind.lower()} TO {self.principal.name}."), clause
            )
        is_own = self.principal.name.casefold() == acting.user.casefold() and acting.role is None
        if not (words == "PASSWORD" and is_own):
            self.privileges += over(acting, self.principal)
        if words == "RENAME TO":
            self._rename(clause.expressions[0])
        elif words.endswith("LIMIT"):
            for setting in clause.expressions:
                self._limit(setting, is_set=words == "SET LIMIT")
        else:
            self._attribute(words, clause)

    def _attribute(self, words: str, clause: exp.Expr) -> None:
        planner, name = self.planner, self.principal.name
        if self.principal.kind != "USER" and words in ("PASSWORD", "VALID UNTIL"):
            what = self.principal.kind.lower()
            raise planner.at(InvalidSql(f"A {what} has no {words}: it does not log in.", hint="Leave it out."), clause)
        attribute, value = "is_superuser", (words == "SUPERUSER")
        given: Any = value
        if words == "PASSWORD":
            attribute = "verifier"
            given = verifier_of(planner, read_text(planner, clause.expressions[0], words), clause)
        elif words == "VALID UNTIL":
            attribute, given = "valid_until", read_time(planner, clause.expressions[0])
        elif words == "COMMENT":
            attribute, given = "comment", read_text(planner, clause.expressions[0], words)
        elif words == "SUPERUSER":
            self.privileges.append(superuser(planner.acting))
        self.takes_power = self.takes_power or words in ("NOSUPERUSER", "VALID UNTIL")
        known = dict(self.after.principals)
        changed: dict[str, Any] = {attribute: given}
        known[name.casefold()] = replace(known[name.casefold()], **changed)
        self.after = replace(self.after, principals=known)
        self.changes.append(lambda cursor, at: catalog.set_attribute(cursor, at, name, attribute, given))

    def _rename(self, written: exp.Expr) -> None:
        planner, old = self.planner, self.principal.name
        new = new_name(planner, written)
        taken = planner.acting.access.principals.get(new.casefold())
        if taken is not None and taken is not self.principal:
            raise planner.at(
                AlreadyExists(f'There is a principal "{taken.name}" already.', hint="Choose another name."), written
            )
        if old.casefold() in {planner.acting.user.casefold(), planner.acting.current.casefold()}:
            raise planner.at(
                InvalidOption("Whom the session acts as cannot be renamed.", hint="Let another superuser do it."),
                written,
            )
        self.changes.append(lambda cursor, at: catalog.rename_principal(cursor, at, old, new))

    def _limit(self, setting: exp.Expr, *, is_set: bool) -> None:
        planner, principal = self.planner, self.principal.name
        written = setting.this if isinstance(setting, nodes.Option) else setting
        limit = written.name.casefold()
        if limit not in LIMITS:
            hint = nearest_hint(limit, LIMITS, otherwise=f"There are: {', '.join(LIMITS)}.")
            raise planner.at(InvalidOption(f'There is no limit "{written.name}".', hint=hint), setting)
        if not is_set:
            self.changes.append(lambda cursor, at: catalog.drop_limit(cursor, at, principal, limit))
            return
        try:
            value = read_limit(limit, planner.constant(setting.expression))
        except SqlmlError as error:
            raise planner.at(error, setting) from None
        self.changes.append(lambda cursor, at: catalog.set_limit(cursor, at, principal, limit, value))

    def _members(self, clause: exp.Expr, *, is_added: bool) -> None:
        planner, role = self.planner, self.principal
        if role.kind == "USER":
            raise planner.at(InvalidSql("A user has no members.", hint="ALTER GROUP g ADD USER ..."), clause)
        self.privileges += admitting(planner.acting, role)
        by = planner.acting.current.casefold()
        for written in clause.expressions:
            member = find_principal(planner, written).name
            if is_added:
                check_no_cycle(planner, self.after, member, role, written)
                made = Membership(member.casefold(), role.name.casefold(), grantor=by)
                self.after = with_memberships(self.after, [made])
                self.changes.append(_adding(made))
                continue
            found = [
                m for m in self.after.memberships if (m.member, m.role) == (member.casefold(), role.name.casefold())
            ]
            if not found:
                raise planner.at(
                    NotFound(f'"{member}" is not in "{role.name}".', hint="DESCRIBE GROUP lists the members."), written
                )
            self.after = with_memberships(self.after, removed=found)
            self.takes_power = True
            self.changes.append(_dropping(member, role.name))


def _adding(membership: Membership) -> Change:
    return lambda cursor, at: catalog.add_membership(cursor, at, membership)


def _dropping(member: str, role: str) -> Change:
    return lambda cursor, at: catalog.drop_membership(cursor, at, member, role)
