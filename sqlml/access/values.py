"""The values of access control: principals, securables, grants; and Access, all of it at one version of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sqlml.access.names import fold

if TYPE_CHECKING:
    import datetime

# The group that everyone is in.
PUBLIC = "public"

# What can be granted on what. `DATABASE` is what other products call a catalog; both words are understood.
PRIVILEGES: Mapping[str, tuple[str, ...]] = {
    "CATALOG": (
        "USE CATALOG",
        "USE SCHEMA",
        "SELECT",
        "MODIFY",
        "INSERT",
        "UPDATE",
        "DELETE",
        "EXECUTE",
        "CREATE SCHEMA",
        "CREATE TABLE",
        "CREATE VIEW",
        "CREATE FUNCTION",
        "CREATE MODEL",
        "CREATE MODEL VERSION",
        "READ VOLUME",
        "WRITE VOLUME",
        "USE CONNECTION",
        "CAN QUERY",
        "APPLY TAG",
        "BROWSE",
        "MANAGE",
    ),
    "SCHEMA": (
        "USE SCHEMA",
        "SELECT",
        "MODIFY",
        "INSERT",
        "UPDATE",
        "DELETE",
        "EXECUTE",
        "CREATE TABLE",
        "CREATE VIEW",
        "CREATE FUNCTION",
        "CREATE MODEL",
        "CREATE MODEL VERSION",
        "APPLY TAG",
        "BROWSE",
        "MANAGE",
    ),
    "TABLE": ("SELECT", "MODIFY", "INSERT", "UPDATE", "DELETE", "APPLY TAG", "BROWSE", "MANAGE"),
    "COLUMN": ("SELECT", "INSERT", "UPDATE"),
    "FUNCTION": ("EXECUTE", "BROWSE", "MANAGE"),
    "MODEL": ("EXECUTE", "CREATE MODEL VERSION", "APPLY TAG", "BROWSE", "MANAGE"),
    "VOLUME": ("READ VOLUME", "WRITE VOLUME", "BROWSE", "MANAGE"),
    "CONNECTION": ("USE CONNECTION", "BROWSE", "MANAGE"),
    "ENDPOINT": ("CAN QUERY", "BROWSE", "MANAGE"),
}

# What a privilege brings along; MANAGE is no part of ALL PRIVILEGES, as in Unity Catalog.
INCLUDES: Mapping[str, tuple[str, ...]] = {"MODIFY": ("INSERT", "UPDATE", "DELETE")}
NOT_IN_ALL = frozenset({"MANAGE"})
ALL = "ALL PRIVILEGES"


@dataclass(frozen=True)
class Securable:
    """Something that privileges are on. Names are folded; parts that do not apply are empty.

    kind: CATALOG, SCHEMA, TABLE (views too), COLUMN, FUNCTION, MODEL, VOLUME, CONNECTION, ENDPOINT.
    """

    kind: str
    schema: str = ""
    name: str = ""
    column: str = ""

    @classmethod
    def of(cls, kind: str, schema: str = "", name: str = "", column: str = "") -> Securable:
        """With its names folded."""
        return cls(kind, fold(schema), fold(name), fold(column))

    def parents(self) -> tuple[Securable, ...]:
        """What a grant may be inherited from, nearest first."""
        if self.kind == "CATALOG":
            return ()
        if self.kind == "COLUMN":
            table = Securable("TABLE", self.schema, self.name)
            return (table, *table.parents())
        if self.kind in ("SCHEMA", "VOLUME", "CONNECTION", "ENDPOINT"):
            return (CATALOG,)
        return (Securable("SCHEMA", self.schema), CATALOG)

    def __str__(self) -> str:
        return ".".join(part for part in (self.schema, self.name, self.column) if part) or "the catalog"


CATALOG = Securable("CATALOG")


@dataclass(frozen=True)
class Principal:
    """A user, a group or a role."""

    name: str
    kind: str  # USER, GROUP or ROLE
    is_superuser: bool = False
    can_login: bool = False
    verifier: str | None = None
    valid_until: datetime.datetime | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Membership:
    """`member` is in `role`, which may be a group or a role; both folded."""

    member: str
    role: str
    with_admin: bool = False
    grantor: str = ""


@dataclass(frozen=True)
class Grant:
    """A privilege that a principal was given; `grantee` and `grantor` are folded names."""

    grantee: str
    privilege: str
    on: Securable
    grantor: str
    with_grant_option: bool = False


@dataclass(frozen=True)
class Applied:
    """A function that filters rows or masks a column, and what it is called with: columns, or 'constants' in quotes."""

    function_schema: str
    function: str
    arguments: tuple[str, ...]
    set_by: str


@dataclass(frozen=True)
class Policy:
    """A filter or mask by tags, over a catalog, a schema or a table."""

    name: str
    on: Securable
    action: str  # ROW FILTER or COLUMN MASK
    function_schema: str
    function: str
    principals: tuple[str, ...]
    except_principals: tuple[str, ...]
    condition: str | None  # over the tags of the table
    matches: tuple[tuple[str, str], ...]  # folded alias and condition over the tags of a column
    on_column: str | None  # the alias of what is masked
    arguments: tuple[str, ...]  # aliases, or 'constants' in quotes
    set_by: str
    comment: str | None = None


@dataclass(frozen=True)
class Access:
    """Everything the gate decides on, at one version of the catalog. Empty principals: not governed."""

    version: int = 0
    catalog: str = ""
    principals: Mapping[str, Principal] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    grants: tuple[Grant, ...] = ()
    owners: Mapping[Securable, str] = field(default_factory=dict)
    row_filters: Mapping[Securable, Applied] = field(default_factory=dict)
    column_masks: Mapping[Securable, Applied] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    tags: Mapping[Securable, Mapping[str, str]] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)  # folded name -> folder
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def is_governed(self) -> bool:
        """Whether anyone is refused anything."""
        return bool(self.principals)

    @cached_property
    def _holdings(self) -> Mapping[tuple[str, Securable], frozenset[str]]:
        held: dict[tuple[str, Securable], set[str]] = {}
        for grant in self.grants:
            held.setdefault((grant.grantee, grant.on), set()).update(
                (grant.privilege, *INCLUDES.get(grant.privilege, ()))
            )
        return {key: frozenset(privileges) for key, privileges in held.items()}

    def roles_of(self, principal: str) -> frozenset[str]:
        """The principal and every group and role it is in, however deep, and PUBLIC; folded."""
        found = {principal.casefold()}
        waiting = list(found)
        while waiting:
            member = waiting.pop()
            for membership in self.memberships:
                if membership.member == member and membership.role not in found:
                    found.add(membership.role)
                    waiting.append(membership.role)
        return frozenset(found | {PUBLIC})

    def is_superuser(self, roles: Iterable[str]) -> bool:
        """Whether one of these principals may do everything."""
        return any(role in self.principals and self.principals[role].is_superuser for role in roles)

    def owner_of(self, securable: Securable) -> str:
        """Who owns it: of what nobody made since the file is governed, the owner of the catalog; folded."""
        if securable.kind == "COLUMN":
            securable = Securable("TABLE", securable.schema, securable.name)
        return self.owners.get(securable) or self.owners.get(CATALOG, "")

    def owns(self, roles: frozenset[str], securable: Securable) -> bool:
        """Whether one of these principals owns it or everything."""
        return self.is_superuser(roles) or self.owner_of(securable) in roles

    def holds(self, roles: frozenset[str], privilege: str, on: Securable) -> bool:
        """Whether one of these principals has the privilege: as owner, by a grant on it or on what it is in.

        Says nothing of USE CATALOG and USE SCHEMA, which `may` asks for too.
        """
        if self.owns(roles, on):
            return True
        for place in (on, *on.parents()):
            for role in roles:
                held = self._holdings.get((role, place), frozenset())
                if privilege in held or (ALL in held and privilege not in NOT_IN_ALL):
                    return True
        return False

    def may(self, roles: frozenset[str], privilege: str, on: Securable) -> bool:
        """Whether one of these principals has the privilege and may use the schema and the catalog it is in."""
        return self.missing(roles, privilege, on) is None

    def missing(self, roles: frozenset[str], privilege: str, on: Securable) -> tuple[str, Securable] | None:
        """The first privilege that is lacking to use another one; None where nothing is."""
        if self.owns(roles, on):
            return None
        if on.kind != "CATALOG" and not self.holds(roles, "USE CATALOG", CATALOG):
            return "USE CATALOG", CATALOG
        schema = Securable("SCHEMA", on.schema)
        if on.schema and on.kind != "SCHEMA" and not self.holds(roles, "USE SCHEMA", schema):
            return "USE SCHEMA", schema
        return None if self.holds(roles, privilege, on) else (privilege, on)

    def may_manage(self, roles: frozenset[str], on: Securable) -> bool:
        """Whether one of these principals may grant, change owners and drop: the owner of it or of what it is in."""
        return any(self.owns(roles, place) for place in (on, *on.parents())) or self.holds(roles, "MANAGE", on)

    def protects(self, table: Securable) -> bool:
        """Whether rows or columns of a table may be hidden: by a filter or mask of its own, or by any policy."""
        return bool(self.policies) or table in self.row_filters or (table.schema, table.name) in self._masked

    @cached_property
    def _masked(self) -> frozenset[tuple[str, str]]:
        return frozenset((column.schema, column.name) for column in self.column_masks)

    def columns_held(self, roles: frozenset[str], privilege: str, table: Securable) -> frozenset[str]:
        """The columns of a table that a privilege was granted on one by one; folded."""
        return frozenset(
            grant.on.column
            for grant in self.grants
            if grant.on.kind == "COLUMN"
            and (grant.on.schema, grant.on.name) == (table.schema, table.name)
            and grant.grantee in roles
            and privilege in (grant.privilege, *INCLUDES.get(grant.privilege, ()))
        )

    def sees(self, roles: frozenset[str], on: Securable) -> bool:
        """Whether one of these principals may know that it exists: any privilege on it, on one of its columns."""
        if self.owns(roles, on):
            return True
        for place in (on, *on.parents()):
            for role in roles:
                held = self._holdings.get((role, place), frozenset())
                if held & _SHOWING[on.kind]:
                    return True
        if on.kind == "SCHEMA":
            return any(g.on.schema == on.schema and g.grantee in roles for g in self.grants) or any(
                s.schema == on.schema and owner in roles for s, owner in self.owners.items()
            )
        return on.kind == "TABLE" and any(
            g.on.kind == "COLUMN" and (g.on.schema, g.on.name) == (on.schema, on.name) and g.grantee in roles
            for g in self.grants
        )


# The privileges, on a thing or what it is in, that let it be seen.
_SHOWING: Mapping[str, frozenset[str]] = {kind: frozenset((*names, ALL)) for kind, names in PRIVILEGES.items()}
