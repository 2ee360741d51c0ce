"""The only module that opens DuckDB: databases, cursors, UDF registration, description, cancellation."""

from __future__ import annotations

import atexit
import threading
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from sqlml.engine_aside import Aside, interruptibly
from sqlml.engine_errors import name_taken, translate
from sqlml.engine_private import builtin_functions
from sqlml.engine_udfs import UdfSources, made_of
from sqlml.errors import DatabaseLocked, InvalidOption, InvalidSql, NotFound, SqlmlError
from sqlml.python_calls import PythonCalls
from sqlml.result import Result
from sqlml.types import Column, Params, SourceMap

_DESCRIBE = "DESCRIBE "
_FUNCTIONS = "SELECT DISTINCT function_name FROM duckdb_functions()"
_BATCH = 122_880
_VISIBLE = """
SELECT count(*) FROM information_schema.tables
WHERE lower(table_name) = lower(?) AND table_catalog IN (current_database(), 'temp')
  AND list_contains(current_schemas(true), table_schema)
"""

COMMENT = duckdb.token_type.comment
STRING = duckdb.token_type.string_const

# Reentrant: a dropped connection may be released while another is opened.
_lock = threading.RLock()
_open: dict[str, Database] = {}


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
        self.engines: list[Engine] = []
        self.udf_errors: dict[str, SqlmlError] = {}
        self._udfs: dict[str, tuple[str, str]] = {}
        self._arrow_lock = threading.Lock()

    @classmethod
    def open(
        cls, path: str, *, read_only: bool, config: Mapping[str, Any] | None, allow: Allow = ALL_ALLOWED
    ) -> Database:
        """Open a file or memory, or join the one that this process has open.

        Raises DatabaseLocked when another process has it, InvalidOption when it is open here otherwise.
        """
        settings = dict(config or {})
        key = _key(path)
        with _lock:
            found = _open.get(key)
            if found is not None:
                if (found.read_only, found.config, found.allow) != (read_only, settings, allow):
                    raise InvalidOption(
                        f"{path} is already open in this process with another read_only, config, allow_pickle or "
                        "allow_python.",
                        hint="Open it the same way, or close the other connection first.",
                    )
            else:
                root = _connect(path, read_only=read_only, config=settings)
                found = cls(key, root, read_only=read_only, config=settings, allow=allow)
                _open[key] = found
            found.users += 1
            return found

    def join(self) -> Database:
        """Count one more use."""
        with _lock:
            self.users += 1
        return self

    def cursor(self) -> Any:
        """A new DuckDB connection to this instance; DuckDB lets one thread at a time ask for it."""
        with self._lock:
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
        try:
            duck.create_function(
                declared.name,
                self._remembering_errors(function),
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
                self.udf_errors[error.message] = error
                raise RuntimeError(error.message) from None

        return run

    def close(self) -> None:
        """Give up one use; the last one closes the instance."""
        with _lock:
            self.users -= 1
            if self.users <= 0:
                _open.pop(self.key, None)
                self.root.close()


def _key(path: str) -> str:
    if path in ("", ":memory:"):
        return f":memory:{uuid.uuid4().hex}"
    return path if path.startswith(":memory:") else str(Path(path).resolve())


def _connect(path: str, *, read_only: bool, config: dict[str, Any]) -> Any:
    if read_only and not path.startswith(":memory:") and not Path(path).exists():
        raise NotFound(f"There is no database file {path}.", hint="read_only=True opens only files that exist.")
    try:
        return duckdb.connect(path, read_only=read_only, config=config)
    except duckdb.Error as error:
        translated = translate(error)
        if "lock on file" in translated.message:
            raise DatabaseLocked(
                f"{path} is open in another process: {translated.message}",
                hint="Close it there; or open it with read_only=True in every process.",
            ) from None
        raise translated from None


@atexit.register
def _close_all() -> None:
    for database in list(_open.values()):
        database.root.close()
    _open.clear()


def _release(duck: Any, database: Database) -> None:
    duck.close()
    database.close()


class Engine:
    """One DuckDB connection: one transaction, one open result."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._duck = database.cursor()
        # A connection that is dropped without close() must not keep the file open.
        self._release = weakref.finalize(self, _release, self._duck, database)
        # Errors arrive as JSON, with the place in the text as an offset.
        self._duck.execute("SET errors_as_json = true")
        [[self.connection_id]] = self._duck.execute("SELECT current_connection_id()").fetchall()
        # DuckDB would look for tables among the local variables of this very method.
        self._duck.execute("SET python_enable_replacements = false")

    def execute(self, sql: str, params: Params = None, source: SourceMap | None = None) -> Result:
        """Run SQL; the result streams."""
        guard = _Guard(self, sql, source)
        duck = Aside(self._duck, self.interrupt) if self.database.runs_python else self._duck
        with guard:
            duck.execute(sql, params) if params else duck.execute(sql)
        return Result(duck, guard, self.database.arrow_types)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL of our own and return all rows."""
        with self.guard():
            found: list[tuple[Any, ...]] = self._duck.execute(sql, list(params)).fetchall()
            return found

    def describe(self, query: str, params: Params = None, source: SourceMap | None = None) -> list[Column]:
        """Names and types of a query's columns; nothing is run."""
        sent = source or SourceMap(query)
        shift = len(_DESCRIBE)
        start = sent.to_text(0)
        pieces = [(a + shift, b + shift, c, d) for a, b, c, d in sent.pieces]
        moved = SourceMap(sent.text, ((0, shift, start, start), *pieces))
        described = self.execute(_DESCRIBE + query, params, moved).fetchall()
        return [Column(str(row[0]), str(row[1])) for row in described]

    def has_relation(self, name: str) -> bool:
        """Whether a table or view of that name is visible without its schema."""
        [[count]] = self.rows(_VISIBLE, [name])
        return bool(count)

    def stream(
        self, take: Callable[[Any], None], sql: str, params: Params = None, source: SourceMap | None = None
    ) -> None:
        """Give the result of a long query to `take`, one Arrow record batch after another."""

        def read() -> None:
            # Of a relation DuckDB hands out batches while it runs; execute would collect them all first.
            for batch in self._duck.sql(sql, params=params or None).to_arrow_reader(_BATCH):
                take(batch)

        with self.guard(sql, source):
            try:
                interruptibly(read, self.interrupt)
            except OSError as error:
                # What Arrow makes of an error of DuckDB's between two batches.
                raise self.translated(error, sql, source) from None

    def in_transaction(self) -> bool:
        """Whether the user has begun a transaction: only then do two statements share an id.

        Raises TransactionAborted after an error in it.
        """
        return self.rows("SELECT txid_current()") == self.rows("SELECT txid_current()")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """The user's transaction if there is one, else one of our own that commits, or rolls back on any error."""
        if self.in_transaction():
            yield
            return
        try:
            self.rows("BEGIN TRANSACTION")
            yield
            self.rows("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A commit that failed has already ended the transaction.
        with suppress(duckdb.TransactionException):
            self._duck.execute("ROLLBACK")

    def tokenize(self, text: str) -> list[tuple[int, Any]]:
        """DuckDB's own tokens: byte offset and kind."""
        try:
            tokens: list[tuple[int, Any]] = duckdb.tokenize(text)
        except TypeError:
            raise InvalidSql("SQL is text of Unicode characters.", hint="Pass a str without lone surrogates.") from None
        return tokens

    def check_syntax(self, text: str) -> None:
        """Read statements of DuckDB's without running them.

        Raises InvalidSql with the place.
        """
        with self.guard(text):
            self._duck.extract_statements(text)

    def interrupt(self) -> None:
        """Stop what runs on this connection, from any thread."""
        self._duck.interrupt()
        self.database.python.stop(self.connection_id)

    def allow_python(self) -> None:
        """A new statement begins: an interrupt of the last one is over."""
        self.database.python.allow(self.connection_id)

    def register_function(self, declared: Any) -> None:
        """Register a function of the user's for the statements of this transaction, for all once it is committed."""
        self.database.runs_python = True
        with self.guard():
            self.database.register_on(self._duck, declared)

    def register(self, name: str, data: Any) -> None:
        """Make a dataframe or Arrow table readable as a view."""
        try:
            with self.guard():
                self._duck.register(name, data)
        except TypeError:
            raise InvalidOption(
                f"{type(data).__name__} cannot be registered as a table.",
                hint="register takes a name, and a pandas or polars DataFrame or an Arrow table.",
            ) from None

    def unregister(self, name: str) -> None:
        """Forget a registered dataframe."""
        with self.guard():
            self._duck.unregister(name)

    def close(self) -> None:
        """Close the connection; an open transaction rolls back."""
        self._release()

    def guard(self, sql: str = "", source: SourceMap | None = None) -> _Guard:
        """Turn DuckDB's errors into ours; may be entered again and again."""
        return _Guard(self, sql, source)

    def translated(self, error: Exception, sql: str, source: SourceMap | None) -> SqlmlError:
        """An error of DuckDB's as ours."""
        translated = translate(error, sql, source)
        for text in list(self.database.udf_errors):
            if text in translated.message:
                return self.database.udf_errors.pop(text)
        return translated


class _Guard:
    """Every statement and every fetch passes here: a class, for a generator takes ten times as long."""

    __slots__ = ("_engine", "_source", "_sql")

    def __init__(self, engine: Engine, sql: str, source: SourceMap | None) -> None:
        self._engine = engine
        self._sql = sql
        self._source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            return
        if isinstance(error, duckdb.Error):
            raise self._engine.translated(error, self._sql, self._source) from None
        # What DuckDB makes of Ctrl-C.
        if isinstance(error, RuntimeError) and error.args == ("Query interrupted",):
            raise KeyboardInterrupt from None
