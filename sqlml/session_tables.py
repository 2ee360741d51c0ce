"""`con.register("frame", df)`: dataframes and Arrow tables that a connection can read by name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlml.engine import Engine
from sqlml.errors import AlreadyExists, InvalidOption, NotFound, nearest_hint

_IS_TEMPORARY_VIEW = """
SELECT count(*) FROM duckdb_views() WHERE database_name = 'temp' AND lower(view_name) = lower(?)
"""


class RegisteredTables:
    """What was registered on a connection: temporary views, undone by ROLLBACK as any other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._names: dict[str, str] = {}

    def names(self) -> Collection[str]:
        """The names that are registered now, without case."""
        return [folded for folded, name in self._names.items() if self._is_there(name)]

    def register(self, name: str, data: Any) -> None:
        """Make data readable under a name; what was registered under it before is replaced.

        Raises AlreadyExists for the name of another table or view, which would be hidden.
        """
        if not isinstance(name, str) or not name:
            raise InvalidOption(f"{name!r} is not a name.", hint='Pass the name first: register("frame", df).')
        known = self._names.get(name.casefold())
        replaces = known is not None and self._is_there(known)
        if not replaces and self._engine.has_relation(name):
            raise AlreadyExists(
                f'There is a table or view "{name}": it would be hidden.',
                hint="Register under another name, or drop it first.",
            )
        self._engine.register(name, data)
        self._names[name.casefold()] = name

    def unregister(self, name: str) -> None:
        """Forget what was registered under a name.

        Raises NotFound where nothing is.
        """
        known = self._names.get(str(name).casefold())
        if known is None or not self._is_there(known):
            raise NotFound(
                f'Nothing is registered as "{name}".',
                hint=nearest_hint(str(name), self._names.values(), otherwise="A table or view is dropped by DROP."),
            )
        self._engine.unregister(known)

    def _is_there(self, name: str) -> bool:
        return bool(self._engine.rows(_IS_TEMPORARY_VIEW, [name])[0][0])
