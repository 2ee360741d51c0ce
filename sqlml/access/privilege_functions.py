"""`has_table_privilege('t', 'SELECT')` and its like, PostgreSQL's, as values put into a tree.

They say what the session's user, or a role that it is in, may do. Of what one may not see they say what they say of
what is not there: false. Without users DuckDB's own answer is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from sqlml.access.acting import Acting
from sqlml.access.authority import may_grant
from sqlml.access.calls import call_parts
from sqlml.access.names import LOWER, UPPER, fold
from sqlml.access.objects import Objects
from sqlml.access.values import CATALOG, PRIVILEGES, Access, Securable
from sqlml.dialect import read_name
from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.types import ObjectName

# PostgreSQL's words for ours; there are no triggers.
_TABLE: Mapping[str, str | None] = {"TRUNCATE": "DELETE", "REFERENCES": "SELECT", "TRIGGER": None}
_SCHEMA: Mapping[str, str | None] = {"USAGE": "USE SCHEMA", "CREATE": "CREATE TABLE"}
_CATALOG: Mapping[str, str | None] = {"CONNECT": "USE CATALOG", "CREATE": "CREATE SCHEMA"}
_MEMBER = ("MEMBER", "USAGE", "SET")
_OPTION = " WITH GRANT OPTION"


@dataclass(frozen=True)
class _Asked:
    """Whose privileges are asked for, of what, and which: any of them will do."""

    access: Access
    roles: frozenset[str]
    objects: Objects
    privileges: tuple[str, ...]
    # Those that have to be held WITH GRANT OPTION.
    to_grant: tuple[str, ...]

    def may(self, on: Securable) -> bool:
        """Whether one of the privileges is held."""
        return any(self.access.may(self.roles, p, on) for p in self.privileges) or any(
            self.access.may(self.roles, p, on) and may_grant(self.access, self.roles, p, on) for p in self.to_grant
        )

    def may_column(self, table: Securable, column: str) -> bool:
        """Whether one of them is held on the table, or was granted on the column alone."""
        return self.may(table) or any(column in self.columns(table, p) for p in self.privileges)

    def columns(self, table: Securable, privilege: str) -> frozenset[str]:
        """The columns that a privilege was granted on one by one, where nothing else is lacking."""
        if self.access.missing(self.roles, privilege, table) != (privilege, table):
            return frozenset()
        return self.access.columns_held(self.roles, privilege, table)


def privilege_value(node: exp.Expr, acting: Acting, objects: Objects) -> exp.Expr | None:
    """What one of these functions says for the session; None for any other node.

    Raises InvalidOption for a privilege that is none, NotFound for a user that is not there or not to be known.
    """
    parts = call_parts(node)
    if parts is None or parts[0].catalog or fold(parts[0].schema or "pg_catalog") != "pg_catalog":
        return None
    name, call = fold(parts[0].name), parts[1]
    found = _FUNCTIONS.get(name)
    if found is None:
        return None
    arity, kind, words, answer = found
    given = [argument.copy() for argument in call.expressions]
    if len(given) not in (arity, arity + 1) or any(isinstance(g, exp.PropertyEQ | exp.Kwarg) for g in given):
        raise InvalidOption(f"{name} takes {arity} or {arity + 1} arguments.", hint=_hint(name, arity))
    roles = _roles_of(_text(given.pop(0), name, arity), acting) if len(given) > arity else acting.roles
    privileges, to_grant = _privileges(_text(given.pop(), name, arity), kind, words)
    # What there is was looked up now.
    objects.is_closed = False
    return answer(_Asked(acting.access, roles, objects, privileges, to_grant), *given)


def _hint(name: str, arity: int) -> str:
    rest = "role, 'MEMBER'" if name == "pg_has_role" else "'name', " + "'column', " * (arity - 2) + "'SELECT'"
    return f"Write {name}({rest}), with the privilege, and a user before it, as a text."


def _text(value: exp.Expr, name: str, arity: int) -> str:
    while isinstance(value, exp.Cast | exp.Paren):
        value = value.this
    if not (isinstance(value, exp.Literal) and value.is_string):
        raise InvalidOption(f"The user and the privilege of {name} are written out.", hint=_hint(name, arity))
    return value.name


def _roles_of(user: str, acting: Acting) -> frozenset[str]:
    """The roles of another: a superuser may ask about everyone, everyone about himself and what he is in."""
    known = acting.roles | {fold(acting.user), fold(acting.current)}
    folded = user.casefold()
    if folded not in (acting.access.principals if acting.is_superuser else known) and folded != "public":
        raise NotFound(f'There is no user or role "{user}".', hint="Ask about yourself, or a role that you are in.")
    return acting.access.roles_of(folded)


def _privileges(text: str, kind: str, words: Mapping[str, str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The privileges of a list, and those that are asked for WITH GRANT OPTION; what nobody can hold is left out."""
    known = {**{p: p for p in PRIVILEGES.get(kind, ())}, **words}
    plain: list[str] = []
    to_grant: list[str] = []
    for part in text.upper().split(","):
        written = " ".join(part.split())
        word = written.removesuffix(_OPTION)
        if word not in known:
            raise InvalidOption(f'There is no privilege "{written}" here.', hint=nearest_hint(word, known))
        privilege = known[word]
        if privilege is not None:
            (plain if written == word else to_grant).append(privilege)
    return tuple(plain), tuple(to_grant)


