"""The values that pass between the layers: names, columns, features, model versions, the Plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlml.access.values import Securable

# How the models are stored that a user registers: only the first is unpickled.
PICKLE, REGISTERED_SKOPS = "cloudpickle", "registered_skops"
# A graph that was trained elsewhere.
ONNX = "onnx"

Params = Sequence[Any] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Column:
    """A column of a query: its name and DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True)
class ObjectName:
    """The name of a model or relation; outer parts are None where the user left them out."""

    name: str
    schema: str | None = None
    catalog: str | None = None

    def __str__(self) -> str:
        return ".".join(p for p in (self.catalog, self.schema, self.name) if p)


@dataclass(frozen=True)
class Relation:
    """A table, view or file that a statement reads or writes, and the columns where they are known."""

    name: ObjectName
    columns: tuple[str, ...] | None = None
    is_path: bool = False


@dataclass(frozen=True)
class Feature:
    """A raw input column of a model: its name, DuckDB type and family (numeric, text, ...)."""

    name: str
    type: str
    family: str


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model as the catalog has it."""

    catalog: str
    schema: str
    name: str
    model_id: str
    version: int
    model_type: str
    task: str
    label: str
    label_type: str
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    format: str
    sha256: str
    feature_signature: str
    library_versions: str
    signature: str
    encoding: str
    # With a TRANSFORM clause: the clause as JSON and the columns it reads; `features` are what it makes of them.
    transform: str = ""
    raw: tuple[Feature, ...] = ()
    is_pinned: bool = False  # whether the statement names this very version
    alias: str | None = None  # the alias by which the statement names it
    form: str = "kernel"  # what scores in the statement: the kernel in a UDF, plain sql, a macro, or none

    @property
    def is_partitioned(self) -> bool:
        """Whether it is many models, one a key: a row whose key has none gets no answer."""
        return self.format == "partitioned"

    @property
    def answers_all(self) -> bool:
        """Whether every row gets an answer; else those without one are NULL."""
        return not self.is_partitioned and self.format != ONNX

    @property
    def takes(self) -> tuple[Feature, ...]:
        """The columns a prediction is asked with: the features, or what the TRANSFORM clause makes them of."""
        return self.raw if self.transform else self.features

    @property
    def full_name(self) -> str:
        """`catalog.schema.name`."""
        return f"{self.catalog}.{self.schema}.{self.name}"

    @property
    def object_name(self) -> ObjectName:
        """The name in its parts."""
        return ObjectName(self.name, self.schema, self.catalog)

    @property
    def short_name(self) -> str:
        """The name as a user would write it: without the schema when that is `main`."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"

    @property
    def is_pickled(self) -> bool:
        """Whether loading it runs code of the user's own."""
        return self.format == PICKLE

    @property
    def is_registered(self) -> bool:
        """Whether it was trained elsewhere, and takes its columns as they are."""
        return self.format in (PICKLE, REGISTERED_SKOPS)

    @property
    def macro_name(self) -> str:
        """The name of the model's macro: unlike `short_name`, no two models of a database share it."""
        return macro_name(self.schema, self.name)


def macro_name(schema: str, name: str) -> str:
    """What the macro of a model is called in schema `sqlml_models`."""
    parts = [name] if schema == "main" else [schema, name]
    return ".".join('"' + p.replace('"', '""') + '"' if {".", "@", "#"} & set(p) else p for p in parts)


@dataclass(frozen=True)
class Privilege:
    """What a principal must hold: the privilege and the object it is on.

    `on` is that object's name for people, `of` the object itself; `to_grant` asks for the right to give it on.
    """

    action: str
    kind: str
    on: str
    of: ObjectName | Securable | None = None
    to_grant: bool = False


