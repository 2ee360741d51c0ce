"""Statements as lineage looks at them: which are read, which write values that come from nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from sqlml.dialect import parse
from sqlml.errors import SqlmlError
from sqlml.parameters import name_parameters
from sqlml.types import Params


def read_tree(text: str) -> exp.Expr | None:
    """The tree of a statement; None for what only DuckDB reads, of which no lineage is kept."""
    try:
        return parse(text)
    except (SqlmlError, RecursionError):
        return None


def is_constant(tree: exp.Expr) -> bool:
    """Whether it writes values that come from nowhere: INSERT ... VALUES, CREATE TABLE t (a INTEGER)."""
    if isinstance(tree, exp.Copy):
        return False
    if isinstance(tree, exp.Create) and (
        tree.args.get("kind") not in ("TABLE", "VIEW") or tree.args.get("expression") is None
    ):
        return True
    if isinstance(tree, exp.Insert) and isinstance(tree.args.get("expression"), exp.Values):
        return tree.find(exp.Query) is None
    if isinstance(tree, exp.Update):
        return not any(e.expression.find(exp.Column, exp.Query) for e in tree.expressions if isinstance(e, exp.EQ))
    return False


def put_texts(tree: exp.Expr, params: Params) -> bool:
    """Put texts in place of the parameters of relations: paths; whether there were none."""
    values: Mapping[str, Any] = name_parameters(tree, params)[0]
    is_fixed = True
    for table in tree.find_all(exp.Table):
        for mark in list(table.this.find_all(exp.Placeholder)):
            is_fixed = False
            if isinstance(values.get(mark.name), str):
                mark.replace(exp.Literal.string(values[mark.name]))
    for file in tree.args.get("files") or []:
        if isinstance(file, exp.Placeholder):
            is_fixed = False
            if isinstance(values.get(file.name), str):
                file.replace(exp.Literal.string(values[file.name]))
    return is_fixed


def has_dotted_names(tree: exp.Expr) -> bool:
    """Whether a name may be several in backticks, `schema.table`, which planning takes apart."""
    return any(
        not table.db and table.this.args.get("quoted") and "." in table.name for table in tree.find_all(exp.Table)
    )
