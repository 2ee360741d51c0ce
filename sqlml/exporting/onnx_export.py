"""`EXPORT MODEL m TO 'm.onnx'`: a model as a graph of ONNX, in 64 bits, with its preprocessing.

Each column is an input of its own name, (rows x 1): numbers as double, NaN for NULL; text as it is, booleans as 'true'
and 'false', and '' for NULL. A classification gives `label` and `probabilities`, a regression `predicted_<label>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sqlml.errors import NotSupported
from sqlml.exporting.onnx_trees import Trees, tree_node
from sqlml.importing.onnx_file import PROPERTY, property_of
from sqlml.importing.onnx_graph import onnx_package
from sqlml.scoring.linear import LARGEST_LOG
from sqlml.types import ModelVersion

# Of ONNX Runtime 1.20, the first with trees in 64 bits.
_IR, _OPSET, _ML_OPSET = 10, 21, 5
_FORMATS = ("linear", "lightgbm")
_NULL = ""
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


def onnx_bytes(model: ModelVersion, document: Mapping[str, Any]) -> bytes:
    """The graph of a model.

    Raises NotSupported, which says why, for a model that ONNX cannot express.
    """
    _check(model, document)
    graph = _Graph()
    inputs = document["preprocessing"]["inputs"]
    if model.format == "linear":
        margin, link = _linear(graph, inputs, document["estimator"])
    else:
        margin, link = _trees(graph, inputs, Trees(document["estimator"]["model"]))
    outputs = _answer(graph, model, margin, link)
    return graph.model(model, outputs)


def _check(model: ModelVersion, document: Mapping[str, Any]) -> None:
    json_hint = "TO 'm.json' writes any model."
    if model.transform:
        raise NotSupported("A TRANSFORM clause is SQL, which ONNX cannot express.", hint=json_hint)
    if model.format not in _FORMATS:
        raise NotSupported(
            f'The model "{model.short_name}" ({model.format}) is not exported to ONNX.',
            hint=f"Linear models, boosted trees and forests are. {json_hint}",
        )
    for feature in model.features:
        if feature.family not in ("numeric", "text", "boolean"):
            raise NotSupported(
                f'The feature "{feature.name}" is {feature.type}, which ONNX has not.',
                hint="Train on numbers that are made of it: epoch(x), year(x).",
            )
    for one in document["preprocessing"]["inputs"]:
        if _NULL in one["categories"]:
            raise NotSupported(
                f'The empty text is a category of "{one["name"]}", and stands for NULL in ONNX.',
                hint="Train on nullif(x, '').",
            )


class _Graph:
    """A graph while it is built: every value has a name of its own."""

    def __init__(self) -> None:
        self._onnx = onnx_package()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The value that an operator makes."""
        name = f"value_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, value: Any) -> str:
        """A constant."""
        name = f"constant_{len(self._constants)}"
        array = np.asarray(value)
        if array.dtype.kind in "UO":
            texts = [str(v).encode() for v in array.ravel()]
            tensor = self._onnx.helper.make_tensor(name, self._onnx.TensorProto.STRING, array.shape, texts)
        else:
            tensor = self._onnx.numpy_helper.from_array(array, name)
        self._constants.append(tensor)
        return name

    def named(self, value: str, name: str) -> None:
        """Give a value the name of an output."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))

    def tensor(self, name: str, values: Any, kind: str) -> Any:
        """An attribute that is a tensor."""
        return self._onnx.helper.make_tensor(name, getattr(self._onnx.TensorProto, kind), [len(values)], values)

    def model(self, model: ModelVersion, outputs: Sequence[tuple[str, str, int]]) -> bytes:
        """The bytes of the whole."""
        helper, proto = self._onnx.helper, self._onnx.TensorProto
        kinds = {"numeric": proto.DOUBLE}
        taken = [
            helper.make_tensor_value_info(f.name, kinds.get(f.family, proto.STRING), [None, 1]) for f in model.features
        ]
        given = [
            helper.make_tensor_value_info(name, getattr(proto, kind), [None, width] if width else [None])
            for name, kind, width in outputs
        ]
        graph = helper.make_graph(self._nodes, "sqlml", taken, given, self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="sqlml")
        facts = {
            "label": model.label,
            "label_type": model.label_type,
            "classes": list(model.classes),
            "columns": [[f.name, f.type] for f in model.features],
            "null_text": _NULL,
        }
        helper.set_model_props(made, {PROPERTY: property_of(facts)})
        body: bytes = made.SerializeToString(deterministic=True)
        return body


def _missing(graph: _Graph, name: str) -> str:
    return graph.node("Or", graph.node("IsNaN", name), graph.node("IsInf", name))


def _code(graph: _Graph, one: Mapping[str, Any], *, null: int, unseen: int, first: int) -> str:
    """The code of each row's category, (rows)."""
    keys = [*one["categories"], _NULL]
    values = [*range(first, first + len(one["categories"])), null]
    found = graph.node(
        *("LabelEncoder", one["name"]),
        domain="ai.onnx.ml",
        keys_strings=keys,
        values_int64s=values,
        default_int64=unseen,
    )
    return graph.node("Reshape", found, graph.constant(np.array([-1], dtype=np.int64)))


