"""`sqlml_explain('<sha256 of the artifact>', {inputs}, output) -> DOUBLE[]`: what each input adds to a prediction.

A list a row: the baseline, the prediction before the link function (of a classification the logit), and the
contribution of each input, in order; baseline and contributions sum up to the prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlml_udfs._inputs import arrays_of

Explanations = Callable[[str, dict[str, Any], Any], Any]


class SqlmlExplain:
    """Contributions as a vectorised function; `output` is the position of the class that is explained.

    SELECT sqlml_explain('<sha256>', {'age': 31.0}, 1);
    """

    name = "sqlml_explain"
    takes = "explanations"
    parameters = None
    returns = "DOUBLE[]"
    has_side_effects = False

    def __init__(self, explanations: Explanations) -> None:
        """`explanations(sha256, {input name: Arrow array}, positions)` gives the (rows x 2 + inputs) numbers."""
        self._explanations = explanations

    def __call__(self, sha256: Any, inputs: Any, output: Any) -> Any:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        takes = pa.types.is_string(sha256.type) and pa.types.is_struct(inputs.type) and pa.types.is_integer(output.type)
        if not takes or not pc.all(pc.equal(sha256, sha256[0])).as_py():
            raise ValueError(f"{self.name} takes the sha256 of one artifact, a struct of its inputs and a position.")
        arrays = arrays_of(inputs)
        position = pc.fill_null(output, 1).to_numpy(zero_copy_only=False)
        found = self._explanations(sha256[0].as_py(), arrays, position)
        rows, width = found.shape
        offsets = pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32))
        return pa.ListArray.from_arrays(offsets, pa.array(found.reshape(-1)))
