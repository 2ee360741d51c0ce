"""`IMPORT MODEL m FROM 'm.onnx'`: a graph of ONNX, with its inputs as columns and its output as the prediction."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlml.errors import InvalidData, InvalidOption, NotSupported, PythonFailed, nearest_hint
from sqlml.features import family_of
from sqlml.importing import checks
from sqlml.importing.base import Asked, Found, label_type_of, model_of, raw_preprocessing, untrained
from sqlml.importing.checks import damaged
from sqlml.importing.onnx_graph import class_labels, classes_of_zipmap, embed, onnx_package, without_zipmap
from sqlml.scoring.onnx_model import ELEMENTS, OnnxModel, session
from sqlml.transform import OTHER
from sqlml.types import Column, Feature

# The property of a graph of sqlml's own that says what its columns and its label are.
PROPERTY = "sqlml"
_TYPES = {"float": "FLOAT", "double": "DOUBLE", "bool": "BOOLEAN", "string": "VARCHAR", "int64": "BIGINT"}
_ANSWERS = ("value", "probabilities", "positive", "label")


def read_onnx(body: bytes, asked: Asked) -> Found:
    """The model of an ONNX file.

    Raises NotSupported without the packages, for outputs that are no prediction and for data outside the folder of the
    file; InvalidData for what is no ONNX.
    """
    graph = _parsed(body)
    embed(graph, Path(asked.path))
    said = {p.key: p.value for p in graph.metadata_props}
    own = checks.mapping(checks.read_json(said[PROPERTY].encode()), "its property") if PROPERTY in said else {}
    zipmap = classes_of_zipmap(graph, asked.output_name)
    if zipmap:
        without_zipmap(graph, zipmap)
    stored = graph.SerializeToString(deterministic=True)
    try:
        running = session(stored, "the graph")
    except PythonFailed as error:
        raise InvalidData(error.message, hint="ONNX Runtime cannot load it: check the file, or upgrade it.") from None
    inputs, features, batch = _inputs(running, asked, own)
    answer = _answer(running, graph, asked, zipmap, own)
    default = checks.text(own["label"], "its label") if "label" in own else answer.label
    classes = answer.classes
    model = model_of(
        "onnx",
        "onnx",
        label=asked.label_or(default),
        label_type=_label_type(asked, answer, own),
        classes=classes,
        features=features,
        libraries=("onnxruntime",),
    )
    state = {
        "body": base64.b64encode(stored).decode("ascii"),
        "inputs": inputs,
        "output": answer.output,
        "answer": answer.kind,
        "labels": list(classes),
        "batch": batch,
        "null_text": checks.optional_text(own.get("null_text"), "its text for NULL"),
    }
    document = {"preprocessing": raw_preprocessing(features), "estimator": state}
    _try(state, features, len(classes) or 1)
    return Found(model, untrained(model, document))


def _parsed(body: bytes) -> Any:
    onnx = onnx_package()
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.ModelProto.FromString(body)
    except DecodeError:
        raise damaged("it is not ONNX, or not all of it") from None
    if not graph.graph.output or not graph.ir_version:
        raise damaged("it is not ONNX, or not all of it")
    return graph


def _element(kind: str) -> str | None:
    """`float` of `tensor(float)`."""
    inner = kind.removeprefix("tensor(").removesuffix(")")
    return inner if kind == f"tensor({inner})" and inner in ELEMENTS else None


def _inputs(
    running: Any, asked: Asked, own: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], tuple[Feature, ...], int]:
    """What each input of the graph is made of, the columns of all, and how many rows the graph takes at once."""
    given = running.get_inputs()
    if not given:
        raise NotSupported("The graph has no inputs.", hint="A model takes columns.")
    batches, specs = set(), []
    for one in given:
        element = _element(one.type)
        if element is None:
            raise NotSupported(
                f'The input "{one.name}" is {one.type}.', hint=f"Tensors of {', '.join(ELEMENTS)} are taken."
            )
        shape = list(one.shape)
        if not shape:
            raise NotSupported(f'The input "{one.name}" has no rows.', hint="Its first dimension has to be the rows.")
        batches.add(shape[0] if isinstance(shape[0], int) and shape[0] > 0 else 0)
        specs.append((one.name, element, [n if isinstance(n, int) and n > 0 else 0 for n in shape[1:]]))
    if not batches <= {0, 1}:
        raise NotSupported(
            f"The graph takes {max(batches)} rows at a time.", hint="Export it with a dynamic first dimension."
        )
    columns = _columns_of(specs, asked, own)
    inputs, features = [], []
    for (name, element, shape), own_columns in zip(specs, columns, strict=True):
        width = math.prod(shape) if all(shape) else 0
        is_list = len(own_columns) == 1 and width != 1
        features += [_feature(c, element, is_list=is_list) for c in own_columns]
        kind = "list" if is_list else "columns"
        known = [len(own_columns)] if not is_list and shape == [0] else shape
        inputs.append(
            {"name": name, "type": element, "shape": known, "kind": kind, "columns": [c.name for c in own_columns]}
        )
    names = [f.name.casefold() for f in features]
    if len(set(names)) != len(names):
        raise NotSupported("Two inputs of the graph have one name.", hint="Name their columns: INPUT (a FLOAT, ...).")
    return inputs, tuple(features), max(batches)


def _columns_of(
    specs: Sequence[tuple[str, str, list[int]]], asked: Asked, own: Mapping[str, Any]
) -> list[list[Column]]:
    """The columns of each input: as INPUT says, else one column of the input's own name."""
    columns = list(asked.inputs)
    if "columns" in own and not columns:
        columns = [
            Column(checks.text(n, "a column"), checks.text(t, "a column"))
            for n, t in checks.rows(own["columns"], "its columns", 2)
        ]
    if not columns:
        return [[Column(name, "")] for name, _, _ in specs]
    if len(specs) == 1:
        name, _, shape = specs[0]
        width = math.prod(shape) if all(shape) else 0
        if width and len(columns) not in (1, width):
            raise InvalidOption(
                f'INPUT has {len(columns)} columns, the input "{name}" takes {width}.',
                hint=f"Name {width} columns in order, or one that is a list.",
            )
        return [columns]
    by_name = {c.name.casefold(): c for c in columns}
    names = [name for name, _, _ in specs]
    unknown = [c.name for c in columns if c.name.casefold() not in {n.casefold() for n in names}]
    if unknown:
        hint = nearest_hint(unknown[0], names, otherwise=f"It has: {', '.join(names)}.")
        raise InvalidOption(f'The graph has no input "{unknown[0]}".', hint=hint)
    return [[by_name.get(name.casefold(), Column(name, ""))] for name in names]


