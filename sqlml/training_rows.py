"""The rows of a training query as they stream in: a growing array for each column of numbers, text as codes.

DuckDB's batches are let go one after another, so that training holds its rows once, and puts them in order in place:
to get new memory from the system can take longer than to copy into it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sqlml.preprocessing import Floats, InputLike, Raw, Text

# Room for numbers that do not fit into one batch: from half a million on the system gives whole huge pages, in a
# fourth of the time of small ones, and each time the arrays grow they are copied. Room that is never written to takes
# no memory, only addresses: a gigabyte of them.
_LEAST_ROOM, _MOST_ROOM, _ROOM_BYTES = 1 << 19, 1 << 23, 1 << 30
_WORKERS = min(8, os.cpu_count() or 1)


class Rows(Protocol):
    """Rows to train on: how many, their label, hash, split and weight as Arrow arrays, their inputs in an order."""

    def __len__(self) -> int: ...
    @property
    def label(self) -> Any: ...
    @property
    def row_hash(self) -> Any: ...
    @property
    def split(self) -> Any: ...
    @property
    def weight(self) -> Any: ...
    def in_order(self, order: npt.NDArray[np.int64]) -> dict[str, Raw]: ...


class TrainingRows:
    """Filled by `add`, then read once: the inputs by `in_order`, label, row hash, split and weight as Arrow arrays."""

    def __init__(self, inputs: Sequence[InputLike], *, has_split: bool = False, has_weight: bool = False) -> None:
        """Rows of these inputs: the columns of each batch are they, the label, the row hash, split column, weight."""
        self._inputs = [i.name for i in inputs]
        self._texts: dict[str, list[Any]] = {i.name: [] for i in inputs if i.kind == "category"}
        self._numbers: dict[str, Floats] = {i.name: np.empty(0) for i in inputs if i.kind != "category"}
        self._has_split, self._has_weight = has_split, has_weight
        self._others: list[list[Any]] = [[] for _ in range(2 + has_split + has_weight)]
        self._count = self._room = 0

    def __len__(self) -> int:
        return self._count

    @property
    def label(self) -> Any:
        """The label."""
        return _joined(self._others[0])

    @property
    def row_hash(self) -> Any:
        """A hash of the whole row."""
        return _joined(self._others[1])

    @property
    def split(self) -> Any:
        """The column that decides which rows are held out, or None."""
        return _joined(self._others[2]) if self._has_split else None

    @property
    def weight(self) -> Any:
        """The column that says how much each row counts, or None."""
        return _joined(self._others[-1]) if self._has_weight else None

    def add(self, batch: Any) -> None:
        """Take the rows of an Arrow record batch."""
        import pyarrow as pa

        begin, end = self._count, self._count + len(batch)
        if end > self._room:
            # Most results fit into one batch.
            self._room = max(2 * end, self._first_room()) if begin else end
            for name, numbers in self._numbers.items():
                self._numbers[name] = np.empty(self._room)
                self._numbers[name][:begin] = numbers[:begin]
        for name, column in zip(self._inputs, batch.columns, strict=False):
            if name in self._texts:
                self._texts[name].append(column.dictionary_encode())
            else:
                self._numbers[name][begin:end] = column.to_numpy(zero_copy_only=False)
        for kept, column in zip(self._others, batch.columns[len(self._inputs) :], strict=True):
            kept.append(column.dictionary_encode() if pa.types.is_string(column.type) else column)
        self._count = end

    def _first_room(self) -> int:
        each = _ROOM_BYTES // (8 * max(1, len(self._numbers)))
        return min(max(_LEAST_ROOM, each), _MOST_ROOM)

    def in_order(self, order: npt.NDArray[np.int64]) -> dict[str, Raw]:
        """The rows with these numbers in that order, by input; to be called once."""
        read = len(order)
        columns: dict[str, Raw] = {}

        def place(names: Sequence[str]) -> None:
            # Each column moves to where the one before it was.
            free: Floats = np.empty(self._count)
            for name in names:
                numbers = self._numbers[name]
                # Every row number is valid; to check them, numpy would copy once more.
                columns[name] = np.take(numbers[: self._count], order, out=free[:read], mode="clip")
                free = numbers

        names = list(self._numbers)
        # numpy lets go of the interpreter while it copies.
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(place, (names[first::_WORKERS] for first in range(min(_WORKERS, len(names))))))
        for name, chunks in self._texts.items():
            text = _joined(chunks)
            codes = text.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            columns[name] = Text(codes.take(order), text.dictionary.to_pylist())
        self._numbers, self._texts = {}, {}
        return {name: columns[name] for name in self._inputs}


def _joined(chunks: list[Any]) -> Any:
    """One Arrow array of all chunks, text by one dictionary."""
    import pyarrow as pa

    return pa.chunked_array(chunks).unify_dictionaries().combine_chunks()
