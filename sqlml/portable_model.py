"""A model of sqlml's as a plain Python object: `Predictor(document).predict(frame)`, without sqlml.

This file needs nothing of sqlml's: it is put beside the model in a folder of MLflow's, and into pickles. It needs
numpy and pandas, and lightgbm for trees, scikit-learn and skops for estimators. It answers as `ml_predict` does:
columns by name, NULL as in SQL (None, NaN, NaT), categories that were not seen as such.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

_DATE_PARTS = ("DOM", "DOW", "MOY", "WOY", "YEAR")
_TIME_PARTS = ("HOD", "MOH")
_LARGEST_LOG = 700.0


class Predictor:
    """A model that answers for the rows of a pandas DataFrame.

    `document` is what `EXPORT MODEL m TO 'm.json'` writes. `classes_` are the labels of a classification in the order
    of `predict_proba`.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._loaded: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_document": self._document, "_loaded": None}

    @property
    def classes_(self) -> Any:
        """The classes; no attribute of a regression."""
        model = self._document["model"]
        if not model["classes"]:
            raise AttributeError("classes_")
        return np.array([_label(text, model["label_type"]) for text in model["classes"]])

    def predict(self, frame: Any, params: Any = None) -> Any:
        """One prediction a row: a number, or the label."""
        scores = self._scores(frame)
        if not self._document["model"]["classes"]:
            return scores[:, 0]
        if scores.shape[1] == 2:
            return self.classes_[(scores[:, 1] > 0.5).astype(int)]
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, frame: Any) -> Any:
        """(rows x classes) probabilities."""
        if not self._document["model"]["classes"]:
            raise AttributeError("A regression has no probabilities.")
        return self._scores(frame)

    def _scores(self, frame: Any) -> Any:
        features = self._document["model"]["features"]
        by_name = {str(c).casefold(): c for c in frame.columns}
        missing = [name for name, _, _ in features if name.casefold() not in by_name]
        if missing:
            raise KeyError(f"The frame has no column {', '.join(missing)}.")
        columns: dict[str, Any] = {}
        for name, _, family in features:
            columns.update(_inputs(name, family, frame[by_name[name.casefold()]]))
        learned = self._document["preprocessing"]["inputs"]
        estimator = self._document["estimator"]
        answer = {"linear": self._linear, "lightgbm": self._trees, "naive_bayes": self._bayes, "skops": self._estimator}
        scores: Any = answer[self._document["model"]["format"]](estimator, learned, columns)
        return scores

    def _linear(self, state: Any, learned: Any, columns: Any) -> Any:
        weights = np.asarray(state["coefficients"], dtype=np.float64)
        dense, blocks = _blocks(learned, columns)
        margin = np.einsum("ij,kj->ik", dense, weights[:, : dense.shape[1]]) + np.asarray(state["intercept"])
        start = dense.shape[1]
        for codes, width in blocks:
            table = np.vstack([weights[:, start : start + width].T, np.zeros((1, len(weights)))])
            margin += table[codes]
            start += width
        if state["link"] == "log":
            return np.exp(np.minimum(margin, _LARGEST_LOG))
        if state["link"] == "logistic":
            with np.errstate(over="ignore"):
                return np.hstack([1 / (1 + np.exp(margin)), 1 / (1 + np.exp(-margin))])
        return _softmax(margin) if state["link"] == "softmax" else margin

    def _trees(self, state: Any, learned: Any, columns: Any) -> Any:
        if self._loaded is None:
            import lightgbm

            self._loaded = lightgbm.Booster(model_str=state["model"])
        matrix = np.column_stack([_for_trees(one, columns[one["name"]]) for one in learned])
        found = np.asarray(self._loaded.predict(matrix), dtype=np.float64)
        if found.ndim == 2:
            return found
        is_binary = len(self._document["model"]["classes"]) == 2
        return np.column_stack([1.0 - found, found]) if is_binary else found.reshape(-1, 1)

    def _bayes(self, state: Any, learned: Any, columns: Any) -> Any:
        count = len(columns[learned[0]["name"]])
        scores = np.tile(np.asarray(state["log_prior"], dtype=np.float64), (count, 1))
        for one in learned:
            own = {k: np.asarray(v, dtype=np.float64) for k, v in state["inputs"][one["name"]].items()}
            if one["kind"] != "numeric":
                table = np.vstack([own["log_shares"].T, np.zeros((1, scores.shape[1]))])
                scores += table[_codes(one, columns[one["name"]], null=-1)]
                continue
            column = columns[one["name"]]
            known = np.isfinite(column)
            with np.errstate(over="ignore"):
                away = np.where(known, column, 0.0)[:, None] - own["means"]
                votes = -np.minimum(away**2 / (2 * own["variances"]), 1e300) - np.log(own["variances"]) / 2
            scores += np.where(known[:, None], votes, 0.0)
        return _softmax(np.maximum(scores, -1e304))

    def _estimator(self, state: Any, learned: Any, columns: Any) -> Any:
        if self._loaded is None:
            from skops import io

            body = base64.b64decode(state["skops"])
            # The list is part of the document, which is as trusted as this code.
            self._loaded = io.loads(body, trusted=self._document["trusted"])
        dense, blocks = _blocks(learned, columns)
        hot = [np.eye(width + 1, width)[codes] for codes, width in blocks]
        matrix = np.hstack([dense, *hot])
        if hasattr(self._loaded, "predict_proba"):
            return np.asarray(self._loaded.predict_proba(matrix), dtype=np.float64)
        return np.asarray(self._loaded.predict(matrix), dtype=np.float64).reshape(-1, 1)


