"""One catalog for the decision on a statement and for its execution, though other sessions commit between them."""

from __future__ import annotations

from collections.abc import Callable

from sqlml.access.objects import Known, Objects
from sqlml.catalog.access import read_version
from sqlml.engine import Engine
from sqlml.engine_private import unpark
from sqlml.errors import SqlmlError, TransactionAborted, TransactionConflict
from sqlml.result import Result
from sqlml.session_access import SessionAccess, committed
from sqlml.session_decisions import Situation
from sqlml.types import ObjectName


class CatalogMoved(TransactionConflict):
    """Another session changed access or an object while a statement was decided on: it is decided anew."""


class Consistency:
    """Tells whether the committed catalog is still what it was when the session's statement began."""

    def __init__(self, engine: Engine, access: SessionAccess) -> None:
        self._engine = engine
        self._access = access
        self._free_since: object | None = None
        self._known: tuple[tuple[object | None, ...], Known] | None = None

    def is_free(self) -> bool:
        """Whether no transaction is open: asked only where one may have begun since it was asked last."""
        last = self._engine.transactions.last()
        if self._free_since is None or self._free_since is not last:
            try:
                self._free_since = None if self._engine.in_transaction() else last
            except TransactionAborted:
                self._free_since = None
        return self._free_since is not None

    def situation(self) -> Situation:
        """What the session's statements are decided in."""
        acting = self._access.acting
        return Situation(self._access.version, acting.user, acting.role, self._engine.changes.last())

    def known(self) -> Known:
        """What was looked up in the catalog as it is outside of a transaction."""
        key = (self._access.version, self._engine.changes.last(), self._engine.database.changes.last())
        if self._known is None or None in key or self._known[0] != key:
            self._known = (key, Known())
        return self._known[1]

    def read(self, run: Callable[[], Result]) -> Result:
        """Run what reads rows; they, or its error, are handed out if the catalog is what it was at the beginning.

        Raises CatalogMoved where it is not: nothing was handed out then, and the statement may be sent again.
        """
        started = self._engine.database.changes.last()
        try:
            result = run()
        except SqlmlError:
            if self._has_moved(started):
                raise _moved() from None
            raise
        if self._has_moved(started):
            result.close()
            raise _moved()
        return result

    def write(self, run: Callable[[], Result]) -> Result:
        """Decide and write in one transaction, which ends with a look at what others have committed meanwhile.

        Raises CatalogMoved where that has changed the catalog; nothing was written then.
        """
        with self._engine.transaction():
            result = run()
            result.park(unpark)
            if self._has_moved(None):
                raise _moved()
        return result

    def check_snapshot(self, objects: Objects) -> None:
        """In a transaction that began before access changed: what it still sees must be what the rights now are on.

        Raises TransactionConflict for a table or view that was dropped, renamed or made anew since.
        """
        if self._access.is_changing:
            # Had another session changed access since the transaction began, its own change would have failed.
            return
        catalog = self._access.catalog
        if read_version(self._engine, catalog) == self._access.acting.access.version:
            return
        with committed(self._engine.database) as reading:
            now = Objects(reading, catalog)
            for entry in objects.used:
                if entry.catalog.casefold() != catalog.casefold():
                    continue
                found = now.relation(ObjectName(entry.name, entry.schema, entry.catalog))
                if found is None or found.oid != entry.oid:
                    raise TransactionConflict(
                        f"{entry.schema}.{entry.name} was dropped, or became another one, since the transaction began.",
                        hint="ROLLBACK, and begin again.",
                    )

    def _has_moved(self, started: object | None) -> bool:
        """Whether it may be another catalog: asked of DuckDB unless no session has changed anything since."""
        database = self._engine.database
        if started is not None and database.changes.last() is started:
            return False
        return database.catalog_version(self._access.catalog).read() != self._access.version


def _moved() -> CatalogMoved:
    return CatalogMoved(
        "Other sessions keep changing tables, views or grants while the statement is decided on.",
        hint="Send the statement again.",
    )
