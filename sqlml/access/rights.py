"""On whose behalf something is read, and the errors for what they may not: of what is hidden, that it is not there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlml.access.values import Access, Securable
from sqlml.errors import InvalidSql, NotFound, PermissionDenied, SqlmlError, nearest_hint
from sqlml.types import ObjectName


@dataclass(frozen=True)
class Who:
    """On whose behalf a part of the tree reads: their roles, and the schema of the view it stands in."""

    roles: frozenset[str]
    name: str
    home: str | None = None
    depth: int = 0
    is_caller: bool = True


class Rights:
    """What the caller of a statement, and the owners of the views and functions in it, may do."""

    def __init__(self, access: Access, caller: Who) -> None:
        self.access = access
        self.caller = caller

    def require(self, who: Who, privilege: str, on: Securable, *, what: str) -> None:
        """Raise PermissionDenied, or NotFound of what may not be known, unless someone holds a privilege."""
        missing = self.access.missing(who.roles, privilege, on)
        if missing is not None:
            raise self.refused(who, missing, on, what)

    def refused(self, who: Who, missing: tuple[str, Securable], on: Securable, what: str) -> SqlmlError:
        """The error for a privilege that is lacking: of what the caller may not know, that it is not there."""
        error = self._error(who, missing, on, what)
        privilege, place = missing
        error.rule = f"{privilege} ON {place.kind} {place}"
        return error

    def _error(self, who: Who, missing: tuple[str, Securable], on: Securable, what: str) -> SqlmlError:
        if not who.is_caller:
            return PermissionDenied(
                "The owner of a view or function does not have the privileges that it needs.",
                hint="Its owner has to be granted them.",
            )
        if not self.access.sees(who.roles, on):
            error = NotFound(f"There is no {what.removeprefix('the ')}.", hint="Ask for what you were granted.")
            if on.kind == "TABLE":
                error = self.no_relation(ObjectName(on.name), who)
            # Whoever asks is not told; the audit log is.
            error.is_refusal = True
            return error
        privilege, place = missing
        return PermissionDenied(
            f'"{who.name}" does not have {privilege} on {place.kind.lower()} {place}.',
            hint=f"Its owner can GRANT {privilege} ON {place.kind} {place} TO {who.name}.",
        )

    def no_relation(self, name: ObjectName, who: Who) -> NotFound:
        """The error for a name that means nothing, or nothing that the caller may know of."""
        known = [
            s.name for s in self.access.owners if s.kind == "TABLE" and who.is_caller and self.access.sees(who.roles, s)
        ]
        hint = nearest_hint(name.name, known, otherwise="SHOW TABLES lists those that you may read.")
        return NotFound(f"There is no table or view {name}.", hint=hint)


def unread() -> InvalidSql:
    """The error for a statement that cannot be read, and so not be allowed."""
    return InvalidSql("This statement is not supported in a governed database.", hint="docs/access.md lists what is.")
