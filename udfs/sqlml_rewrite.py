"""`sqlml_rewrite('ml_evaluate', 'churn', 'customers', {options}, search_path) -> VARCHAR`: a table function as SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rewritten = Callable[[str, Any, Any, Any, str], str]


class SqlmlRewrite:
    """The plain SQL that a table function stands for; the table macros of sqlml.load give it to query().

    FROM query(sqlml_rewrite('ml_evaluate', 'churn', 'customers', NULL, current_setting('search_path')));
    """

    name = "sqlml_rewrite"
    takes = "rewritten"
    parameters = None
    returns = "VARCHAR"
    has_side_effects = False

    def __init__(self, rewritten: Rewritten) -> None:
        """`rewritten(function, model, data, options, search_path)` gives SQL that DuckDB runs."""
        self._rewritten = rewritten

    def __call__(self, *arguments: Any) -> Any:
        import pyarrow as pa

        rows = zip(*(column.to_pylist() for column in arguments), strict=True)
        return pa.array([self._rewritten(*row) for row in rows], pa.string())
