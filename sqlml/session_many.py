"""`con.executemany("INSERT INTO t VALUES (?, ?)", rows)`: the rows go to DuckDB as Arrow, where that is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from sqlglot import exp

from sqlml.access.acting import NOBODY, Acting
from sqlml.access.limits import exceeded
from sqlml.bulk import ROWS, Bulk, bulk, coalesced, row_value, typed
from sqlml.dialect import parse
from sqlml.engine import Engine
from sqlml.engine_private import gives_rows
from sqlml.errors import InvalidOption, InvalidSql, SqlmlError, TransactionAborted
from sqlml.functions import FUNCTIONS
from sqlml.parameter_columns import Part, parts_of
from sqlml.parameter_values import plain
from sqlml.parameters import check_parameters
from sqlml.result import Result
from sqlml.types import Params

# The first rows are sent alone: they show what is wrong with the statement, in the user's own text.
_ALONE, _FIRST, _MOST = 8, 64, 65_536
_BYTES = 32 * 1024 * 1024

# DuckDB has no savepoints: what ran in an open transaction is undone with all of it.
_ABORT = "SELECT error('executemany failed')"
_IS_SCALAR = "SELECT bool_and(function_type = 'scalar') FROM duckdb_functions() WHERE lower(function_name) = ?"

Run = Callable[[str, Params], Result]


def execute_many(
    sql: str,
    rows: Iterable[Params],
    *,
    engine: Engine,
    run: Run,
    check_cancelled: Callable[[], None],
    acting: Acting = NOBODY,
) -> int:
    """Run a statement for each row of values; gives the number of rows changed, -1 where that is not known.

    All that is run passes `run`, which decides on it. In a governed database only rows that are added go together:
    whether others may takes a look at rows that may be hidden. All rows together are held to the limit `rows`.

    In a transaction of its own a row that fails leaves nothing of the others; an open one is aborted, as by any error
    of DuckDB's, and only ROLLBACK is possible.
    """
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise InvalidOption(
            f"executemany takes rows of values, not {type(rows).__name__}.",
            hint="Pass a list or an iterable of lists, tuples or mappings.",
        )
    tree = _read(sql)
    if isinstance(tree, exp.Query) or (tree is not None and tree.args.get("returning")):
        raise _no_rows()
    many = _Many(sql, tree, engine, run, check_cancelled, acting)
    is_open = engine.in_transaction()
    with engine.transaction():
        try:
            return many.all(iter(rows))
        except BaseException:
            if is_open and many.has_run:
                with suppress(SqlmlError):
                    engine.rows(_ABORT)
            raise


def _read(sql: str) -> exp.Expr | None:
    try:
        return parse(sql)
    except SqlmlError:
        # DuckDB is the judge of DuckDB's SQL: the rows are sent one by one.
        return None


def _no_rows() -> SqlmlError:
    return InvalidSql("executemany is for statements that give no rows.", hint="Send it with execute, once a row.")


class _Many:
    """One call of executemany."""

    def __init__(
        self,
        sql: str,
        tree: exp.Expr | None,
        engine: Engine,
        run: Run,
        check_cancelled: Callable[[], None],
        acting: Acting,
    ) -> None:
        self._sql = sql
        self._tree = tree
        self._engine = engine
        self._run = run
        self._check_cancelled = check_cancelled
        self._is_governed = acting.access.is_governed
        self._most = acting.limits.get("rows")
        self._done = 0
        self._changed = 0

    def all(self, rows: Iterator[Params]) -> int:
        self._one_by_one(list(islice(rows, _ALONE)))
        size, plan = _FIRST, self._plan() if self._done == _ALONE else None
        while taken := list(islice(rows, size)):
            self._check_cancelled()
            sent = self._at_once(plan, taken) if plan is not None else None
            if sent is None:
                self._one_by_one(taken)
            else:
                size = max(_ALONE, min(4 * size, _MOST, len(taken) * _BYTES // max(sent, 1)))
        return self._changed

    def _plan(self) -> Bulk | None:
        """The statement over many rows, of which the first have been allowed; None where each has to be sent alone."""
        if self._tree is None or (self._is_governed and not isinstance(self._tree, exp.Insert)):
            return None
        plan = bulk(self._tree, self._engine.describe, self._is_scalar)
        asks = plan is not None and (plan.keys or plan.matches)
        return None if self._is_governed and asks else plan

    @property
    def has_run(self) -> bool:
        """Whether a row has been sent."""
        return self._done > 0

    def _is_scalar(self, name: str) -> bool:
        return name in FUNCTIONS.names() or bool(self._engine.rows(_IS_SCALAR, [name])[0][0])

    def _one_by_one(self, rows: Sequence[Params]) -> None:
        for row in rows:
            self._check_cancelled()
            try:
                if row is None:
                    check_parameters(0)
                result = self._run(self._sql, row)
            except SqlmlError as error:
                error.message = f"{error.message} (row {self._done + 1} of executemany)"
                raise
            if gives_rows(self._sql, result):
                raise _no_rows()
            self._count(result.rowcount)
            self._done += 1

    def _count(self, changed: int) -> None:
        self._changed = -1 if changed < 0 or self._changed < 0 else self._changed + changed
        if self._most is not None and self._changed > self._most:
            raise exceeded("rows", self._most, f"The statement changes {self._changed} rows")

    def _at_once(self, plan: Bulk, rows: Sequence[Params]) -> int | None:
        """Send rows as one statement; gives their size in bytes, None where they have to be sent one by one."""
        columns = _columns(rows, list(plan.uses))
        if columns is None:
            return None
        table = _table(columns, plan)
        if table is None:
            return None
        data, values = table
        self._engine.register(ROWS, data)
        try:
            question = plan.ambiguous(values)
            if question is not None and self._engine.rows(question):
                return None
            result = self._run(plan.statement(values), None)
        except SqlmlError as error:
            # The place is one in a text that the user did not write.
            error.line = error.column = error.excerpt = None
            first, last = self._done + 1, self._done + len(rows)
            error.message = f"{error.message} (rows {first} to {last} of executemany)"
            raise
        finally:
            # An aborted transaction takes the rows with it.
            with suppress(TransactionAborted):
                self._engine.unregister(ROWS)
        self._count(result.rowcount)
        self._done += len(rows)
        return int(data.nbytes)


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Sequence[Any]] | None:
    """The values by parameter; None where the rows are not all alike, and so has to be said which is wrong."""
    kinds = set(map(type, rows))
    if kinds <= {list, tuple}:
        if set(map(len, rows)) != {len(names)} or not all(name.isdigit() for name in names):
            return None
        by_place = list(zip(*rows, strict=True))
        places = [int(name) - 1 for name in names]
        if not all(0 <= place < len(by_place) for place in places):
            return None
        found: dict[str, Sequence[Any]] = {name: by_place[place] for name, place in zip(names, places, strict=True)}
    elif all(issubclass(kind, Mapping) for kind in kinds):
        keys = {tuple(row) for row in rows}
        if len(keys) != 1:
            return None
        by_folded = {str(key).casefold(): key for key in keys.pop()}
        if set(by_folded) != set(names) or len(by_folded) != len(rows[0]):
            return None
        found = {name: [row[by_folded[name]] for row in rows] for name in names}
    else:
        return None
    return found


def _table(columns: Mapping[str, Sequence[Any]], plan: Bulk) -> tuple[Any, dict[str, exp.Expr]] | None:
    """The values as an Arrow table, and what each parameter is in it; None where they have to be sent one by one."""
    import pyarrow as pa

    arrays: dict[str, Any] = {"sqlml_nothing": pa.nulls(len(next(iter(columns.values()))))}
    values: dict[str, exp.Expr] = {}
    for name, given in columns.items():
        use = plan.uses[name]
        try:
            parts = parts_of(_plain(given), use)
        except (pa.ArrowException, OverflowError, UnicodeError):
            # DuckDB says better what is wrong with it.
            return None
        if parts is None:
            return None
        value = _value(name, parts, arrays, use.type)
        if value is None:
            return None
        values[name] = value
    return pa.table(arrays), values


def _value(name: str, parts: Sequence[Part], arrays: dict[str, Any], kind: str) -> exp.Expr | None:
    read: list[exp.Expr] = []
    for i, part in enumerate(parts):
        column = f"sqlml_{name}_{i}"
        arrays[column] = part.array
        read.append(typed(row_value(column), part.cast) if part.cast else row_value(column))
    if not read:
        return exp.null()
    return read[0] if len(read) == 1 else coalesced(read, kind)


def _plain(values: Sequence[Any]) -> Sequence[Any]:
    found = plain(values)
    assert isinstance(found, list | tuple)
    return found
