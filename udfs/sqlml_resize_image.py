"""`sqlml_resize_image(image, height, width, keep_ratio) -> STRUCT(dims, data)`: an image at another size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlml_udfs._images import TYPE, numbers_of, structs_of

Resize = Callable[..., Any]


class SqlmlResizeImage:
    """By bilinear interpolation.

    SELECT sqlml_resize_image({'dims': [1, 2, 1], 'data': [0.0, 1.0]}, 1, 4, false);
    """

    name = "sqlml_resize_image"
    takes = "resize_image"
    parameters = None
    returns = TYPE
    has_side_effects = False

    def __init__(self, resize: Resize) -> None:
        """`resize(numbers, dims, height, width, keep_ratio=...)` gives an array of height x width x channels."""
        self._resize = resize

    def __call__(self, image: Any, height: Any, width: Any, keep_ratio: Any) -> Any:
        rows = zip(numbers_of(image), height, width, keep_ratio, strict=True)
        return structs_of(
            None if p is None else self._resize(*p, h.as_py(), w.as_py(), keep_ratio=bool(k.as_py()))
            for p, h, w, k in rows
        )
