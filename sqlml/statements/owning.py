"""What statements of sqlml's own make, rename and drop, as access control has to know it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlml.access.governed import Change
from sqlml.access.values import Securable
from sqlml.catalog.access import bump_version, read_access
from sqlml.catalog.access_objects import apply_changes
from sqlml.errors import PermissionDenied
from sqlml.planner import Planner
from sqlml.statements.base import Context
from sqlml.types import ModelVersion, ObjectName, Privilege


def record(context: Context, catalog: str, changes: Sequence[Change]) -> None:
    """Note, in the transaction that makes them, changes of what privileges are on; nothing where nothing is governed.

    Whoever the session acts as owns what is made.
    """
    access = context.access
    if catalog != access.catalog or not access.acting.access.is_governed:
        return
    access.will_change()
    apply_changes(context.database, catalog, changes, access.acting.current.casefold())
    bump_version(context.database, catalog)


def model_securable(name: ObjectName) -> Securable:
    """What privileges on a model of that full name are on."""
    return Securable.of("MODEL", str(name.schema), name.name)


def function_securable(name: ObjectName) -> Securable:
    """What privileges on a function of that full name are on."""
    return Securable.of("FUNCTION", str(name.schema), name.name)


def writing(planner: Planner, name: ObjectName, *, replaces: bool) -> Privilege:
    """What making a model asks for: another version of one that is there, or a new name in its schema."""
    there = planner.snapshot.versions_of(name) if replaces else []
    if there:
        return Privilege("CREATE MODEL VERSION", "MODEL", there[0].full_name, there[0].object_name)
    return Privilege("CREATE MODEL", "SCHEMA", f"{name.catalog}.{name.schema}", name)


def check_version(context: Context, name: ObjectName) -> None:
    """Raise PermissionDenied unless a version may be added to a model that is there.

    It may be there only since the statement was planned, or be one that the user knows nothing of.
    """
    acting = context.access.acting
    if name.catalog != context.access.catalog or not acting.access.is_governed:
        return
    access = read_access(context.database, context.access.catalog)
    if not access.may(acting.roles, "CREATE MODEL VERSION", model_securable(name)):
        raise PermissionDenied(
            f'"{acting.current}" does not have CREATE MODEL VERSION on model {name}.', hint="Ask its owner to GRANT it."
        )


def sees(context: Context, on: Securable) -> bool:
    """Whether the user may know of something in the governed database."""
    acting = context.access.acting
    return acting.is_superuser or acting.access.sees(acting.roles, on)


def renamed(model: ModelVersion, name: ObjectName) -> Change:
    """That a model has another name."""
    return Change("renamed", model_securable(model.object_name), model_securable(name))
