"""Any scikit-learn estimator, stored by skops: nothing outside the trust list is ever loaded."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from sqlml.errors import ArtifactRefused
from sqlml.preprocessing import Floats, Preprocessor, Raw

# Types that skops does not trust by itself and that scikit-learn's estimators are made of: trees, distances, kernels,
# losses, optimisers. They hold numbers and run nothing when they are loaded.
TRUSTED = (
    "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)


_SCHEMA = "schema.json"


def store(estimator: Any) -> dict[str, Any]:
    """The state of a fitted estimator.

    Raises ArtifactRefused for an estimator made of types outside the trust list.
    """
    from skops import io

    body = _canonical(io.dumps(estimator))
    _check(body)
    return {"skops": base64.b64encode(body).decode("ascii")}


def _canonical(body: bytes) -> bytes:
    """The same archive without addresses in memory and times of day: the same estimator gives the same bytes."""
    numbers: dict[str, int] = {}

    def numbered(node: Any) -> Any:
        if isinstance(node, list):
            return [numbered(item) for item in node]
        if not isinstance(node, dict):
            return node
        found: dict[str, Any] = {}
        for key, value in node.items():
            if key == "__id__":
                found[key] = numbers.setdefault(str(value), len(numbers))
            elif key == "file" and isinstance(value, str):
                found[key] = name_of(value)
            else:
                found[key] = numbered(value)
        return found

    def name_of(file: str) -> str:
        stem, dot, suffix = file.partition(".")
        return f"{numbers.setdefault(stem, len(numbers))}{dot}{suffix}"

    kept = BytesIO()
    with ZipFile(BytesIO(body)) as before, ZipFile(kept, "w", ZIP_DEFLATED) as after:
        schema = json.dumps(numbered(json.loads(before.read(_SCHEMA))), separators=(",", ":"))
        files = {name_of(name): before.read(name) for name in before.namelist() if name != _SCHEMA}
        for name, content in [*sorted(files.items()), (_SCHEMA, schema.encode())]:
            after.writestr(ZipInfo(name), content, ZIP_DEFLATED)
    return kept.getvalue()


def _check(body: bytes) -> None:
    from skops import io

    unknown = sorted(set(io.get_untrusted_types(data=body)) - set(TRUSTED))
    if unknown:
        raise ArtifactRefused(
            f"The estimator contains types that are not trusted: {', '.join(unknown)}.",
            hint="Only estimators of scikit-learn itself can be stored in this format.",
        )


def restore(state: Mapping[str, Any]) -> Any:
    """The estimator of a state.

    Raises ArtifactRefused before anything is made that is outside the trust list.
    """
    return load(state["skops"])


def load(text: str) -> Any:
    """The estimator that `store` made this of.

    Raises ArtifactRefused before anything is made that is outside the trust list.
    """
    from skops import io

    body = base64.b64decode(text)
    _check(body)
    return io.loads(body, trusted=list(TRUSTED))


class SklearnEstimator:
    """Scores by the estimator's predict_proba, or predict for a regression."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._estimator = restore(state)

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) values, or (rows x classes) probabilities."""
        matrix = preprocessor.dense_matrix(columns)
        if hasattr(self._estimator, "predict_proba"):
            return np.asarray(self._estimator.predict_proba(matrix), dtype=np.float64)
        return np.asarray(self._estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
