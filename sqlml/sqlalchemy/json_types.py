"""Places in JSON as DuckDB writes them: `column["a"][0]` reads `$."a"` and `$[0]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import types

_Processor = Callable[[Any], str]


def path(*steps: int | str) -> str:
    """The JSONPath of keys and positions; a negative position counts from the end."""
    return "$" + "".join(_step(step) for step in steps)


def _step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]" if step >= 0 else f"[#{step}]"
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


class JSONIndex(types.JSON.JSONIndexType):
    """A key or a position."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return path

    def literal_processor(self, dialect: Any) -> _Processor:
        return _as_literal(path)


class JSONPath(types.JSON.JSONPathType):
    """Several of them, one in the other."""

    def bind_processor(self, dialect: Any) -> _Processor:
        return lambda steps: path(*steps)

    def literal_processor(self, dialect: Any) -> _Processor:
        return _as_literal(lambda steps: path(*steps))


def _as_literal(to_path: _Processor) -> _Processor:
    return lambda value: "'" + to_path(value).replace("'", "''") + "'"
