"""PEP 249's cursor: `cur = con.cursor(); cur.execute("SELECT ?", [1]); cur.fetchall()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlglot import exp

from sqlml.dialect import read_name, to_sql
from sqlml.engine_private import gives_rows
from sqlml.errors import ConnectionClosed, Error, InvalidOption, InvalidSql, NotSupported
from sqlml.result import Result
from sqlml.session import Session
from sqlml.types import Params

_IS_TABLE = """
SELECT coalesce(bool_and(function_type IN ('table', 'table_macro')), false)
FROM duckdb_functions() WHERE lower(function_name) = lower(?)
"""

ErrorHandler = Callable[[Any, Any, type[Error], Error], Any]
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Connection(Protocol):
    """The connection of a cursor, as far as it uses it."""

    session: Session
    errorhandler: ErrorHandler | None

    def check_open(self) -> None:
        """Raises ConnectionClosed once it is closed."""


def _reported(method: Callable[Concatenate[Cursor, _P], _R]) -> Callable[Concatenate[Cursor, _P], _R]:
    """PEP 249's extensions: an error is put into `messages` and given to `errorhandler`, if there is one."""

    @wraps(method)
    def run(self: Cursor, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(self, *args, **kwargs)
        except Error as error:
            self.messages.append((type(error), error))
            if self.errorhandler is None:
                raise
            answer: _R = self.errorhandler(self.connection, self, type(error), error)
            return answer

    return run


class Cursor:
    """Runs statements and reads their rows, as PEP 249 has it; all cursors of a connection share its transaction.

    `description` and `rowcount` are those of the last statement; fetching raises where it gave no rows. `execute`
    gives the cursor back, so that `con.cursor().execute(sql).fetchall()` works. The rows can also be read whole:
    `df` (pandas), `pl` (polars), `arrow`.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.messages: list[tuple[type[BaseException], BaseException]] = []
        self.errorhandler: ErrorHandler | None = connection.errorhandler
        # A table of DuckDB's need not have a key of which the last one could be told.
        self.lastrowid: None = None
        self._result: Result | None = None
        self._gives_rows = False
        self._rowcount = -1
        self._rownumber = 0
        self._is_closed = False

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """The columns of the rows, each (name, type code, and five Nones); None where the statement gives no rows."""
        return self._result.description if self._result is not None and self._gives_rows else None

    @property
    def rowcount(self) -> int:
        """The rows that the last statement changed; -1 for a query, whose rows are not counted before they are read."""
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """The index of the next row; None where there are no rows to fetch."""
        return self._rownumber if self._gives_rows else None

    @_reported
    def execute(self, sql: str, params: Params = None) -> Cursor:
        """Run a statement or a script, with values for `?`, `$1` or `$name`; the rows stream."""
        session = self._begin()
        with session.lock:
            result = session.execute(sql, params)
            self._gives_rows = gives_rows(sql, result)
            self._rowcount = result.rowcount
            self._result = result
        return self

    @_reported
    def executemany(self, sql: str, rows: Iterable[Params]) -> Cursor:
        """Run a statement once for each row of values: all of it or, when one fails, nothing.

        Rows are lists, tuples or mappings, of any iterable. INSERT, UPDATE, DELETE and MERGE are sent in large
        batches where the outcome is the same. Raises InvalidSql for a statement that gives rows.
        """
        self._rowcount = self._begin().execute_many(sql, rows)
        return self

    @_reported
    def callproc(self, name: str, params: Sequence[Any] = ()) -> Sequence[Any]:
        """Call a function or macro by name: its value, or the rows of a table function, is what is fetched then.

        Gives the parameters back: DuckDB has none that a function could change.
        """
        session = self._begin()
        table = read_name(name)
        if table is None:
            raise InvalidOption(
                f"{name!r} is not the name of a function.", hint="Pass its name: callproc('lower', [x])."
            )
        marks = [exp.Placeholder() for _ in params]
        call: exp.Expr = exp.Anonymous(this=exp.to_identifier(table.name, quoted=True), expressions=marks)
        for part in (table.args.get("db"), table.args.get("catalog")):
            call = exp.Dot(this=part, expression=call) if part is not None else call
        with session.lock:
            [[is_table]] = session.execute(_IS_TABLE, [table.name]).fetchall()
        query = exp.select("*").from_(exp.Table(this=call)) if is_table else exp.select(call)
        self.execute(to_sql(query), list(params))
        return params

    @_reported
    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        row = self._rows().fetchone()
        self._rownumber += row is not None
        return row

    @_reported
    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next `size` rows, by default `arraysize`."""
        rows = self._rows().fetchmany(self.arraysize if size is None else size)
        self._rownumber += len(rows)
        return rows

    @_reported
    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        rows = self._rows().fetchall()
        self._rownumber += len(rows)
        return rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self

    def __next__(self) -> tuple[Any, ...]:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    next = __next__

    @_reported
    def df(self) -> Any:
        """The rows that are left as a pandas DataFrame."""
        return self._rows().df()

    @_reported
    def arrow(self) -> Any:
        """The rows that are left as a pyarrow.Table."""
        return self._rows().arrow()

    @_reported
    def pl(self) -> Any:
        """The rows that are left as a polars DataFrame."""
        return self._rows().pl()

    @_reported
    def nextset(self) -> None:
        """Give up the rows that are left; always None: a statement has one set of rows, a script that of its last."""
        self._rows()
        self._clear()

    @_reported
    def scroll(self, value: int, mode: str = "relative") -> None:
        """Raises NotSupported: the rows stream."""
        raise NotSupported("Rows are read in order.", hint="Fetch them all, or use LIMIT and OFFSET.")

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Does nothing: values of any size are sent as they are."""
        self._check_open()

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing: values of any size are read whole."""
        self._check_open()

    def _repr_html_(self) -> str | None:
        return self._result._repr_html_() if self._result is not None else None

    def _repr_markdown_(self) -> str | None:
        return self._result._repr_markdown_() if self._result is not None else None

    def close(self) -> None:
        """Give up the rows; the cursor cannot be used any more. It still tells how many its statement changed."""
        self._is_closed = True
        changed = self._rowcount
        self._clear()
        self._rowcount = changed

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> Session:
        self._check_open()
        self.messages.clear()
        # Rows that nobody will read need not be put aside.
        self._clear()
        return self.connection.session

    def _clear(self) -> None:
        if self._result is not None:
            self._result.close()
        self._result, self._gives_rows, self._rowcount, self._rownumber = None, False, -1, 0

    def _rows(self) -> Result:
        self._check_open()
        if self._result is None or not self._gives_rows:
            raise InvalidSql("There are no rows to fetch.", hint="Run a statement that gives rows first.")
        return self._result

    def _check_open(self) -> None:
        if self._is_closed:
            raise ConnectionClosed("The cursor is closed.", hint="Make another: con.cursor().")
        self.connection.check_open()
