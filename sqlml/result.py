"""The rows a statement gives back: streamed from DuckDB, put aside when the connection is needed again."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

from sqlml.errors import ConnectionClosed, NotSupported

# Parked rows stay in memory up to this many bytes, then go to a temporary Arrow IPC file.
PARK_IN_MEMORY = 64 * 1024 * 1024
_BATCH = 65_536

Guard = Callable[[], AbstractContextManager[None]]


class Result:
    """Rows of one statement.

    It owns its connection until it is read to the end; before the next statement the session parks it, and it
    goes on from there. Rows come as Python tuples (`fetchone`, `fetchmany`, `fetchall`, iteration) or whole as
    pandas (`df`), polars (`pl`) or Arrow (`arrow`, `arrow_reader`).
    """

    arraysize = 1

    def __init__(self, duck: Any, guard: Guard) -> None:
        self._duck = duck
        self._guard = guard
        self._description: list[tuple[Any, ...]] | None = None
        self._is_open = True
        self._parked: Any = None

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """PEP 249's column descriptions: name, type and five Nones."""
        if self._description is None and self._is_open:
            self._description = self._duck.description
        return self._description

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [column[0] for column in self.description or ()]

    @property
    def rowcount(self) -> int:
        """The rows changed by a DML statement; -1 where DuckDB does not tell."""
        return int(self._source().rowcount)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        with self._guard():
            row: tuple[Any, ...] | None = self._source().fetchone()
            return row

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next `size` rows, by default `arraysize`."""
        with self._guard():
            rows: list[tuple[Any, ...]] = self._source().fetchmany(self.arraysize if size is None else size)
            return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        with self._guard():
            rows: list[tuple[Any, ...]] = self._source().fetchall()
            return rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while rows := self.fetchmany(2048):
            yield from rows

    def df(self) -> Any:
        """All rows that are left as a pandas DataFrame."""
        with self._guard():
            return self._source().df()

    def arrow(self) -> Any:
        """All rows that are left as a pyarrow.Table."""
        with self._guard():
            return _quietly(self._source().to_arrow_table)

    def arrow_reader(self, batch_size: int = _BATCH) -> Any:
        """The rows that are left as a pyarrow.RecordBatchReader: read batch by batch in flat memory."""
        with self._guard():
            return _quietly(self._source().to_arrow_reader, batch_size)

    def pl(self) -> Any:
        """All rows that are left as a polars DataFrame."""
        import polars

        return polars.from_arrow(self.arrow())

    def close(self) -> None:
        """Give the result up."""
        self._is_open = False
        self._duck = None

    def park(self, unpark: Callable[[Any, list[str]], Any]) -> None:
        """Put the rows that are left aside, so that the connection can run another statement.

        `unpark(reader, types)` gives a cursor of another DuckDB over an Arrow reader.
        """
        if not self._is_open or self._parked is not None:
            return
        described = self.description
        if described is None:
            self.close()
            return
        types = [str(column[1]) for column in described]
        with self._guard():
            if any(name in kind for kind in types for name in _ROWS_ONLY):
                self._parked = _Rows(self._duck.fetchall())
            else:
                # DuckDB gives no reader once all rows have been fetched.
                reader = _quietly(self._duck.to_arrow_reader, _BATCH)
                self._parked = _Rows([]) if reader is None else unpark(_set_aside(reader), types)
        self._duck = self._parked

    def _source(self) -> Any:
        if not self._is_open or self._duck is None:
            raise ConnectionClosed("The result is closed.", hint="Run the statement again.")
        return self._duck

    def __repr__(self) -> str:
        return f"<sqlml.Result ({', '.join(self.columns)})>"


def no_rows() -> Result:
    """The result of a statement that gives none."""
    return Result(_Rows([]), nullcontext)


def _quietly(fetch: Callable[..., Any], *args: Any) -> Any:
    """Fetch as Arrow without DuckDB's advice to use con.sql, whatever filters the user has set for warnings."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)
        return fetch(*args)


# Types that Arrow cannot carry without loss: their parked rows stay Python tuples.
_ROWS_ONLY = ("BIT", "TIME WITH TIME ZONE")


class _Rows:
    """Parked rows as tuples."""

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

    def __getattr__(self, name: str) -> Any:
        raise NotSupported(
            "A result with BIT or TIME WITH TIME ZONE that was put aside can only be read by rows.",
            hint="Read it before the next statement, or cast the column to VARCHAR.",
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

    # Unlinked on close: nothing is left behind, whatever happens to the process.
    file = tempfile.TemporaryFile(prefix="sqlml-result-")  # noqa: SIM115 - lives as long as its reader
    with pa.ipc.new_stream(file, reader.schema) as writer:
        while kept:
            writer.write_batch(kept.pop(0))
        for batch in reader:
            writer.write_batch(batch)
    file.seek(0)
    return pa.ipc.open_stream(file)
