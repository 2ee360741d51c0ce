"""Who a session acts as: read when a statement starts, so that a grant or revoke counts from the next one on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlml.access.acting import NOT_GOVERNED, Acting
from sqlml.access.values import Access, Principal, Securable
from sqlml.audit.log import AuditLog, audit_log
from sqlml.catalog.access import is_governed, read_access, read_version
from sqlml.catalog.cursor import utc_now
from sqlml.catalog.securables import read_securables
from sqlml.catalog.snapshot import Snapshot
from sqlml.engine import Database, Engine
from sqlml.engine_private import translating
from sqlml.errors import NotFound, NotSupported, PermissionDenied, SqlmlError, TransactionAborted
from sqlml.gate import Gate, os_user
from sqlml.signing import config_folder

# The migration that brought the tables of access control.
_SINCE = 8
_PATHS = "SELECT path FROM duckdb_databases()"


def prepare_access(engine: Engine, catalog: str, version: int) -> None:
    """Find out whether a file that was just opened, with tables of this version, has users."""
    if not engine.database.may_be_governed and version >= _SINCE:
        engine.database.may_be_governed = is_governed(engine, catalog)


class SessionAccess:
    """The user and the role of a session, and their rights at the newest version."""

    def __init__(self, engine: Engine, catalog: str, login: str | None) -> None:
        self.catalog = catalog
        self._engine = engine
        self._login = login
        self._founded: str | None = None
        self._authorized: str | None = None
        self._role: str | None = None
        # What SET sqlml_audit said; None for the default.
        self.audit_mode: str | None = None
        # Whether the open transaction has changed access itself.
        self.is_changing = False
        # The version of the committed catalog when the statement began.
        self.version = 0
        try:
            self.acting = self.refresh()
        except SqlmlError as error:
            record_refusal(engine.database, catalog, login or os_user(), error)
            raise
        if login is not None and not self.acting.access.is_governed:
            raise NotFound(
                f'The database has no users, and so none that is called "{login}".',
                hint="Connect without user=; CREATE USER makes the first one, which owns the database.",
            )

    def refresh(self) -> Acting:
        """Who the session acts as now.

        Raises PermissionDenied where whoever that is may not log in.
        """
        access = self._access()
        if not access.is_governed:
            # A first user whose transaction was rolled back.
            self._founded = self._role = self._authorized = None
            self.acting = Acting(access, os_user())
        else:
            login = _allowed(access, self._login or self._founded or os_user(), is_named=self._login is not None)
            user = _allowed(access, self._authorized, is_named=True) if self._authorized else login
            self.acting = Acting(access, user.name, self._role)
            self._harden()
        return self.acting

    def _harden(self) -> None:
        """DuckDB takes none of it back, so it waits until the users are committed."""
        database = self._engine.database
        if database.is_hardened or self.catalog not in database.access:
            return
        _, newest = database.access[self.catalog]
        if newest.is_governed:
            database.harden(newest.volumes.values(), is_superuser=self.acting.is_superuser)

    def gate(self) -> Gate:
        """The gate as of now: what other sessions granted and took away counts from the next statement on."""
        acting = self.refresh()
        return Gate(acting.current, acting.access, acting.roles)

    def _access(self) -> Access:
        if not self._engine.database.may_be_governed:
            return NOT_GOVERNED
        self.version, newest = committed_access(self._engine.database, self.catalog)
        if self.is_changing:
            try:
                self.is_changing = self._engine.in_transaction()
                own = read_access(self._engine, self.catalog) if self.is_changing else newest
            except TransactionAborted:
                own = newest
            # Two transactions that both change access conflict, so the higher version is the newer.
            return own if own.version > newest.version else newest
        return newest

    def will_change(self) -> None:
        """This transaction changes access: the next statement of every session reads it anew."""
        self._engine.database.may_be_governed = self.is_changing = True

    def log_in(self, user: str) -> None:
        """Act as the user that was made just now."""
        self._engine.database.is_founded = True
        self._founded = user
        self.refresh()

    def set_role(self, role: str | None) -> None:
        """Act as a role of the user's, or as the user again."""
        self._role = role
        self.refresh()

    def set_authorization(self, user: str | None) -> None:
        """Act as another user until it is reset; a role that was set is left."""
        self._authorized, self._role = user, None
        self.refresh()

    def set_audit(self, mode: str | None) -> None:
        """Write the session's statements to the audit log from now on, or no longer.

        Raises NotSupported for a database in memory, which has no log.
        """
        if mode in ("on", "strict") and self._engine.database.key.startswith(":memory:"):
            raise NotSupported("A database in memory has no audit log.", hint="Open a file.")
        self.audit_mode = mode

    @property
    def login(self) -> str:
        """Who logged in, whatever SET SESSION AUTHORIZATION made of it."""
        return self._login or self._founded or os_user()

    def seen(self, snapshot: Snapshot) -> Snapshot:
        """Of the models only those that the user may know of; those of other databases are for superusers."""
        access, roles = self.acting.access, self.acting.roles
        if self.acting.is_superuser:
            return snapshot
        return snapshot.seen_by(
            lambda catalog, schema, name: (
                catalog == self.catalog and access.sees(roles, Securable.of("MODEL", schema, name))
            )
        )

    def closed_files(self) -> tuple[str, ...]:
        """The real paths of what no volume opens: the databases, what DuckDB keeps beside them, the user's key."""
        paths = [str(path) for (path,) in self._engine.rows(_PATHS) if path]
        beside = [f"{path}{ending}" for path in paths for ending in ("", ".wal", ".tmp", ".audit", ".audit.head")]
        return tuple(os.path.realpath(path) for path in (*beside, str(config_folder())))

    def securables(self, kind: str) -> list[Securable]:
        """All of a kind that privileges can be on."""
        return read_securables(self._engine, self.catalog, kind)


