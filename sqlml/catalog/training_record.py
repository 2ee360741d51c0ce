"""What is known of the training of a version, as plain JSON: it goes with a model that is exported."""

from __future__ import annotations

import math
from typing import Any

from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.catalog.recipes import read_recipe
from sqlml.types import ModelVersion

_RUN = """
SELECT training_rows, evaluation_rows, dropped_rows, evaluation_source, seconds FROM sqlml.runs
WHERE model_id = ? AND version = ?
"""
_LISTS = {
    "params": """SELECT p.key, p.value FROM sqlml.params AS p JOIN sqlml.runs AS r ON r.run_id = p.run_id
                 WHERE r.model_id = ? AND r.version = ? ORDER BY p.key""",
    "metrics": """SELECT t.key, t.value, t.step FROM sqlml.metrics AS t JOIN sqlml.runs AS r ON r.run_id = t.run_id
                  WHERE r.model_id = ? AND r.version = ? ORDER BY t.key, t.step""",
    "confusion": "SELECT expected, predicted, n FROM sqlml.confusion WHERE model_id = ? AND version = ? ORDER BY ALL",
    "roc_curve": """SELECT threshold, true_positives, false_positives, true_negatives, false_negatives
                    FROM sqlml.roc_curve WHERE model_id = ? AND version = ? ORDER BY threshold""",
    "statistics": """SELECT name, minimum, maximum, mean, median, stddev, category_count, null_count
                     FROM sqlml.feature_statistics WHERE model_id = ? AND version = ? ORDER BY rowid""",
    "importances": """SELECT feature, importance_weight, importance_gain, importance_cover
                      FROM sqlml.feature_importance WHERE model_id = ? AND version = ? ORDER BY rowid""",
    "partitions": """SELECT key, training_rows, evaluation_rows, error
                     FROM sqlml.partitions WHERE model_id = ? AND version = ? ORDER BY position""",
    "warnings": """SELECT rule, feature, message FROM sqlml.warnings WHERE model_id = ? AND version = ?
                   ORDER BY position""",
}


def read_training(cursor: Cursor, model: ModelVersion) -> dict[str, Any]:
    """Rows, options, metrics, statistics and lineage hash of a version; numbers that JSON has not are None."""
    key = [model.model_id, model.version]
    [run] = cursor.rows(in_catalog(_RUN, model.catalog), key)
    found = {
        name: [[_plain(v) for v in row] for row in cursor.rows(in_catalog(sql, model.catalog), key)]
        for name, sql in _LISTS.items()
    }
    recipe = read_recipe(cursor, model)
    return {"run": [_plain(v) for v in run], **found, "lineage_hash": recipe.lineage_hash if recipe else None}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
