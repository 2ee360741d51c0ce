"""Which class scores an artifact of which format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlml.errors import ArtifactRefused
from sqlml.preprocessing import Preprocessor
from sqlml.scoring.base import Estimator, Scorer
from sqlml.types import ONNX, PICKLE, REGISTERED_SKOPS


def _linear(state: Mapping[str, Any]) -> Estimator:
    from sqlml.scoring.linear import LinearModel

    return LinearModel(state)


def _lightgbm(state: Mapping[str, Any]) -> Estimator:
    from sqlml.scoring.lightgbm_trees import LightgbmTrees

    return LightgbmTrees(state)


def _naive_bayes(state: Mapping[str, Any]) -> Estimator:
    from sqlml.scoring.naive_bayes import NaiveBayesModel

    return NaiveBayesModel(state)


def _partitioned(state: Mapping[str, Any]) -> Estimator:
    from sqlml.scoring.partitioned import PartitionedModel

    return PartitionedModel(state, lambda name, part: FORMATS[name](part))


def _skops(state: Mapping[str, Any]) -> Estimator:
    from sqlml.scoring.sklearn_estimator import SklearnEstimator

    return SklearnEstimator(state)


FORMATS: dict[str, Callable[[Mapping[str, Any]], Estimator]] = {
    "lightgbm": _lightgbm,
    "linear": _linear,
    "naive_bayes": _naive_bayes,
    "partitioned": _partitioned,
    "skops": _skops,
}


def load_scorer(format_name: str, document: Mapping[str, Any], *, who: str = "The model") -> Scorer:
    """The Scorer of an artifact's document; `who` names the model in errors of the user's own Python.

    Raises ArtifactRefused for a format this version does not know.
    """
    if format_name in (PICKLE, REGISTERED_SKOPS):
        from sqlml.scoring.registered import Registered

        own = Registered(format_name, document["estimator"], who)
        return Scorer(Preprocessor.from_json(document["preprocessing"]), own)
    if format_name == ONNX:
        from sqlml.scoring.onnx_model import OnnxModel

        return Scorer(Preprocessor.from_json(document["preprocessing"]), OnnxModel(document["estimator"], who))
    if format_name not in FORMATS:
        raise ArtifactRefused(
            f'The artifact has the unknown format "{format_name}".',
            hint="Upgrade sqlml to the version that wrote it.",
        )
    return Scorer(Preprocessor.from_json(document["preprocessing"]), FORMATS[format_name](document["estimator"]))
