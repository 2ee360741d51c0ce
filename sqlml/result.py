"""The rows a statement gives back: streamed from DuckDB, put aside when the connection is needed again."""

from __future__ import annotations

import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

from sqlml.errors import Cancelled, ConnectionClosed, NotSupported, SqlmlError

# Parked rows stay in memory up to this many bytes, then go to a temporary Arrow IPC file.
PARK_IN_MEMORY = 64 * 1024 * 1024
_BATCH = 65_536

Guard = AbstractContextManager[None]
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
        "arraysize",
        "lock",
    )

    def __init__(self, duck: Any, guard: Guard, arrow_types: ArrowTypes | None = None) -> None:
        self.arraysize = 1
        # Of its connection: fetches and the statements of other threads wait for one another.
        self.lock: AbstractContextManager[Any] = nullcontext()
        self._duck = duck
        self._guard = guard
        self._arrow_types = arrow_types or _as_they_are
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

    def arrow_reader(self, batch_size: int = _BATCH) -> Any:
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

    def pl(self) -> Any:
        """All rows that are left as a polars DataFrame."""
        import polars

        table = self.arrow()
        return None if table is None else polars.from_arrow(table)

    def close(self) -> None:
        """Give the result up."""
        with self.lock:
            self._is_open = False
            self._duck = None
            self._handed = None

    def park(self, unpark: Callable[[Any, list[tuple[Any, ...]]], Any]) -> None:
        """Put the rows that are left aside, so that the connection can run another statement.

        `unpark(reader, description)` gives a cursor of another DuckDB over an Arrow reader. A statement that fails
        only now has failed for whoever reads its rows, not for the statement that comes next.
        """
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
                self._duck = self._put_aside(unpark, described)
        except Cancelled:
            raise
        except SqlmlError as error:
            self._duck, self._failure = None, error

    def _put_aside(self, unpark: Callable[[Any, list[tuple[Any, ...]]], Any], described: list[tuple[Any, ...]]) -> Any:
        handed = self._handed() if self._handed is not None else None
        if handed is not None:
            handed.put_aside()
            return _Rows([])
        with self._arrow_encoding(keep=True) as is_kept:
            if not is_kept:
                return _Rows(self._duck.fetchall())
            reader = _quietly(self._duck.to_arrow_reader, _BATCH)
        # DuckDB gives no reader once all rows have been fetched.
        return _Rows([]) if reader is None else unpark(_set_aside(reader), described)

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


def no_rows() -> Result:
    """The result of a statement that gives none."""
    return Result(_Rows([]), nullcontext())


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
        self._reader = _set_aside(self._reader)


class _Rows:
    """Parked rows as tuples; as DuckDB does, it has nothing to convert once all are read."""

    rowcount = -1
    description = None

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        return list(islice(self._rows, size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def df(self) -> None:
        self._refuse()

    def to_arrow_table(self) -> None:
        self._refuse()

    def to_arrow_reader(self, batch_size: int) -> None:
        self._refuse()

    def _refuse(self) -> None:
        left = list(self._rows)
        self._rows = iter(left)
        if left:
            raise NotSupported(
                "A result with these types that was put aside can only be read by rows: the settings are locked.",
                hint="Read it before the next statement.",
            )


def _set_aside(reader: Any) -> Any:
    """A reader over the same batches that no longer needs the connection."""
    import pyarrow as pa

    kept: list[Any] = []
    size = 0
    for batch in reader:
        kept.append(batch)
        size += batch.nbytes
        if size > PARK_IN_MEMORY:
            return _spilled(reader, kept)
    return pa.RecordBatchReader.from_batches(reader.schema, kept)


def _spilled(reader: Any, kept: list[Any]) -> Any:
    import pyarrow as pa

    # It has no name: nothing is left behind, whatever happens to the process.
    file = tempfile.TemporaryFile(prefix="sqlml-result-")  # noqa: SIM115 - lives as long as its batches
    with pa.ipc.new_stream(file, reader.schema) as writer:
        while kept:
            writer.write_batch(kept.pop(0))
        for batch in reader:
            writer.write_batch(batch)
    file.seek(0)
    return pa.RecordBatchReader.from_batches(reader.schema, _Spilled(file))


class _Spilled:
    """The batches of a file, which is closed when nobody holds them any more."""

    def __init__(self, file: Any) -> None:
        self._file = file
        weakref.finalize(self, file.close)

    def __iter__(self) -> Iterator[Any]:
        import pyarrow as pa

        yield from pa.ipc.open_stream(self._file)
