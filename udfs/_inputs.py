"""The inputs of a model out of the struct that its UDF is given."""

from __future__ import annotations

from typing import Any


def arrays_of(inputs: Any) -> dict[str, Any]:
    """An Arrow array for each input by name; an array `e` of 3 numbers stands for the inputs e_1, e_2 and e_3."""
    import numpy as np
    import pyarrow as pa

    struct = inputs.combine_chunks() if isinstance(inputs, pa.ChunkedArray) else inputs
    arrays: dict[str, Any] = {}
    for i, array in enumerate(struct.flatten()):
        name = struct.type.field(i).name
        if not pa.types.is_fixed_size_list(array.type):
            arrays[name] = array
            continue
        size = array.type.list_size
        places = np.full((size, len(array)), np.nan)
        known = array.is_valid().to_numpy(zero_copy_only=False)
        # flatten leaves the rows out that are NULL, and knows where a slice begins.
        values = array.flatten().to_numpy(zero_copy_only=False)
        places[:, known] = values.reshape(-1, size).T
        arrays.update({f"{name}_{place}": pa.array(row) for place, row in enumerate(places, 1)})
    return arrays
