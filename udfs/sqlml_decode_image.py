"""`sqlml_decode_image(blob, height, width, keep_ratio) -> STRUCT(dims, data)`: an image of the bytes of its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlml_udfs._images import TYPE, structs_of

Decode = Callable[..., Any]


class SqlmlDecodeImage:
    """Red, green and blue from 0 to 1; resized at once where height and width are no NULL.

    SELECT sqlml_decode_image(content, NULL, NULL, NULL) FROM read_blob('*.png');
    """

    name = "sqlml_decode_image"
    takes = "decode_image"
    parameters = None
    returns = TYPE
    has_side_effects = False

    def __init__(self, decode: Decode) -> None:
        """`decode(bytes, height, width, keep_ratio=...)` gives an array of height x width x channels."""
        self._decode = decode

    def __call__(self, blob: Any, height: Any, width: Any, keep_ratio: Any) -> Any:
        rows = zip(blob, height, width, keep_ratio, strict=True)
        return structs_of(
            None if not b.is_valid else self._decode(b.as_py(), h.as_py(), w.as_py(), keep_ratio=bool(k.as_py()))
            for b, h, w, k in rows
        )
