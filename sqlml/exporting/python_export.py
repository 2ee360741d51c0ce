"""`EXPORT MODEL m TO 'm.pkl'`, `EXPORT MODEL m TO 'folder' (FORMAT 'mlflow')`: a model for plain Python.

Both hold the document of `m.json` and the code of `sqlml.portable_model`, which needs no sqlml. The folder has no
pickle.
"""

from __future__ import annotations

import base64
import datetime
import json
import platform
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlml import portable_model
from sqlml.errors import NotSupported
from sqlml.features import family_of
from sqlml.scoring.sklearn_estimator import TRUSTED
from sqlml.types import PICKLE, REGISTERED_SKOPS, FeatureStatistics, ModelVersion

_FORMATS = ("lightgbm", "linear", "naive_bayes", "skops")
_MODULE = "sqlml_model"
# What a DuckDB type is in a signature of MLflow's. Its whole numbers and booleans cannot be NULL, decimals it has not.
_SCHEMA = {"numeric": "double", "text": "string"}


def pickle_bytes(model: ModelVersion, whole: Mapping[str, Any]) -> bytes:
    """The pickle of a Predictor with its code, or of the user's own estimator.

    Raises NotSupported for a model that Python alone cannot answer for.
    """
    import cloudpickle

    if model.format == PICKLE:
        return base64.b64decode(whole["estimator"]["body"])
    if model.format == REGISTERED_SKOPS:
        from sqlml.scoring.sklearn_estimator import load

        return bytes(cloudpickle.dumps(load(whole["estimator"]["body"])))
    predictor = portable_model.Predictor(_portable(model, whole))
    cloudpickle.register_pickle_by_value(portable_model)
    try:
        return bytes(cloudpickle.dumps(predictor))
    finally:
        cloudpickle.unregister_pickle_by_value(portable_model)


def _portable(model: ModelVersion, whole: Mapping[str, Any]) -> dict[str, Any]:
    if model.transform or model.format not in _FORMATS:
        why = "its TRANSFORM clause is SQL" if model.transform else f"it is {model.format}"
        raise NotSupported(
            f'The model "{model.short_name}" is not exported to Python: {why}.', hint="TO 'm.json' writes any model."
        )
    return {**whole, "trusted": list(TRUSTED)} if model.format == "skops" else dict(whole)


def mlflow_files(
    model: ModelVersion, whole: Mapping[str, Any], statistics: Sequence[FeatureStatistics]
) -> dict[str, bytes]:
    """The files of a folder that `mlflow.pyfunc.load_model` loads, by name.

    Raises NotSupported for a model that Python alone cannot answer for.
    """
    document = _portable(model, whole)
    libraries = {
        "numpy": version("numpy"),
        "pandas": "",
        **({"lightgbm": version("lightgbm")} if model.format == "lightgbm" else {}),
        **({"scikit-learn": version("scikit-learn"), "skops": version("skops")} if model.format == "skops" else {}),
    }
    required = [f"{name}=={number}" if number else name for name, number in libraries.items()]
    example = _example(model, statistics, document)
    python = platform.python_version()
    described = {
        "flavors": {
            "python_function": {
                "loader_module": _MODULE,
                "data": "model.json",
                "code": "code",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "python_version": python,
            },
            "sqlml": {"sqlml_version": version("sqlml"), "model_type": model.model_type, "data": "model.json"},
        },
        "model_uuid": uuid.uuid4().hex,
        "utc_time_created": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "signature": {"inputs": json.dumps(_inputs(model)), "outputs": json.dumps(_outputs(model)), "params": None},
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        },
    }
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": ["mlflow", *required]}],
    }
    environment = {"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
    return {
        # JSON is YAML.
        "MLmodel": _json(described),
        "conda.yaml": _json(conda),
        "python_env.yaml": _json(environment),
        "requirements.txt": "\n".join(["mlflow", *required, ""]).encode(),
        "input_example.json": _json(example),
        "model.json": json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
        f"code/{_MODULE}.py": Path(portable_model.__file__).read_bytes(),
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _inputs(model: ModelVersion) -> list[dict[str, Any]]:
    exact = ("DOUBLE", "FLOAT", "VARCHAR")
    kinds = [_SCHEMA[f.family] if f.type in exact else "any" for f in model.features]
    return [{"type": k, "name": f.name, "required": False} for k, f in zip(kinds, model.features, strict=True)]


def _outputs(model: ModelVersion) -> list[dict[str, Any]]:
    kind = "float64"
    if model.classes:
        family = family_of(model.label_type)
        is_whole = "INT" in model.label_type
        kind = "bool" if family == "boolean" else "int64" if is_whole else "float64" if family == "numeric" else "str"
    return [{"type": "tensor", "tensor-spec": {"dtype": kind, "shape": [-1]}}]


def _example(
    model: ModelVersion, statistics: Sequence[FeatureStatistics], document: Mapping[str, Any]
) -> dict[str, Any]:
    """A row: the means of the numbers, the first category of each text."""
    means = {s.name: s.mean for s in statistics}
    first = {i["name"]: next(iter(i["categories"]), None) for i in document["preprocessing"]["inputs"]}
    row = []
    for feature in model.features:
        value: Any = means.get(feature.name)
        if feature.family in ("text", "boolean"):
            value = first.get(feature.name)
        elif feature.family in ("date", "timestamp") and value is not None:
            value = datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        row.append(value)
    return {"columns": [f.name for f in model.features], "data": [row]}
