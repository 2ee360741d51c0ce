"""A model in ONNX, scored by ONNX Runtime: `IMPORT MODEL m FROM 'm.onnx'`.

What an ONNX graph computes in 32 bits differs from the library that trained it in the seventh digit.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from sqlml.errors import NotSupported, PythonFailed
from sqlml.preprocessing import Floats, Preprocessor, Raw
from sqlml.python_calls import attempt

# The element types of inputs that are taken, as ONNX Runtime calls them.
ELEMENTS: dict[str, Any] = {
    "float": np.float32,
    "double": np.float64,
    "int64": np.int64,
    "int32": np.int32,
    "int16": np.int16,
    "int8": np.int8,
    "uint8": np.uint8,
    "bool": np.bool_,
    "string": np.object_,
}
# Probabilities in 32 bits do not add up to more than this.
_TOLERANCE = 1e-3


def runtime() -> Any:
    """ONNX Runtime.

    Raises NotSupported where it is not installed.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise NotSupported(
            "ONNX models are scored by onnxruntime, which is not installed.", hint="pip install 'sqlml[onnx]'"
        ) from None
    return onnxruntime


def session(body: bytes, who: str) -> Any:
    """A graph that is ready to run, on one thread: DuckDB brings the threads.

    Raises PythonFailed for one that ONNX Runtime cannot load.
    """
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Errors are raised, and nothing is printed.
    options.log_severity_level = 4
    return attempt(
        f"Loading {who}", lambda: ort.InferenceSession(body, sess_options=options, providers=["CPUExecutionProvider"])
    )


