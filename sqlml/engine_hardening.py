"""The settings of the instance of a governed file: DuckDB itself reads no file but the volumes', and loads nothing.

What the gate refuses never gets here: this is the second wall. DuckDB takes none of it back before the instance closes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import duckdb
from sqlglot import exp

ACCESS = "enable_external_access"
_FOLDERS = "allowed_directories"
_LOCKED = "lock_configuration"
# No extension comes by itself, and no DataFrame is found among the variables of Python.
_OFF = (
    "autoinstall_known_extensions",
    "autoload_known_extensions",
    "allow_community_extensions",
    "python_enable_replacements",
)
# What sessions and sqlml itself set; the gate says which of them users may.
_OPEN = (
    "Calendar",
    "TimeZone",
    "arrow_lossless_conversion",
    "default_null_order",
    "default_order",
    "errors_as_json",
    "explain_output",
    "python_enable_replacements",
    "schema",
    "search_path",
)


def keeps_access(config: Mapping[str, Any]) -> bool:
    """Whether whoever opened the instance asked for files outside of the volumes by name."""
    return any(
        name.casefold() == ACCESS and str(value).casefold() in ("true", "1", "on") for name, value in config.items()
    )


def refuse_extensions(duck: Any) -> None:
    """Let no extension in, which can be done before it is known what the volumes are."""
    for name in _OFF:
        if _setting(duck, name):
            _set(duck, name, exp.false())


def harden(duck: Any, volumes: Iterable[str]) -> tuple[str, ...]:
    """Open these folders and close everything else; gives the folders that DuckDB reaches from now on.

    An instance that its opener locked, or cut off from all files, stays as that.
    """
    if not _setting(duck, _LOCKED):
        if _setting(duck, ACCESS):
            folders = [*_setting(duck, _FOLDERS), *volumes]
            if folders:
                _set(duck, _FOLDERS, exp.Array(expressions=[exp.Literal.string(f) for f in dict.fromkeys(folders)]))
            _set(duck, ACCESS, exp.false())
        lock(duck)
    return tuple(os.path.realpath(folder) for folder in _setting(duck, _FOLDERS))


def _forget_secrets(duck: Any) -> None:
    """The secrets that the system's user keeps are no business of the users of a file, nor is their folder."""
    # Where secrets were used already, they were read: whoever did was a superuser, alone in the instance.
    with suppress(duckdb.InvalidInputException):
        _set(duck, "allow_persistent_secrets", exp.false())


def lock(duck: Any) -> None:
    """Let no extension in and lock the settings; files are left as they are."""
    if not _setting(duck, _LOCKED):
        refuse_extensions(duck)
        _forget_secrets(duck)
        _set(duck, "allowed_configs", exp.Array(expressions=[exp.Literal.string(name) for name in _OPEN]))
        _set(duck, _LOCKED, exp.true())


def _setting(duck: Any, name: str) -> Any:
    return duck.execute("SELECT current_setting(?)", [name]).fetchall()[0][0]


def _set(duck: Any, name: str, value: exp.Expr) -> None:
    item = exp.SetItem(this=exp.EQ(this=exp.column(name), expression=value))
    duck.execute(exp.Set(expressions=[item]).sql(dialect="duckdb"))
