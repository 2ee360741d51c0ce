"""`con = await sqlml.aconnect("shop.duckdb")`: a Connection whose statements run in a thread of its own.

Cancelling a task interrupts the statement it waits for, training included, and waits until it has stopped.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from sqlml.connection import Connection, connect
from sqlml.cursor import Cursor
from sqlml.errors import ConnectionClosed, Exceptions, InvalidSql
from sqlml.types import Params, Plan, Progress

_T = TypeVar("_T")
Row = tuple[Any, ...]

# An interrupt that comes before DuckDB has begun is lost to it: it is said again after this many seconds.
_AGAIN = 0.02
_AHEAD = 1024


def _connect(path: str | os.PathLike[str], **options: Any) -> Connection:
    connection = connect(path, **options)
    connection.name_door("async")
    return connection


def aconnect(
    path: str | os.PathLike[str] = ":memory:",
    *,
    read_only: bool = False,
    config: Mapping[str, Any] | None = None,
    allow_pickle: bool = True,
    allow_python: bool = True,
    udfs: str | os.PathLike[str] | None = None,
    autocommit: bool = True,
    user: str | None = None,
) -> Opening:
    """Open a database for asyncio; the arguments are those of `connect`.

    `con = await aconnect(path)`, to be closed by `await con.close()`; or `async with aconnect(path) as con:`, which
    commits, or rolls back on an exception, and closes.
    """
    return Opening(
        partial(
            _connect,
            path,
            read_only=read_only,
            config=config,
            allow_pickle=allow_pickle,
            allow_python=allow_python,
            udfs=udfs,
            autocommit=autocommit,
            user=user,
        )
    )


class Worker:
    """The one thread of a connection: its calls run in the order in which they were made."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sqlml")
        self._lock = threading.Lock()
        self._running: object = None
        self.interrupt: Callable[[], None] | None = None

    async def run(self, call: Callable[..., _T], *args: Any, is_final: bool = False) -> _T:
        """Call a function in the thread. When the task is cancelled the call is interrupted, unless it `is_final`."""
        ticket = object()
        try:
            future = self._pool.submit(self._call, ticket, call, args)
        except RuntimeError:
            raise ConnectionClosed("The connection is closed.", hint="Connect again.") from None
        waiting = asyncio.wrap_future(future)
        cancelled: asyncio.CancelledError | None = None
        while not waiting.done():
            try:
                await asyncio.wait([waiting], timeout=None if cancelled is None else _AGAIN)
            except asyncio.CancelledError as error:
                cancelled = error
            if cancelled is not None and not is_final and not future.cancel():
                self._interrupt(ticket)
        if cancelled is not None:
            if not waiting.cancelled():
                # What the interrupted call raised is known: it is not to be reported as never seen.
                waiting.exception()
            raise cancelled
        return waiting.result()

    def _call(self, ticket: object, call: Callable[..., _T], args: tuple[Any, ...]) -> _T:
        with self._lock:
            self._running = ticket
        try:
            return call(*args)
        finally:
            with self._lock:
                self._running = None

    def _interrupt(self, ticket: object) -> None:
        # Under the lock the call that is to be stopped cannot give way to the next, which is not to be.
        with self._lock:
            if self._running is ticket and self.interrupt is not None:
                self.interrupt()

    def close(self) -> None:
        """End the thread after its last call."""
        self._pool.shutdown(wait=False)


class Opening:
    """What `aconnect` gives: to be awaited, or used with `async with`."""

    def __init__(self, open_it: Callable[[], Connection]) -> None:
        self._open_it = open_it
        self._connection: AsyncConnection | None = None

    def __await__(self) -> Generator[Any, None, AsyncConnection]:
        return self._open().__await__()

    async def _open(self) -> AsyncConnection:
        worker = Worker()
        opened: list[Connection] = []
        try:
            await worker.run(lambda: opened.append(self._open_it()), is_final=True)
        except BaseException:
            for connection in opened:
                connection.close()
            worker.close()
            raise
        return AsyncConnection(opened[0], worker)

    async def __aenter__(self) -> AsyncConnection:
        self._connection = await self._open()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        con = self._connection
        if con is None or con.closed:
            return
        try:
            await con.__aexit__(kind, error, trace)
        finally:
            await con.close()


