"""`con.register_model('churn', fitted_pipeline, example=frame)`: a model trained elsewhere, stored like any other."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlml.catalog.models as catalog
from sqlml import artifacts, signing
from sqlml.catalog.lifecycle import set_comment, set_tag
from sqlml.engine_private import Scratch
from sqlml.errors import (
    InvalidData,
    InvalidOption,
    NotFound,
    NotSupported,
    PythonFailed,
    nearest_hint,
)
from sqlml.estimators import attribute, classes_of, method_of
from sqlml.features import family_of, model_inputs
from sqlml.importing.base import model_of, raw_preprocessing, untrained
from sqlml.statements.base import Context
from sqlml.statements.storing import Place, store_version
from sqlml.types import Column, Feature, ModelVersion, ObjectName, Plan, Privilege, Relation, Trained

_TASKS = ("regression", "classification")
_LIBRARIES = ("cloudpickle", "duckdb", "numpy", "pandas", "pyarrow", "scikit-learn", "skops", "sqlml")
# What cannot be given to an estimator as it is.
_GIVEN_AS = {"ENUM": "VARCHAR", "UUID": "VARCHAR", "CHAR": "VARCHAR"}


@dataclass(frozen=True)
class Registration:
    """What to register: the object, an example of its rows, and what the caller says about it."""

    name: ObjectName
    model: Any
    example: Any
    label: str = "label"
    task: str | None = None
    classes: Sequence[Any] | None = None
    replace: bool = False
    tags: Mapping[str, str] | None = None
    comment: str | None = None


def plan_registration(asked: Registration) -> Plan:
    """What registering will write and needs."""
    _check(asked)
    place = f"{asked.name.catalog}.{asked.name.schema}"
    return Plan(
        statement="register_model",
        sql="",
        writes=(Relation(asked.name),),
        privileges=(Privilege("CREATE MODEL", "SCHEMA", place, asked.name),),
        details=asked,
    )


def register(asked: Registration, context: Context) -> ModelVersion:
    """Store the model in the user's transaction; it is run on the example first.

    Raises PythonFailed when it does not answer on the example, AlreadyExists without `replace`.
    """
    from sqlml.scoring.registered import dump

    started = time.perf_counter()
    started_at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    signing.signing_key(create=True)
    scratch = _scratch(asked.example)
    try:
        columns = scratch.columns("example")
        features, is_matrix = _features(asked, columns)
        classes, label_type = classes_of(asked.model, asked.task, asked.classes)
        format_name, stored = dump(asked.model)
        state = {
            "body": stored,
            "method": method_of(asked.model, classes),
            "is_matrix": is_matrix,
            "classes": list(classes),
            "columns": [_column(f, columns, asked.example) for f in features],
        }
        document = {"preprocessing": raw_preprocessing(features), "estimator": state}
        model = model_of(
            "python",
            format_name,
            label=asked.label,
            label_type=label_type,
            classes=classes,
            features=features,
            libraries=(*_LIBRARIES, type(asked.model).__module__.partition(".")[0]),
        )
        model = replace(model, catalog=str(asked.name.catalog), schema=str(asked.name.schema), name=asked.name.name)
        context.python.check_pickle(model)
        _try(model, document, scratch)
    finally:
        scratch.close()
    trained = replace(untrained(model, document), seconds=time.perf_counter() - started)
    return _store(asked, context, model, trained, started_at)


def _check(asked: Registration) -> None:
    if isinstance(asked.model, type):
        raise InvalidOption(
            f"{asked.model.__name__} is a class, not a model.", hint="Make an instance of it and fit it first."
        )
    if not hasattr(asked.model, "predict") and not callable(asked.model):
        raise InvalidOption(
            f"{type(asked.model).__name__} is neither an estimator with predict nor a callable.",
            hint="Pass a fitted estimator or pipeline, or a function that takes a pandas DataFrame.",
        )
    if asked.task is not None and asked.task not in _TASKS:
        raise InvalidOption(
            f"The task is {asked.task!r}.",
            hint=nearest_hint(str(asked.task), _TASKS, otherwise="It is 'regression' or 'classification'."),
        )
    if not asked.label or not isinstance(asked.label, str):
        raise InvalidOption("The label has no name.", hint="label='churned'")
    if not all(isinstance(k, str) and isinstance(v, str) for k, v in (asked.tags or {}).items()):
        raise InvalidOption("Tags are names and values of text.", hint="tags={'team': 'growth'}")


def _scratch(example: Any) -> Scratch:
    """A private DuckDB that reads the example as `example`."""
    if isinstance(example, Mapping):
        import pyarrow as pa

        try:
            example = pa.table({str(k): pa.array(v) for k, v in example.items()})
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise InvalidOption(
                f"The example is no table: {error}", hint="A dict has a list of values of equal length a column."
            ) from None
    try:
        return Scratch(example=example)
    except (InvalidData, TypeError):
        raise InvalidOption(
            f"The example is a {type(example).__name__}.",
            hint="Pass a few rows as a pandas or polars DataFrame, an Arrow table or a dict of lists.",
        ) from None


def _features(asked: Registration, columns: list[Column]) -> tuple[tuple[Feature, ...], bool]:
    """The features, in the order the estimator was fitted on; and whether it knows no names and takes a matrix."""
    by_name = {c.name: c for c in columns if c.name.casefold() != asked.label.casefold()}
    names = list(by_name)
    fitted = [str(name) for name in attribute(asked.model, "feature_names_in_", ())]
    missing = [name for name in fitted if name not in by_name]
    is_matrix = bool(attribute(asked.model, "n_features_in_", 0)) and (not fitted or len(missing) == len(fitted))
    if fitted and not is_matrix:
        if missing:
            raise NotFound(
                f'The example has no column "{missing[0]}", which the estimator was fitted on.',
                hint=nearest_hint(missing[0], names, otherwise=f"It was fitted on: {', '.join(fitted)}."),
            )
        names = fitted
    if not names:
        raise InvalidOption("The example has no columns besides the label.", hint="Pass a few rows of its inputs.")
    return tuple(_feature(by_name[name]) for name in names), is_matrix


def _feature(column: Column) -> Feature:
    family = family_of(column.type)
    if family is None or family == "null":
        what = "has no value" if family == "null" else f"is {column.type}, which cannot be a feature"
        raise NotSupported(
            f'The column "{column.name}" of the example {what}.',
            hint="Give rows with values of numbers, text, booleans, dates or times, or leave the column out.",
        )
    kind = _GIVEN_AS.get(column.type.partition("(")[0], column.type)
    return Feature(column.name, kind, family)


def _column(feature: Feature, columns: list[Column], example: Any) -> dict[str, Any]:
    """What the frame is to have in this column: whole numbers, or categories."""
    kind = next(c.type for c in columns if c.name == feature.name)
    dtype = getattr(attribute(example, "dtypes", {}), "get", lambda _: None)(feature.name)
    categories = attribute(dtype, "categories", None)
    known = None if categories is None or isinstance(dtype, type) else list(categories)
    if known is not None and not all(isinstance(v, str) for v in known):
        raise NotSupported(
            f'The categories of the column "{feature.name}" are not text.', hint="Make them text: astype(str)."
        )
    return {"name": feature.name, "is_whole": "INT" in kind and "(" not in kind, "categories": known}


def _try(model: ModelVersion, document: Mapping[str, Any], scratch: Scratch) -> None:
    """Score the example with what is stored, by the way of every later call."""
    from sqlml.scoring import load_scorer

    rows = scratch.inputs("example", [(i.name, i.sql) for i in model_inputs(model)])
    if not rows.num_rows:
        raise InvalidOption("The example has no rows.", hint="Pass a few rows: the model is tried on them.")
    scorer = load_scorer(model.format, document, who=f'The model "{model.short_name}"')
    try:
        scorer.score({name: rows.column(name) for name in rows.column_names})
    except PythonFailed as error:
        if type(error.__cause__).__name__ == "NotFittedError":
            error.hint = "Fit it before it is registered."
        raise


def _store(
    asked: Registration, context: Context, model: ModelVersion, trained: Trained, started_at: datetime.datetime
) -> ModelVersion:
    database = context.database
    new = catalog.NewVersion(
        model=model,
        key_id="",
        body=artifacts.to_bytes(trained.document),
        query="",
        created_by=context.user,
        trained=trained,
        started_at=started_at,
        params={"class": f"{type(asked.model).__module__}.{type(asked.model).__qualname__}"},
        metrics={},
        sources=(),
    )

    def describe(stored: ModelVersion) -> None:
        for tag, value in (asked.tags or {}).items():
            set_tag(database, stored, stored.version, tag, value)
        if asked.comment is not None:
            set_comment(database, stored, asked.comment)

    place = Place(asked.name, replace=asked.replace, hint="replace=True adds a version.")
    stored = store_version(place, context, new, after=describe)
    assert stored is not None
    return stored
