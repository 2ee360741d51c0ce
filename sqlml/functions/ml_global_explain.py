"""`ML.GLOBAL_EXPLAIN(MODEL m [, STRUCT(true AS class_level_explain)])`: which features matter to a model."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sqlml.errors import InvalidOption
from sqlml.explanations import EXACT_FORMATS, no_explanation, of_parts
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.calls import model_argument
from sqlml.functions.constants import constant_rows
from sqlml.functions.table_input import settings, without_rows
from sqlml.types import ModelVersion

_OF_A_CLASS = 10
_COLUMNS = (("feature", "VARCHAR"), ("attribution", "DOUBLE"))


class MlGlobalExplain(Function):
    """One row a feature: its mean |attribution| over the rows held out at training, or the training rows without such.

        SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL churn);
        SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL churn, STRUCT(true AS class_level_explain));

    Columns: feature, attribution; with class_level_explain before them the label column, with the 10 first features of
    each class. Attributions are those of ML.EXPLAIN_PREDICT, of at most 1,000 rows; without class_level_explain the
    mean over the classes. The model is trained with OPTIONS (enable_global_explain=TRUE).

    Becomes the attributions as constants. Source: BigQuery ML, ML.GLOBAL_EXPLAIN.
    """

    name = "ml_global_explain"
    signature = "ML.GLOBAL_EXPLAIN(MODEL m [, STRUCT(true AS class_level_explain)])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The features, the most important first."""
        without_rows(call)
        options = settings(call, ("class_level_explain",))
        model = context.model(model_argument(call))
        by_class = context.value(options["class_level_explain"]) if "class_level_explain" in options else False
        if not isinstance(by_class, bool):
            raise InvalidOption(f"class_level_explain is {by_class!r}.", hint="It is TRUE or FALSE.")
        if by_class and model.task != "classification":
            raise InvalidOption(
                f'Model "{model.short_name}" predicts a number; it has no classes.',
                hint="Leave class_level_explain out.",
            )
        if model.format == "partitioned":
            raise of_parts("attributions")
        if model.format not in EXACT_FORMATS:
            raise no_explanation(model.model_type)
        found = context.document(model).get("global_explanation")
        if found is None:
            raise InvalidOption(
                f'Model "{model.short_name}" was trained without enable_global_explain.',
                hint="Train it with OPTIONS (enable_global_explain=TRUE, ...).",
            )
        if by_class:
            return _of_classes(model, found["features"], found["attributions"])
        mean = [sum(values) / len(values) for values in zip(*found["attributions"], strict=True)]
        return constant_rows(_COLUMNS, _ranked(found["features"], mean))


def _of_classes(model: ModelVersion, features: Sequence[str], attributions: Sequence[Sequence[float]]) -> exp.Query:
    # Of two classes there is one logit, and what speaks for the one speaks against the other.
    sets = attributions if len(model.classes) > 2 else [attributions[0]] * 2
    rows = [
        (label, *pair)
        for label, values in zip(model.classes, sets, strict=True)
        for pair in _ranked(features, values)[:_OF_A_CLASS]
    ]
    return constant_rows(((model.label, model.label_type), *_COLUMNS), rows)


def _ranked(features: Sequence[str], attributions: Sequence[float]) -> list[tuple[str, float]]:
    return sorted(zip(features, attributions, strict=True), key=lambda pair: -pair[1])