class AsyncConnection(Exceptions):
    """A Connection for asyncio: one transaction, one thread, calls in the order in which they were made.

    `async with con:` commits, or rolls back on an exception, and does not close.
    """

    def __init__(self, connection: Connection, worker: Worker) -> None:
        self._connection = connection
        self._worker = worker
        worker.interrupt = connection.interrupt

    async def execute(self, sql: str, params: Params = None) -> AsyncCursor:
        """Run a statement or a script; gives a cursor over its rows, which stream."""
        return await self.cursor().execute(sql, params)

    async def executemany(self, sql: str, rows: Iterable[Params]) -> AsyncCursor:
        """Run a statement once for each row of values; see Cursor.executemany."""
        return await self.cursor().executemany(sql, rows)

    def cursor(self) -> AsyncCursor:
        """A cursor over the same transaction."""
        return AsyncCursor(self._connection.cursor(), self)

    async def run(self, call: Callable[..., _T], *args: Any, is_final: bool = False) -> _T:
        """Call a function in the connection's thread, for example one that is given the Connection itself."""
        return await self._worker.run(call, *args, is_final=is_final)

    async def plan(self, sql: str, params: Params = None) -> Plan:
        """What a statement would do; nothing is run."""
        return await self.run(self._connection.plan, sql, params)

    async def begin(self) -> None:
        """BEGIN TRANSACTION."""
        await self.run(self._connection.begin)

    async def commit(self) -> None:
        """Commit the transaction; it is not interrupted, for one would not know what became of it."""
        await self.run(self._connection.commit, is_final=True)

    async def rollback(self) -> None:
        """Roll the transaction back."""
        await self.run(self._connection.rollback, is_final=True)

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits."""
        return self._connection.autocommit

    async def set_autocommit(self, value: bool) -> None:  # noqa: FBT001 - the value of an attribute
        """Switch autocommit; to switch it on commits the open transaction."""
        await self.run(setattr, self._connection, "autocommit", value, is_final=True)

    async def register(self, name: str, data: Any) -> None:
        """Make a dataframe or Arrow table readable under a name."""
        await self.run(self._connection.register, name, data)

    async def unregister(self, name: str) -> None:
        """Forget what was registered under a name."""
        await self.run(self._connection.unregister, name)

    async def register_model(
        self,
        name: str,
        model: Any,
        *,
        example: Any,
        label: str = "label",
        task: str | None = None,
        classes: Sequence[Any] | None = None,
        replace: bool = False,
        tags: Mapping[str, str] | None = None,
        comment: str | None = None,
    ) -> int:
        """Store a fitted estimator, pipeline or callable; see Connection.register_model."""
        return await self.run(
            partial(
                self._connection.register_model,
                name,
                model,
                example=example,
                label=label,
                task=task,
                classes=classes,
                replace=replace,
                tags=tags,
                comment=comment,
            )
        )

    def interrupt(self) -> None:
        """Cancel what runs on this connection."""
        self._connection.interrupt()

    def on_progress(self, listener: Callable[[Progress], None] | None) -> None:
        """Call `listener` in the running event loop while a model is trained."""
        if listener is None:
            self._connection.on_progress(None)
            return
        loop = asyncio.get_running_loop()
        self._connection.on_progress(lambda progress: _tell(loop, listener, progress))

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._connection.closed

    async def close(self) -> None:
        """Close the connection and end its thread; an open transaction rolls back."""
        await self._worker.run(self._close, is_final=True)

    def _close(self) -> None:
        self._connection.close()
        self._worker.close()

    async def __aenter__(self) -> AsyncConnection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await (self.commit() if kind is None else self.rollback())


def _tell(loop: asyncio.AbstractEventLoop, listener: Callable[[Progress], None], progress: Progress) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(listener, progress)


class AsyncCursor:
    """A Cursor for asyncio: `async for row in await con.execute("FROM t"): ...`."""

    def __init__(self, cursor: Cursor, connection: AsyncConnection) -> None:
        self.connection = connection
        self._cursor = cursor
        # Rows that `async for` has read but not yet given.
        self._ahead: deque[Row] = deque()

    @property
    def description(self) -> list[Row] | None:
        """The columns of the rows; None where the statement gives no rows."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """The rows that the last statement changed, -1 where unknown."""
        return self._cursor.rowcount

    @property
    def arraysize(self) -> int:
        """How many rows `fetchmany` gives."""
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._cursor.arraysize = value

    async def execute(self, sql: str, params: Params = None) -> AsyncCursor:
        """Run a statement or a script."""
        self._ahead.clear()
        await self.connection.run(self._cursor.execute, sql, params)
        return self

    async def executemany(self, sql: str, rows: Iterable[Params]) -> AsyncCursor:
        """Run a statement once for each row of values, all or none; an iterator is read in the connection's thread."""
        self._ahead.clear()
        await self.connection.run(self._cursor.executemany, sql, rows)
        return self

    async def fetchone(self) -> Row | None:
        """The next row, None after the last."""
        return self._ahead.popleft() if self._ahead else await self.connection.run(self._cursor.fetchone)

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next `size` rows, by default `arraysize`."""
        wanted = self.arraysize if size is None else size
        rows = [self._ahead.popleft() for _ in range(min(wanted, len(self._ahead)))]
        return rows if rows and len(rows) == wanted else rows + await self._more(wanted - len(rows))

    async def fetchall(self) -> list[Row]:
        """All rows that are left."""
        rows = list(self._ahead)
        self._ahead.clear()
        return rows + await self.connection.run(self._cursor.fetchall)

    def __aiter__(self) -> AsyncIterator[Row]:
        return self

    async def __anext__(self) -> Row:
        if not self._ahead:
            self._ahead.extend(await self._more(_AHEAD))
        if not self._ahead:
            raise StopAsyncIteration
        return self._ahead.popleft()

    async def df(self) -> Any:
        """The rows that are left as a pandas DataFrame."""
        return await self._whole(self._cursor.df)

    async def arrow(self) -> Any:
        """The rows that are left as a pyarrow.Table."""
        return await self._whole(self._cursor.arrow)

    async def pl(self) -> Any:
        """The rows that are left as a polars DataFrame."""
        return await self._whole(self._cursor.pl)

    async def close(self) -> None:
        """Give up the rows; the cursor cannot be used any more."""
        self._ahead.clear()
        await self.connection.run(self._cursor.close, is_final=True)

    async def __aenter__(self) -> AsyncCursor:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _more(self, size: int) -> list[Row]:
        return await self.connection.run(self._cursor.fetchmany, size)

    async def _whole(self, fetch: Callable[[], Any]) -> Any:
        if self._ahead:
            raise InvalidSql(
                "Some of the rows have been read by `async for`.", hint="Fetch them as rows, or execute once more."
            )
        return await self.connection.run(fetch)
