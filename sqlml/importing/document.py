"""`EXPORT MODEL m TO 'm.json'`, `IMPORT MODEL m FROM 'm.json'`: a whole model as one JSON document.

    {"sqlml_model": 1, "model": {name, features, label, classes, ...}, "training": {metrics, statistics, ...},
     "preprocessing": {...}, "estimator": {...}}

What was learned is the artifact as it is signed and stored, so a model that is imported has the same sha256.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, TokenError

from sqlml import transform
from sqlml.errors import ArtifactRefused, NotSupported, SqlmlError
from sqlml.features import KEY, RAW, family_of
from sqlml.importing import checks
from sqlml.importing.artifact_checks import check_document
from sqlml.importing.base import Asked, Found, model_of
from sqlml.importing.checks import damaged
from sqlml.model_types import MODEL_TYPES
from sqlml.shapes import SPARSE, STRUCT, VECTOR, WORDS
from sqlml.transform_clause import check_kept
from sqlml.types import (
    PICKLE,
    Feature,
    FeatureImportance,
    FeatureStatistics,
    ModelVersion,
    ModelWarning,
    Partition,
    Trained,
)

VERSION = 1
_OF_TYPES = (exp.DataType, exp.DataTypeParam, exp.Literal, exp.Identifier, exp.ColumnDef)
# What stands beside what was learned; the list of types that Python alone may load says nothing to sqlml.
_OWN = ("sqlml_model", "model", "training")
_OTHERS = ("trusted",)
# The families of columns that are lists or structs.
_NESTED: tuple[str | None, ...] = (transform.OTHER, STRUCT, VECTOR, WORDS, SPARSE)
_FACTS = ("name", "model_type", "task", "label", "label_type", "classes", "features", "encoding", "format")
_HISTORY = ("loss", "eval_loss", "duration_ms")
_TASKS = ("regression", "classification", "transform")


def described(model: ModelVersion, training: Mapping[str, Any]) -> dict[str, Any]:
    """All of a version but what was learned."""
    return {
        "sqlml_model": VERSION,
        "model": {
            "name": model.name,
            "model_type": model.model_type,
            "task": model.task,
            "label": model.label,
            "label_type": model.label_type,
            "classes": list(model.classes),
            "features": [[f.name, f.type, f.family] for f in model.takes],
            "transform": model.transform,
            "encoding": model.encoding,
            "format": model.format,
            "library_versions": model.library_versions,
        },
        "training": dict(training),
    }


def read_document(body: bytes, asked: Asked) -> Found:
    """The model of a JSON document, every field of it checked.

    Raises InvalidData for what is damaged, NotSupported for a later version's, PermissionDenied without consent to
    unpickle.
    """
    refuse_claims(asked)
    return found_in(checks.read_json(body), asked)


def refuse_claims(asked: Asked) -> None:
    """Refuse to be told what the file itself says."""
    if asked.inputs or asked.output or asked.classes or asked.output_name:
        raise NotSupported(
            "The file says itself what the model takes and gives.",
            hint="Leave out INPUT, OUTPUT and the options classes and output.",
        )


def found_in(value: Any, asked: Asked) -> Found:
    """The model of a document that is read."""
    whole = checks.mapping(value, "the file", [])
    if "sqlml_model" not in whole:
        raise damaged("it is not a model of sqlml's")
    if whole["sqlml_model"] != VERSION:
        raise NotSupported(
            f"The file is of version {whole['sqlml_model']}, this sqlml reads version {VERSION}.", hint="Upgrade sqlml."
        )
    checks.mapping(whole, "the file", _OWN)
    model = _model(checks.mapping(whole["model"], "the model", _FACTS))
    document = {name: part for name, part in whole.items() if name not in (*_OWN, *_OTHERS)}
    refuse_pickle(model.format, asked)
    if model.task == "transform":
        if document != {"transform": model.transform}:
            raise damaged("a model that only transforms has something else")
    else:
        check_document(model, document)
        _check_explanation(model, document.get("global_explanation"))
        if not set(document) <= {"preprocessing", "estimator", "global_explanation"}:
            raise damaged("it has parts that are not known")
    return _with_training(model, document, checks.mapping(whole["training"], "the training", []))


def refuse_pickle(format_name: str, asked: Asked) -> None:
    """Refuse what runs code when it is loaded, without the consent of the statement.

    Raises ArtifactRefused.
    """
    if format_name == PICKLE and not asked.allow_pickle:
        raise ArtifactRefused(
            "The file is a pickle: to load it is to run the code in it.",
            hint="If you trust where it comes from: OPTIONS (allow_pickle = TRUE).",
        )


def _model(facts: Mapping[str, Any]) -> ModelVersion:
    for name in ("name", "model_type", "task", "label", "label_type", "encoding", "format"):
        checks.text(facts[name], name)
    features = tuple(_feature(row) for row in checks.rows(facts["features"], "the features", 3))
    classes = tuple(checks.texts(facts["classes"], "the classes"))
    clause = checks.text(facts.get("transform", ""), "the TRANSFORM clause")
    _check_facts(facts, features, classes)
    model = model_of(
        facts["model_type"],
        facts["format"],
        label=facts["label"],
        label_type=facts["label_type"],
        classes=classes,
        features=features,
        encoding=facts["encoding"],
    )
    changes: dict[str, Any] = {"task": facts["task"]}
    if "library_versions" in facts:
        changes["library_versions"] = checks.text(facts["library_versions"], "library_versions")
    if clause:
        changes |= {"transform": clause, "raw": features, "features": _made(clause, features)}
    return replace(model, **changes)


def _check_facts(facts: Mapping[str, Any], features: tuple[Feature, ...], classes: tuple[str, ...]) -> None:
    task, kind = facts["task"], MODEL_TYPES.get(facts["model_type"])
    if task not in _TASKS or (kind is None and facts["model_type"] != "python"):
        raise damaged(f'there is no model type "{facts["model_type"]}" or task "{task}"')
    if (task == "classification") != bool(classes) or len(classes) == 1 or len(set(classes)) != len(classes):
        raise damaged("its classes do not go with its task")
    names = [f.name.casefold() for f in features]
    if not features or len(set(names)) != len(names):
        raise damaged("its features have no names of their own")
    if facts["encoding"] not in ("one_hot", "label", RAW):
        raise damaged(f'there is no encoding "{facts["encoding"]}"')
    if task != "transform":
        check_type(facts["label_type"], None)
        if not facts["label"]:
            raise damaged("its label has no name")


def _feature(row: list[Any]) -> Feature:
    name, kind, family = (checks.text(v, "a feature") for v in row)
    if not name:
        raise damaged("a feature has no name")
    check_type(kind, family)
    return Feature(name, kind, family)


def check_type(kind: str, family: str | None) -> None:
    """Refuse what is no type of DuckDB's, or not of that family; None stands for any that a label may have."""
    own = family_of(kind)
    if own != "null" and not _is_type(kind):
        raise damaged(f'"{kind[:50]}" is no type')
    fits = {
        None: own is not None,
        KEY: own in ("numeric", "text", "boolean", "date"),
        **dict.fromkeys(_NESTED, own is None),
        "numeric": own in ("numeric", "null"),
    }
    if not fits.get(family, own == family and own != "null"):
        raise damaged(f'a column of type "{kind[:50]}" is not what it says')


