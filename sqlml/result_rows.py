"""The rows of a result that was put aside or looked at: they come in order, whichever way it is read."""

from __future__ import annotations

import re
import tempfile
import weakref
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from sqlml.errors import NotSupported

BATCH = 65_536
# Parked rows stay in memory up to this many bytes, then go to a temporary Arrow IPC file.
PARK_IN_MEMORY = 64 * 1024 * 1024

Unpark = Callable[[Any, list[tuple[Any, ...]]], Any]
# Is told how many rows and bytes a batch has.
Look = Callable[[int, int], None]
Row = tuple[Any, ...]

# Types whose Python values say all that the column does; not so a date, which may be infinite.
# Each with its name in Arrow.
_PLAIN = {
    "BOOLEAN": "bool",
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "UBIGINT": "uint64",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "VARCHAR": "string",
    "BLOB": "binary",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def is_plain(description: list[Row]) -> bool:
    """Whether rows of these columns can be made Arrow again from their Python values."""
    kinds = [str(column[1]) for column in description]
    return all(kind in _PLAIN or _DECIMAL.fullmatch(kind) for kind in kinds)


def _plain_schema(description: list[Row]) -> Any:
    import pyarrow as pa

    fields = []
    for name, duckdb_type, *_ in description:
        size = _DECIMAL.fullmatch(str(duckdb_type))
        kind = pa.decimal128(int(size[1]), int(size[2])) if size else pa.type_for_alias(_PLAIN[str(duckdb_type)])
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


class Ahead:
    """A source some rows of which were fetched to be looked at; they are still the next to be read."""

    def __init__(self, duck: Any, unpark: Unpark, description: list[Row]) -> None:
        self._duck = duck
        self._unpark = unpark
        self.description = description
        self._rows: list[Row] = []

    @property
    def rowcount(self) -> int:
        return int(self._duck.rowcount)

    def peek(self, count: int) -> list[Row]:
        """The next rows, which stay the next."""
        if len(self._rows) < count:
            self._rows += self._duck.fetchmany(count - len(self._rows))
        return self._rows[:count]

    def fetchone(self) -> Row | None:
        row: Row | None = self._rows.pop(0) if self._rows else self._duck.fetchone()
        return row

    def fetchmany(self, size: int) -> list[Row]:
        first, self._rows = self._rows[:size], self._rows[size:]
        if len(first) < size:
            first += self._duck.fetchmany(size - len(first))
        return first

    def fetchall(self) -> list[Row]:
        first, self._rows = self._rows, []
        first += self._duck.fetchall()
        return first

    def df(self) -> Any:
        return self._whole().df()

    def to_arrow_table(self) -> Any:
        return self._whole().to_arrow_table()

    def to_arrow_reader(self, batch_size: int) -> Any:
        return self._whole().to_arrow_reader(batch_size)

    def _whole(self) -> Any:
        """The source with the rows that were fetched put before it again."""
        if self._rows:
            import pyarrow as pa

            rest = self._duck.to_arrow_reader(BATCH)
            # Where all rows were looked at there is no reader that would know.
            schema = _plain_schema(self.description) if rest is None else rest.schema
            columns = zip(zip(*self._rows, strict=True), schema.types, strict=True)
            first = pa.RecordBatch.from_arrays([pa.array(c, type=kind) for c, kind in columns], schema=schema)
            joined = pa.RecordBatchReader.from_batches(schema, chain([first], rest or ()))
            self._duck, self._rows = self._unpark(joined, self.description), []
        return self._duck


class Parked:
    """Rows put aside as Arrow, of which the first batch can be looked at."""

    rowcount = -1

    def __init__(self, reader: Any, unpark: Unpark, description: list[Row]) -> None:
        import pyarrow as pa

        self._unpark = unpark
        self.description = description
        known = list(islice(reader, 2))
        self._first = known[0] if known else None
        self._is_all = len(known) < 2
        self._read = 0
        batches = chain(known, reader)
        self._duck = unpark(pa.RecordBatchReader.from_batches(reader.schema, batches), description)

    def peek(self, count: int) -> list[Row] | None:
        """The next rows, which stay the next; None where they are not in the first batch any more."""
        if self._first is None:
            return []
        if self._read >= self._first.num_rows:
            return [] if self._is_all else None
        import pyarrow as pa

        batch = self._first.slice(self._read, count)
        duck = self._unpark(pa.RecordBatchReader.from_batches(batch.schema, [batch]), self.description)
        try:
            found: list[Row] = duck.fetchall()
            return found
        finally:
            duck.close()

    def fetchone(self) -> Row | None:
        row: Row | None = self._duck.fetchone()
        self._read += row is not None
        return row

    def fetchmany(self, size: int) -> list[Row]:
        rows: list[Row] = self._duck.fetchmany(size)
        self._read += len(rows)
        return rows

    def fetchall(self) -> list[Row]:
        rows: list[Row] = self._duck.fetchall()
        self._first = None
        return rows

    def df(self) -> Any:
        self._first = None
        return self._duck.df()

    def to_arrow_table(self) -> Any:
        self._first = None
        return self._duck.to_arrow_table()

    def to_arrow_reader(self, batch_size: int) -> Any:
        self._first = None
        return self._duck.to_arrow_reader(batch_size)


class Rows:
    """Parked rows as tuples; as DuckDB does, it has nothing to convert once all are read."""

    rowcount = -1
    description: list[Row] | None = None

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        return list(islice(self._rows, size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def df(self) -> Any:
        self._refuse()

    def to_arrow_table(self) -> Any:
        self._refuse()

    def to_arrow_reader(self, batch_size: int) -> Any:
        self._refuse()

    def _refuse(self) -> None:
        left = list(self._rows)
        self._rows = iter(left)
        if left:
            raise NotSupported(
                "A result with these types that was put aside can only be read by rows: the settings are locked.",
                hint="Read it before the next statement.",
            )


class Answer(Rows):
    """The one row in which DuckDB answers a statement that gives none: Count or Success."""

    def __init__(self, rows: list[Row], unpark: Unpark, description: list[Row]) -> None:
        super().__init__(rows)
        self._unpark = unpark
        self.description = description

    def df(self) -> Any:
        """What is left as a pandas DataFrame."""
        return self._left().df()

    def to_arrow_table(self) -> Any:
        """What is left as a pyarrow.Table."""
        return self._left().to_arrow_table()

    def to_arrow_reader(self, batch_size: int) -> Any:
        """What is left as a pyarrow.RecordBatchReader."""
        return self._left().to_arrow_reader(batch_size)

    def _left(self) -> Any:
        import pyarrow as pa

        schema = _plain_schema(self.description or [])
        columns = [
            pa.array(values, kind) for values, kind in zip(zip(*self._rows, strict=True), schema.types, strict=False)
        ]
        batch = pa.RecordBatch.from_arrays(columns or [pa.array([], kind) for kind in schema.types], schema=schema)
        self._rows = iter([])
        return self._unpark(pa.RecordBatchReader.from_batches(schema, [batch]), self.description or [])


def set_aside(reader: Any, look: Look | None = None) -> Any:
    """A reader over the same batches that no longer needs the connection; `look` sees each of them."""
    import pyarrow as pa

    kept: list[Any] = []
    size = 0
    for batch in reader:
        _show(batch, reader, look)
        kept.append(batch)
        size += batch.nbytes
        if size > PARK_IN_MEMORY:
            return _spilled(reader, kept, look)
    return pa.RecordBatchReader.from_batches(reader.schema, kept)


def _show(batch: Any, reader: Any, look: Look | None) -> None:
    if look is None:
        return
    try:
        look(batch.num_rows, batch.nbytes)
    except BaseException:
        # DuckDB's connection is free again only then.
        reader.close()
        raise


def _spilled(reader: Any, kept: list[Any], look: Look | None) -> Any:
    import pyarrow as pa

    # It has no name: nothing is left behind, whatever happens to the process.
    file = tempfile.TemporaryFile(prefix="sqlml-result-")  # noqa: SIM115 - lives as long as its batches
    with pa.ipc.new_stream(file, reader.schema) as writer:
        while kept:
            writer.write_batch(kept.pop(0))
        for batch in reader:
            _show(batch, reader, look)
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
