"""`plugins: [{module: sqlml.dbt}]` in a profile of dbt-duckdb: sqlml's functions on each of its connections."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from sqlml.loading import load


class Plugin(BasePlugin):
    """What dbt-duckdb calls for each connection that it opens, and for each cursor of it, which are a thread's."""

    def configure_connection(self, conn: Any) -> None:
        """Load the connection."""
        load(conn)

    def configure_cursor(self, cursor: Any) -> None:
        """Load a cursor: temporary macros are those of one connection."""
        load(cursor)
