"""`ML.ADVANCED_WEIGHTS(MODEL m)`: the weights of a linear model with standard errors and p-values."""

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

_COLUMNS = (
    ("processed_input", "VARCHAR"),
    ("category", "VARCHAR"),
    ("weight", "DOUBLE"),
    ("standard_error", "DOUBLE"),
    ("p_value", "DOUBLE"),
)


class MlAdvancedWeights(Function):
    """One row a number or category, and `__INTERCEPT__`: how sure its weight is.

        SELECT * FROM ML.ADVANCED_WEIGHTS(MODEL fare);

    Columns: processed_input, category, weight, standard_error, p_value. Weights and errors are those of the numbers as
    they are. The p-value of a linear regression is of Student's t with n - p degrees of freedom, that of a logistic one
    of the normal distribution, both two-sided. A reference category has weight 0 and no error. The model is trained
    with OPTIONS (calculate_p_values=TRUE), and category_encoding_method='DUMMY_ENCODING' where it has categories.

    Becomes the weights as constants. Source: BigQuery ML, ML.ADVANCED_WEIGHTS.
    """

    name = "ml_advanced_weights"
    signature = "ML.ADVANCED_WEIGHTS(MODEL m)"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The weights."""
        without_rows(call)
        settings(call, ())
        model = context.model(model_argument(call))
        if model.format == "partitioned":
            raise of_parts("standard errors")
        if model.format != "linear":
            raise InvalidOption(
                "ML.ADVANCED_WEIGHTS is for linear models.", hint="ML.FEATURE_IMPORTANCE is for tree models."
            )
        document = context.document(model)
        if "significance" not in document["estimator"]:
            raise InvalidOption(
                f'Model "{model.short_name}" was trained without calculate_p_values.',
                hint="Train it with OPTIONS (calculate_p_values=TRUE, ...).",
            )
        return constant_rows(_COLUMNS, _rows(document))


def _rows(document: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    inputs, estimator = document["preprocessing"]["inputs"], document["estimator"]
    [weights], [constant] = estimator["coefficients"], estimator["intercept"]
    errors = estimator["significance"]
    numbers = [i for i in inputs if i["kind"] == "numeric"]
    found = list(zip(weights, errors["standard_errors"], errors["p_values"], strict=True))
    rows: list[tuple[Any, ...]] = []
    for spec, (weight, *rest) in zip(numbers, found, strict=False):
        own = weight / spec["scale"]
        constant -= own * spec["mean"]
        rows.append((spec["name"], None, own, *rest))
    start = len(numbers)
    for spec in inputs:
        if spec["kind"] != "numeric":
            categories = [str(c) for c in spec["categories"]] + ([None] if spec["has_null"] else [])
            of = found[start : start + len(categories)]
            rows += [(spec["name"], category, *values) for category, values in zip(categories, of, strict=True)]
            start += len(categories)
    return [*rows, ("__INTERCEPT__", None, constant, *errors["intercept"])]
