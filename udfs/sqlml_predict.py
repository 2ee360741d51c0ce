"""`sqlml_predict('<sha256 of the artifact>', {inputs}) -> DOUBLE[]`: the scores of a model, one list a row.

A regression gives one value, a classification one probability a class, in the order of the model's classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlml_udfs._inputs import arrays_of

Scores = Callable[[str, dict[str, Any], int | None], Any]


class SqlmlPredict:
    """The scorer as a vectorised function; equal calls may be merged and constant calls folded.

    SELECT sqlml_predict('<sha256>', {'age': 31.0});

    A third argument is the number of the DuckDB connection that asks: by it the user's own Python can be stopped.
    """

    name = "sqlml_predict"
    takes = "scores"
    parameters = None
    returns = "DOUBLE[]"
    has_side_effects = False

    def __init__(self, scores: Scores) -> None:
        """`scores(sha256, {input name: Arrow array}, connection)` gives the (rows x outputs) scores."""
        self._scores = scores

    def __call__(self, sha256: Any, inputs: Any, connection: Any = None) -> Any:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        takes = pa.types.is_string(sha256.type) and pa.types.is_struct(inputs.type)
        if not takes or not pc.all(pc.equal(sha256, sha256[0])).as_py():
            raise ValueError(f"{self.name} takes the sha256 of one artifact and a struct of its inputs.")
        arrays = arrays_of(inputs)
        scores = self._scores(sha256[0].as_py(), arrays, None if connection is None else connection[0].as_py())
        rows, width = scores.shape
        offsets = pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32))
        # Rows that no model answers for have no scores at all.
        unanswered = pa.array(np.ma.getmaskarray(scores)[:, 0]) if np.ma.isMaskedArray(scores) else None
        return pa.ListArray.from_arrays(offsets, pa.array(np.asarray(scores).reshape(-1)), mask=unanswered)
