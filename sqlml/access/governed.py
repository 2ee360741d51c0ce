"""What a rule makes of a statement, and what rules of several kinds of statements ask."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from sqlml.access.expansion import Expansion
from sqlml.access.names import fold
from sqlml.access.objects import Entry
from sqlml.access.values import Securable
from sqlml.errors import PermissionDenied
from sqlml.types import ObjectName

CLOSED = frozenset({"sqlml", "sqlml_models", "information_schema", "pg_catalog"})


@dataclass(frozen=True)
class Change:
    """What a statement does to the objects that privileges are on."""

    action: str  # made, dropped, renamed
    on: Securable
    to: Securable | None = None


@dataclass
class Governed:
    """A statement that may run: its tree, and what it changes."""

    tree: exp.Expr
    changes: list[Change] = field(default_factory=list)
    # Whether DuckDB can say which tables it reads.
    is_query: bool = False
    # Whether its body is kept as it was written: a view or macro.
    is_kept: bool = False
    # Whether nothing in it was expanded, and the user's own text is sent.
    keeps_text: bool = False


def target(table: exp.Table, expansion: Expansion, *privileges: str) -> Entry:
    """The table that a statement writes, qualified."""
    who = expansion.caller
    name = ObjectName(table.name, table.db or None, table.catalog or None)
    entry = expansion.objects.relation(name)
    if entry is None:
        raise expansion.no_relation(name, who)
    if fold(entry.schema) in CLOSED:
        raise PermissionDenied(f"The schema {entry.schema} is closed.", hint="Statements of sqlml's own write it.")
    if not entry.is_temporary:
        for privilege in privileges:
            expansion.require(who, privilege, entry.securable, what=f"the table {entry.name}")
    table.set("this", exp.to_identifier(entry.name, quoted=True))
    table.set("db", exp.to_identifier(entry.schema, quoted=True))
    table.set("catalog", exp.to_identifier(entry.catalog, quoted=True))
    return entry


def place(name: exp.Table, expansion: Expansion) -> str:
    """The schema that a new object goes to.

    Raises PermissionDenied for a closed one or another database.
    """
    objects = expansion.objects
    if name.catalog and fold(name.catalog) != fold(objects.catalog):
        raise PermissionDenied(f"The database {name.catalog} is closed.", hint="Name one schema of this database.")
    schema = name.db or objects.path[0]
    if not name.catalog and fold(schema) == fold(objects.catalog):
        schema = "main"
    if fold(schema) in CLOSED:
        raise PermissionDenied(f"The schema {schema} is closed.", hint="Choose another one.")
    return schema


def require_owner(expansion: Expansion, entry: Entry) -> None:
    """Raise PermissionDenied unless the caller manages a table or view, or has it for himself."""
    if not entry.is_temporary:
        require_owner_of(expansion, entry.securable, f"the table {entry.name}")


def require_owner_of(expansion: Expansion, on: Securable, what: str) -> None:
    """Raise PermissionDenied, or NotFound of what may not be known, unless the caller manages it."""
    if not expansion.access.may_manage(expansion.caller.roles, on):
        raise expansion.refused(expansion.caller, ("MANAGE", on), on, what)
