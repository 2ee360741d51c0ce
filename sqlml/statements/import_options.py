"""The options of IMPORT MODEL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlml.options import option


@dataclass(frozen=True)
class ImportOptions:
    """What IMPORT MODEL may be told of a file."""

    model_type: str = option("", "In CREATE MODEL: onnx, lightgbm or sklearn.")
    model_path: str = option("", "In CREATE MODEL: the file.")
    format: str = option("", "json, lightgbm, onnx, pickle or skops, where the ending of the file does not say it.")
    input_label_cols: tuple[str, ...] = option((), "What the prediction is called: the column of the truth.")
    classes: tuple[str, ...] = option((), "The classes in the order of the probabilities, as text.")
    output: str = option("", "Which output of an ONNX model answers, where it has several.")
    allow_pickle: bool = option(default=False, doc="Whether a pickle may be loaded, which runs the code in it.")
