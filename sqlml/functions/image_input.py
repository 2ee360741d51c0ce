"""What the functions of images share: an image as an argument, and its type."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import WrongType
from sqlml.functions.base import Call, Context
from sqlml.functions.binding import kind_of
from sqlml.templates import cast

IMAGE, WHOLE_IMAGE = "STRUCT(dims BIGINT[], data DOUBLE[])", "STRUCT(dims BIGINT[], data BIGINT[])"
_HINT = "ML.DECODE_IMAGE(data) gives one: a struct of three dimensions and a list of numbers."


def image_of(value: exp.Expr, call: Call, context: Context) -> exp.Expr:
    """The image, with numbers of type DOUBLE.

    Raises WrongType for what is known to be none.
    """
    kind = kind_of(value, context, call.node, struct=False)
    is_struct = kind is None or (kind.startswith("STRUCT(") and kind.endswith(")")) or kind in ("NULL", '"NULL"')
    if not is_struct:
        raise WrongType(f"{call.name} takes an image, not {kind}.", hint=_HINT)
    return value.copy() if _is_made(value) else cast(value.copy(), IMAGE)


def is_whole(value: exp.Expr, call: Call, context: Context) -> bool:
    """Whether the numbers of an image are whole, from 0 to 255, as far as can be known."""
    kind = value.to if isinstance(value, exp.Cast) else _data_type(kind_of(value, context, call.node, struct=False))
    if kind is None or kind.this != exp.DataType.Type.STRUCT or len(kind.expressions) != 2:
        return False
    numbers = kind.expressions[1].args["kind"]
    return bool(numbers.expressions) and numbers.expressions[0].this in exp.DataType.INTEGER_TYPES


def _data_type(kind: str | None) -> exp.DataType | None:
    return exp.DataType.build(kind, dialect="duckdb") if kind is not None and kind.startswith("STRUCT(") else None


def _is_made(value: exp.Expr) -> bool:
    """Whether this is a call of a UDF that gives an image."""
    return isinstance(value, exp.Anonymous) and value.name in UDFS


DECODE, RESIZE, CONVERT = "sqlml_decode_image", "sqlml_resize_image", "sqlml_convert_color_space"
UDFS = (DECODE, RESIZE, CONVERT)
