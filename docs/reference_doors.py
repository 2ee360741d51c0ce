"""The reference pages of what is not SQL: docs/api.md (Python), docs/commands.md and docs/errors.md."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import sqlml
from sqlml import errors
from sqlml.cli import parser

_WRITTEN = "Written by `make reference`; do not edit it by hand."
# In the order in which they are met; the rest of the module is PEP 249's.
_PYTHON = ("connect", "aconnect", "load", "Connection", "Cursor", "Result", "Plan", "Progress", "Session")
_PYTHON_OF_ASYNCIO = ("AsyncConnection", "AsyncCursor")


def errors_page() -> str:
    """Every error with its SQLSTATE."""
    rows = ["| error | SQLSTATE | HTTP | PEP 249 | when |", "| --- | --- | --- | --- | --- |"]
    for kind in sorted(set(_under(errors.SqlmlError)), key=lambda k: k.__name__):
        family = next(k.__name__ for k in kind.__mro__ if k.__name__ in _FAMILIES)
        rows.append(f"| `{kind.__name__}` | {kind.sqlstate} | {kind.http_status} | {family} | {_line(kind)} |")
    introduction = (
        "Each is a `sqlml.SqlmlError`, with `message`, `hint`, `sqlstate`, and `line` and `column` where there is a "
        "place to point at; each is also one of PEP 249's classes. On a connection of DuckDB's own only the text is "
        "left, with `Hint:`. The SQLSTATE says what to do in a program: 40001 asks for another try, 25P02 for ROLLBACK."
    )
    return "\n\n".join(["# Errors", _WRITTEN, introduction, "\n".join(rows)]) + "\n"


# One of them is a base of each error.
_FAMILIES = (
    "DataError",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
)


def _under(kind: type[errors.SqlmlError]) -> Iterator[type[errors.SqlmlError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _under(child)


def commands_page() -> str:
    """Every command with its arguments, from the parser that reads them."""
    parts = [
        "# The commands",
        _WRITTEN,
        "Exit codes: 0 all went well, 1 a statement or check failed, 2 misused, 130 interrupted.",
    ]
    for name, command in _commands():
        rows = ["| argument | what it does |", "| --- | --- |"]
        rows += [
            f"| {_argument(action)} | {_cell(action.help)} |"
            for action in command._actions
            if not isinstance(action, argparse._HelpAction)
        ]
        parts += [f"## sqlml {name}", str(command.description), "\n".join(rows)]
    parts += ["`sqlml --version` says which version this is; `sqlml COMMAND --help` says what stands here."]
    return "\n\n".join(parts) + "\n"


def _commands() -> Iterable[tuple[str, argparse.ArgumentParser]]:
    found = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return found.choices.items()


def _argument(action: argparse.Action) -> str:
    # What argparse's own usage shows, but the same in every version of Python.
    takes = (
        "" if action.nargs == 0 else action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    )
    if action.choices is not None:
        takes = "\\|".join(str(choice) for choice in action.choices)
    named = " ".join([*action.option_strings, str(takes)]).strip()
    return f"`[{named}]`" if action.option_strings or action.nargs == "?" else f"`{named}`"


def api_page() -> str:
    """The module, its classes and their methods."""
    introduction = (
        "What is not listed is PEP 249's: `apilevel`, `paramstyle`, `threadsafety`, its exceptions, type objects and "
        "constructors. How they are used: [Python and the command line](doors.md), "
        "[DB-API, dataframes and asyncio](dbapi.md), [a connection of your own](load.md)."
    )
    parts = ["# Python", _WRITTEN, introduction]
    for name in (*_PYTHON, *_PYTHON_OF_ASYNCIO):
        thing = getattr(sqlml, name)
        parts += [f"## {name}", *_described(f"sqlml.{name}", thing)]
        if inspect.isclass(thing):
            for method, value in _methods(thing):
                parts += [f"### {name}.{method}", *_described(method, value)]
    return "\n\n".join(parts) + "\n"


def undocumented() -> set[str]:
    """Public names that are on no page and not PEP 249's own constants, constructors and exceptions."""
    public = {n for n in sqlml.__all__ if inspect.isclass(getattr(sqlml, n)) or inspect.isfunction(getattr(sqlml, n))}
    own = {
        n for n in public if getattr(sqlml, n).__module__ not in ("sqlml.errors", "sqlml.dbapi", "builtins", "datetime")
    }
    return own - {*_PYTHON, *_PYTHON_OF_ASYNCIO}


def _methods(kind: type[Any]) -> Iterable[tuple[str, Any]]:
    for name, value in vars(kind).items():
        is_described = inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)
        if is_described and not name.startswith("_"):
            yield name, value


def _described(name: str, thing: Any) -> list[str]:
    """A signature, for what is called by its users, and a docstring."""
    text = inspect.getdoc(thing) or ""
    if inspect.isfunction(thing):
        return [_code(name, thing), text]
    if is_dataclass(thing):
        return [text, "Has " + ", ".join(f"`{f.name}: {f.type}`" for f in fields(thing)) + "."]
    return [text]


def _code(name: str, function: Callable[..., Any]) -> str:
    # Not str(signature): whether that quotes annotations depends on the version of Python.
    parts: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not any(p.startswith("*") for p in parts):
            parts.append("*")
        if parameter.name not in ("self", "cls"):
            parts.append(_parameter(parameter))
    returns = function.__annotations__.get("return", "None")
    return f"`{name}({', '.join(parts)}) -> {returns}`"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    typed = f"{stars}{parameter.name}: {parameter.annotation}"
    return typed if parameter.default is parameter.empty else f"{typed} = {parameter.default!r}"


def _line(kind: type[Any]) -> str:
    return _cell((kind.__doc__ or "").strip().splitlines()[0])


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")
