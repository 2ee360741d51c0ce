"""`ML.WEIGHTS(MODEL m [, STRUCT(true AS standardize)])`: the weights of a linear model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.explanations import of_parts
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.constants import constant_rows
from sqlml.functions.table_input import settings, without_rows
from sqlml.types import ModelVersion

_COLUMNS = (
    ("processed_input", "VARCHAR"),
    ("weight", "DOUBLE"),
    ("category_weights", "STRUCT(category VARCHAR, weight DOUBLE)[]"),
    ("class_label", "VARCHAR"),
)


class MlWeights(Function):
    """One row an input (a number, or categories with a weight each) and `__INTERCEPT__`; each class if more than two.

        SELECT * FROM ML.WEIGHTS(MODEL fare);
        SELECT * FROM ML.WEIGHTS(MODEL fare, STRUCT(true AS standardize));

    Columns: processed_input, weight, category_weights, class_label. Weights are those of the numbers as they are; with
    standardize those of the standardised ones, which say what matters most.

    Becomes the weights as constants.
    Source: BigQuery ML, ML.WEIGHTS.
    """

    name = "ml_weights"
    signature = "ML.WEIGHTS(MODEL m [, STRUCT(true AS standardize)])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The weights."""
        without_rows(call)
        options = settings(call, ("standardize",))
        model = context.model(model_argument(call))
        if model.is_partitioned:
            raise of_parts("weights")
        if model.format != "linear":
            raise InvalidOption("ML.WEIGHTS is for linear models.", hint="ML.FEATURE_IMPORTANCE is for tree models.")
        standardize = context.value(options["standardize"]) if "standardize" in options else False
        if not isinstance(standardize, bool):
            raise InvalidOption(f"standardize is {standardize!r}.", hint="It is TRUE or FALSE.")
        return constant_rows(_COLUMNS, _rows(model, context.document(model), standardize=standardize))


def _rows(model: ModelVersion, document: Mapping[str, Any], *, standardize: bool) -> list[tuple[Any, ...]]:
    inputs, estimator = document["preprocessing"]["inputs"], document["estimator"]
    numbers = [i for i in inputs if i["kind"] == "numeric"]
    blocks = [i for i in inputs if i["kind"] != "numeric"]
    labels = model.classes if len(estimator["coefficients"]) > 1 else (None,)
    rows: list[tuple[Any, ...]] = []
    for label, weights, intercept in zip(labels, estimator["coefficients"], estimator["intercept"], strict=True):
        start, constant = len(numbers), intercept
        for spec, weight in zip(numbers, weights, strict=False):
            own = weight if standardize else weight / spec["scale"]
            constant -= 0 if standardize else own * spec["mean"]
            rows.append((spec["name"], own, None, label))
        for spec in blocks:
            names = [str(c) for c in spec["categories"]] + ([None] if spec["has_null"] else [])
            pairs = [
                {"category": name, "weight": weight}
                for name, weight in zip(names, weights[start : start + len(names)], strict=True)
            ]
            rows.append((spec["name"], None, pairs, label))
            start += len(names)
        rows.append(("__INTERCEPT__", constant, None, label))
    return rows