def _softmax(margin: Any) -> Any:
    shifted = np.exp(margin - margin.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _label(text: str, kind: str) -> Any:
    if kind == "BOOLEAN":
        return text == "true"
    if "INT" in kind:
        return int(text)
    return float(text) if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL") else text


def _inputs(name: str, family: str, column: Any) -> dict[str, Any]:
    """The inputs of a feature: numbers with NaN, texts with None."""
    if family in ("text", "boolean"):
        return {name: _texts(column)}
    if family in ("date", "timestamp"):
        return _moments(name, family, column)
    if family == "numeric":
        return {name: _numbers(column)}
    return {name: _seconds(column)}


def _is_missing(value: Any) -> bool:
    import pandas

    return bool(pandas.isna(value))


def _texts(column: Any) -> Any:
    def text(value: Any) -> str | None:
        if _is_missing(value):
            return None
        return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)

    return np.array([text(v) for v in column.tolist()], dtype=object)


def _numbers(column: Any) -> Any:
    if column.dtype == object:
        return np.array([np.nan if _is_missing(v) else float(v) for v in column.tolist()], dtype=np.float64)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _moments(name: str, family: str, column: Any) -> dict[str, Any]:
    """Seconds since 1970 and the parts of the moment, in UTC."""
    import pandas

    moments = pandas.to_datetime(column, utc=True)
    micros = (moments - pandas.Timestamp(0, tz="UTC")) / pandas.Timedelta(microseconds=1)
    # Sunday is 0.
    parts = {
        "DOM": moments.dt.day,
        "DOW": (moments.dt.day_of_week + 1) % 7,
        "MOY": moments.dt.month,
        "WOY": moments.dt.isocalendar().week,
        "YEAR": moments.dt.year,
        "HOD": moments.dt.hour,
        "MOH": moments.dt.minute,
    }
    names = _DATE_PARTS + (_TIME_PARTS if family == "timestamp" else ())
    found = {name: np.floor(micros.to_numpy(dtype=np.float64, na_value=np.nan)) / 1e6}
    for part in names:
        found[f"_TS_{part}_{name}"] = parts[part].to_numpy(dtype=np.float64, na_value=np.nan)
    return found


def _seconds(column: Any) -> Any:
    def seconds(value: Any) -> float:
        if _is_missing(value):
            return float("nan")
        if hasattr(value, "total_seconds"):
            return float(value.total_seconds())
        return float(value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6)

    return np.array([seconds(v) for v in column.tolist()], dtype=np.float64)


def _codes(one: Any, column: Any, *, null: int) -> Any:
    """The position of each row's category, -1 for what was not seen."""
    positions = {category: i for i, category in enumerate(one["categories"])}
    if one["kind"] == "category":
        return np.array([null if v is None else positions.get(v, -1) for v in column], dtype=np.int64)
    return np.array([positions.get(v, -1) if np.isfinite(v) else null for v in column.tolist()], dtype=np.int64)


def _blocks(learned: Any, columns: Any) -> tuple[Any, list[tuple[Any, int]]]:
    """The standardised numbers, and the codes of each block with its width; -1 is a column of no category."""
    numbers = [one for one in learned if one["kind"] == "numeric"]
    rows = len(columns[learned[0]["name"]])
    dense = np.empty((rows, len(numbers)))
    for i, one in enumerate(numbers):
        column = columns[one["name"]]
        known = np.isfinite(column)
        dense[:, i] = np.where(known, (np.where(known, column, 0.0) - one["mean"]) / one["scale"], 0.0)
    blocks = []
    for one in learned:
        if one["kind"] != "numeric":
            count = len(one["categories"])
            codes = _codes(one, columns[one["name"]], null=count if one["has_null"] else -1)
            blocks.append((codes, count + bool(one["has_null"])))
    return dense, blocks


def _for_trees(one: Any, column: Any) -> Any:
    """An input for trees: NULL is 0 among categories, which begin at 1, and NaN among numbers."""
    if one["kind"] != "category":
        return np.where(np.isinf(column), np.nan, column)
    codes = _codes(one, column, null=-2)
    return np.where(codes == -2, 0.0, np.where(codes == -1, np.nan, codes + 1.0))


def _load_pyfunc(path: str) -> Predictor:
    """What MLflow calls: `mlflow.pyfunc.load_model(folder)`."""
    place = Path(path)
    file = place / "model.json" if place.is_dir() else place
    return Predictor(json.loads(file.read_text("utf-8")))
