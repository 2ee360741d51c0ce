"""Who may give a privilege on, and which grants rest on which others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlml.access.values import ALL, INCLUDES, NOT_IN_ALL, Access, Grant, Securable


def may_grant(access: Access, roles: frozenset[str], privilege: str, on: Securable) -> bool:
    """Whether one of these principals may grant it: who manages the thing, or holds the privilege WITH GRANT OPTION."""
    if access.may_manage(roles, on):
        return True
    places = (on, *on.parents())
    return any(
        grant.with_grant_option
        and grant.on in places
        and grant.grantee in roles
        and _covers(grant.privilege, privilege)
        for grant in access.grants
    )


def _covers(held: str, asked: str) -> bool:
    if held == ALL:
        return asked not in NOT_IN_ALL
    return asked == held or asked in INCLUDES.get(held, ())


def sound(access: Access) -> frozenset[Grant]:
    """The grants that whoever made them may still make, starting from the owners: none stands by standing in a ring."""
    found: set[Grant] = set()
    waiting = list(access.grants)
    while waiting:
        known = replace(access, grants=tuple(found))
        more = [g for g in waiting if may_grant(known, access.roles_of(g.grantor), g.privilege, g.on)]
        if not more:
            break
        found.update(more)
        waiting = [g for g in waiting if g not in found]
    return frozenset(found)


def dependents(before: Access, after: Access) -> list[Grant]:
    """The grants that stood before and do not stand after, although nobody took them away themselves."""
    lost = sound(before) - sound(after)
    return [grant for grant in after.grants if grant in lost]


def without(access: Access, removed: Collection[Grant], kept: Iterable[Grant] = ()) -> Access:
    """The same without some grants, and with others in their place."""
    left = tuple(grant for grant in access.grants if grant not in removed)
    return replace(access, grants=(*left, *kept))
