"""`sqlml_audit_rows('<database>', part) -> VARCHAR[]`: the rows of a part of the audit log, each as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class SqlmlAuditRows:
    """The verified rows whose lines begin in one part of the log; a row that was altered is an error.

    SELECT unnest(sqlml_audit_rows('shop', 0));
    """

    name = "sqlml_audit_rows"
    takes = "audit_rows"
    parameters = None
    returns = "VARCHAR[]"
    has_side_effects = True

    def __init__(self, rows: Callable[[str, int], list[str]]) -> None:
        """`rows(database, part)` gives them."""
        self._rows = rows

    def __call__(self, database: Any, part: Any) -> Any:
        import pyarrow as pa

        found = [self._rows(*asked) for asked in zip(database.to_pylist(), part.to_pylist(), strict=True)]
        return pa.array(found, pa.list_(pa.string()))
