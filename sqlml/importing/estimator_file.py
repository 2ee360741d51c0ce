"""`IMPORT MODEL m FROM 'm.skops' INPUT (age DOUBLE, plan VARCHAR)`: an estimator or pipeline of scikit-learn's.

The same of a pickle, which runs the code in it and is read only with OPTIONS (allow_pickle = TRUE).
"""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from sqlml.errors import InvalidOption, NotSupported
from sqlml.estimators import attribute, classes_of, method_of
from sqlml.importing import checks
from sqlml.importing.base import Asked, Found, model_of, raw_features, raw_preprocessing, untrained
from sqlml.importing.checks import damaged
from sqlml.importing.document import found_in, refuse_claims, refuse_pickle
from sqlml.python_calls import attempt
from sqlml.types import PICKLE, REGISTERED_SKOPS, Column, Feature

# The member of a skops archive that says whose estimator it is, and its preprocessing; skops does not look at it.
MEMBER = "sqlml.json"
_LIBRARIES = ("cloudpickle", "numpy", "pandas", "scikit-learn", "skops")


def with_member(body: bytes, whole: dict[str, Any]) -> bytes:
    """The archive of an estimator with all else of its model in it."""
    kept = BytesIO(body)
    with ZipFile(kept, "a") as archive:
        archive.writestr(MEMBER, json.dumps(whole, ensure_ascii=False))
    return kept.getvalue()


def read_skops(body: bytes, asked: Asked) -> Found:
    """The model of a skops archive: sqlml's own, or an estimator over the columns of INPUT.

    Raises ArtifactRefused for types outside the trust list.
    """
    from sqlml.importing.estimator_checks import load_checked

    try:
        with ZipFile(BytesIO(body)) as archive:
            own = archive.read(MEMBER) if MEMBER in archive.namelist() else None
    except BadZipFile:
        raise damaged("it is no skops archive, or not all of it") from None
    if own is not None:
        refuse_claims(asked)
        whole = checks.mapping(checks.read_json(own), MEMBER)
        return found_in({**whole, "estimator": {"skops": _without_member(body)}}, asked)
    return _registered(load_checked(body), REGISTERED_SKOPS, body, asked)


def _without_member(body: bytes) -> str:
    """The archive as it was before the member was put in, in base64: to the byte the artifact of the model."""
    from zipfile import ZIP_DEFLATED, ZipInfo

    kept = BytesIO()
    with ZipFile(BytesIO(body)) as before, ZipFile(kept, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            if name != MEMBER:
                after.writestr(ZipInfo(name), before.read(name), ZIP_DEFLATED)
    return base64.b64encode(kept.getvalue()).decode("ascii")


def read_pickle(body: bytes, asked: Asked) -> Found:
    """The model that a pickle holds, over the columns of INPUT.

    Raises ArtifactRefused without the consent of the statement, PythonFailed for what cannot be unpickled.
    """
    refuse_pickle(PICKLE, asked)
    import cloudpickle

    model = attempt("Unpickling the file", lambda: cloudpickle.loads(body))
    if not hasattr(model, "predict") and not callable(model):
        raise InvalidOption(
            f"The file holds a {type(model).__name__}, which is neither an estimator with predict nor a callable.",
            hint="Pickle a fitted estimator or pipeline, or a function that takes a pandas DataFrame.",
        )
    return _registered(model, PICKLE, body, asked)


def _registered(model: Any, format_name: str, body: bytes, asked: Asked) -> Found:
    if asked.output_name:
        raise NotSupported("An estimator has one output.", hint="Leave the option output out.")
    columns, is_matrix = _columns(model, asked)
    features = raw_features(columns)
    classes, label_type = classes_of(model, None, list(asked.classes) or None)
    if classes and asked.output is not None:
        label_type = asked.output.type
    state = {
        "body": base64.b64encode(body).decode("ascii"),
        "method": method_of(model, classes),
        "is_matrix": is_matrix,
        "classes": list(classes),
        "columns": [{"name": f.name, "is_whole": _is_whole(f), "categories": None} for f in features],
    }
    found = model_of(
        "python",
        format_name,
        label=asked.label_or("label"),
        label_type=label_type,
        classes=classes,
        features=features,
        libraries=_LIBRARIES,
    )
    document = {"preprocessing": raw_preprocessing(features), "estimator": state}
    name = f"{type(model).__module__}.{type(model).__qualname__}"
    return Found(found, untrained(found, document), params={"class": name})


def _is_whole(feature: Feature) -> bool:
    return "INT" in feature.type and feature.family == "numeric"


def _columns(model: Any, asked: Asked) -> tuple[tuple[Column, ...], bool]:
    """The columns in the order of fitting; and whether the estimator knows no names and takes a matrix."""
    fitted = [str(name) for name in attribute(model, "feature_names_in_", ())]
    width = int(attribute(model, "n_features_in_", 0))
    if not asked.inputs:
        shown = fitted or [f"x{i}" for i in range(1, width + 1)] or ["a", "b"]
        listed = ", ".join(f'"{n}" DOUBLE' for n in shown[:5]) + (", ..." if len(shown) > 5 else "")
        raise InvalidOption("The file does not say of what types its columns are.", hint=f"Write INPUT ({listed}).")
    by_name = {c.name: c for c in asked.inputs}
    missing = [n for n in fitted if n not in by_name]
    if fitted and (missing or len(fitted) != len(by_name)):
        raise InvalidOption(
            f"INPUT has other columns than the estimator was fitted on: {', '.join(missing) or 'too many'}.",
            hint=f"It was fitted on: {', '.join(fitted)}.",
        )
    if not fitted and width and width != len(asked.inputs):
        raise InvalidOption(
            f"INPUT has {len(asked.inputs)} columns, the estimator takes {width}.", hint="In the order of fitting."
        )
    return (tuple(by_name[n] for n in fitted) if fitted else asked.inputs), bool(width) and not fitted
