"""The rows a statement gives back: streamed from DuckDB, put aside when the connection is needed again."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlml.errors import Cancelled, ConnectionClosed, SqlmlError
from sqlml.notebook.result_view import Shown, html_of, markdown_of, wanted_rows
from sqlml.result_rows import BATCH, PARK_IN_MEMORY, Ahead, Answer, Look, Parked, Rows, Unpark, is_plain, set_aside

__all__ = ["PARK_IN_MEMORY", "Result", "no_rows"]

Guard = AbstractContextManager[None]
# What DuckDB answers a statement that gives no rows.
_ANSWERS = ([("Count", "BIGINT")], [("Success", "BOOLEAN")])
ArrowTypes = Callable[[bool], AbstractContextManager[bool]]


class Result:
    """Rows of one statement.

    It owns its connection until it is read to the end; before the next statement the session parks it, and it
    goes on from there. Rows come as Python tuples (`fetchone`, `fetchmany`, `fetchall`, iteration) or whole as
    pandas (`df`), polars (`pl`) or Arrow (`arrow`, `arrow_reader`).
    """

    __slots__ = (
        "__weakref__",
        "_arrow_types",
        "_description",
        "_duck",
        "_failure",
        "_guard",
        "_handed",
        "_is_open",
        "_is_parked",
        "_rowcount",
        "_unpark",
        "arraysize",
        "lock",
    )

    def __init__(
        self, duck: Any, guard: Guard, arrow_types: ArrowTypes | None = None, unpark: Unpark | None = None
    ) -> None:
        self.arraysize = 1
        # Of its connection: fetches and the statements of other threads wait for one another.
        self.lock: AbstractContextManager[Any] = nullcontext()
        self._duck = duck
        self._guard = guard
        self._arrow_types = arrow_types or _as_they_are
        self._unpark = unpark
        self._description: list[tuple[Any, ...]] | None = None
        self._is_open = True
        self._is_parked = False
        self._failure: SqlmlError | None = None
        self._rowcount: int | None = None
        self._handed: weakref.ref[_HandedOut] | None = None

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """PEP 249's column descriptions: name, type and five Nones."""
        if self._description is None:
            with self.lock:
                self._description = self._duck.description if self._is_open else None
        return self._description

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [column[0] for column in self.description or ()]

    @property
    def rowcount(self) -> int:
        """The rows changed by a DML statement; -1 where DuckDB does not tell."""
        with self.lock:
            return int(self._source().rowcount) if self._rowcount is None else self._rowcount

    @property
    def is_open(self) -> bool:
        """Whether there is something to ask: a statement that gives nothing may have been closed with it."""
        return self._is_open and self._duck is not None

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        with self.lock, self._guard:
            row: tuple[Any, ...] | None = self._source().fetchone()
            return row

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next `size` rows, by default `arraysize`."""
        with self.lock, self._guard:
            rows: list[tuple[Any, ...]] = self._source().fetchmany(self.arraysize if size is None else size)
            return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        with self.lock, self._guard:
            rows: list[tuple[Any, ...]] = self._source().fetchall()
            return rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while rows := self.fetchmany(2048):
            yield from rows

    def df(self) -> Any:
        """All rows that are left as a pandas DataFrame."""
        with self.lock, self._guard:
            return _quietly(self._source().df)

    def arrow(self) -> Any:
        """All rows that are left as a pyarrow.Table."""
        with self.lock, self._guard, self._arrow_encoding():
            return _quietly(self._source().to_arrow_table)

    def arrow_reader(self, batch_size: int = BATCH) -> Any:
        """The rows that are left as a pyarrow.RecordBatchReader, to be read batch by batch.

        It goes on where it was after another statement on the same connection.
        """
        import pyarrow as pa

        with self.lock, self._guard, self._arrow_encoding():
            reader = _quietly(self._source().to_arrow_reader, batch_size)
        if reader is None:
            return None
        handed = _HandedOut(self, reader)
        self._handed = weakref.ref(handed)
        return pa.RecordBatchReader.from_batches(reader.schema, handed)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows that are left, for whatever reads Arrow's PyCapsules: `pl.DataFrame(result)`, `pa.table(result)`."""
        reader = self.arrow_reader()
        if reader is None:
            raise ConnectionClosed("All rows were fetched.", hint="Run the statement again.")
        return reader.__arrow_c_stream__(requested_schema)

    def pl(self) -> Any:
        """All rows that are left as a polars DataFrame."""
        import polars

        table = self.arrow()
        return None if table is None else polars.from_arrow(table)

    @property
    def has_rows(self) -> bool:
        """Whether it is rows, and not only their count or that all went well."""
        return bool(self.description) and self.rowcount < 0 and self.columns != ["Success"]

    def peek(self, count: int) -> list[tuple[Any, ...]] | None:
        """The next rows, up to `count`, which stay to be fetched.

        Of columns of numbers and text only these rows are computed; with other types, whose Python values do not say
        all, the rows are put aside first. None where the settings do not let them be put aside whole, or more of them
        were fetched than are kept.
        """
        with self.lock, self._guard:
            source = self._source()
            if not isinstance(source, Ahead | Parked):
                if self._unpark is None:
                    return None
                described = self.description or []
                if not is_plain(described):
                    if isinstance(source, Rows) or not self._can_be_kept():
                        return None
                    self.park(self._unpark)
                    source = self._source()
                else:
                    source = self._duck = Ahead(source, self._unpark, described)
            rows: list[tuple[Any, ...]] | None = source.peek(count)
            return rows

    def _can_be_kept(self) -> bool:
        with self._arrow_encoding(keep=True) as is_kept:
            return is_kept

    def _shown(self) -> Shown:
        """What a notebook shows: the next rows, which stay to be fetched, or what was done."""
        if not self._is_open:
            return Shown((), None, note="The result is closed.")
        if not self.has_rows:
            changed = self.rowcount
            return Shown((), None, note=f"{changed:,} row{'' if changed == 1 else 's'}" if changed >= 0 else "OK")
        described = self.description or []
        wanted = wanted_rows(self.columns)
        rows = self.peek(wanted + 1)
        if rows is None:
            return Shown(described, None)
        if not rows and [(name, str(kind)) for name, kind, *_ in described] == [("Count", "BIGINT")]:
            # DuckDB's answer to a statement that counts nothing.
            return Shown((), None, note="OK")
        return Shown(described, rows[:wanted], has_more=len(rows) > wanted)

    def _repr_html_(self) -> str:
        return html_of(self._shown())

    def _repr_markdown_(self) -> str:
        return markdown_of(self._shown())

    def close(self) -> None:
        """Give the result up."""
        with self.lock:
            self._is_open = False
            self._duck = None
            self._handed = None

    def park(self, unpark: Unpark) -> None:
        """Put the rows that are left aside, so that the connection can run another statement.

        `unpark(reader, description)` gives a cursor of another DuckDB over an Arrow reader. A statement that fails
        only now has failed for whoever reads its rows, not for the statement that comes next.
        """
        self._park(unpark, None)

    def settle(self, unpark: Unpark) -> None:
        """Put aside the answer of a statement that writes; if it also gives rows, as RETURNING does, park them."""
        described = [(name, str(kind)) for name, kind, *_ in self.description or []]
        if self._is_open and not self._is_parked and described in _ANSWERS:
            self._is_parked = True
            self._rowcount = int(self._duck.rowcount)
            with self.lock, self._guard:
                self._duck = Answer(self._duck.fetchall(), unpark, self.description or [])
        else:
            self.park(unpark)

    def hold(self, unpark: Unpark, look: Look) -> None:
        """Put all rows aside at once, while `look` is told the number of rows and bytes of one batch after another.

        Raises what it raises, and any error of the statement.
        """
        self._park(unpark, look)
        if self._failure is not None:
            raise self._failure

    def _park(self, unpark: Unpark, look: Look | None) -> None:
        if not self._is_open or self._is_parked:
            return
        self._is_parked = True
        described = self.description
        if described is None:
            self.close()
            return
        self._rowcount = int(self._duck.rowcount)
        try:
            with self.lock, self._guard:
                self._duck = self._put_aside(unpark, described, look)
        except Cancelled:
            raise
        except SqlmlError as error:
            self._duck, self._failure = None, error

    def _put_aside(self, unpark: Unpark, described: list[tuple[Any, ...]], look: Look | None) -> Any:
        handed = self._handed() if self._handed is not None else None
        if handed is not None:
            handed.put_aside()
            return Rows([])
        with self._arrow_encoding(keep=True) as is_kept:
            if not is_kept:
                return Rows(_looked_at(self._duck, look))
            reader = _quietly(self._duck.to_arrow_reader, BATCH)
        # DuckDB gives no reader once all rows have been fetched.
        return Rows([]) if reader is None else Parked(set_aside(reader, look), unpark, described)

    def _arrow_encoding(self, *, keep: bool = False) -> AbstractContextManager[bool]:
        """Whether, and while, Arrow keeps DuckDB's types; nothing is to be done for a result without such types."""
        types = [str(column[1]) for column in self.description or ()]
        if any(name in kind for kind in types for name in _KEPT_ON_REQUEST) and (keep or not self._is_parked):
            return self._arrow_types(keep)
        return nullcontext(enter_result=True)

    def _source(self) -> Any:
        if self._failure is not None:
            raise self._failure
        if not self._is_open or self._duck is None:
            raise ConnectionClosed("The result is closed.", hint="Run the statement again.")
        return self._duck

    def __repr__(self) -> str:
        return f"<sqlml.Result ({', '.join(self.columns)})>"