def _is_type(kind: str) -> bool:
    """Whether a text is the name of a type and nothing else: it becomes part of SQL."""
    try:
        tree = parse_one(kind, into=exp.DataType, dialect="duckdb")
    except (ParseError, TokenError, ValueError):
        return False
    return isinstance(tree, exp.DataType) and all(isinstance(node, _OF_TYPES) for node in tree.walk())


def _made(clause: str, raw: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """The features that a TRANSFORM clause makes, its expressions checked as those of CREATE MODEL are."""
    parsed = checks.mapping(
        checks.read_json(clause.encode()), "TRANSFORM", ["columns", "statistics", "passed", "features"]
    )
    try:
        read = transform.read(clause)
        check_kept(read, [f.name for f in raw])
    except SqlmlError as error:
        raise damaged(f"its TRANSFORM clause is not one ({error.message})") from None
    except (ParseError, TokenError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise damaged(f"its TRANSFORM clause is not one ({type(error).__name__})") from None
    for made in read.features:
        _feature([made.feature.name, made.feature.type, made.feature.family])
    for column in parsed["columns"]:
        checks.text(column["name"], "a column of TRANSFORM")
    return tuple(f.feature for f in read.features)


def _check_explanation(model: ModelVersion, value: Any) -> None:
    """What ML.GLOBAL_EXPLAIN answers: a list of numbers a feature, one for each output of the model."""
    if value is None:
        return
    found = checks.mapping(value, "the global explanation", ["rows", "features", "attributions"])
    checks.whole(found["rows"], "the rows of the global explanation")
    names = checks.texts(found["features"], "the features of the global explanation")
    rows = checks.items(found["attributions"], "the attributions")
    if names != [f.name for f in model.features]:
        raise damaged("its global explanation is of other features")
    outputs = len(model.classes) if len(model.classes) > 2 else 1
    if len(rows) != outputs:
        raise damaged("its global explanation is of other classes")
    for row in rows:
        checks.numbers(row, "the attributions", len(names))


def _with_training(model: ModelVersion, document: Mapping[str, Any], training: Mapping[str, Any]) -> Found:
    lists = ("params", "metrics", "confusion", "roc_curve", "statistics", "importances", "partitions", "warnings")
    checks.mapping(training, "the training", ["run", *lists])
    rows = checks.rows([training["run"]], "the run", 5)[0]
    counted = [checks.whole(v, "the number of rows") for v in rows[:3]]
    values = [
        (checks.text(k, "a metric"), checks.optional_number(v, "a metric"), checks.whole(s, "a step"))
        for k, v, s in checks.rows(training["metrics"], "the metrics", 3)
    ]
    trained = Trained(
        document=document,
        format=model.format,
        classes=model.classes,
        history=tuple((k, s, v if v is not None else float("nan")) for k, v, s in values if k in _HISTORY),
        training_rows=counted[0],
        evaluation_rows=counted[1],
        dropped_rows=counted[2],
        evaluation_source=checks.text(rows[3], "the rows that judge"),
        resolved={},
        labels=None,
        scores=None,
        seconds=checks.number(rows[4], "the seconds"),
        dataset_digest="",
        total_rows=0,
        statistics=tuple(_statistics(r) for r in checks.rows(training["statistics"], "the statistics", 8)),
        importances=tuple(_importance(r) for r in checks.rows(training["importances"], "the importances", 4)),
        warnings=tuple(_warning(r) for r in checks.rows(training["warnings"], "the warnings", 3)),
        partitions=tuple(_partition(r) for r in checks.rows(training["partitions"], "the partitions", 4)),
    )
    return Found(
        model,
        trained,
        params={
            checks.text(k, "an option"): checks.optional_text(v, "an option")
            for k, v in checks.rows(training["params"], "the options", 2)
        },
        metrics={k: v for k, v, _ in values if k not in _HISTORY},
        confusion=[
            [checks.text(e, "a label"), checks.text(p, "a label"), checks.whole(n, "a count")]
            for e, p, n in checks.rows(training["confusion"], "the confusion matrix", 3)
        ],
        roc_curve=[
            [checks.number(r[0], "a threshold"), *(checks.whole(n, "a count") for n in r[1:])]
            for r in checks.rows(training["roc_curve"], "the ROC curve", 5)
        ],
    )


def _statistics(row: list[Any]) -> FeatureStatistics:
    low, high, mean, median, spread = (checks.optional_number(v, "a statistic") for v in row[1:6])
    categories = None if row[6] is None else checks.whole(row[6], "a count")
    missing = checks.whole(row[7], "a count")
    return FeatureStatistics(checks.text(row[0], "a feature"), low, high, mean, median, spread, categories, missing)


def _importance(row: list[Any]) -> FeatureImportance:
    gain, cover = (checks.number(v, "an importance") for v in row[2:])
    return FeatureImportance(checks.text(row[0], "a feature"), checks.whole(row[1], "a count"), gain, cover)


def _warning(row: list[Any]) -> ModelWarning:
    feature = checks.optional_text(row[1], "a warning")
    return ModelWarning(checks.text(row[0], "a warning"), feature, checks.text(row[2], "a warning"))


def _partition(row: list[Any]) -> Partition:
    key = tuple(checks.optional_text(k, "a key") for k in checks.items(row[0], "a key"))
    trained, judged = (checks.whole(v, "a count") for v in row[1:3])
    return Partition(key, trained, judged, checks.optional_text(row[3], "an error"))
