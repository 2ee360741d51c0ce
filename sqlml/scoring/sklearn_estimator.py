"""Any scikit-learn estimator, stored by skops: nothing outside the trust list is ever loaded."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from sqlml.errors import ArtifactRefused
from sqlml.preprocessing import Floats, Preprocessor, Raw

# Types that skops does not trust by itself and that scikit-learn's estimators are made of.
TRUSTED = ("numpy.dtype", "sklearn.tree._tree.Tree", "sklearn.neighbors._kd_tree.KDTree")


def store(estimator: Any) -> dict[str, Any]:
    """The state of a fitted estimator.

    Raises ArtifactRefused for an estimator made of types outside the trust list.
    """
    from skops import io

    body = io.dumps(estimator)
    _check(body)
    return {"skops": base64.b64encode(body).decode("ascii")}


def _check(body: bytes) -> None:
    from skops import io

    unknown = sorted(set(io.get_untrusted_types(data=body)) - set(TRUSTED))
    if unknown:
        raise ArtifactRefused(
            f"The estimator contains types that are not trusted: {', '.join(unknown)}.",
            hint="Only estimators of scikit-learn itself can be stored in this format.",
        )


def load(text: str) -> Any:
    """The estimator that `store` made this of.

    Raises ArtifactRefused for types outside the trust list.
    """
    from skops import io

    body = base64.b64decode(text)
    _check(body)
    return io.loads(body, trusted=list(TRUSTED))


class SklearnEstimator:
    """Scores by the estimator's predict_proba, or predict for a regression."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._estimator = load(state["skops"])

    def score(self, preprocessor: Preprocessor, columns: Mapping[str, Raw]) -> Floats:
        """(rows x 1) values, or (rows x classes) probabilities."""
        matrix = preprocessor.one_hot_matrix(columns)
        if hasattr(self._estimator, "predict_proba"):
            return np.asarray(self._estimator.predict_proba(matrix), dtype=np.float64)
        return np.asarray(self._estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