def log_of(database: Database, catalog: str) -> AuditLog | None:
    """The audit log of a file; a database in memory leaves nothing behind, its log neither."""
    path = database.path_of(catalog)
    return audit_log(path) if path else None


def record_refusal(database: Database, catalog: str, user: str, error: SqlmlError) -> None:
    """Write to the audit log that someone was not let in."""
    log = log_of(database, catalog)
    if log is not None:
        row = {
            "action_name": "LOGIN",
            "decision": "deny",
            "error": error.sqlstate,
            "event_time": datetime.now(UTC).isoformat(),
            "user": user,
        }
        log.sync(log.append(row))


def committed_access(database: Database, catalog: str) -> tuple[int, Access]:
    """The version of the committed catalog, and who may do what in it, whatever an open transaction still sees."""
    version = database.catalog_version(catalog).read()
    with database.access_lock:
        known = database.access.get(catalog)
        if known is None or known[0] != version:
            # Read after the version was: at worst it is newer, and read once more by the next statement.
            with committed(database) as reading:
                if known is None or known[1].version != read_version(reading, catalog):
                    known = (version, read_access(reading, catalog))
                database.access[catalog] = known = (version, known[1])
        return known


@contextmanager
def committed(database: Database) -> Iterator[_Committed]:
    """A transaction of its own, which sees what is committed."""
    reading = _Committed(database)
    try:
        reading.rows("BEGIN TRANSACTION READ ONLY")
        yield reading
    finally:
        reading.close()


class _Committed:
    """A connection of its own to the same instance."""

    def __init__(self, database: Database) -> None:
        self._duck = database.cursor()

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of our own and return all rows."""
        with translating():
            found: list[tuple[Any, ...]] = self._duck.execute(sql, list(params)).fetchall()
        return found

    def close(self) -> None:
        """Let go of the connection and its transaction."""
        self._duck.close()


def _allowed(access: Access, name: str, *, is_named: bool) -> Principal:
    found = access.principals.get(name.casefold())
    if found is None or found.kind != "USER" or not found.can_login:
        hint = "Ask a superuser to CREATE USER." if is_named else 'Say who you are: sqlml.connect(path, user="ana").'
        raise PermissionDenied(f'The database has no user "{name}" that may log in.', hint=hint)
    if found.valid_until is not None and found.valid_until <= utc_now():
        raise PermissionDenied(f'The user "{found.name}" is no longer valid.', hint="Ask a superuser: VALID UNTIL.")
    return found
