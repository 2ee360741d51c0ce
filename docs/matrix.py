"""Writes docs/matrix.md: which function answers for which model type, found out by asking each of them.

`python -m docs.matrix`, or `--check` to only compare.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import sqlml
from docs.written import write_or_check
from sqlml.functions import FUNCTIONS
from sqlml.model_types import MODEL_TYPES
from sqlml.model_types.base import ModelType

_PAGE = Path(__file__).with_name("matrix.md")

_ROWS = """
CREATE TABLE visits AS
SELECT (hash(i) % 100) / 10 AS age, ['free', 'pro', NULL][1 + i % 3] AS plan, 1 + (hash(i) % 100) / 20 + i % 3 AS spent,
       hash(i) % 100 + 40 * (i % 3) + hash(i, 1) % 200 > 200 AS returns
FROM range(300) AS r(i)
"""
_INTRODUCTION = """\
Written by `python -m docs.matrix`, which trains each model type and calls each function in both spellings, with the
options and the TRANSFORM clause that it asks for; do not edit it by hand. Every cell goes through one door,
`Session.execute`, which Python, a script and `sqlml run` share. Functions without a model go with all of them.
A model that is imported answers as its type does; what onnx has no rows for is asked with rows."""
# How each function that names a model is called.
_CALLS = {
    "ml_predict": ("SELECT ml_predict('m', v) FROM visits AS v", "SELECT * FROM ML.PREDICT(MODEL m, TABLE visits)"),
    "ml_predict_proba": ("SELECT ml_predict_proba('m', v) FROM visits AS v",),
    "ml_evaluate": ("FROM ML.EVALUATE(MODEL m)", "FROM ml_evaluate('m', TABLE visits)"),
    "ml_confusion_matrix": ("FROM ML.CONFUSION_MATRIX(MODEL m)", "FROM ml_confusion_matrix('m', TABLE visits)"),
    "ml_roc_curve": ("FROM ML.ROC_CURVE(MODEL m)", "FROM ml_roc_curve('m', TABLE visits, [0.5])"),
    "ml_explain_predict": (
        "FROM ML.EXPLAIN_PREDICT(MODEL m, TABLE visits)",
        "SELECT ml_explain_predict('m', v) FROM visits AS v",
    ),
    "ml_global_explain": ("FROM ML.GLOBAL_EXPLAIN(MODEL m)",),
    "ml_weights": ("FROM ML.WEIGHTS(MODEL m)", "FROM ml_weights('m')"),
    "ml_advanced_weights": ("FROM ML.ADVANCED_WEIGHTS(MODEL m)",),
    "ml_feature_importance": ("FROM ML.FEATURE_IMPORTANCE(MODEL m)",),
    "ml_feature_info": ("FROM ML.FEATURE_INFO(MODEL m)", "FROM ml_feature_info('m')"),
    "ml_training_info": ("FROM ML.TRAINING_INFO(MODEL m)", "FROM ml_training_info('m')"),
    "ml_partition_info": ("FROM ML.PARTITION_INFO(MODEL m)",),
    "ml_transform": ("FROM ML.TRANSFORM(MODEL m, TABLE visits)",),
}
# What a function asks of CREATE MODEL, where the model type has the option.
_ASKS = {
    "ml_global_explain": {"enable_global_explain": "TRUE"},
    "ml_advanced_weights": {"calculate_p_values": "TRUE", "category_encoding_method": "'DUMMY_ENCODING'"},
    "ml_partition_info": {"partition_by": "['plan']"},
}
_TRANSFORMED = {"ml_transform"}


def page() -> str:
    """The whole page as Markdown."""
    names = sorted(_CALLS)
    links = " | ".join(f"[{n.removeprefix('ml_')}](../tests/sql/functions/{n}.test)" for n in names)
    table = [f"| | {links} |", "|---" * (len(names) + 1) + "|", *rows(sorted(MODEL_TYPES, key=lambda t: t.name))]
    return "\n\n".join(["# Which function answers for which model type", _INTRODUCTION, "\n".join(table)]) + "\n"


def rows(kinds: Iterable[ModelType]) -> list[str]:
    """The rows of these model types."""
    con = sqlml.connect()
    con.execute(_ROWS)
    found = []
    folder = tempfile.mkdtemp()
    con.execute(
        "CREATE MODEL known OPTIONS (model_type = 'logistic_reg', input_label_cols = ['returns'], l2_reg = 1) "
        "AS SELECT age, plan, returns FROM visits"
    )
    con.execute(f"EXPORT MODEL known TO '{folder}/m.onnx'")
    for kind in kinds:
        answers = _answers(con, kind, folder)
        cells = " | ".join("yes" if name in answers else "" for name in sorted(_CALLS))
        found.append(f"| [{kind.name}](../tests/sql/model_types/{kind.name}.test) | {cells} |")
    con.close()
    shutil.rmtree(folder)
    return found


def missing() -> set[str]:
    """Functions that name a model and are not called here."""
    return {f.name for f in FUNCTIONS if "model" in f.signature.lower()} - set(_CALLS)


def _answers(con: sqlml.Connection, kind: ModelType, folder: str) -> set[str]:
    """The functions that answer for a model type."""
    found: set[str] = set()
    made = ""
    # Those that ask for the same model one after another.
    for creation, function in sorted((_creation(kind, f, folder), f) for f in _CALLS):
        try:
            if creation != made:
                made = ""
                con.execute(creation).fetchall()
                made = creation
            # What was not trained here is asked with rows.
            for call in _CALLS[function][-1:] if kind.is_imported else _CALLS[function]:
                con.execute(call).fetchall()
        except (sqlml.NotSupportedError, sqlml.ProgrammingError):
            continue
        found.add(function)
    return found


def _creation(kind: ModelType, function: str, folder: str) -> str:
    if kind.is_imported:
        return f"CREATE OR REPLACE MODEL m OPTIONS (model_type = '{kind.name}', model_path = '{folder}/m.{kind.name}')"
    label = "" if kind.task == "transform" else "returns" if kind.task == "classification" else "spent"
    options = {"model_type": f"'{kind.name}'", **_ASKS.get(function, {})}
    if label:
        options["input_label_cols"] = f"['{label}']"
    if kind.name == "sklearn":
        options["model_class"] = "'DecisionTreeRegressor'"
    clause = ""
    if function in _TRANSFORMED or not label:
        clause = f"TRANSFORM (ML.STANDARD_SCALER(age) OVER () AS age, plan{', ' * bool(label)}{label})"
    given = ", ".join(f"{name} = {value}" for name, value in options.items())
    columns = ", ".join(["age", "plan", *([label] if label else [])])
    return f"CREATE OR REPLACE MODEL m {clause} OPTIONS ({given}) AS SELECT {columns} FROM visits"  # noqa: S608 - ours


def main() -> int:
    """Write the page, or compare it with --check; returns the exit code."""
    return write_or_check({_PAGE: page()}, "python -m docs.matrix")


if __name__ == "__main__":
    sys.exit(main())