def _feature(column: Column, element: str, *, is_list: bool) -> Feature:
    own = _TYPES.get(element, "INTEGER")
    if is_list:
        if element in ("string", "bool"):
            raise NotSupported(f'The input "{column.name}" is a tensor of {element}.', hint="Give one column each.")
        if column.type and not column.type.endswith("]"):
            raise InvalidOption(
                f'INPUT says that "{column.name}" is {column.type}, and it is many numbers.',
                hint=f'Write INPUT ("{column.name}" {own}[]), or name a column for each.',
            )
        return Feature(column.name, f"{own}[]", OTHER)
    family = {"string": "text", "bool": "boolean"}.get(element, "numeric")
    if column.type:
        if (element, family_of(column.type)) == ("string", "boolean"):
            # As sqlml's own graphs have them: 'true' and 'false'.
            family = "boolean"
        if family_of(column.type) != family:
            raise InvalidOption(
                f'INPUT says that "{column.name}" is {column.type}, and the graph takes {element}.',
                hint=f'Write "{column.name}" {own}.',
            )
    return Feature(column.name, column.type or own, family)


class _Answer:
    """Which output answers, and how: a value, probabilities of classes, that of the second class, or the label."""

    def __init__(self, output: str, kind: str, classes: Sequence[Any] = (), label: str = "label") -> None:
        self.output = output
        self.kind = kind
        self.classes = tuple(str(c) for c in classes)
        self.label = label
        self.is_whole = bool(classes) and all(isinstance(c, int) for c in classes)


def _answer(running: Any, graph: Any, asked: Asked, zipmap: Any, own: Mapping[str, Any]) -> _Answer:
    outputs = {o.name: o for o in running.get_outputs()}
    classes: Sequence[Any] = asked.classes or checks.texts(own.get("classes", []), "its classes")
    if zipmap:
        _check_count(classes, len(zipmap.labels))
        return _Answer(zipmap.tensor, "probabilities", classes or zipmap.labels)
    if asked.output_name:
        if asked.output_name not in outputs:
            hint = nearest_hint(asked.output_name, outputs, otherwise=f"It has: {', '.join(outputs)}.")
            raise InvalidOption(f'The graph has no output "{asked.output_name}".', hint=hint)
        return _of_output(outputs[asked.output_name], classes or class_labels(graph))
    numbers = [o for o in outputs.values() if _element(o.type) in ("float", "double")]
    labels = [o for o in outputs.values() if _element(o.type) in ("int64", "int32", "string", "bool")]
    if len(outputs) == 1:
        return _of_output(next(iter(outputs.values())), classes or class_labels(graph))
    if len(numbers) == 1 and len(labels) == len(outputs) - 1 == 1:
        return _of_output(numbers[0], classes or class_labels(graph), needs_classes=True)
    raise InvalidOption(
        f"The graph has {len(outputs)} outputs: {', '.join(outputs)}.",
        hint=f"Say which answers: OPTIONS (output = '{next(iter(outputs))}').",
    )


