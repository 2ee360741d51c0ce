"""Queries over what the catalog keeps about a model."""

from __future__ import annotations

from sqlglot import exp

from sqlml.dialect import parse_query
from sqlml.types import ModelVersion


def stored_rows(model: ModelVersion, sql: str) -> exp.Query:
    """A query over tables of schema `sqlml` of the model's database; `$model_id` and `$version` are the model's."""
    tree = parse_query(sql)
    values = {"model_id": model.model_id, "version": model.version}
    for mark in list(tree.find_all(exp.Placeholder)):
        mark.replace(exp.convert(values[mark.name]))
    for table in tree.find_all(exp.Table):
        if table.db == "sqlml":
            table.set("catalog", exp.to_identifier(model.catalog, quoted=True))
    return tree
