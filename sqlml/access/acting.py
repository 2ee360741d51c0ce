"""Who a session acts as: the user it logged in as, the role it has set, and all that these bring along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlml.access.limits import limits_of
from sqlml.access.values import PUBLIC, Access

NOT_GOVERNED = Access()


@dataclass(frozen=True)
class Acting:
    """A session's principals at one version of the catalog: `user` logged in, `role` is what SET ROLE made of it."""

    access: Access
    user: str
    role: str | None = None

    @property
    def current(self) -> str:
        """What current_user says."""
        return self.role or self.user

    @cached_property
    def roles(self) -> frozenset[str]:
        """The principals whose grants count, folded; only PUBLIC where the role that is set was taken away."""
        if not self.access.is_governed:
            return frozenset()
        if self.role is not None and not self.may_set(self.role):
            return frozenset({PUBLIC})
        return self.access.roles_of(self.current)

    @cached_property
    def is_superuser(self) -> bool:
        """Whether everything is allowed: also where nothing is governed."""
        return not self.access.is_governed or self.access.is_superuser(self.roles)

    @cached_property
    def limits(self) -> Mapping[str, float]:
        """The strictest of each limit that the user and the active roles carry; none for superusers.

        A role that is set takes no limit of the user's away.
        """
        return {} if self.is_superuser else limits_of(self.access, self.roles | self.access.roles_of(self.user))

    def may_set(self, role: str) -> bool:
        """Whether SET ROLE may name it: a role that the user is in; any user or role for a superuser."""
        found = self.access.principals.get(role.casefold())
        own = self.access.roles_of(self.user)
        if found is None or found.kind == "GROUP":
            return False
        return self.access.is_superuser(own) or (found.kind == "ROLE" and role.casefold() in own)


# For planning where there is no session.
NOBODY = Acting(NOT_GOVERNED, "")
