"""Values of a caller as DuckDB takes them: numpy's and pandas' own become Python's, without loss."""

from __future__ import annotations

import datetime
import decimal
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from sqlml.engine_private import timestamp_ns
from sqlml.types import Params

_PLAIN = frozenset(
    [
        *(type(None), bool, int, float, str, bytes, bytearray, memoryview, decimal.Decimal, uuid.UUID),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
    ]
)


def plain_parameters(params: Params) -> Params:
    """The parameters of a statement; the same object where there is nothing to do."""
    if not params:
        return params
    if isinstance(params, Mapping):
        return params if _PLAIN.issuperset(map(type, params.values())) else {k: plain(v) for k, v in params.items()}
    return params if _PLAIN.issuperset(map(type, params)) else [plain(v) for v in params]


def plain(value: Any) -> Any:
    """A value with numpy's scalars and arrays and pandas' times in it as Python's own."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return value if _PLAIN.issuperset(map(type, value)) else [plain(v) for v in value]
    if kind is dict:
        return {k: plain(v) for k, v in value.items()}
    # Whoever has such a value has loaded its library.
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return _of_numpy(value, numpy)
    if pandas is not None:
        if value is pandas.NaT or value is pandas.NA:
            return None
        if isinstance(value, pandas.Timestamp):
            if value.tzinfo is None and value.nanosecond:
                return timestamp_ns(value.isoformat())
            return value.to_pydatetime(warn=False)
        if isinstance(value, pandas.Series | pandas.Index | pandas.api.extensions.ExtensionArray):
            return [plain(v) for v in value.tolist()]
    return value


def _of_numpy(value: Any, numpy: Any) -> Any:
    if isinstance(value, numpy.datetime64):
        return _of_datetime64(value, numpy)
    if isinstance(value, numpy.timedelta64):
        # Months and years have no length.
        is_length = numpy.datetime_data(value.dtype)[0] not in ("Y", "M")
        return value.astype("timedelta64[us]").item() if is_length else value
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "mM":
        return [plain(v) for v in value] if value.ndim else plain(value[()])
    found = value.tolist() if isinstance(value, numpy.ndarray) else value.item()
    return [plain(v) for v in found] if isinstance(value, numpy.ndarray) and value.dtype.kind == "O" else found


def _of_datetime64(value: Any, numpy: Any) -> Any:
    if numpy.isnat(value):
        return None
    unit = numpy.datetime_data(value.dtype)[0]
    if unit in ("Y", "M", "W", "D"):
        return value.astype("datetime64[D]").item()
    rounded = value.astype("datetime64[us]")
    return rounded.item() if rounded == value else timestamp_ns(str(value.astype("datetime64[ns]")))