def _as_they_are(_: bool) -> AbstractContextManager[bool]:  # noqa: FBT001 - as ArrowTypes
    return nullcontext(enter_result=True)


def _looked_at(duck: Any, look: Look | None) -> list[tuple[Any, ...]]:
    if look is None:
        found: list[tuple[Any, ...]] = duck.fetchall()
        return found
    rows: list[tuple[Any, ...]] = []
    while some := duck.fetchmany(2048):
        look(len(some), sum(map(sys.getsizeof, some)))
        rows += some
    return rows


def no_rows() -> Result:
    """The result of a statement that gives none."""
    return Result(Rows([]), nullcontext())


def _quietly(fetch: Callable[..., Any], *args: Any) -> Any:
    """Fetch without DuckDB's advice to use con.sql for Arrow, and without what pandas holds against DuckDB's code."""
    with warnings.catch_warnings():
        for message in ("Arrow output on a DB-API result", "The inplace keyword in DataFrame"):
            warnings.filterwarnings("ignore", message=message)
        return fetch(*args)


# Types that Arrow carries as others, unless DuckDB is set to keep them.
_KEPT_ON_REQUEST = ("BIT", "HUGEINT", "JSON", "TIME WITH TIME ZONE", "UUID")


class _HandedOut:
    """The batches of a reader that the user holds; put aside, they go on from there."""

    def __init__(self, result: Result, reader: Any) -> None:
        # Whoever holds the reader holds the result, and so the session knows that there are rows to put aside.
        self._result = result
        self._reader = reader

    def __iter__(self) -> Iterator[Any]:
        while True:
            try:
                with self._result.lock:
                    batch = self._reader.read_next_batch()
            except StopIteration:
                return
            yield batch

    def put_aside(self) -> None:
        """Read what is left, so that the connection is free."""
        self._reader = set_aside(self._reader)
