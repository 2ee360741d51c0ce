"""Which loaded models a connection and the UDF may score with: the process cache, filled from the catalog."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlml.catalog.models as catalog
from sqlml import artifacts
from sqlml.audit.log import audit_path
from sqlml.audit.reading import audit_sources
from sqlml.catalog.cursor import Cursor
from sqlml.catalog.recipes import read_recipe
from sqlml.catalog.snapshot import model_catalogs
from sqlml.engine import Database, Engine
from sqlml.errors import ArtifactRefused, ModelReplaced, PermissionDenied
from sqlml.sql_form import SqlForm
from sqlml.sql_form.formats import CACHE
from sqlml.types import ModelVersion

if TYPE_CHECKING:
    from sqlml.scoring import Scorer

# So many models a connection holds on to, whatever else the process loads: those of its open transaction among them.
_HELD = 64


class ArtifactStore:
    """The loaded models of one connection."""

    def __init__(self, engine: Engine) -> None:
        self._cursor: Cursor = engine
        self._database = engine.database
        self._held: OrderedDict[str, Scorer] = OrderedDict()

    def load(self, models: tuple[ModelVersion, ...]) -> None:
        """Load these models, verified, through the connection's own cursor: uncommitted ones too.

        Raises ArtifactRefused when signature or bytes do not hold, also of a model that is loaded already.
        """
        for model in models:
            if model.task == "transform":
                # It is in the catalog, signed; there is nothing to score with.
                continue
            self._check_pickle(model)
            is_known = model.form != "kernel" or artifacts.SCORERS.get(model.sha256) is not None
            if is_known and not catalog.is_intact(self._cursor, model):
                raise artifacts.changed(model)
            if model.form != "kernel":
                continue
            self._hold(model, lambda model=model: self._body(model))

    def _check_pickle(self, model: ModelVersion) -> None:
        self._database.runs_python |= model.is_registered
        if model.is_pickled and not self._database.allow.pickle:
            raise pickle_refused(f'The model "{model.short_name}" version {model.version}')

    def _body(self, model: ModelVersion) -> bytes:
        body = catalog.read_body(self._cursor, model)
        if body is None:
            raise ModelReplaced(
                f'The model "{model.short_name}" was dropped by another transaction.', hint="Send the statement again."
            )
        return body

    def metrics(self, model: ModelVersion) -> Mapping[str, float | None]:
        """The metrics of a model's held-out rows."""
        return catalog.read_metrics(self._cursor, model.catalog, model.model_id, model.version)

    def document(self, model: ModelVersion) -> Mapping[str, Any]:
        """The verified artifact of a model as a document."""
        return artifacts.document(model, catalog.read_body(self._cursor, model))

    def sql_form(self, model: ModelVersion) -> SqlForm | None:
        """A model as plain SQL, from its verified artifact."""
        return CACHE.get_or_write(model, lambda: artifacts.document(model, self._body(model)))

    def lineage_hash(self, model: ModelVersion) -> str | None:
        """The hash of all that the training of a model depended on; None where it was not trained here."""
        recipe = read_recipe(self._cursor, model)
        return recipe.lineage_hash if recipe else None

    def keep(self, model: ModelVersion, body: bytes) -> None:
        """Load a new model from its bytes."""
        if model.task != "transform":
            self._check_pickle(model)
            self._hold(model, lambda: body)

    def _hold(self, model: ModelVersion, read: Any) -> None:
        scorer = artifacts.SCORERS.get_or_load(model.sha256, lambda: artifacts.load(model, read()))
        self._held[model.sha256] = scorer
        self._held.move_to_end(model.sha256)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)


class AsKernels:
    """A store in which no model has a SQL form: each call then names all the inputs of its model."""

    def __init__(self, store: ArtifactStore) -> None:
        self.metrics = store.metrics
        self.document = store.document
        self.lineage_hash = store.lineage_hash

    def sql_form(self, model: ModelVersion) -> SqlForm | None:
        """None."""
        return None


def pickle_refused(who: str) -> PermissionDenied:
    """The error for a model that only unpickling could load, where that is off."""
    return PermissionDenied(
        f"{who} is stored by cloudpickle, and unpickling is off here.",
        hint="Connect with allow_pickle=True, or register a model that skops can store.",
    )


def udf_sources(shared: Database) -> Mapping[str, Callable[..., Any]]:
    """What the UDFs are handed: the scores and the explanations of an artifact.

    One that is not loaded is read from what is committed. The user's own Python can be stopped by the number of the
    DuckDB connection that it runs for.
    """

    def scorer(sha: str) -> Scorer:
        found = artifacts.SCORERS.get_or_load(sha, lambda: _load_committed(shared, sha))
        if getattr(found.estimator, "is_pickled", False) and not shared.allow.pickle:
            # Another database of this process has loaded it.
            raise pickle_refused("The model")
        return found

    def scores(sha: str, inputs: Mapping[str, Any], connection: int | None = None) -> Any:
        found = scorer(sha)
        return shared.python.run(connection, lambda: found.score(inputs))

    def audit_log_of(catalog: str) -> Path | None:
        path = shared.path_of(catalog)
        return audit_path(path) if path is not None else None

    return {
        **audit_sources(audit_log_of),
        "scores": scores,
        "explanations": lambda sha, inputs, output: scorer(sha).explain(inputs, output),
        "decode_image": _decode_image,
        "resize_image": _resize_image,
        "convert_color_space": _convert_color_space,
    }


def _decode_image(data: bytes, height: int | None, width: int | None, *, keep_ratio: bool) -> Any:
    from sqlml.images import decode

    return decode(data, height, width, keep_ratio=keep_ratio)


def _resize_image(numbers: Any, dims: list[int], height: int, width: int, *, keep_ratio: bool) -> Any:
    from sqlml.images import resize, shaped

    return resize(shaped(numbers, dims), height, width, keep_ratio=keep_ratio)


def _convert_color_space(numbers: Any, dims: list[int], space: str) -> Any:
    from sqlml.images import convert, shaped

    return convert(shaped(numbers, dims), space)


def _load_committed(shared: Database, sha: str) -> Scorer:
    engine = Engine(shared.join())
    try:
        for attached in model_catalogs(engine):
            model = catalog.find_artifact(engine, attached, sha)
            if model is not None:
                if model.is_pickled and not shared.allow.pickle:
                    raise pickle_refused(f'The model "{model.short_name}" version {model.version}')
                return artifacts.load(model, catalog.read_body(engine, model))
    finally:
        engine.close()
    raise ArtifactRefused(
        f"There is no artifact {sha[:12]}... in this database: its model was dropped.",
        hint="Create the view or prepared statement again.",
    )
