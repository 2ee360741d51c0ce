"""A private in-memory DuckDB: for results that were put aside, and for queries over Arrow data of our own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from sqlml.engine_errors import translate
from sqlml.result import Result
from sqlml.types import Column

_FUNCTIONS = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE internal"
_lock = threading.Lock()
_private: dict[int, Any] = {}


def _private_cursor() -> Any:
    """A connection to a DuckDB of our own, in memory; to open one each time would take 15 ms."""
    process = os.getpid()
    with _lock:
        # A process that was forked cannot use its parent's.
        if process not in _private:
            _private[process] = duckdb.connect(":memory:")
        return _private[process].cursor()


def unpark(reader: Any, description: list[tuple[Any, ...]]) -> Any:
    """A cursor of a private DuckDB that gives the rows of an Arrow reader under their own names and types."""
    import pyarrow as pa

    duck = _private_cursor()
    zone = next((t.tz for t in _leaves(reader.schema) if pa.types.is_timestamp(t) and t.tz), None)
    if zone is not None:
        setting = exp.EQ(this=exp.column("TimeZone"), expression=exp.Literal.string(zone))
        duck.execute(exp.Set(expressions=[exp.SetItem(this=setting)]).sql(dialect="duckdb"))
    # A query may give two columns the same name; a table may not have them.
    schema = pa.schema([field.with_name(f"c{i}") for i, field in enumerate(reader.schema)])
    batches = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    duck.register("parked", pa.RecordBatchReader.from_batches(schema, batches))
    parked = duck.view("parked")
    columns = []
    for name, carried, (label, wanted, *_) in zip(schema.names, parked.types, description, strict=True):
        column = duckdb.ColumnExpression(name)
        columns.append((column if carried == wanted else column.cast(wanted)).alias(label))
    duck.execute(parked.select(*columns).sql_query())
    return duck


def timestamp_ns(text: str) -> Any:
    """A parameter of type TIMESTAMP_NS, for which Python has no type of its own."""
    return duckdb.Value(text, duckdb.sqltype("TIMESTAMP_NS"))


_COUNTED, _DONE = ("Count", "BIGINT"), ("Success", "BOOLEAN")


def gives_rows(sql: str, result: Result) -> bool:
    """Whether the result of a text, that of its last statement, is rows of the user's.

    DuckDB answers any other statement with a column Count or Success, which a query may name its own so too.
    """
    columns = [(column[0], str(column[1])) for column in result.description or ()]
    if columns not in ([_COUNTED], [_DONE]):
        return bool(columns)
    if result.rowcount >= 0:
        return False
    try:
        last = _private_cursor().extract_statements(sql)[-1]
    except duckdb.Error:
        # A statement of ours.
        return True
    return duckdb.ExpectedResultType.NOTHING not in last.expected_result_type


def _leaves(types: Any) -> Iterator[Any]:
    """The Arrow types of a schema or a nested type, down to those without parts."""
    for field in types if hasattr(types, "names") else (types.field(i) for i in range(types.num_fields)):
        if field.type.num_fields:
            yield from _leaves(field.type)
        else:
            yield field.type


@cache
def arrow_type(duckdb_type: str) -> Any:
    """The Arrow type in which DuckDB hands out values of a type of its own."""
    kind = exp.DataType.build(duckdb_type, dialect="duckdb")
    query = exp.select(exp.alias_(exp.cast(exp.null(), kind), "v"))
    duck = _private_cursor()
    try:
        return duck.sql(query.sql(dialect="duckdb")).to_arrow_table().schema.field(0).type
    finally:
        duck.close()


@cache
def builtin_functions() -> frozenset[str]:
    """The folded names of DuckDB's own functions; a file's would take long to list, DuckDB writes out every macro."""
    duck = _private_cursor()
    try:
        return frozenset(str(r[0]).casefold() for r in duck.execute(_FUNCTIONS).fetchall())
    finally:
        duck.close()


class Scratch:
    """A private in-memory DuckDB for queries over Arrow tables that must not touch the user's connection."""

    def __init__(self, **tables: Any) -> None:
        self._duck = _private_cursor()
        try:
            for name, table in tables.items():
                self._duck.register(name, table)
        except duckdb.Error as error:
            self._duck.close()
            raise translate(error) from None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        found: list[tuple[Any, ...]] = self._duck.execute(sql).fetchall()
        return found

    def columns(self, name: str) -> list[Column]:
        """Names and DuckDB types of a table."""
        try:
            described = self._duck.view(name)
            return [Column(n, str(t)) for n, t in zip(described.columns, described.types, strict=True)]
        except duckdb.Error as error:
            raise translate(error) from None

    def inputs(self, name: str, made: Sequence[tuple[str, Callable[[exp.Expr], exp.Expr]]]) -> Any:
        """A table's columns, each made what `made` says, as a pyarrow.Table."""
        columns = [exp.alias_(make(exp.column(column, quoted=True)), column, quoted=True) for column, make in made]
        query = exp.select(*columns).from_(exp.to_identifier(name, quoted=True))
        try:
            return self._duck.sql(query.sql(dialect="duckdb")).to_arrow_table()
        except duckdb.Error as error:
            raise translate(error) from None

    def close(self) -> None:
        """Close it."""
        self._duck.close()


@contextmanager
def translating() -> Iterator[None]:
    """Make ours of DuckDB's errors."""
    try:
        yield
    except duckdb.Error as error:
        raise translate(error) from None