class OnnxModel:
    """Scores by a graph; a row that it cannot be given, for a NULL, or that it answers NaN, has no score."""

    is_pickled = False

    def __init__(self, state: Mapping[str, Any], who: str) -> None:
        self._who = who
        self._inputs: Sequence[Mapping[str, Any]] = state["inputs"]
        self._output = str(state["output"])
        self._answer = str(state["answer"])
        self._labels: Sequence[str] = state["labels"]
        self._batch = int(state["batch"])
        self._null_text: str | None = state["null_text"]
        self._session = session(base64.b64decode(state["body"]), who)

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) values, or (rows x classes) probabilities; masked where there is no answer.

        Raises PythonFailed when the graph does, or for an answer of a wrong shape or value.
        """
        rows = len(columns[preprocessor.inputs[0].name])
        missing = np.zeros(rows, dtype=np.bool_)
        feeds = {i["name"]: self._tensor(i, columns, missing) for i in self._inputs}
        found = self._run(feeds, rows)
        scores = self._labelled(found) if self._answer == "label" else self._numbers(found)
        missing |= np.isnan(scores).any(axis=1)
        if self._answer in ("probabilities", "positive"):
            self._check_probabilities(scores[~missing])
        if not missing.any():
            return scores
        masked = np.broadcast_to(missing[:, None], scores.shape)
        return np.ma.masked_array(np.where(masked, 0.0, scores), masked)

    def _run(self, feeds: Mapping[str, Any], rows: int) -> Any:
        if not rows:
            return np.zeros((0, max(1, len(self._labels))))
        step = self._batch or rows
        parts = []
        for start in range(0, rows, step):
            few = {name: tensor[start : start + step] for name, tensor in feeds.items()}
            parts.append(attempt(self._who, partial(self._run_at_once, few)))
        found = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if found.ndim == 0 or len(found) != rows:
            raise self._wrong(f"{len(found) if found.ndim else 1} answers for {rows} rows", "One answer a row.")
        return found

    def _run_at_once(self, feeds: Mapping[str, Any]) -> Any:
        return np.asarray(self._session.run([self._output], feeds)[0])

    def _tensor(self, spec: Mapping[str, Any], columns: Mapping[str, Raw], missing: Any) -> Any:
        shape = [int(n) for n in spec["shape"]]
        if spec["kind"] == "list":
            return self._of_lists(spec, columns[spec["columns"][0]], missing)
        parts = [self._values(spec["type"], columns[name], missing) for name in spec["columns"]]
        if not shape:
            return parts[0]
        return np.stack(parts, axis=1).reshape(len(missing), *shape)

    def _values(self, kind: str, column: Any, missing: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        if kind in ("float", "double"):
            # NaN stands for NULL, as in every library.
            return column.to_numpy(zero_copy_only=False).astype(ELEMENTS[kind])
        if kind == "string":
            column = column.cast(pa.string())
            if column.null_count and self._null_text is not None:
                column = pc.fill_null(column, self._null_text)
        if column.null_count:
            missing |= column.is_null().to_numpy(zero_copy_only=False)
            column = pc.fill_null(column, {"string": "", "bool": False}.get(kind, 0.0))
        values = column.to_numpy(zero_copy_only=False)
        if kind not in ("string", "bool"):
            unknown = ~np.isfinite(values)
            missing |= unknown
            values = np.where(unknown, 0.0, values)
            limits = np.iinfo(ELEMENTS[kind])
            if (values != np.floor(values)).any() or (values < limits.min).any() or (values > limits.max).any():
                raise self._cannot(f"takes whole numbers ({kind})", "Round them first.")
        return values.astype(ELEMENTS[kind])

    def _of_lists(self, spec: Mapping[str, Any], column: Any, missing: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        shape = [int(n) for n in spec["shape"]]
        width = math.prod(shape) if shape and min(shape) > 0 else None
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        known = ~np.isnan(lengths.astype(np.float64))
        missing |= ~known
        if width is None:
            found = set(lengths[known].astype(np.int64).tolist()) or {1}
            if len(found) > 1:
                raise self._cannot("takes lists of one length", "Give all rows lists of the same length.")
            width = int(found.pop())
        if (lengths[known] != width).any():
            wrong = int(lengths[known][lengths[known] != width][0])
            raise self._cannot(f"takes lists of {width} numbers and was given one of {wrong}", "Check the column.")
        values = np.zeros((len(column), width), dtype=ELEMENTS[spec["type"]])
        flat = pc.list_flatten(column.filter(pa.array(known)))
        if flat.null_count and spec["type"] not in ("float", "double"):
            raise self._cannot("takes lists without NULL", "Fill them first.")
        values[known] = flat.to_numpy(zero_copy_only=False).reshape(-1, width)
        return values.reshape(len(column), *[n if n > 0 else width for n in shape])

    def _numbers(self, found: Any) -> Floats:
        if found.dtype.kind not in "fiub":
            raise self._wrong(f"values of type {found.dtype}", "The output has to be numbers.")
        values: Floats = found.reshape(len(found), -1).astype(np.float64)
        width = len(self._labels) if self._answer == "probabilities" else 1
        if values.shape[1] != width:
            raise self._wrong(f"{values.shape[1]} numbers a row, not {width}", "Import it again.")
        return np.hstack([1.0 - values, values]) if self._answer == "positive" else values

    def _labelled(self, found: Any) -> Floats:
        positions = {text: i for i, text in enumerate(self._labels)}
        texts = [v.decode() if isinstance(v, bytes) else str(v) for v in found.reshape(-1).tolist()]
        unknown = sorted({t for t in texts if t not in positions})
        if unknown:
            raise self._wrong(f"the label {unknown[0]!r}", f"Its classes are: {', '.join(self._labels)}.")
        values: Floats = np.zeros((len(texts), len(self._labels)))
        values[np.arange(len(texts)), [positions[t] for t in texts]] = 1.0
        return values

    def _check_probabilities(self, scores: Floats) -> None:
        sums = scores.sum(axis=1)
        if len(scores) and (scores.min() < -_TOLERANCE or np.abs(sums - 1).max() > _TOLERANCE):
            worst = sums[np.abs(sums - 1).argmax()]
            raise self._wrong(
                f"probabilities that sum to {worst:g}", "They have to be in [0, 1]: end the graph with a Softmax."
            )

    def _wrong(self, what: str, hint: str) -> PythonFailed:
        return PythonFailed(f"{self._who} returned {what}.", hint=hint)

    def _cannot(self, what: str, hint: str) -> PythonFailed:
        return PythonFailed(f"{self._who} {what}.", hint=hint)
