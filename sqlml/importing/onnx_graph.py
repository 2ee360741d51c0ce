"""Looking into a graph of ONNX: data kept outside of it, ZipMap, the labels of its classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sqlml.errors import InvalidOption, NotSupported
from sqlml.importing.checks import damaged

_LARGEST = 2**30


def onnx_package() -> Any:
    """The package onnx.

    Raises NotSupported where it is not installed.
    """
    try:
        import onnx
    except ModuleNotFoundError:
        raise NotSupported(
            "ONNX files are read with onnx, which is not installed.", hint="pip install 'sqlml[onnx]'"
        ) from None
    return onnx


def embed(model: Any, path: Path | None) -> None:
    """Put data that the graph keeps in files of its folder into it; no other file is touched.

    Raises NotSupported for a place outside the folder, InvalidData for a file that is too short.
    """
    onnx = onnx_package()
    total = 0
    for tensor in _tensors(model):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        said = {e.key: e.value for e in tensor.external_data}
        place = PurePosixPath(said.get("location", ""))
        is_plain = len(place.parts) == 1 and place.name not in ("", "..") and "\\" not in place.name
        file = path.parent / place.name if path is not None and is_plain else None
        if file is None or file.is_symlink() or not file.is_file():
            raise NotSupported(
                f'The graph keeps data in "{place}", which is no file of its folder.',
                hint="Save it in one file: onnx.save(model, path, save_as_external_data=False).",
            )
        try:
            start, size = int(said.get("offset", 0)), int(said.get("length", file.stat().st_size))
        except ValueError:
            raise damaged("its data is at no place") from None
        total += size
        if start < 0 or size < 0 or total > _LARGEST:
            raise NotSupported("The data of the graph has more than 1 GB.", hint="Models up to 1 GB are imported.")
        with file.open("rb") as opened:
            opened.seek(start)
            body = opened.read(size)
        if len(body) != size:
            raise damaged(f'"{place}" is too short')
        tensor.raw_data = body
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _tensors(model: Any) -> Iterator[Any]:
    """All tensors of a model: initializers and constants, of inner graphs and functions too."""
    ahead: list[Any] = [model.graph]
    nodes: list[Any] = [n for f in model.functions for n in f.node]
    defaults = [a for f in model.functions for a in f.attribute_proto]
    for info in model.training_info:
        ahead += [info.initialization, info.algorithm]
    while ahead or nodes or defaults:
        while ahead:
            graph = ahead.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            nodes += graph.node
        attributes = [*defaults, *(a for n in nodes for a in n.attribute)]
        nodes, defaults = [], []
        for attribute in attributes:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            sparse_ones = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
            for sparse in (*sparse_ones, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            ahead += [attribute.g] if attribute.HasField("g") else []
            ahead += attribute.graphs


@dataclass(frozen=True)
class Zipmap:
    """A ZipMap of sklearn-onnx: the tensor of probabilities, the output of dictionaries made of it, its labels."""

    tensor: str
    output: str
    labels: tuple[Any, ...]


def classes_of_zipmap(model: Any, asked: str) -> Zipmap | None:
    """The ZipMap whose output is asked for, or the only one."""
    outputs = {o.name for o in model.graph.output}
    found = [n for n in model.graph.node if n.op_type == "ZipMap" and n.output[0] in outputs]
    if asked:
        found = [n for n in found if n.output[0] == asked]
    if len(found) > 1:
        raise InvalidOption(
            f"The graph has {len(found)} dictionaries of probabilities.",
            hint=f"Say which answers: OPTIONS (output = '{found[0].output[0]}').",
        )
    if not found:
        return None
    labels = _labels(found[0])
    if len(labels) < 2:
        raise damaged("its ZipMap has no labels")
    return Zipmap(found[0].input[0], found[0].output[0], tuple(labels))


def without_zipmap(model: Any, zipmap: Zipmap) -> None:
    """Let the tensor of probabilities be an output: one dictionary a row would take most of the time."""
    onnx = onnx_package()
    kept = [n for n in model.graph.node if not (n.op_type == "ZipMap" and n.output[0] == zipmap.output)]
    outputs = [o for o in model.graph.output if o.name not in (zipmap.output, zipmap.tensor)]
    made = onnx.helper.make_tensor_value_info(zipmap.tensor, onnx.TensorProto.FLOAT, [None, len(zipmap.labels)])
    del model.graph.node[:]
    model.graph.node.extend(kept)
    del model.graph.output[:]
    model.graph.output.extend([*outputs, made])


def class_labels(model: Any) -> Sequence[Any]:
    """The labels that a classifier of ai.onnx.ml in the graph has; none where there is none, or more than one."""
    found = [labels for n in model.graph.node if n.op_type.endswith("Classifier") and (labels := _labels(n))]
    return found[0] if len(found) == 1 else ()


def _labels(node: Any) -> list[Any]:
    for attribute in node.attribute:
        if attribute.name.startswith("classlabels"):
            texts = [text.decode("utf-8", "replace") for text in attribute.strings]
            return texts or [int(v) for v in attribute.ints]
    return []
