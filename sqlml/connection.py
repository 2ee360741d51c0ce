"""The Python door: `sqlml.connect()` gives a Connection, which only hands statements to its Session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from sqlml.cursor import Cursor, ErrorHandler
from sqlml.engine import Allow
from sqlml.errors import ConnectionClosed, Exceptions, InvalidOption
from sqlml.lineage_graph import Lineage, read_lineage
from sqlml.model_card import ModelCard, model_card
from sqlml.planner import read_model_name
from sqlml.registration import Registration
from sqlml.result import Result
from sqlml.session import Session
from sqlml.session_audit import name_door
from sqlml.types import Params, Plan, Progress


def connect(
    path: str | os.PathLike[str] = ":memory:",
    *,
    read_only: bool = False,
    config: Mapping[str, Any] | None = None,
    allow_pickle: bool = True,
    allow_python: bool = True,
    udfs: str | os.PathLike[str] | None = None,
    autocommit: bool = True,
    user: str | None = None,
) -> Connection:
    """Open a DuckDB database with SQL for machine learning.

    `path` is a file or ":memory:"; `config` are DuckDB's settings. Connections of one process to one file share it.
    `allow_pickle=False` refuses models that only unpickling could load, `allow_python=False` functions in Python.
    `udfs` is a folder of Python files, one a SQL function, written as those of sqlml's own folder `udfs/`.
    `user` is the user of the database to act as, by default the one called as whoever runs the process; without users
    the database is not governed. Whoever runs Python can read the file: this is for tests and jobs, no boundary.
    With `autocommit=False` the first statement begins a transaction, as PEP 249 has it, and `commit` ends it.
    Raises DatabaseLocked when another process has the file open, NewerFile when a newer sqlml wrote it.
    """
    session = Session(
        os.fspath(path),
        read_only=read_only,
        config=config,
        allow=Allow(pickle=allow_pickle, python=allow_python),
        udfs=udfs,
        user=user,
    )
    session.transaction.autocommit = autocommit
    return Connection(session)


class Connection(Exceptions):
    """One connection: one transaction, one open result.

    `execute` returns a Result; the fetch methods here read the last one. As a context manager it commits, or rolls
    back on an exception, and stays open. PEP 249's exceptions are its attributes.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        # PEP 249's extension: called as errorhandler(connection, cursor, class, error) by cursors made from now on.
        self.errorhandler: ErrorHandler | None = None
        self._last: Result | None = None

    def name_door(self, door: str) -> None:
        """Say in the audit log by which door the statements come; it is `python` where nobody says so."""
        name_door(self.session, door)

    def execute(self, sql: str, params: Params = None) -> Result:
        """Run a statement or a script, with values for `?`, `$1` or `$name`; the result streams."""
        # A result that nobody else holds need not be put aside.
        self._last = None
        self._last = self.session.execute(sql, params)
        return self._last

    def plan(self, sql: str, params: Params = None) -> Plan:
        """What a statement would do: the SQL it becomes, what it reads, writes, calls and needs. Nothing is run."""
        return self.session.plan(sql, params)

    def cursor(self) -> Cursor:
        """A cursor over the same transaction, with a last result of its own."""
        self.check_open()
        return Cursor(self)

    def executemany(self, sql: str, rows: Iterable[Params]) -> Cursor:
        """Run a statement once for each row of values; see Cursor.executemany."""
        return self.cursor().executemany(sql, rows)

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """The columns of the last result."""
        return self._last.description if self._last else None

    @property
    def rowcount(self) -> int:
        """The rows changed by the last statement, -1 where unknown."""
        return self._last.rowcount if self._last else -1

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row of the last result."""
        return self._result().fetchone()

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next rows of the last result."""
        return self._result().fetchmany(size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows left of the last result."""
        return self._result().fetchall()

    def df(self) -> Any:
        """The last result as a pandas DataFrame."""
        return self._result().df()

    def arrow(self) -> Any:
        """The last result as a pyarrow.Table."""
        return self._result().arrow()

    def pl(self) -> Any:
        """The last result as a polars DataFrame."""
        return self._result().pl()

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        self.execute("BEGIN TRANSACTION")

    def commit(self) -> None:
        """Commit the transaction; does nothing where none is open."""
        self.session.end(commit=True)

    def rollback(self) -> None:
        """Roll the transaction back; does nothing where none is open."""
        self.session.end(commit=False)

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits.

        Without it the next statement begins a transaction, which `commit` or `rollback` ends. To switch it on
        commits the open transaction.
        """
        return self.session.transaction.autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self.check_open()
        if not isinstance(value, bool):
            raise InvalidOption("autocommit is True or False.", hint="PEP 249 knows no other value.")
        if value and not self.autocommit:
            self.commit()
        self.session.transaction.autocommit = value

    def register(self, name: str, data: Any) -> None:
        """Make a pandas or polars DataFrame or an Arrow table readable under a name."""
        self.session.register(name, data)

    def unregister(self, name: str) -> None:
        """Forget a registered table."""
        self.session.unregister(name)

    def register_model(
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
        """Store a fitted estimator, pipeline or callable as a model of SQL's; gives its version.

        `example` are a few rows of its inputs: pandas, polars, Arrow or a dict of lists. The model is given a pandas
        DataFrame with these columns and no other, and is tried on the example. `label` names what it predicts. `task`
        is regression or classification, by default what the estimator is; `classes` are the labels of a callable's
        classification. Raises PythonFailed, AlreadyExists without `replace`, NotFound for columns that lack.
        """
        named = read_model_name(name)
        if named.version is not None or named.alias is not None:
            raise InvalidOption(f"{name!r} names a version.", hint="Leave @ out: the next number is given to it.")
        asked = Registration(
            named.name,
            model,
            example=example,
            label=label,
            task=task,
            classes=classes,
            replace=replace,
            tags=tags,
            comment=comment,
        )
        return self.session.register_model(asked)

    def model(self, name: str, *, version: int | None = None, alias: str | None = None) -> ModelCard:
        """Everything the catalog knows about a model, with pictures in notebooks; `name` may be churn@3 too.

        Without a version it is the one that the name means: the champion, else the newest. Raises NotFound.
        """
        self.check_open()
        return model_card(self.session, name, version, alias)

    def lineage(self, of: str, direction: str = "upstream", *, column: str | None = None, depth: int = 100) -> Lineage:
        """What a table, view, model or file was made from (upstream, downstream or both), a picture in notebooks.

        As ML.LINEAGE. Raises InvalidData for what there is not, PermissionDenied to others than superusers.
        """
        self.check_open()
        return read_lineage(self.session, of, direction, column, depth)

    def interrupt(self) -> None:
        """Cancel what runs on this connection, from any thread."""
        self.session.interrupt()

    def on_progress(self, listener: Callable[[Progress], None] | None) -> None:
        """Call `listener` while a model is trained."""
        self.session.on_progress = listener

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self.session.is_closed

    def check_open(self) -> None:
        """Raises ConnectionClosed after `close`."""
        if self.closed:
            raise ConnectionClosed("The connection is closed.", hint="Connect again.")

    def close(self) -> None:
        """Close the connection; an open transaction rolls back.

        Raises ConnectionClosed where it is closed already, as PEP 249 has it.
        """
        self.check_open()
        self.session.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _result(self) -> Result:
        if self._last is None:
            raise ConnectionClosed("There is no result to fetch from.", hint="Call execute first.")
        return self._last
