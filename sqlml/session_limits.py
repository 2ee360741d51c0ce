"""The limits that users and roles carry, kept while a statement of a governed database runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlglot import exp

from sqlml.access.limits import exceeded
from sqlml.engine import Engine
from sqlml.engine_errors import ROWS
from sqlml.engine_private import unpark
from sqlml.errors import Cancelled, LimitExceeded, TooManyStatements
from sqlml.result import Result
from sqlml.session_access import SessionAccess

_FAIL = "SELECT error(?)"
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_WRITES = (exp.Copy, exp.Create, exp.Insert)


class Limits:
    """What the statements of one session may take."""

    def __init__(self, engine: Engine, access: SessionAccess) -> None:
        self._engine = engine
        self._access = access

    def run(self, run: Callable[[], Result], interrupt: Callable[[], None]) -> Result:
        """Run a statement to its end, and no further than the limits.

        Raises LimitExceeded, TooManyStatements, and Cancelled after as many seconds as are allowed.
        """
        limits = self._access.acting.limits
        if not limits:
            return run()
        with self._one_more(limits), _in_time(limits, interrupt):
            result = run()
            if limits.keys() & {"rows", "seconds", "memory"}:
                # What is still to be computed when rows are fetched counts too.
                result.hold(unpark, _counting(limits))
        return result

    @contextmanager
    def _one_more(self, limits: Mapping[str, float]) -> Iterator[None]:
        database, user = self._engine.database, self._access.acting.user.casefold()
        most = limits.get("concurrent_statements")
        with database.access_lock:
            if most is not None and database.running[user] >= most:
                raise TooManyStatements(
                    f"{most:.0f} statements of yours run already: the limit concurrent_statements.",
                    hint="Wait until one of them has ended.",
                )
            database.running[user] += 1
        try:
            yield
        finally:
            with database.access_lock:
                database.running[user] -= 1
                if not database.running[user]:
                    del database.running[user]

    def guarded(self, tree: exp.Expr) -> exp.Expr:
        """A statement that writes the rows of a query, which fails at the first row that is too many."""
        most = self._access.acting.limits.get("rows")
        key = "this" if isinstance(tree, exp.Copy) else "expression"
        query = tree.args.get(key)
        if most is None or not isinstance(tree, _WRITES) or not isinstance(query, exp.Query):
            return tree
        if isinstance(tree, exp.Create) and str(tree.args.get("kind") or "").upper() != "TABLE":
            return tree
        found = tree.copy()
        inner = found.args[key]
        inner = inner.this if isinstance(inner, exp.Subquery) and not inner.alias else inner
        number = exp.Window(this=exp.RowNumber())
        failing = exp.cast(exp.func("error", exp.Literal.string(_too_many(most))), "BOOLEAN")
        fits = exp.Case(ifs=[exp.If(this=exp.GT(this=number, expression=exp.Literal.number(int(most))), true=failing)])
        fits.set("default", exp.true())
        rows = exp.select("*").from_(inner.copy().subquery("_governed_rows"))
        rows.set("qualify", exp.Qualify(this=fits))
        found.set(key, exp.Subquery(this=rows) if isinstance(tree, exp.Copy) else rows)
        return found

    def counted(self, tree: exp.Expr, run: Callable[[], Result]) -> Result:
        """A statement whose changed rows are known only when it has changed them: too many are undone."""
        most = self._access.acting.limits.get("rows")
        if most is None or not (isinstance(tree, _CHANGES) or (isinstance(tree, exp.Copy) and tree.args.get("kind"))):
            return run()
        with self._engine.transaction():
            result = run()
            try:
                result.hold(unpark, _counting({"rows": most}))
                is_too_many = result.rowcount > most
            except LimitExceeded:
                # Of RETURNING.
                is_too_many = True
            if is_too_many:
                # An error of DuckDB's own ends the user's transaction as well.
                self._engine.rows(_FAIL, [_too_many(most)])
        return result


@contextmanager
def _in_time(limits: Mapping[str, float], interrupt: Callable[[], None]) -> Iterator[None]:
    seconds = limits.get("seconds")
    if seconds is None:
        yield
        return
    is_over = threading.Event()

    def stop() -> None:
        is_over.set()
        interrupt()

    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Cancelled:
        if not is_over.is_set():
            raise
        raise Cancelled(
            f"The statement ran for more than {seconds:g} seconds, the limit seconds.",
            hint="Nothing was written. Ask for less; a superuser changes limits by ALTER USER or ALTER ROLE.",
        ) from None
    finally:
        timer.cancel()
        # What has begun to interrupt must not reach the next statement.
        timer.join()


def _too_many(most: float) -> str:
    return f"{ROWS}a statement may have {most:.0f}, and this one has more."


def _counting(limits: Mapping[str, float]) -> Callable[[int, int], None]:
    total = {"rows": 0, "memory": 0}
    whats = {"rows": "The result has more rows", "memory": "The rows of the result take more bytes"}

    def look(rows: int, size: int) -> None:
        total["rows"] += rows
        total["memory"] += size
        for name, value in total.items():
            if value > limits.get(name, value):
                raise exceeded(name, limits[name], whats[name])

    return look
