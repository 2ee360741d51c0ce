"""Checking what a model learned, as a file from elsewhere has it: preprocessing, coefficients, trees, estimators.

Scoring trusts what it is given, for it was signed. So all that is signed here is read field by field before.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.errors import SqlmlError
from sqlml.features import RAW, Input, model_inputs
from sqlml.importing import checks
from sqlml.importing.checks import damaged
from sqlml.importing.lightgbm_text import read_model_text
from sqlml.types import ModelVersion

_LINKS = ("identity", "log", "logistic", "softmax")
_LEARNED = ("name", "kind", "mean", "scale", "categories", "has_null")


@dataclass(frozen=True)
class Of:
    """What an estimator goes with: what its inputs learned, how many outputs it has, how its inputs are encoded."""

    learned: Sequence[Mapping[str, Any]]
    outputs: int
    encoding: str


def check_document(model: ModelVersion, document: Mapping[str, Any]) -> None:
    """Check preprocessing and estimator of a model against its features and classes, and let it answer once.

    Raises InvalidData, or ArtifactRefused for types outside the trust list.
    """
    checks.mapping(document, "the document", ["preprocessing", "estimator"])
    outputs = len(model.classes) or 1
    inputs = model_inputs(model)
    learned = check_preprocessing(
        document["preprocessing"], inputs, model.encoding, is_partitioned=model.is_partitioned
    )
    check_estimator(model.format, document["estimator"], Of(learned, outputs, model.encoding))
    _try(model, document, inputs, outputs)


def check_preprocessing(
    value: Any, inputs: Sequence[Input], encoding: str, *, is_partitioned: bool = False
) -> list[Mapping[str, Any]]:
    """What each input learned, in order."""
    found = checks.mapping(value, "the preprocessing", ["encoding", "inputs"])
    # What reads the inputs for all parts of a partitioned model encodes nothing itself.
    if found["encoding"] != ("label" if is_partitioned else encoding):
        raise damaged("its preprocessing is of another encoding")
    learned = [checks.mapping(i, "an input", _LEARNED) for i in checks.items(found["inputs"], "the inputs")]
    # For trees the parts of a date are numbers.
    kinds = {"calendar": "numeric"} if found["encoding"] == "label" else {}
    if [(i["name"], i["kind"]) for i in learned] != [(i.name, kinds.get(i.kind, i.kind)) for i in inputs]:
        raise damaged("its inputs are not those of its features")
    for one in learned:
        _check_learned(one)
    return learned


def _check_learned(one: Mapping[str, Any]) -> None:
    name = f'the input "{checks.text(one["name"], "the name of an input")}"'
    unknown = set(one) - {*_LEARNED, "counts"}
    if unknown:
        raise damaged(f"{name} has the unknown field {sorted(unknown)[0]}")
    checks.number(one["mean"], f"the mean of {name}")
    if not checks.number(one["scale"], f"the scale of {name}") > 0:
        raise damaged(f"the scale of {name} is not above 0")
    checks.flag(one["has_null"], f"has_null of {name}")
    categories = checks.items(one["categories"], f"the categories of {name}")
    if one["kind"] not in ("numeric", "category", "calendar", RAW):
        raise damaged(f"{name} is of no known kind")
    kind: Callable[[Any, str], Any] = checks.text if one["kind"] == "category" else checks.number
    read = [kind(c, f"a category of {name}") for c in categories]
    if read != sorted(set(read)):
        raise damaged(f"the categories of {name} are not in order")
    for count in checks.items(one.get("counts", []), f"the counts of {name}"):
        checks.whole(count, f"a count of {name}")


def _width(one: Mapping[str, Any]) -> int:
    return len(one["categories"]) + bool(one["has_null"]) if one["kind"] != "numeric" else 1


def check_estimator(format_name: str, state: Any, of: Of) -> None:
    """The state of an estimator of that format, over these inputs."""
    if checks.text(format_name, "the format") not in _CHECKS:
        raise damaged(f'it is of the unknown format "{format_name}"')
    _CHECKS[format_name](checks.mapping(state, "the estimator"), of)


def _linear(state: Mapping[str, Any], of: Of) -> None:
    checks.mapping(state, "the estimator", ["coefficients", "intercept", "link"])
    sets = {"identity": 1, "log": 1, "logistic": 1, "softmax": of.outputs}.get(checks.text(state["link"], "the link"))
    answers = {"logistic": 2, "softmax": sets}.get(state["link"], 1)
    if sets is None or answers != of.outputs or of.encoding != "one_hot":
        raise damaged("its link does not go with its classes")
    width = sum(_width(one) for one in of.learned)
    coefficients = checks.items(state["coefficients"], "the coefficients")
    if len(coefficients) != sets:
        raise damaged(f"it has coefficients for {len(coefficients)} of.outputs, not {sets}")
    for weights in coefficients:
        checks.numbers(weights, "the coefficients", width)
    checks.numbers(state["intercept"], "the intercepts", sets)
    _check_plain(state.get("significance"), "the standard errors")


def _check_plain(value: Any, what: str) -> None:
    """Numbers, texts and lists of them, under any names."""
    if isinstance(value, dict):
        for inner in value.values():
            _check_plain(inner, what)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, what)
    elif value is not None and not isinstance(value, str | bool):
        checks.number(value, what)


def _lightgbm(state: Mapping[str, Any], of: Of) -> None:
    found = read_model_text(checks.text(checks.mapping(state, "the estimator", ["model"])["model"], "the trees"))
    categories = {i for i, one in enumerate(of.learned) if one["kind"] == "category"}
    if len(found.features) != len(of.learned) or found.outputs != of.outputs or of.encoding != "label":
        raise damaged("its trees do not go with its features and classes")
    if not found.by_category <= categories or found.is_classifier != (of.outputs > 1):
        raise damaged("its trees do not go with its features and classes")


def _naive_bayes(state: Mapping[str, Any], of: Of) -> None:
    checks.mapping(state, "the estimator", ["log_prior", "inputs"])
    checks.numbers(state["log_prior"], "the shares of the classes", of.outputs)
    inputs = checks.mapping(state["inputs"], "the inputs", [one["name"] for one in of.learned])
    for one in of.learned:
        if one["kind"] == "numeric":
            own = checks.mapping(inputs[one["name"]], "an input", ["means", "variances"])
            checks.numbers(own["means"], "the means", of.outputs)
            if not all(v > 0 for v in checks.numbers(own["variances"], "the variances", of.outputs)):
                raise damaged("a variance is not above 0")
            continue
        shares = checks.mapping(inputs[one["name"]], "an input", ["log_shares"])["log_shares"]
        for row in checks.rows(shares, "the shares of categories", len(one["categories"])):
            checks.numbers(row, "the shares of categories", len(one["categories"]))
        if len(shares) != of.outputs:
            raise damaged("the shares of categories are not those of its classes")


def _skops(state: Mapping[str, Any], of: Of) -> None:
    from sqlml.importing.estimator_checks import load_checked

    estimator = load_checked(decoded(checks.mapping(state, "the estimator", ["skops"])["skops"]))
    width = sum(_width(one) for one in of.learned)
    if getattr(estimator, "n_features_in_", width) != width:
        raise damaged("its estimator takes another number of columns")


def decoded(value: Any) -> bytes:
    """The bytes of base64."""
    try:
        return base64.b64decode(checks.text(value, "the bytes of the estimator"), validate=True)
    except binascii.Error:
        raise damaged("the bytes of the estimator are not base64") from None


def _registered_skops(state: Mapping[str, Any], of: Of) -> None:
    from sqlml.importing.estimator_checks import load_checked

    _registered(state, of)
    estimator = load_checked(decoded(state["body"]))
    if not hasattr(estimator, state["method"]):
        raise damaged(f'its estimator has no method "{state["method"]}"')


def _cloudpickle(state: Mapping[str, Any], of: Of) -> None:
    # That it may be unpickled at all was asked before.
    _registered(state, of)
    decoded(state["body"])


def _registered(state: Mapping[str, Any], of: Of) -> None:
    checks.mapping(state, "the estimator", ["body", "method", "is_matrix", "classes", "columns"])
    if state["method"] not in ("call", "predict", "predict_proba"):
        raise damaged("its estimator is asked in no known way")
    checks.flag(state["is_matrix"], "is_matrix")
    if len(checks.texts(state["classes"], "the classes")) != (of.outputs if of.outputs > 1 else 0):
        raise damaged("its classes are not those of the estimator")
    listed = checks.items(state["columns"], "the columns")
    columns = [checks.mapping(c, "a column", ["name", "is_whole", "categories"]) for c in listed]
    if [c["name"] for c in columns] != [one["name"] for one in of.learned]:
        raise damaged("its columns are not those of its features")
    for column in columns:
        checks.flag(column["is_whole"], "is_whole")
        if column["categories"] is not None:
            checks.texts(column["categories"], "the categories of a column")


def _onnx(state: Mapping[str, Any], of: Of) -> None:
    from sqlml.importing.onnx_file import check_state

    check_state(state, [one["name"] for one in of.learned], of.outputs)


def _partitioned(state: Mapping[str, Any], of: Of) -> None:
    checks.mapping(state, "the estimator", ["keys", "outputs", "models"])
    keys = checks.texts(state["keys"], "the keys")
    known = {one["name"]: one for one in of.learned}
    if not keys or not set(keys) <= set(known) or state["outputs"] != of.outputs:
        raise damaged("its keys are not among its features")
    for part in checks.items(state["models"], "the models"):
        checks.mapping(part, "a model", ["key", "format", "classes", "preprocessing", "estimator"])
        if len([checks.optional_text(k, "a key") for k in checks.items(part["key"], "a key")]) != len(keys):
            raise damaged("a key has not as many parts as there are keys")
        positions = [checks.whole(p, "a class") for p in checks.items(part["classes"], "the classes of a model")]
        if len(positions) != (0 if of.outputs == 1 else len(set(positions))) or any(p >= of.outputs for p in positions):
            raise damaged("the classes of a model are not among those of all")
        inputs = checks.mapping(part["preprocessing"], "the preprocessing", ["inputs", "encoding"])
        own = [checks.mapping(i, "an input", _LEARNED) for i in checks.items(inputs["inputs"], "the inputs")]
        for one in own:
            _check_learned(one)
            is_alike = (one["kind"] == "category") == (known.get(one["name"], {}).get("kind") == "category")
            if one["name"] not in known or not is_alike or one["name"] in keys:
                raise damaged("a model has inputs that there are not")
        if part["format"] == "partitioned" or inputs["encoding"] != of.encoding:
            raise damaged("a model of a key is of another kind")
        check_estimator(part["format"], part["estimator"], Of(own, len(positions) or 1, of.encoding))


_CHECKS: dict[str, Callable[[Mapping[str, Any], Of], None]] = {
    "cloudpickle": _cloudpickle,
    "lightgbm": _lightgbm,
    "linear": _linear,
    "naive_bayes": _naive_bayes,
    "onnx": _onnx,
    "partitioned": _partitioned,
    "registered_skops": _registered_skops,
    "skops": _skops,
}


def _try(model: ModelVersion, document: Mapping[str, Any], inputs: Sequence[Input], outputs: int) -> None:
    """Score a row without any values, by the way of every later call; a model of one's own may refuse that."""
    if model.encoding == RAW:
        return
    import numpy as np
    import pyarrow as pa

    from sqlml.scoring import load_scorer

    kinds = {"numeric": pa.float64(), "calendar": pa.float64(), "category": pa.string()}
    try:
        scorer = load_scorer(model.format, document)
        scores = np.asarray(scorer.score({i.name: pa.array([None, None], kinds[i.kind]) for i in inputs}))
    except SqlmlError:
        raise
    except Exception as error:
        raise damaged(f"its model does not answer ({type(error).__name__}: {error})") from error
    if scores.shape != (2, outputs):
        raise damaged(f"its model gives {scores.shape[-1]} scores a row, not {outputs}")