def _linear(graph: _Graph, inputs: Sequence[Mapping[str, Any]], state: Mapping[str, Any]) -> tuple[str, str]:
    weights = np.asarray(state["coefficients"], dtype=np.float64)
    margin = graph.constant(np.asarray(state["intercept"], dtype=np.float64).reshape(1, -1))
    numbers = [i for i in inputs if i["kind"] == "numeric"]
    zero = graph.constant(np.zeros((1, 1)))
    for at, one in enumerate(numbers):
        mean, scale = (graph.constant(np.array([[one[k]]], dtype=np.float64)) for k in ("mean", "scale"))
        scaled = graph.node("Div", graph.node("Sub", one["name"], mean), scale)
        known = graph.node("Where", _missing(graph, one["name"]), zero, scaled)
        margin = graph.node("Add", margin, graph.node("Mul", known, graph.constant(weights[:, at].reshape(1, -1))))
    start = len(numbers)
    for one in inputs:
        if one["kind"] == "numeric":
            continue
        count = len(one["categories"])
        width = count + bool(one["has_null"])
        # The last row is for what was not seen, and for NULL where no training row had it.
        table = np.vstack([weights[:, start : start + width].T, np.zeros((1, len(weights)))])
        code = _code(graph, one, null=count, unseen=width, first=0)
        margin = graph.node("Add", margin, graph.node("Gather", graph.constant(table), code, axis=0))
        start += width
    return margin, str(state["link"])


def _trees(graph: _Graph, inputs: Sequence[Mapping[str, Any]], trees: Trees) -> tuple[str, str]:
    columns: list[str] = []
    nothing = graph.constant(np.full((1, 1), np.nan))
    positions: dict[tuple[int, frozenset[int]], int] = {}
    for at, one in enumerate(inputs):
        if one["kind"] == "numeric":
            positions[at, frozenset()] = len(positions)
            columns.append(graph.node("Where", _missing(graph, one["name"]), nothing, one["name"]))
            continue
        sets = trees.sets_of(at)
        if not sets:
            continue
        count = len(one["categories"])
        # Whether each code is in each set: NULL is 0, the categories follow, then what was not seen.
        among = np.array([[float(code in s) for s in sets] for code in range(count + 1)] + [[0.0] * len(sets)])
        code = _code(graph, one, null=0, unseen=count + 1, first=1)
        columns.append(graph.node("Gather", graph.constant(among), code, axis=0))
        for each in sets:
            positions[at, each] = len(positions)
    if not columns:
        columns.append(_column_of_zeros(graph, inputs[0]))
    matrix = graph.node("Concat", *columns, axis=1) if len(columns) > 1 else columns[0]
    attributes = tree_node(trees, positions)
    tensors = {name: graph.tensor(name, *value) for name, value in attributes.tensors.items()}
    margin = graph.node("TreeEnsemble", matrix, domain="ai.onnx.ml", **attributes.plain, **tensors)
    if trees.is_average:
        margin = graph.node("Div", margin, graph.constant(np.array([[float(trees.iterations)]])))
    if trees.slope != 1:
        margin = graph.node("Mul", margin, graph.constant(np.array([[trees.slope]])))
    return margin, trees.link


def _column_of_zeros(graph: _Graph, one: Mapping[str, Any]) -> str:
    """A column for trees that look at none."""
    code = _code(graph, one, null=0, unseen=0, first=0)
    return graph.node("Gather", graph.constant(np.zeros((len(one["categories"]) + 1, 1))), code, axis=0)


def _answer(graph: _Graph, model: ModelVersion, margin: str, link: str) -> list[tuple[str, str, int]]:
    """The outputs: name, type, columns (0 for a vector)."""
    if not model.classes:
        if link == "log":
            margin = graph.node("Exp", graph.node("Min", margin, graph.constant(np.array([[LARGEST_LOG]]))))
        elif link == "logistic":
            margin = graph.node("Sigmoid", margin)
        graph.named(margin, f"predicted_{model.label}")
        return [(f"predicted_{model.label}", "DOUBLE", 1)]
    if link == "softmax":
        probabilities = graph.node("Softmax", margin, axis=1)
        position = graph.node("ArgMax", probabilities, axis=1, keepdims=0)
    else:
        second = graph.node("Sigmoid", margin)
        one = graph.constant(np.array([[1.0]]))
        probabilities = graph.node("Concat", graph.node("Sub", one, second), second, axis=1)
        is_second = graph.node("Greater", second, graph.constant(np.array([[0.5]])))
        flat = graph.node("Reshape", is_second, graph.constant(np.array([-1], dtype=np.int64)))
        position = graph.node("Cast", flat, to=onnx_package().TensorProto.INT64)
    is_whole = model.label_type in _WHOLE
    labels = np.array([int(c) for c in model.classes]) if is_whole else np.array(model.classes, dtype=object)
    graph.named(graph.node("Gather", graph.constant(labels), position), "label")
    graph.named(probabilities, "probabilities")
    return [("label", "INT64" if is_whole else "STRING", 0), ("probabilities", "DOUBLE", len(model.classes))]
