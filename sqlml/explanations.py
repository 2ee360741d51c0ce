"""Which models have exact attributions: `ML.EXPLAIN_PREDICT(MODEL m, TABLE t)`, `ML.GLOBAL_EXPLAIN(MODEL m)`."""

from __future__ import annotations

from sqlml.errors import NotSupported

# The formats of artifacts whose predictions are sums over their inputs.
EXACT_FORMATS = ("lightgbm", "linear")


def no_explanation(model_type: str) -> NotSupported:
    """The error for a model type without exact attributions."""
    return NotSupported(
        f"There are no exact attributions for a model of type '{model_type}'.",
        hint="Linear models and LightGBM's trees have them: linear_reg, logistic_reg, boosted_tree_classifier, ...",
    )


def of_parts(what: str) -> NotSupported:
    """The error for a model that is one model for each value of a key."""
    return NotSupported(
        f"A model with partition_by has no {what} in this version.",
        hint="Train a model on the rows of one key: ... AS SELECT ... WHERE key = value.",
    )
