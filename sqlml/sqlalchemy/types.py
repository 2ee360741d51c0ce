"""DuckDB's types that SQLAlchemy does not know: `HUGEINT`, `STRUCT({"city": String})`."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Mapping
from typing import Any, cast

from sqlalchemy import types
from sqlalchemy.sql import operators, sqltypes
from sqlalchemy.sql.type_api import NativeForEmulated, TypeEngine, to_instance

# SQLAlchemy asks since 2.1 which operators a type has; DuckDB itself refuses those that make no sense.
_ANY_OPERATOR = getattr(getattr(operators, "OperatorClass", None), "ANY", None)

# A type or its class, as a column takes either.
AnyType = TypeEngine[Any] | type[TypeEngine[Any]]


class TINYINT(types.Integer):
    """-128 to 127."""

    __visit_name__ = "TINYINT"


class HUGEINT(types.Integer):
    """An integer of 128 bits."""

    __visit_name__ = "HUGEINT"


class UTINYINT(types.Integer):
    """0 to 255."""

    __visit_name__ = "UTINYINT"


class USMALLINT(types.Integer):
    """0 to 65,535."""

    __visit_name__ = "USMALLINT"


class UINTEGER(types.Integer):
    """0 to 4,294,967,295."""

    __visit_name__ = "UINTEGER"


class UBIGINT(types.Integer):
    """An integer of 64 bits without sign."""

    __visit_name__ = "UBIGINT"


class UHUGEINT(types.Integer):
    """An integer of 128 bits without sign."""

    __visit_name__ = "UHUGEINT"


class BIGNUM(types.Integer):
    """An integer of any size."""

    __visit_name__ = "BIGNUM"

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], int | None]:
        # DuckDB gives its digits.
        return lambda value: None if value is None else int(value)


class BIT(types.String):
    """A string of zeros and ones."""

    __visit_name__ = "BIT"


class INTERVAL(NativeForEmulated, sqltypes._AbstractInterval):
    """Months, days and microseconds; a timedelta in Python, with months of 30 days."""

    __visit_name__ = "INTERVAL"
    operator_classes = _ANY_OPERATOR
    native = True

    @classmethod
    def adapt_emulated_to_native(cls, interval: Any, **kw: Any) -> INTERVAL:  # noqa: ARG003
        """What SQLAlchemy's own Interval becomes, which else is kept as a timestamp."""
        return cls()

    @property
    def _type_affinity(self) -> Any:
        return types.Interval

    def as_generic(self, *, allow_nulltype: bool = False) -> Any:
        return types.Interval(native=True)

    @property
    def python_type(self) -> type[datetime.timedelta]:
        return datetime.timedelta

    def literal_processor(self, dialect: Any) -> Callable[[datetime.timedelta], str]:
        return lambda value: f"INTERVAL '{value / datetime.timedelta(microseconds=1):.0f} microseconds'"


class TIMESTAMP_S(types.DateTime):  # noqa: N801 - DuckDB's name
    """A timestamp in whole seconds."""

    __visit_name__ = "TIMESTAMP_S"


class TIMESTAMP_MS(types.DateTime):  # noqa: N801 - DuckDB's name
    """A timestamp in milliseconds."""

    __visit_name__ = "TIMESTAMP_MS"


class TIMESTAMP_NS(types.DateTime):  # noqa: N801 - DuckDB's name
    """A timestamp in nanoseconds; Python's datetime keeps the microseconds."""

    __visit_name__ = "TIMESTAMP_NS"


class Decimals(types.Numeric[Any]):
    """A DECIMAL; what DuckDB computes of decimals as a DOUBLE, such as a quotient, is a Decimal all the same."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any] | None:
        if not self.asdecimal:
            return cast(Callable[[Any], Any] | None, super().result_processor(dialect, coltype))
        return lambda value: decimal.Decimal(str(value)) if isinstance(value, float) else value


class STRUCT(types.TypeEngine[dict[str, Any]]):
    """Named fields, a dict in Python: `STRUCT({"city": String, "zip": Integer})`."""

    __visit_name__ = "STRUCT"
    operator_classes = _ANY_OPERATOR

    def __init__(self, fields: Mapping[str, AnyType]) -> None:
        self.fields = {name: to_instance(kind) for name, kind in fields.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.fields!r})"

    @property
    def _static_cache_key(self) -> Any:
        # A dict has no hash: SQLAlchemy caches statements by what is the same in their types.
        return (type(self), *((name, kind._static_cache_key) for name, kind in self.fields.items()))


class UNION(STRUCT):
    """One of several types, each with a tag: `UNION({"number": Integer, "text": String})`."""

    __visit_name__ = "UNION"


class MAP(types.TypeEngine[dict[Any, Any]]):
    """Keys of one type to values of one type, a dict in Python: `MAP(String, Integer)`."""

    __visit_name__ = "MAP"
    operator_classes = _ANY_OPERATOR

    def __init__(self, key_type: AnyType, value_type: AnyType) -> None:
        self.key_type = to_instance(key_type)
        self.value_type = to_instance(value_type)


# A list of any length: SQLAlchemy has this type itself.
LIST = types.ARRAY


class ARRAY(types.ARRAY[Any]):
    """A list of one length: `ARRAY(Float, 3)` is `FLOAT[3]`; a tuple in Python."""

    __visit_name__ = "SIZED_ARRAY"

    def __init__(self, item_type: AnyType, length: int) -> None:
        super().__init__(item_type)
        self.length = length


class Other(types.TypeEngine[Any]):
    """A type by DuckDB's own name for it, passed as it is: `Other("GEOMETRY")`."""

    __visit_name__ = "OTHER"
    operator_classes = _ANY_OPERATOR

    def __init__(self, name: str) -> None:
        self.name = name
