"""A model of the user's own: `con.register_model('churn', fitted_pipeline, example=frame)`.

The estimator, or a callable, is given the columns as they are, as a pandas DataFrame, or as a matrix where it was
fitted without column names. Its bytes are skops' where skops can store it, else cloudpickle's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sqlml.errors import ArtifactRefused, NotSupported, PythonFailed
from sqlml.preprocessing import Floats, Preprocessor, Raw
from sqlml.python_calls import attempt
from sqlml.scoring.sklearn_estimator import load as load_skops
from sqlml.scoring.sklearn_estimator import store as store_skops
from sqlml.types import PICKLE, REGISTERED_SKOPS

# Probabilities in 32 bits do not add up to more than this.
_TOLERANCE = 1e-3
_EXACT = 2.0**53


def dump(model: Any) -> tuple[str, str]:
    """Format and bytes, as text, of an estimator or callable; skops, which runs no code, where it can.

    Raises PythonFailed for what cannot be stored.
    """
    if hasattr(model, "predict"):
        try:
            return REGISTERED_SKOPS, str(store_skops(model)["skops"])
        except (ArtifactRefused, TypeError, ValueError, AttributeError):
            # Not of scikit-learn's own types alone.
            pass
    import cloudpickle

    body = attempt("Pickling the model", lambda: cloudpickle.dumps(model))
    return PICKLE, base64.b64encode(body).decode("ascii")


def class_text(value: Any) -> str:
    """A class as DuckDB writes it as text."""
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


class Registered:
    """Scores by the user's own object; what it answers is checked before anyone sees it."""

    def __init__(self, format_name: str, state: Mapping[str, Any], who: str) -> None:
        self.is_pickled = format_name == PICKLE
        self._who = who
        self._classes: Sequence[str] = state["classes"]
        self._method = str(state["method"])
        self._is_matrix = bool(state["is_matrix"])
        self._columns: Sequence[Mapping[str, Any]] = state["columns"]
        self._model = attempt(f"Loading {who}", lambda: _loaded(format_name, state["body"]))

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) values, or (rows x classes) probabilities.

        Raises PythonFailed when the code does, or for an answer of a wrong length, type or value.
        """
        rows = len(columns[preprocessor.inputs[0].name])
        given = self._given(columns)
        ask = self._model if self._method == "call" else getattr(self._model, self._method)
        answer = attempt(self._who, lambda: ask(given))
        found = attempt(self._who, lambda: np.asarray(answer))
        if found.ndim == 0 or len(found) != rows:
            got = f"{len(found)} answers" if found.ndim else f"one {type(answer).__name__}"
            raise self._wrong(
                f"{got} for {rows} rows", "It has to return one answer for each row of the frame it is given."
            )
        return self._probabilities(found) if self._classes else self._numbers(found)

    def _given(self, columns: Mapping[str, Raw]) -> Any:
        import pyarrow as pa

        pandas = _pandas()
        frame = pa.table({c["name"]: columns[c["name"]] for c in self._columns}).to_pandas()
        for column in self._columns:
            values = frame[column["name"]]
            if column["categories"] is not None:
                known = values.where(values.isin(column["categories"]), None)
                frame[column["name"]] = pandas.Categorical(known, categories=column["categories"])
            elif column["is_whole"] and _is_whole(values.to_numpy()):
                frame[column["name"]] = values.astype("int64")
        return frame.to_numpy() if self._is_matrix else frame

    def _numbers(self, found: Any) -> Floats:
        if found.ndim == 2 and found.shape[1] == 1:
            found = found[:, 0]
        if found.ndim != 1:
            raise self._wrong(f"{found.shape[1]} numbers a row", "A regression returns one number for each row.")
        if found.dtype.kind not in "fiub":
            kind = type(found[0]).__name__ if found.dtype.kind == "O" and len(found) else str(found.dtype)
            raise self._wrong(f"values of type {kind}", "A regression returns one number for each row.")
        values: Floats = found.astype(np.float64).reshape(-1, 1)
        self._check_finite(values)
        return values

    def _probabilities(self, found: Any) -> Floats:
        if found.ndim == 1:
            return self._one_hot(found)
        if found.shape[1] != len(self._classes) or found.dtype.kind not in "fiub":
            raise self._wrong(
                f"{found.shape[1]} values of type {found.dtype} a row",
                f"A classification returns a label, or one probability for each of: {', '.join(self._classes)}.",
            )
        values: Floats = found.astype(np.float64)
        self._check_finite(values)
        sums = values.sum(axis=1)
        if len(values) and (values.min() < -_TOLERANCE or np.abs(sums - 1).max() > _TOLERANCE):
            worst = sums[np.abs(sums - 1).argmax()]
            raise self._wrong(f"probabilities that sum to {worst:g}", "They have to be in [0, 1] and sum to 1.")
        return values

    def _one_hot(self, labels: Any) -> Floats:
        positions = {text: i for i, text in enumerate(self._classes)}
        texts = [class_text(label) for label in labels.tolist()]
        unknown = sorted({text for text in texts if text not in positions})
        if unknown:
            raise self._wrong(f"the label {unknown[0]!r}", f"Its classes are: {', '.join(self._classes)}.")
        values: Floats = np.zeros((len(texts), len(self._classes)))
        values[np.arange(len(texts)), [positions[text] for text in texts]] = 1.0
        return values

    def _check_finite(self, values: Floats) -> None:
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            shown = values[bad[0]][~np.isfinite(values[bad[0]])][0]
            raise self._wrong(f"{shown} for {len(bad)} of {len(values)} rows", "It has to return finite numbers.")

    def _wrong(self, what: str, hint: str) -> PythonFailed:
        return PythonFailed(f"{self._who} returned {what}.", hint=hint)


def _loaded(format_name: str, body: str) -> Any:
    if format_name == REGISTERED_SKOPS:
        return load_skops(body)
    import cloudpickle

    # Its signature was checked before a byte of it came here, and unpickling is allowed.
    return cloudpickle.loads(base64.b64decode(body))


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError:
        raise NotSupported(
            "Registered models are given pandas DataFrames, and pandas is not installed.",
            hint="pip install 'sqlml[pandas]'",
        ) from None
    return pandas


def _is_whole(values: Any) -> bool:
    """Whether these floats, made of a column that was whole in the example, still are all whole and exact."""
    is_number = values.dtype.kind == "f" and np.isfinite(values).all()
    return bool(is_number and (np.abs(values) < _EXACT).all() and (values == np.floor(values)).all())
