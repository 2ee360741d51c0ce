"""Trained models as signed bytes, and the cache of loaded ones.

An artifact is a JSON document: the learned preprocessing and the estimator's state (coefficients, LightGBM's model
text, or skops bytes). It is addressed by the sha256 of its bytes. The signature covers whose artifact it is, so
that bytes can be neither changed nor swapped between models. Nothing is parsed before both are checked.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlml import signing
from sqlml.errors import ArtifactRefused
from sqlml.types import ModelVersion

if TYPE_CHECKING:
    from sqlml.scoring import Scorer

_CACHED = 256


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """The bytes of a document; the same document always gives the same bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(body: bytes) -> str:
    """The address of an artifact."""
    return hashlib.sha256(body).hexdigest()


def feature_signature(model: ModelVersion) -> str:
    """The sha256 of what a model takes and gives: features with types, task, label with its type, classes."""
    described: dict[str, Any] = {
        "features": [[f.name, f.type, f.family] for f in model.features],
        "task": model.task,
        "label": [model.label, model.label_type],
        "classes": list(model.classes),
    }
    if model.transform:
        described["transform"] = model.transform
        described["raw"] = [[f.name, f.type, f.family] for f in model.raw]
    return sha256(to_bytes(described))


def statement_of(model: ModelVersion) -> dict[str, str | int]:
    """What the signature of an artifact says."""
    return {
        "model_id": model.model_id,
        "version": model.version,
        "format": model.format,
        "sha256": model.sha256,
        "feature_signature": model.feature_signature,
        "library_versions": model.library_versions,
    }


def verify_claim(model: ModelVersion) -> None:
    """Check the signature over whose artifact this is, and the features as the catalog has them.

    Raises ArtifactRefused.
    """
    if not model.sha256:
        raise ArtifactRefused(
            f'The model "{model.short_name}" version {model.version} has no artifact: it was deleted.',
            hint="Restore the file from a backup, or train the model again.",
        )
    if not signing.is_trusted(statement_of(model), model.signature):
        raise ArtifactRefused(
            f'The artifact of model "{model.short_name}" version {model.version} is not signed with your key.',
            hint="If you trust where the file comes from, run `sqlml trust FILE`; else train the model again.",
        )
    if model.feature_signature != feature_signature(model):
        raise changed(model)


def changed(model: ModelVersion) -> ArtifactRefused:
    """The error for an artifact that is not what was signed."""
    return ArtifactRefused(
        f'The artifact of model "{model.short_name}" version {model.version} was changed after it was signed.',
        hint="Restore the file from a backup, or train the model again.",
    )


def document(model: ModelVersion, body: bytes | None) -> Mapping[str, Any]:
    """The document of a verified artifact.

    Raises ArtifactRefused before a byte is parsed when signature or hash do not hold.
    """
    verify_claim(model)
    if body is None or sha256(body) != model.sha256:
        raise changed(model)
    parsed: Mapping[str, Any] = json.loads(body)
    return parsed


def load(model: ModelVersion, body: bytes | None) -> Scorer:
    """The Scorer of a verified artifact.

    Raises ArtifactRefused before a byte is parsed when signature or hash do not hold.
    """
    from sqlml.scoring import load_scorer

    who = f'The model "{model.short_name}" version {model.version}'
    return load_scorer(model.format, document(model, body), who=who)


class ScorerCache:
    """Loaded artifacts of this process by their sha256, the least recently used dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scorers: OrderedDict[str, Scorer] = OrderedDict()

    def get(self, sha: str) -> Scorer | None:
        """The scorer, if it is loaded."""
        with self._lock:
            scorer = self._scorers.get(sha)
            if scorer is not None:
                self._scorers.move_to_end(sha)
            return scorer

    def get_or_load(self, sha: str, load_it: Callable[[], Scorer]) -> Scorer:
        """The scorer; loaded on a miss."""
        scorer = self.get(sha)
        if scorer is None:
            scorer = load_it()
            with self._lock:
                self._scorers[sha] = scorer
                while len(self._scorers) > _CACHED:
                    self._scorers.popitem(last=False)
        return scorer


SCORERS = ScorerCache()
