"""`is_member('analysts') -> BOOLEAN`: whether the session's user is in a group."""

from __future__ import annotations

from typing import Any


class IsMember:
    """FALSE where nobody governs; in a governed database sqlml replaces the call by the answer before DuckDB sees it.

    CREATE MACRO own_region(region) AS is_member('admins') OR region = 'US';
    """

    name = "is_member"
    parameters = ["VARCHAR"]
    returns = "BOOLEAN"
    has_side_effects = False

    def __call__(self, group: Any) -> Any:
        import pyarrow as pa

        return pa.array([False] * len(group), pa.bool_())
