"""The databases that are open in this process: one DuckDB instance each, its cursors and its UDFs."""

from __future__ import annotations

import atexit
import threading
import uuid
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from sqlml.engine_catalog_version import CatalogVersion
from sqlml.engine_changes import Changes
from sqlml.engine_errors import name_taken, translate
from sqlml.engine_hardening import harden, keeps_access, lock, refuse_extensions
from sqlml.engine_opening import KEY, PRIVATE, connect, copy_of, is_alive, is_default, is_read_only, key_of, key_read_by
from sqlml.engine_private import builtin_functions
from sqlml.engine_udfs import UdfSources, made_of
from sqlml.errors import ConnectionClosed, InvalidOption, PermissionDenied, SqlmlError
from sqlml.python_calls import PythonCalls

_FUNCTIONS = "SELECT DISTINCT function_name FROM duckdb_functions()"
_REMEMBERED_ERRORS = 100

# Reentrant: a dropped connection may be released while another is opened.
_lock = threading.RLock()
_open: dict[str, Database] = {}
# DuckDB lets the functions go that a connection registered when that is closed, and calls them all the same for others:
# they have to live as long as the instance, which a connection of the user's own may keep open.
_kept: dict[str, Database] = {}


@dataclass(frozen=True)
class Allow:
    """Which code of the user's own may run in a database: pickled models, Python functions."""

    pickle: bool = True
    python: bool = True


ALL_ALLOWED = Allow()


