"""A connection to DuckDB: statements, results, description, cancellation. engine_database.py opens the database."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any

import duckdb
from sqlglot import exp

from sqlml.engine_aside import Aside, interruptibly
from sqlml.engine_changes import NOTHING, Changes, Changing, Kind, kind_of
from sqlml.engine_database import ALL_ALLOWED, Allow, Database
from sqlml.engine_errors import translate
from sqlml.engine_private import unpark
from sqlml.engine_repeated import Repeated
from sqlml.errors import InvalidOption, InvalidSql, SqlmlError
from sqlml.result import Result
from sqlml.types import Column, Params, SourceMap

__all__ = ["ALL_ALLOWED", "COMMENT", "STRING", "Allow", "Database", "Engine"]

[_TRANSACTION_ID] = duckdb.extract_statements("SELECT txid_current()")
_DESCRIBE = "DESCRIBE "
_EXPLAIN_ALL, _EXPLAIN_AS_USUAL = "SET explain_output = 'all'", "SET explain_output = 'PHYSICAL_ONLY'"
_BATCH = 122_880
_VISIBLE = """
SELECT count(*) FROM information_schema.tables
WHERE lower(table_name) = lower(?) AND table_catalog IN (current_database(), 'temp')
  AND list_contains(current_schemas(true), table_schema)
"""

COMMENT = duckdb.token_type.comment
STRING = duckdb.token_type.string_const


def _release(duck: Any, database: Database) -> None:
    duck.close()
    database.close()


class Engine:
    """One DuckDB connection: one transaction, one open result."""

    def __init__(self, database: Database) -> None:
        self.database = database
        # What changes the meaning of names, and what may begin or end a transaction.
        self.changes, self.transactions = Changes(), Changes()
        self._repeated = Repeated()
        self._has_made = False
        self._explains_all = False
        try:
            self._duck = database.cursor()
        except BaseException:
            database.close()
            raise
        # A connection that is dropped without close() must not keep the file open.
        self._release = weakref.finalize(self, _release, self._duck, database)
        # Errors arrive as JSON, with the place in the text as an offset.
        self._duck.execute("SET errors_as_json = true")
        [[self.connection_id]] = self._duck.execute("SELECT current_connection_id()").fetchall()
        # DuckDB would look for tables among the local variables of this very method.
        self._duck.execute("SET python_enable_replacements = false")

    def execute(
        self, sql: str, params: Params = None, source: SourceMap | None = None, *, has_only_rows: bool = False
    ) -> Result:
        """Run SQL; the result streams. `has_only_rows`: it is known to read or write rows, and to do nothing else."""
        guard = _Guard(self, sql, source)
        if self._explains_all:
            self._explain_as_usual()
        duck = Aside(self._duck, self.interrupt) if self.database.runs_python else self._duck
        with NOTHING if has_only_rows else self._counted(sql), guard:
            sent = self._repeated.of(sql)
            duck.execute(sent, params) if params else duck.execute(sent)
        return Result(duck, guard, self.database.arrow_types, unpark)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL of our own and return all rows."""
        with self._counted(sql), self.guard():
            found: list[tuple[Any, ...]] = self._duck.execute(sql, list(params)).fetchall()
            return found

    def explain(self, sql: str, params: Params = None) -> dict[str, str]:
        """DuckDB's plans of a statement as JSON, by name, the one that is bound and not optimized yet included."""
        text = "EXPLAIN (FORMAT json) " + sql
        with self.guard():
            self._duck.execute(_EXPLAIN_ALL)
            self._explains_all = True
            try:
                found = (self._duck.execute(text, params) if params else self._duck.execute(text)).fetchall()
            finally:
                self._explain_as_usual()
        return {str(name): str(plan) for name, plan in found}

    def _explain_as_usual(self) -> None:
        # After an error in a transaction DuckDB sets nothing until that was rolled back.
        with suppress(duckdb.TransactionException):
            self._duck.execute(_EXPLAIN_AS_USUAL)
            self._explains_all = False

    def _counted(self, sql: str) -> AbstractContextManager[None]:
        if not self.database.may_be_governed:
            return NOTHING
        kind = kind_of(sql)
        if kind is Kind.ROWS:
            return NOTHING
        if kind is Kind.TRANSACTION and not self._has_made:
            return Changing(self.transactions)
        # What was made may be made undone with the transaction.
        self._has_made = kind is not Kind.TRANSACTION
        return self.changing()

    def changing(self) -> AbstractContextManager[None]:
        """While something is done to the connection that changes what names mean to it, or to all."""
        return Changing(self.transactions, self.changes, self.database.changes)

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

    def use(self, search_path: str) -> None:
        """Look for tables and models where another connection does; empty is DuckDB's default."""
        setting = exp.EQ(this=exp.column("search_path"), expression=exp.Literal.string(search_path))
        self.rows(exp.Set(expressions=[exp.SetItem(this=setting)]).sql(dialect="duckdb"))

    def in_transaction(self) -> bool:
        """Whether the user has begun a transaction: only then do two statements share an id.

        Raises TransactionAborted after an error in it.
        """
        with self.guard():
            return bool(self._transaction_id() == self._transaction_id())

    def _transaction_id(self) -> Any:
        return self._duck.execute(_TRANSACTION_ID).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[bool]:
        """The user's transaction if there is one, else one of our own that commits, or rolls back on any error.

        Gives whether it is our own.
        """
        if self.in_transaction():
            yield False
            return
        try:
            self.rows("BEGIN TRANSACTION")
            yield True
            self.rows("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A commit that failed has already ended the transaction.
        with suppress(duckdb.TransactionException), self.changing():
            self._duck.execute("ROLLBACK")
        if self._explains_all:
            self._explain_as_usual()

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

    @property
    def is_over(self) -> bool:
        """Whether the connection is gone: by `close`, or let go with all others as the interpreter ends.

        Other libraries have exit handlers that run later: what they would roll back has been rolled back.
        """
        return self.database.is_over or not self._release.alive

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
        with self.changing(), self.guard():
            self.database.register_on(self._duck, declared)

    def register(self, name: str, data: Any) -> None:
        """Make a dataframe or Arrow table readable as a view."""
        try:
            with self.changing(), self.guard():
                self._duck.register(name, data)
        except TypeError:
            raise InvalidOption(
                f"{type(data).__name__} cannot be registered as a table.",
                hint="register takes a name, and a pandas or polars DataFrame or an Arrow table.",
            ) from None

    def unregister(self, name: str) -> None:
        """Forget a registered dataframe."""
        with self.changing(), self.guard():
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
