"""The models of kept SQL: what a view or macro over `ml_predict` calls, and whose privilege that takes.

DuckDB keeps such a view with the call of the model's macro, `sqlml_models."churn#<interface>"({...})`. Nobody may write
that name in a statement; where it stands in a view or macro, its owner must hold EXECUTE on the model.
"""

from __future__ import annotations

from sqlml.access.names import fold
from sqlml.access.objects import Macro, Objects
from sqlml.access.rights import Rights, Who
from sqlml.access.values import Access, Securable
from sqlml.errors import PermissionDenied
from sqlml.types import ObjectName, macro_name

MODELS = "sqlml_models"
_OF_AUDIT = frozenset({"sqlml_audit_parts", "sqlml_audit_rows"})
SCHEMAS_OF_OURS = frozenset({"sqlml", MODELS})


def is_internal(name: ObjectName) -> bool:
    """Whether a function is one that the rewriting of sqlml's own functions calls."""
    return fold(name.name).startswith("sqlml_") or fold(name.schema or "") in SCHEMAS_OF_OURS


def reads_audit(name: ObjectName, access: Access, who: Who, allowed: set[str]) -> bool:
    """Whether a function reads the audit log for a superuser, as `system.access.audit` does; it is allowed then."""
    if fold(name.name) not in _OF_AUDIT or not access.is_superuser(who.roles):
        return False
    allowed.add(fold(name.name))
    return True


def kept_scorer(name: ObjectName, rights: Rights, objects: Objects, who: Who) -> Macro:
    """The macro of a model that a view or macro calls, which its owner may execute.

    Raises PermissionDenied for any other function of sqlml's own, and wherever a user wrote its name himself.
    """
    found = None
    if who.depth and fold(name.schema or "") == MODELS:
        found = objects.macro(name, is_table=False, home=MODELS)
    if found is None or (fold(found.catalog), fold(found.schema)) != (fold(objects.catalog), MODELS):
        raise _closed(name)
    models = [(schema, model) for schema, model in objects.models() if _is_of(found.name, schema, model)]
    if not models:
        raise _closed(name)
    for schema, model in models:
        rights.require(who, "EXECUTE", Securable.of("MODEL", schema, model), what=f"the model {model}")
    return found


def _is_of(macro: str, schema: str, model: str) -> bool:
    """Whether a macro is one of a model's: its default, a version's or an alias's, of answers or of scores."""
    # In the names of models these marks are in quotes.
    name, own = fold(macro), fold(macro_name(schema, model))
    return name == own or name.startswith((f"{own}@", f"{own}#"))


def _closed(name: ObjectName) -> PermissionDenied:
    return PermissionDenied(
        f"{name} is a function of sqlml's own.", hint="Call ml_predict, which asks what you may use."
    )
