"""`model_type='onnx', model_path='m.onnx'`: a graph of ONNX, trained elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlml.model_types.base import ModelType
from sqlml.options import option


class Onnx(ModelType):
    """A graph of ONNX that was trained elsewhere and is imported: it answers by ONNX Runtime.

        CREATE MODEL churn OPTIONS (model_type='onnx', model_path='churn.onnx', input_label_cols=['churned']);
        IMPORT MODEL churn FROM 'churn.onnx' INPUT (age FLOAT, spent FLOAT) OUTPUT (churned BOOLEAN);

    Is roughly:

        onnxruntime.InferenceSession("churn.onnx").run(["probabilities"], {"x": customers[["age", "spent"]].to_numpy()})

    The columns are called as the inputs of the graph are; a tensor of many numbers is one list column of its name, or
    the columns of INPUT in order. A row with NULL where the graph takes whole numbers, text or booleans has no answer;
    for other numbers NULL is given as NaN. Needs `pip install 'sqlml[onnx]'`. Source: BigQuery ML, CREATE MODEL of
    ONNX models.
    """

    name = "onnx"
    task = "by the file"
    encoding = "raw"
    is_imported = True
    # There is nothing to choose about the training of a model that is trained.
    not_taken = (
        *("data_split_method", "data_split_eval_fraction", "data_split_col", "seed", "partition_by", "strict"),
        *("enable_global_explain", "experiment", "run_name"),
    )

    @dataclass(frozen=True)
    class Options:
        """The options of onnx."""

        model_path: str = option("", "The file.")
        classes: tuple[str, ...] = option((), "The classes in the order of the probabilities, as text.")
        output: str = option("", "Which output of the graph answers, where it has several.")
