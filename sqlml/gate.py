"""The one authoriser: every statement passes here before DuckDB sees it.

A file without users is not governed: whoever opened it may do everything.
"""

from __future__ import annotations

import getpass

from sqlml.access.acting import NOT_GOVERNED
from sqlml.access.authority import may_grant
from sqlml.access.names import fold
from sqlml.access.rights import Who
from sqlml.access.values import CATALOG, Access, Securable
from sqlml.access.volumes import READ, WRITE, reached
from sqlml.errors import PermissionDenied, SqlmlError
from sqlml.types import ObjectName, Plan, Privilege


class Gate:
    """Decides whether a plan may run for a principal, by the grants of the roles it acts with."""

    def __init__(self, principal: str, access: Access = NOT_GOVERNED, roles: frozenset[str] = frozenset()) -> None:
        self.principal = principal
        self.access = access
        self.roles = roles
        # The relations that a statement reads and that were checked on its tree, by full name, folded.
        self.relations: frozenset[ObjectName] | None = None

    def authorise(self, plan: Plan) -> None:
        """Allow the plan.

        Raises PermissionDenied naming the first privilege that the principal does not hold.
        """
        for privilege in plan.privileges:
            if not self.holds(privilege):
                error = self._refused(privilege)
                error.rule = f"{privilege.action} ON {privilege.kind} {privilege.on}"
                raise error

    def authorise_load(self, catalog: str) -> None:
        """Allow a plain DuckDB connection with functions of ours: no later statement of its passes here.

        Raises PermissionDenied to whoever does not own everything in the database.
        """
        self.authorise(Plan(statement="load", sql="", privileges=(Privilege("LOAD", "DATABASE", catalog),)))

    def holds(self, privilege: Privilege) -> bool:
        """Whether the principal holds a privilege: a single user owns everything in the file."""
        if not self.access.is_governed:
            return bool(self.principal and privilege.action)
        if self.access.is_superuser(self.roles):
            return True
        if self._is_checked(privilege):
            return True
        if privilege.kind == "FILE":
            return self._reaches(privilege)
        on = securable_of(privilege, self.access.catalog)
        if on is None or privilege.action in ("SUPERUSER", "LOAD"):
            return False
        if privilege.action == "OWN":
            return self.access.owns(self.roles, on)
        if privilege.to_grant:
            return may_grant(self.access, self.roles, privilege.action, on)
        if privilege.action == "MANAGE":
            return self.access.may_manage(self.roles, on)
        return self.access.may(self.roles, privilege.action, on)

    def _is_checked(self, privilege: Privilege) -> bool:
        """Whether the relation was allowed on the statement's tree, or is one that a function of ours reads.

        No statement of a user's names those of schema `sqlml`: what the function may show is the model's privilege.
        """
        if self.relations is None or privilege.kind != "TABLE" or not isinstance(privilege.of, ObjectName):
            return False
        of = folded(privilege.of)
        ours = of.schema == "sqlml" and of.catalog == fold(self.access.catalog) and privilege.action == "SELECT"
        return ours or of in self.relations

    def _reaches(self, privilege: Privilege) -> bool:
        """Whether a file is in a volume that may be read or written."""
        who = Who(self.roles, self.principal)
        needed = {"SELECT": READ, "MODIFY": WRITE}[privilege.action]
        try:
            reached(self.access, who, privilege.on, needed)
        except SqlmlError:
            return False
        return True

    def _refused(self, privilege: Privilege) -> PermissionDenied:
        what = "the database" if privilege.kind == "CATALOG" else f"{privilege.kind.lower()} {privilege.on}"
        if privilege.action == "SUPERUSER":
            return PermissionDenied(f'"{self.principal}" is no superuser.', hint="Ask a superuser to do this.")
        if privilege.action == "OWN":
            return PermissionDenied(f'"{self.principal}" does not own {what}.', hint="Its owner, or a superuser, may.")
        if privilege.to_grant:
            return PermissionDenied(
                f'"{self.principal}" may not give {privilege.action} on {what} to others.',
                hint="Its owner may, whoever has MANAGE on it, and whoever was granted this WITH GRANT OPTION.",
            )
        return PermissionDenied(
            f'"{self.principal}" does not have {privilege.action} on {what}.', hint="Ask its owner to GRANT it."
        )


def folded(name: ObjectName) -> ObjectName:
    """The full name, to be compared."""
    return ObjectName(fold(name.name), fold(name.schema or ""), fold(name.catalog or ""))


def securable_of(privilege: Privilege, catalog: str) -> Securable | None:
    """What a privilege is on; None for files and for other databases, which only superusers reach."""
    of = privilege.of
    if isinstance(of, Securable):
        return of
    if privilege.kind == "DATABASE":
        return CATALOG
    if not isinstance(of, ObjectName) or privilege.kind == "FILE":
        return None
    if of.catalog is not None and fold(of.catalog) != fold(catalog):
        return None
    if privilege.kind == "SCHEMA":
        return Securable.of("SCHEMA", of.schema or "main")
    return Securable.of(privilege.kind, of.schema or "main", of.name)


def os_user() -> str:
    """The name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