class Database:
    """One DuckDB instance: shared by all connections of this process to the same file."""

    def __init__(self, key: str, root: Any, *, read_only: bool, config: Mapping[str, Any], allow: Allow) -> None:
        self.key = key
        self.root = root
        self.read_only = read_only
        self.config = dict(config)
        self.allow = allow
        self.python = PythonCalls()
        # Whether code of the user's own may run in any statement: then Ctrl-C has to reach it.
        self.runs_python = False
        self.users = 0
        self._lock = threading.Lock()
        self.udf_errors: dict[str, SqlmlError] = {}
        self.is_loaded = False
        # Whether users and grants may be there; those committed last, by catalog, are kept by session_access.py.
        self.may_be_governed = False
        self.access: dict[str, tuple[int, Any]] = {}
        self.access_lock = threading.Lock()
        self._versions: dict[str, CatalogVersion] = {}
        # What sessions of sqlml's do to objects, settings and transactions, from before to after.
        self.changes = Changes()
        # Whether its first user was made since it was opened; whether its settings are locked, and since then the
        # folders that DuckDB reaches, None for all.
        self.is_founded = False
        self.is_hardened = False
        self.folders: tuple[str, ...] | None = None
        # How many statements of each user with limits run now.
        self.running: Counter[str] = Counter()
        # Whether the interpreter is on its way out and has closed it.
        self.is_over = False
        # The user's own connections that sqlml.load was given; it keeps none of them open.
        self._hosts: list[Callable[[], Any]] = []
        self._udfs: dict[str, tuple[str, str]] = {}
        self._functions: list[Callable[..., Any]] = []
        self._arrow_lock = threading.Lock()

    @classmethod
    def open(
        cls, path: str, *, read_only: bool, config: Mapping[str, Any] | None, allow: Allow = ALL_ALLOWED
    ) -> Database:
        """Open a file or memory, or join the one that this process has open.

        Raises DatabaseLocked when another process has it, InvalidOption when it is open here otherwise.
        """
        settings = dict(config or {})
        key = key_of(path)
        with _lock:
            found = _open.get(key)
            if found is None or not is_alive(found.root):
                root = connect(path, read_only=read_only, config=settings)
                # A connection of the user's may have it open, and have been given to sqlml.load.
                known = None if key.startswith(PRIVATE) else key_read_by(root)
                found = cls._revived(known, root) if known else None
            if found is None:
                found = cls(key, root, read_only=read_only, config=settings, allow=allow)
                found._enter(is_shared=not key.startswith(PRIVATE))
            elif found.users == 0:
                found.read_only, found.config, found.allow = read_only, settings, allow
            # What a connection of the user's own was opened with is for DuckDB to compare.
            same = settings if found.is_loaded else found.config
            if (found.read_only, same, found.allow) != (read_only, settings, allow):
                raise InvalidOption(
                    f"{path} is already open in this process with another read_only, config, allow_pickle or "
                    "allow_python.",
                    hint="Open it the same way, or close the other connection first.",
                )
            found.users += 1
            return found

    @classmethod
    def of(cls, duck: Any) -> Database:
        """Join the instance of a DuckDB connection of the user's own, which is neither changed nor kept open.

        Raises InvalidOption for what is no such connection, ConnectionClosed for a closed one.
        """
        root = copy_of(duck)
        with _lock:
            known = key_read_by(root)
            found = cls._revived(known, root) if known else None
            if found is None:
                key = f":loaded:{uuid.uuid4().hex}"
                found = cls(key, root, read_only=is_read_only(root), config={}, allow=ALL_ALLOWED)
                found.is_loaded = True
                found._enter(is_shared=True)
            found._add_host(duck)
            found.users += 1
            return found

    @classmethod
    def _revived(cls, key: str, root: Any) -> Database | None:
        """The database that an instance belongs to, with a connection to it again."""
        found = _kept.get(key)
        if found is not None:
            if found.users and is_alive(found.root):
                root.close()
            else:
                found.root = root
                _open[key] = found
        return found

    def _enter(self, *, is_shared: bool) -> None:
        """Be found by others that open the same database; another connection can only see one that is shared."""
        _open[self.key] = self
        if is_shared:
            # One instance a file: those of an instance that is gone are let go here.
            _kept[self.key] = self
            key = self.key
            self._functions.append(read := lambda: key)
            self.root.create_function(KEY, read, [], "VARCHAR")

    def _add_host(self, duck: Any) -> None:
        if is_default(duck):
            # DuckDB's own default connection lives as long as the process; the object that stands for it does not.
            self._hosts.append(lambda: duck)
            return
        self._hosts = [host for host in self._hosts if host() not in (None, duck)]
        self._hosts.append(weakref.ref(duck))

    def join(self) -> Database:
        """Count one more use."""
        with _lock:
            _open[self.key] = self
            self.users += 1
        return self

    def _host(self) -> Any:
        for host in self._hosts:
            duck = host()
            if duck is not None:
                try:
                    return duck.cursor()
                except duckdb.ConnectionException:
                    continue
        raise ConnectionClosed(
            "The connection that sqlml was loaded into is closed.",
            hint="Call sqlml.load with the connection that runs this statement.",
        )

    def catalog_version(self, catalog: str) -> CatalogVersion:
        """What tells whether the committed catalog of an attached file is another one."""
        with self._lock:
            if catalog not in self._versions:
                self._versions[catalog] = CatalogVersion(self, catalog)
            return self._versions[catalog]

    def path_of(self, catalog: str) -> str | None:
        """The file of an attached database; None for one in memory."""
        duck = self.cursor()
        try:
            found = duck.execute("SELECT path FROM duckdb_databases() WHERE database_name = ?", [catalog]).fetchall()
        finally:
            duck.close()
        return str(found[0][0]) if found and found[0][0] else None

    def cursor(self) -> Any:
        """A new DuckDB connection to this instance; DuckDB lets one thread at a time ask for it.

        Raises ConnectionClosed where only connections of the user's are left that sqlml does not know.
        """
        with self._lock:
            if not is_alive(self.root):
                self.root = self._host()
            return self.root.cursor()

    def register_udfs(self, udfs: Iterable[Any], sources: UdfSources) -> None:
        """Register UDFs once a database: classes as in `udfs/`, each handed what it takes.

        Raises AlreadyExists for the name of another function.
        """
        with self._lock:
            for udf in udfs:
                if self._udfs.get(udf.name) == (udf.__module__, udf.__qualname__):
                    continue
                if udf.name.casefold() in builtin_functions() | {name.casefold() for name in self._udfs}:
                    raise name_taken(udf.name)
                self._register(self.root, udf, made_of(udf, sources))
                self._udfs[udf.name] = (udf.__module__, udf.__qualname__)

    def register_missing(self, functions: Iterable[Any]) -> None:
        """Register functions of the user's that no connection has registered yet."""
        with self._lock:
            known = {str(r[0]) for r in self.root.execute(_FUNCTIONS).fetchall()}
            for function in functions:
                if function.name not in known:
                    self._register(self.root, function, function)

    def register_on(self, duck: Any, declared: Any) -> None:
        """Register a function of the user's in the transaction of a DuckDB connection."""
        self._register(duck, declared, declared)

    def _register(self, duck: Any, declared: Any, function: Callable[..., Any]) -> None:
        remembering = self._remembering_errors(function)
        self._functions.append(remembering)
        try:
            duck.create_function(
                declared.name,
                remembering,
                declared.parameters,
                declared.returns,
                type="arrow",
                null_handling="special",
                side_effects=declared.has_side_effects,
            )
        except duckdb.CatalogException:
            # A macro or an aggregate.
            raise name_taken(declared.name) from None
        except duckdb.Error as error:
            raise translate(error) from None

    def harden(self, volumes: Iterable[str], *, is_superuser: bool) -> None:
        """Cut the instance off from what is outside of the volumes, once: a user is there, or is about to act.

        The instance of the file's first user is left to him until someone else acts in it; a superuser who opens one
        may ask for files. The user's own connection that sqlml was loaded into is not changed.
        """
        if self.is_hardened or self.is_loaded:
            return
        with self._lock:
            duck = self.root.cursor()
            try:
                if keeps_access(self.config):
                    if not is_superuser:
                        raise PermissionDenied(
                            "Only a superuser may open a governed database with enable_external_access.",
                            hint="Leave it out of config: files are read and written in volumes.",
                        )
                    lock(duck)
                elif is_superuser and self.is_founded:
                    refuse_extensions(duck)
                    return
                else:
                    self.folders = harden(duck, volumes)
                self.is_hardened = True
            finally:
                duck.close()

    @contextmanager
    def arrow_types(self, keep: bool) -> Iterator[bool]:  # noqa: FBT001 - the only thing it is about
        """While a result is turned into Arrow: whether Arrow keeps DuckDB's own types (UUID, HUGEINT, BIT, ...).

        Gives False where the types were to be kept and the settings are locked.
        """
        with self._arrow_lock:
            if not keep:
                yield True
                return
            settings = self.root.cursor()
            [before] = settings.execute("SELECT current_setting('arrow_lossless_conversion')").fetchone()
            try:
                settings.execute("SET GLOBAL arrow_lossless_conversion = true")
            except duckdb.Error:
                yield False
                return
            try:
                yield True
            finally:
                if not before:
                    settings.execute("SET GLOBAL arrow_lossless_conversion = false")

    def _remembering_errors(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # DuckDB keeps only the text of an error inside a UDF; the error itself is raised again from here.
        def run(*args: Any) -> Any:
            try:
                return function(*args)
            except SqlmlError as error:
                while len(self.udf_errors) >= _REMEMBERED_ERRORS:
                    self.udf_errors.pop(next(iter(self.udf_errors)), None)
                self.udf_errors[error.message] = error
                # Whoever calls from a connection of his own has only this text.
                raise RuntimeError(f"{error}\nSQLSTATE: {error.sqlstate}") from None

        return run

    def close(self) -> None:
        """Give up one use; the last one closes the instance."""
        with _lock:
            self.users -= 1
            if self.users <= 0:
                _open.pop(self.key, None)
                for version in self._versions.values():
                    version.close()
                self.root.close()


@atexit.register
def _close_all() -> None:
    for database in list(_open.values()):
        database.is_over = True
        database.root.close()
    _open.clear()
