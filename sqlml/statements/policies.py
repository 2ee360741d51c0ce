"""What the statements about policies share: the place of one, finding it, and what that asks for."""

from __future__ import annotations

from sqlglot import exp

from sqlml.access.acting import Acting
from sqlml.access.values import CATALOG, Policy, Securable
from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.planner import Planner
from sqlml.statements.access_change import find_securable
from sqlml.types import Privilege


def place_of(planner: Planner, place: exp.Expr) -> Securable:
    """Where a policy holds: the catalog, a schema or a table."""
    if place.args.get("this") is None:
        return CATALOG
    on = find_securable(planner, place.text("kind"), place.this)
    if on.kind == "TABLE" and on not in planner.read_securables("TABLE"):
        raise planner.at(InvalidOption(f"{on} is a view.", hint="Policies are for tables."), place)
    return on


def managing(on: Securable) -> Privilege:
    """What changing and reading policies asks for."""
    return Privilege("MANAGE", on.kind, str(on), on)


def named(acting: Acting, on: Securable, name: str) -> Policy | None:
    """The policy of a name in a place."""
    return next((p for p in acting.access.policies if p.on == on and p.name.casefold() == name.casefold()), None)


def find_policy(planner: Planner, name: exp.Expr, on: Securable) -> Policy:
    """The policy of a name in a place.

    Raises NotFound, whose hint names policies only for who manages the place.
    """
    acting = planner.acting
    found = named(acting, on, name.name)
    if found is None:
        known = [p.name for p in acting.access.policies if p.on == on and acting.access.may_manage(acting.roles, on)]
        hint = nearest_hint(name.name, known, otherwise="SHOW POLICIES lists them.")
        raise planner.at(NotFound(f'There is no policy "{name.name}" on {on}.', hint=hint), name)
    return found
