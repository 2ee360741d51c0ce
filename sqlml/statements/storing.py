"""Writing a version of a model, trained here or not, in the user's transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sqlml.catalog.models as catalog
from sqlml import artifacts, signing
from sqlml.access.governed import Change
from sqlml.access.limits import exceeded
from sqlml.catalog.lifecycle import has_champion
from sqlml.catalog.schema import has_schema, migrate
from sqlml.catalog.sources import resolve_sources
from sqlml.errors import AlreadyExists, ConstraintViolation, TransactionConflict
from sqlml.model_macros import place_macros, place_shortcut
from sqlml.statements.base import Context
from sqlml.statements.gates import keep_default
from sqlml.statements.owning import check_version, model_securable, record
from sqlml.types import ModelVersion, ObjectName, Relation

_ATTEMPTS = 20
_HINT = "Use CREATE OR REPLACE MODEL, or CREATE MODEL IF NOT EXISTS."


@dataclass(frozen=True)
class Place:
    """Where a version is to go: its full name, what to do where there is a model of that name."""

    name: ObjectName
    replace: bool = False
    exists_ok: bool = False
    hint: str = _HINT


def store_version(
    place: Place,
    context: Context,
    new: catalog.NewVersion,
    *,
    reads: Sequence[Relation] = (),
    after: Callable[[ModelVersion], None] = lambda _: None,
) -> ModelVersion | None:
    """Sign and write the version; in autocommit a conflict with another writer repeats the writing.

    `reads` are the relations it was trained on, which are looked up and `after` writes more in the same transaction.
    None where there is a model of that name and that is as well.
    Raises AlreadyExists, and TransactionConflict when another transaction was first.
    """
    most = context.access.acting.limits.get("model_size")
    if most is not None and len(new.body) > most:
        raise exceeded("model_size", most, f"The model has {len(new.body)} bytes")
    explicit = context.database.in_transaction()
    for attempt in range(_ATTEMPTS):
        try:
            with context.database.transaction():
                stored = _write(place, context, new, reads)
                if stored is None:
                    return None
                after(stored)
            context.keep_artifact(stored, new.body)
        except (TransactionConflict, ConstraintViolation) as error:
            # A version that was committed after our snapshot shows only as a duplicate key.
            if explicit or attempt == _ATTEMPTS - 1:
                raise TransactionConflict(
                    f'Another transaction wrote the model "{place.name.name}" first.', hint="ROLLBACK and try again."
                ) from error
            time.sleep(0.01 * 1.4**attempt)
        else:
            return stored
    raise AssertionError


def find(context: Context, name: ObjectName) -> tuple[str, int] | None:
    """The id and the last version number of the model of that full name, or None."""
    if not has_schema(context.database, str(name.catalog)):
        return None
    return catalog.find_model(context.database, str(name.catalog), str(name.schema), name.name)


def check_place(place: Place, context: Context) -> None:
    """Raise what writing would, before the work: of a name that is taken, also by a model the user may not know of."""
    if find(context, place.name) is None or place.exists_ok:
        return
    if not place.replace:
        raise existing(place.name, place.hint)
    check_version(context, place.name)


def existing(name: ObjectName, hint: str = _HINT) -> AlreadyExists:
    """The error for a name that is taken."""
    return AlreadyExists(f'There is a model "{name.name}" already.', hint=hint)


def _write(place: Place, context: Context, new: catalog.NewVersion, reads: Sequence[Relation]) -> ModelVersion | None:
    database, name = context.database, place.name
    key = signing.signing_key(create=True)
    assert key is not None
    migrate(database, str(name.catalog))
    found = find(context, name)
    if found is not None and place.exists_ok:
        return None
    if found is not None and not place.replace:
        raise existing(name, place.hint)
    model = replace(new.model, catalog=str(name.catalog), schema=str(name.schema), name=name.name)
    model_id, number = found or (catalog.new_model_id(), 0)
    placed = replace(model, model_id=model_id, version=number + 1, sha256=artifacts.sha256(new.body))
    placed = replace(placed, feature_signature=artifacts.feature_signature(placed))
    placed = replace(placed, signature=signing.sign(key, artifacts.statement_of(placed)))
    new = replace(new, model=placed, key_id=signing.key_id(key))
    if reads:
        new = replace(new, sources=resolve_sources(database, reads, context.tables.names()))
    if found is not None:
        check_version(context, name)
    catalog.insert_version(database, new, is_first=found is None)
    context.lineage.record_training(placed)
    if found is None:
        record(context, str(name.catalog), [Change("made", model_securable(name))])
    place_macros(database, placed, f"@{placed.version}")
    if not has_champion(database, placed) and not keep_default(placed, context):
        place_macros(database, placed)
    if found is None:
        place_shortcut(database, placed)
    return placed
