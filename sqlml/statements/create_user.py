"""`CREATE USER | ROLE | GROUP [IF NOT EXISTS] ana [PASSWORD '...'] [SUPERUSER] [VALID UNTIL '...'] [IN ROLE r]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.acting import Acting
from sqlml.access.passwords import make_verifier
from sqlml.access.values import Membership, Principal
from sqlml.catalog.access import is_governed
from sqlml.catalog.principals import add_membership, add_principal, found_governance
from sqlml.errors import AlreadyExists, InvalidOption, InvalidSql
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import (
    changing_access,
    find_principal,
    new_name,
    owning,
    read_text,
    read_time,
    superuser,
)
from sqlml.statements.base import Context, Statement, one_row
from sqlml.types import Plan


@dataclass(frozen=True)
class _Creation:
    acting: Acting
    principal: Principal | None  # None: it is there already
    within: tuple[str, ...] = ()


class CreateUser(Statement):
    """Make a user, who may log in, a role, which is granted, or a group, which has members.

        CREATE USER ana PASSWORD 'correct horse' VALID UNTIL '2030-12-31' IN GROUP analysts;
        CREATE ROLE reader;
        CREATE GROUP analysts COMMENT 'who may read';

    The first user of a database is its owner and a superuser: with it the database becomes governed, and whoever
    made it acts as it. Of a password only a SCRAM-SHA-256 verifier is stored. Source: PostgreSQL, CREATE ROLE.
    """

    name = "create_user"
    takes = (nodes_access.CreatePrincipal,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check the name and every clause."""
        acting, kind = planner.acting, tree.text("kind")
        name = new_name(planner, tree.this)
        clauses = {clause.name: clause for clause in tree.args.get("clauses") or ()}
        is_superuser = _is_superuser(clauses, planner, is_first=not acting.access.is_governed)
        privileges = [owning(acting), *([superuser(acting)] if is_superuser else [])]
        within = [
            find_principal(planner, role, ("ROLE", "GROUP"))
            for words in ("IN ROLE", "IN GROUP")
            for role in (clauses[words].expressions if words in clauses else ())
        ]
        if any(acting.access.is_superuser(acting.access.roles_of(role.name)) for role in within):
            privileges.append(superuser(acting))
        if not acting.access.is_governed and (kind != "USER" or "VALID UNTIL" in clauses):
            what = f"a {kind.lower()}" if kind != "USER" else "valid for a time only"
            raise planner.at(
                InvalidOption(
                    f'"{name}" would be the first principal of the database, which owns it: it cannot be {what}.',
                    hint="CREATE USER makes the owner.",
                ),
                tree,
            )
        if kind != "USER" and ("PASSWORD" in clauses or "VALID UNTIL" in clauses):
            words = "PASSWORD" if "PASSWORD" in clauses else "VALID UNTIL"
            raise planner.at(
                InvalidSql(f"A {kind.lower()} has no {words}: it does not log in.", hint="Leave it out."),
                clauses[words],
            )
        taken = acting.access.principals.get(name.casefold())
        if taken is not None and not tree.args.get("exists"):
            raise planner.at(
                AlreadyExists(f'There is a principal "{taken.name}" already.', hint="Choose another name."), tree.this
            )
        made = None if taken is not None else _principal(name, kind, clauses, planner, is_superuser=is_superuser)
        # A password is nowhere in the plan: only its verifier.
        creation = _Creation(acting, made, tuple(role.name for role in within))
        return Plan(statement=self.name, sql="", tree=None, privileges=tuple(privileges), details=creation)

    def run(self, plan: Plan, context: Context) -> Result:
        """Store it; the first one becomes the owner, and the session acts as it."""
        creation: _Creation = plan.details
        principal = creation.principal
        if principal is not None:
            database, catalog = context.database, context.access.catalog
            with changing_access(context, creation.acting):
                is_first = not is_governed(database, catalog)
                by = principal.name if is_first else creation.acting.current
                add_principal(database, catalog, principal, by)
                if is_first:
                    found_governance(database, catalog, principal.name)
                for role in creation.within:
                    member = Membership(principal.name.casefold(), role.casefold(), grantor=by.casefold())
                    add_membership(database, catalog, member)
            if is_first:
                context.access.log_in(principal.name)
        return one_row(context.database, {"created": ("BOOLEAN", principal is not None)})


def _is_superuser(clauses: dict[str, exp.Expr], planner: Planner, *, is_first: bool) -> bool:
    if "SUPERUSER" in clauses and "NOSUPERUSER" in clauses:
        raise planner.at(
            InvalidSql("SUPERUSER and NOSUPERUSER exclude one another.", hint="Leave one out."), clauses["NOSUPERUSER"]
        )
    if is_first and "NOSUPERUSER" in clauses:
        raise planner.at(
            InvalidOption("The first user is a superuser.", hint="Leave NOSUPERUSER out."), clauses["NOSUPERUSER"]
        )
    return is_first or "SUPERUSER" in clauses


def _principal(name: str, kind: str, clauses: dict[str, Any], planner: Planner, *, is_superuser: bool) -> Principal:
    def value(words: str) -> exp.Expr:
        found: exp.Expr = clauses[words].expressions[0]
        return found

    password = read_text(planner, value("PASSWORD"), "PASSWORD") if "PASSWORD" in clauses else None
    return Principal(
        name=name,
        kind=kind,
        is_superuser=is_superuser,
        can_login=kind == "USER",
        verifier=verifier_of(planner, password, clauses.get("PASSWORD")),
        valid_until=read_time(planner, value("VALID UNTIL")) if "VALID UNTIL" in clauses else None,
        comment=read_text(planner, value("COMMENT"), "COMMENT") if "COMMENT" in clauses else None,
    )


def verifier_of(planner: Planner, password: str | None, at: exp.Expr | None) -> str | None:
    """What is stored of a password."""
    if password is None:
        return None
    if not password:
        assert at is not None
        raise planner.at(
            InvalidOption("A password cannot be empty.", hint="PASSWORD NULL lets nobody log in by password."), at
        )
    return make_verifier(password)