def _answer(value: exp.Expr, is_held: Callable[[str], bool], held: Callable[[], Iterable[str]]) -> exp.Expr:
    """TRUE or FALSE of a text that is written out; of any other value whether it is one of the names; NULL of NULL."""
    bare = value
    while isinstance(bare, exp.Cast | exp.Paren):
        bare = bare.this
    if isinstance(bare, exp.Literal) and bare.is_string:
        return exp.Boolean(this=is_held(bare.name))
    names = exp.Array(expressions=[exp.Literal.string(name) for name in sorted(set(held()))])
    letters = [exp.Literal.string(UPPER), exp.Literal.string(LOWER)]
    folded = exp.Anonymous(this="translate", expressions=[exp.cast(value, "VARCHAR"), *letters])
    return exp.Anonymous(this="list_contains", expressions=[exp.cast(names, "VARCHAR[]"), folded])


def _named(text: str) -> ObjectName | None:
    table = read_name(text)
    return None if table is None else ObjectName(table.name, table.db or None, table.catalog or None)


def _relation(asked: _Asked, text: str) -> tuple[Securable, frozenset[str]] | None:
    """The table or view of a name, and its columns; temporary ones are their session's own business."""
    name = _named(text)
    entry = asked.objects.relation(name) if name is not None else None
    if entry is None or fold(entry.catalog) != fold(asked.objects.catalog):
        return None
    return entry.securable, frozenset(fold(c.name) for c in asked.objects.columns(entry))


def _written(asked: _Asked, names: Iterable[Securable]) -> Iterable[str]:
    """How these may be named: with their schema, or without it where it is looked in."""
    path = {fold(schema) for schema in asked.objects.path}
    for on in names:
        yield f"{on.schema}.{on.name}"
        if on.schema in path:
            yield on.name


def _table(asked: _Asked, table: exp.Expr) -> exp.Expr:
    def is_held(text: str) -> bool:
        found = _relation(asked, text)
        return found is not None and asked.may(found[0])

    return _answer(table, is_held, lambda: _written(asked, filter(asked.may, asked.objects.all_relations())))


def _any_column(asked: _Asked, table: exp.Expr) -> exp.Expr:
    def holds(on: Securable) -> bool:
        return asked.may(on) or any(asked.columns(on, p) for p in asked.privileges)

    def is_held(text: str) -> bool:
        found = _relation(asked, text)
        return found is not None and holds(found[0])

    return _answer(table, is_held, lambda: _written(asked, filter(holds, asked.objects.all_relations())))


def _column(asked: _Asked, table: exp.Expr, column: exp.Expr) -> exp.Expr:
    found = _relation(asked, _text(table, "has_column_privilege", 3))

    def is_held(text: str) -> bool:
        return found is not None and fold(text) in found[1] and asked.may_column(found[0], fold(text))

    return _answer(column, is_held, lambda: filter(is_held, found[1] if found else ()))


def _schema(asked: _Asked, schema: exp.Expr) -> exp.Expr:
    there = {fold(s) for s in asked.objects.schemas()}

    def is_held(text: str) -> bool:
        name = _named(text)
        folded = fold(text if name is None or name.schema else name.name)
        return folded in there and asked.may(Securable.of("SCHEMA", folded))

    return _answer(schema, is_held, lambda: filter(is_held, there))


def _function(asked: _Asked, function: exp.Expr) -> exp.Expr:
    routines = {
        Securable.of(kind, *names) for kind in ("FUNCTION", "MODEL") for names in asked.objects.routine_names(kind)
    }
    held = set(_written(asked, (on for on in routines if on.schema != "sqlml_models" and asked.may(on))))

    def is_held(text: str) -> bool:
        # PostgreSQL writes its arguments too: 'f(integer)'.
        name = _named(re.sub(r"\([^()]*\)\s*$", "", text))
        if name is None or (name.catalog and fold(name.catalog) != fold(asked.objects.catalog)):
            return False
        return fold(f"{name.schema}.{name.name}" if name.schema else name.name) in held

    return _answer(function, is_held, lambda: held)


def _database(asked: _Asked, database: exp.Expr) -> exp.Expr:
    own = fold(asked.objects.catalog)
    return _answer(database, lambda text: fold(text) == own and asked.may(CATALOG), lambda: [own][: asked.may(CATALOG)])


def _role(asked: _Asked, role: exp.Expr) -> exp.Expr:
    return _answer(role, lambda text: text.casefold() in asked.roles, lambda: asked.roles)


_Answer = Callable[..., exp.Expr]
# How many arguments there are without a user, what the privileges are on, PostgreSQL's own words for them.
_FUNCTIONS: Mapping[str, tuple[int, str, Mapping[str, str | None], _Answer]] = {
    "has_table_privilege": (2, "TABLE", _TABLE, _table),
    "has_any_column_privilege": (2, "COLUMN", _TABLE, _any_column),
    "has_column_privilege": (3, "COLUMN", _TABLE, _column),
    "has_schema_privilege": (2, "SCHEMA", _SCHEMA, _schema),
    "has_function_privilege": (2, "FUNCTION", {}, _function),
    "has_database_privilege": (2, "CATALOG", _CATALOG, _database),
    "pg_has_role": (2, "ROLE", dict.fromkeys(_MEMBER), _role),
}
FUNCTIONS = frozenset(_FUNCTIONS)