@dataclass(frozen=True)
class SourceMap:
    """Which stretches of the user's text were replaced in the SQL that is sent.

    `pieces` are (start in the sent SQL, end in the sent SQL, start in the text, end in the text), in order.
    """

    text: str
    pieces: tuple[tuple[int, int, int, int], ...] = ()

    def to_text(self, offset: int) -> int:
        """The offset in the user's text of an offset in the SQL that was sent."""
        shift = 0
        for sent_start, sent_end, start, end in self.pieces:
            if offset < sent_start:
                break
            if offset < sent_end:
                return start
            shift = end - sent_end
        return offset + shift

    def after(self, length: int) -> SourceMap:
        """The same where that many characters, which are not the user's, stand before what is sent."""
        start = self.to_text(0)
        moved = tuple((a + length, b + length, c, d) for a, b, c, d in self.pieces)
        return SourceMap(self.text, ((0, length, start, start), *moved))


@dataclass(frozen=True)
class Plan:
    """What a statement will do, decided before anything runs.

    `sql` is what DuckDB is sent; `tree` the same as a sqlglot tree. `reads` is None where the statement goes to
    DuckDB unread, so that DuckDB alone knows. `details` is what only the statement itself understands.
    """

    statement: str
    sql: str
    tree: Any = None
    params: Params = None
    reads: tuple[Relation, ...] | None = ()
    writes: tuple[Relation, ...] = ()
    calls: tuple[str, ...] = ()
    models: tuple[ModelVersion, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    side_statements: tuple[str, ...] = ()
    source_map: SourceMap | None = None
    details: Any = None

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The sha256 of every artifact the statement scores with."""
        return tuple(dict.fromkeys(m.sha256 for m in self.models))

    @property
    def paths(self) -> tuple[str, ...]:
        """The files the statement reads."""
        return tuple(r.name.name for r in self.reads or () if r.is_path)


@dataclass(frozen=True)
class Progress:
    """How far a long statement is: `done` of `total` steps of a stage."""

    stage: str
    done: int
    total: int
    message: str = ""


class Binder(Protocol):
    """The only thing planning may ask the database."""

    def describe(self, query: str, params: Params = None, source: SourceMap | None = None) -> list[Column]:
        """Names and types of the columns of a query, without running it."""

    def has_relation(self, name: str) -> bool:
        """Whether a table or view of that name is visible without its schema."""


@dataclass(frozen=True)
class FeatureStatistics:
    """What the values of a feature were like in the training rows; dates and times count in seconds."""

    name: str
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    median: float | None = None
    stddev: float | None = None
    category_count: int | None = None
    null_count: int = 0


@dataclass(frozen=True)
class FeatureImportance:
    """How a tree model uses a feature: its splits, their average gain and number of rows."""

    feature: str
    weight: int
    gain: float
    cover: float


@dataclass(frozen=True)
class Partition:
    """One of the models of a partitioned one: its key as text, the rows it saw, and what went wrong, if anything."""

    key: tuple[str | None, ...]
    training_rows: int = 0
    evaluation_rows: int = 0
    error: str | None = None


@dataclass(frozen=True)
class ModelWarning:
    """What looks wrong with a model: the rule that says so, the feature it is about, and what to do."""

    rule: str
    feature: str | None
    message: str

    def __str__(self) -> str:
        return f"{self.message} [{self.rule}]"


@dataclass(frozen=True)
class Trained:
    """What training gives back: the document to store, and what to record about it.

    `labels` and `scores` are those of the held-out rows, of the training rows where none were held out.
    """

    document: Mapping[str, Any]
    format: str
    classes: tuple[str, ...]
    history: tuple[tuple[str, int, float], ...]
    training_rows: int
    evaluation_rows: int
    dropped_rows: int
    evaluation_source: str
    resolved: Mapping[str, Any]
    labels: Any
    scores: Any
    seconds: float
    dataset_digest: str
    total_rows: int
    statistics: tuple[FeatureStatistics, ...] = ()
    importances: tuple[FeatureImportance, ...] = ()
    warnings: tuple[ModelWarning, ...] = ()
    partitions: tuple[Partition, ...] = ()
