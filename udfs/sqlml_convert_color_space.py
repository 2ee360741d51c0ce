"""`sqlml_convert_color_space(image, 'HSV') -> STRUCT(dims, data)`: an RGB image in another color space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlml_udfs._images import TYPE, numbers_of, structs_of

Convert = Callable[..., Any]


class SqlmlConvertColorSpace:
    """GRAYSCALE with one channel, HSV, YIQ or YUV with three.

    SELECT sqlml_convert_color_space({'dims': [1, 1, 3], 'data': [1.0, 0.0, 0.0]}, 'HSV');
    """

    name = "sqlml_convert_color_space"
    takes = "convert_color_space"
    parameters = None
    returns = TYPE
    has_side_effects = False

    def __init__(self, convert: Convert) -> None:
        """`convert(numbers, dims, space)` gives an array of height x width x channels."""
        self._convert = convert

    def __call__(self, image: Any, space: Any) -> Any:
        rows = zip(numbers_of(image), space, strict=True)
        return structs_of(None if found is None else self._convert(*found, name.as_py()) for found, name in rows)
