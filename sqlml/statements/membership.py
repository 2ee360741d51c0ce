"""What the statements that change principals share: who may, and that somebody is left who may do everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from sqlml.access.acting import Acting
from sqlml.access.values import Access, Membership, Principal
from sqlml.errors import InvalidOption
from sqlml.planner import Planner
from sqlml.statements.access_change import owning, superuser
from sqlml.types import Privilege


def over(acting: Acting, principal: Principal) -> tuple[Privilege, ...]:
    """What changing a principal asks for: more where it is, or brings along, a superuser."""
    access = acting.access
    is_superuser = access.is_superuser(access.roles_of(principal.name))
    return (superuser(acting),) if is_superuser else (owning(acting),)


def admitting(acting: Acting, role: Principal) -> tuple[Privilege, ...]:
    """What putting someone into a role asks for: nothing of who has it WITH ADMIN OPTION."""
    folded = role.name.casefold()
    is_admin = any(m.role == folded and m.member in acting.roles and m.with_admin for m in acting.access.memberships)
    asked = over(acting, role)
    return () if is_admin and asked[0].action != "SUPERUSER" else asked


def check_no_cycle(planner: Planner, access: Access, member: str, role: Principal, at: exp.Expr) -> None:
    """Refuse a membership by which a role would be in itself."""
    if member.casefold() in access.roles_of(role.name):
        raise planner.at(
            InvalidOption(
                f'"{role.name}" is in "{member}" already: it cannot hold it as well.',
                hint="Roles and groups may be nested, not in a ring.",
            ),
            at,
        )


def with_memberships(access: Access, added: Iterable[Membership] = (), removed: Iterable[Membership] = ()) -> Access:
    """The same with some memberships more and others less."""
    gone = set(removed)
    return replace(access, memberships=(*(m for m in access.memberships if m not in gone), *added))


def check_superuser_left(planner: Planner, after: Access, at: exp.Expr) -> None:
    """Refuse what would leave nobody who may do everything for good."""
    for principal in after.principals.values():
        may_log_in = principal.kind == "USER" and principal.can_login and principal.valid_until is None
        if may_log_in and after.is_superuser(after.roles_of(principal.name)):
            return
    raise planner.at(
        InvalidOption(
            "No superuser would be left that may log in for good.",
            hint="CREATE USER ... SUPERUSER makes another first.",
        ),
        at,
    )
