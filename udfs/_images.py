"""Images as DuckDB has them, STRUCT(dims BIGINT[], data DOUBLE[]): height, width and channels, and all numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

TYPE = "STRUCT(dims BIGINT[], data DOUBLE[])"
# Of one vector of rows; DuckDB holds them all at once.
_MOST_NUMBERS = 1 << 28


def numbers_of(images: Any) -> Iterator[Any]:
    """The numbers of each image and its dimensions, None for NULL."""
    for image in images:
        if not image.is_valid or not image["dims"].is_valid or not image["data"].is_valid:
            yield None
        else:
            yield image["data"].values.to_numpy(zero_copy_only=False), image["dims"].as_py()


def structs_of(images: Iterator[Any]) -> Any:
    """The Arrow array of images.

    Raises ValueError for more numbers than one vector should hold.
    """
    import numpy as np
    import pyarrow as pa

    found: list[Any] = []
    total = 0
    for image in images:
        total += 0 if image is None else image.size
        if total > _MOST_NUMBERS:
            raise ValueError(
                "The decoded images take more than 2 GB. "
                "Hint: ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) resizes each as it is decoded."
            )
        found.append(image)
    is_null = pa.array([image is None for image in found], pa.bool_())
    dims = pa.array([None if image is None else image.shape for image in found], pa.list_(pa.int64()))
    offsets = np.cumsum([0, *(0 if image is None else image.size for image in found)])
    known: Sequence[Any] = [image.reshape(-1) for image in found if image is not None]
    numbers = np.concatenate(known) if known else np.empty(0)
    data = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(numbers, pa.float64()))
    return pa.StructArray.from_arrays([dims, data], ["dims", "data"], mask=is_null)
