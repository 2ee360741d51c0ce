"""The shapes of statements about lineage as sqlglot nodes."""

from __future__ import annotations

from sqlglot import exp


class ShowModelsTrainedOn(exp.Expression):
    """`SHOW MODELS TRAINED ON t`, `... ON t (column)`, `... ON (query)`."""

    arg_types = {"this": True, "column": False}
