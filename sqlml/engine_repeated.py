"""Texts that come again are parsed once: DuckDB takes a statement that it has read before in place of its text.

Only what reads and writes rows, one statement a text. It is bound and planned each time, as its text would be.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import duckdb

_REMEMBERED = 256
# A generated INSERT of megabytes is not worth its place.
_LONGEST = 20_000
_KINDS = (
    duckdb.StatementType.SELECT,
    duckdb.StatementType.INSERT,
    duckdb.StatementType.UPDATE,
    duckdb.StatementType.DELETE,
)
_SEEN_ONCE = object()


class Repeated:
    """The statements of one connection that were sent more than once, the latest ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Any] = OrderedDict()

    def of(self, sql: str) -> Any:
        """What is sent for a text: the statement that was read from it, or the text itself."""
        found = self._known.get(sql)
        if found is None:
            if len(sql) <= _LONGEST:
                self._keep(sql, _SEEN_ONCE)
            return sql
        if found is _SEEN_ONCE:
            self._known[sql] = found = read(sql)
        self._known.move_to_end(sql)
        return found

    def _keep(self, sql: str, found: Any) -> None:
        self._known[sql] = found
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def read(sql: str) -> Any:
    """The one statement of a text; the text itself where there are others, or none that can be read."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error:
        return sql
    return statements[0] if len(statements) == 1 and statements[0].type in _KINDS else sql