def _of_output(output: Any, classes: Sequence[Any], *, needs_classes: bool = False) -> _Answer:
    element, shape = _element(output.type), list(output.shape)
    width = math.prod(n for n in shape[1:] if isinstance(n, int)) if len(shape) > 1 else 1
    is_known = all(isinstance(n, int) for n in shape[1:])
    if element is None:
        raise NotSupported(
            f'The output "{output.name}" is {output.type}.', hint="Name another: OPTIONS (output = ...)."
        )
    if element in ("string", "bool") or (element in ("int64", "int32") and classes):
        if not classes:
            raise InvalidOption(
                f'The output "{output.name}" is a label, and the graph does not say which there are.',
                hint="OPTIONS (classes = ['no', 'yes'])",
            )
        return _Answer(output.name, "label", classes)
    if is_known and width == 1:
        if classes:
            _check_count(classes, 2)
            return _Answer(output.name, "positive", classes)
        if needs_classes:
            raise _without_classes(output.name, 2)
        return _Answer(output.name, "value", label=output.name)
    if not classes:
        if is_known or needs_classes:
            raise _without_classes(output.name, width)
        return _Answer(output.name, "value", label=output.name)
    if is_known:
        _check_count(classes, width)
    return _Answer(output.name, "probabilities", classes)


def _without_classes(name: str, width: int) -> InvalidOption:
    return InvalidOption(
        f'The output "{name}" is {width} numbers a row, and the graph does not say what they are.',
        hint="If they are probabilities: OPTIONS (classes = ['a', 'b', ...]), in their order.",
    )


def _check_count(classes: Sequence[Any], count: int) -> None:
    if classes and len(classes) != count:
        raise InvalidOption(
            f"The graph tells {count} classes apart, and {len(classes)} are given.", hint="Name each, in order."
        )


def _label_type(asked: Asked, answer: _Answer, own: Mapping[str, Any]) -> str:
    if not answer.classes:
        return "DOUBLE"
    if "label_type" in own and asked.output is None:
        return checks.text(own["label_type"], "the type of its label")
    return label_type_of(asked, "BIGINT" if answer.is_whole else "VARCHAR")


def check_state(state: Mapping[str, Any], names: Sequence[str], outputs: int) -> None:
    """Check the state of an ONNX model out of a document, and let it answer."""
    checks.mapping(state, "the estimator", ["body", "inputs", "output", "answer", "labels", "batch", "null_text"])
    if state["answer"] not in _ANSWERS or checks.whole(state["batch"], "the batch") > 1:
        raise damaged("its graph answers in no known way")
    if len(checks.texts(state["labels"], "the labels")) != (outputs if state["answer"] != "value" else 0):
        raise damaged("its labels are not its classes")
    checks.text(state["output"], "the output")
    checks.optional_text(state["null_text"], "the text for NULL")
    used: list[str] = []
    for one in checks.items(state["inputs"], "the inputs"):
        checks.mapping(one, "an input", ["name", "type", "shape", "kind", "columns"])
        checks.text(one["name"], "an input")
        if checks.text(one["type"], "an input") not in ELEMENTS or one["kind"] not in ("columns", "list"):
            raise damaged("an input of its graph is of no known kind")
        for size in checks.items(one["shape"], "a shape"):
            checks.whole(size, "a shape")
        used += checks.texts(one["columns"], "the columns of an input")
    if used != list(names):
        raise damaged("its graph takes other columns than its features")
    graph = _parsed(base64.b64decode(checks.text(state["body"], "the graph")))
    embed(graph, None)


def _try(state: Mapping[str, Any], features: Sequence[Feature], outputs: int) -> None:
    """Let the graph answer for two rows: its shapes may say less than there is."""
    import numpy as np
    import pyarrow as pa

    from sqlml.preprocessing import Preprocessor

    kinds = {"text": pa.array(["", ""]), "boolean": pa.array([False, False]), OTHER: None}
    columns: dict[str, Any] = {}
    for spec in state["inputs"]:
        width = math.prod(spec["shape"] or [1]) or 1
        for name in spec["columns"]:
            family = next(f.family for f in features if f.name == name)
            known = kinds.get(family, pa.array([1.0, 1.0]))
            columns[name] = pa.array([[1.0] * width] * 2) if known is None else known
    if any(s["kind"] == "list" and not all(s["shape"]) for s in state["inputs"]):
        # How long its lists are only the graph knows.
        return
    scorer = OnnxModel({**state, "answer": "label"} if state["answer"] == "label" else state, "The graph")
    found = np.ma.asarray(scorer.score(Preprocessor.from_json(raw_preprocessing(features)), columns))
    if found.shape != (2, outputs):
        raise NotSupported(
            f"The graph gives {found.shape[-1]} numbers a row, not {outputs}.", hint="Name its classes, in order."
        )


def property_of(facts: Mapping[str, Any]) -> str:
    """The property that a graph of sqlml's own has."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)
