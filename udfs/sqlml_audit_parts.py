"""`sqlml_audit_parts('<database>') -> BIGINT`: into how many parts the audit log of a database is cut to be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class SqlmlAuditParts:
    """How often `sqlml_audit_rows` has to be asked.

    SELECT sqlml_audit_parts('shop');
    """

    name = "sqlml_audit_parts"
    takes = "audit_parts"
    parameters = ["VARCHAR"]
    returns = "BIGINT"
    has_side_effects = True

    def __init__(self, parts: Callable[[str], int]) -> None:
        """`parts(database)` gives the number."""
        self._parts = parts

    def __call__(self, database: Any) -> Any:
        import pyarrow as pa

        return pa.array([self._parts(name) for name in database.to_pylist()], pa.int64())
