"""What GRANT and REVOKE share: reading privileges, securables and principals."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.values import ALL, PRIVILEGES, PUBLIC, Grant, Securable
from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.planner import Planner
from sqlml.statements.access_change import find_principal, find_securables
from sqlml.types import Privilege

# PostgreSQL's words for what Unity Catalog calls otherwise.
_ALSO = {"ALL": ALL, "USAGE": "USE"}
_USE = {"SCHEMA": "USE SCHEMA", "CATALOG": "USE CATALOG", "CONNECTION": "USE CONNECTION"}


def read_principals(planner: Planner, names: Sequence[exp.Expr]) -> list[str]:
    """The folded names of principals, PUBLIC too."""
    return list(
        dict.fromkeys(
            PUBLIC if fold(name.name) == PUBLIC else fold(find_principal(planner, name).name) for name in names
        )
    )


def read_grants(planner: Planner, tree: exp.Expr) -> list[tuple[str, Securable]]:
    """Each privilege with what it is on, columns one by one."""
    found: list[tuple[str, Securable]] = []
    for on in find_securables(planner, tree.args["on"]):
        for privilege in tree.args["privileges"]:
            found += _placed(planner, privilege, on)
    return list(dict.fromkeys(found))


def _placed(planner: Planner, privilege: exp.Expr, on: Securable) -> list[tuple[str, Securable]]:
    columns = privilege.expressions
    kind = "COLUMN" if columns else on.kind
    words = _ALSO.get(privilege.name, privilege.name)
    if words == "USE":
        words = _USE.get(on.kind, "USAGE")
    if columns and on.kind != "TABLE":
        raise planner.at(
            InvalidOption(f"A {on.kind.lower()} has no columns to grant on.", hint="Leave the columns out."), privilege
        )
    if words != ALL and words not in PRIVILEGES[kind]:
        what = "columns" if kind == "COLUMN" else f"a {kind.lower()}"
        known = [*PRIVILEGES[kind], "ALL PRIVILEGES"]
        nearest = nearest_hint(words, known)
        listed = f"There are: {', '.join(known)}."
        raise planner.at(
            InvalidOption(f"{words} is no privilege on {what}.", hint=f"{nearest} {listed}" if nearest else listed),
            privilege,
        )
    if not columns:
        return [(words, on)]
    known_columns = {
        c.column: c for c in planner.read_securables("COLUMN") if (c.schema, c.name) == (on.schema, on.name)
    }
    each = PRIVILEGES["COLUMN"] if words == ALL else (words,)
    found = []
    for column in columns:
        folded = fold(column.name)
        if folded not in known_columns:
            hint = nearest_hint(column.name, known_columns)
            raise planner.at(NotFound(f'There is no column "{column.name}" in {on}.', hint=hint), column)
        found += [(word, known_columns[folded]) for word in each]
    return found


def asked(wanted: Sequence[tuple[str, Securable]]) -> tuple[Privilege, ...]:
    """What whoever grants these has to hold."""
    return tuple(Privilege(privilege, on.kind, str(on), on, to_grant=True) for privilege, on in wanted)


def held(grants: Sequence[Grant], principals: Sequence[str], wanted: Sequence[tuple[str, Securable]]) -> list[Grant]:
    """The grants that a REVOKE is about; ALL PRIVILEGES is about all that were granted one by one too."""
    places = set(wanted)
    return [
        grant
        for grant in grants
        if grant.grantee in principals and ((grant.privilege, grant.on) in places or (ALL, grant.on) in places)
    ]
