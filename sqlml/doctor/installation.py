"""Whether what is installed is what sqlml needs, and whether the user's folders and key are in order."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from sqlml import signing
from sqlml.connection import connect
from sqlml.doctor.findings import FAILED, NOTE, OK, Finding, found
from sqlml.shell.history import history_path

# What only sqlml's own tests need.
_OF_DEVELOPERS = ("test", "check", "demo")


def examine_installation() -> list[Finding]:
    """Python, packages, DuckDB, folders and the signing key."""
    return [
        Finding("python", OK, f"Python {sys.version.split()[0]}, {sys.executable}"),
        *found("packages", _packages),
        *found("duckdb", _duckdb),
        *found("configuration", _configuration),
        *found("signing key", _key),
        *found("history", _history),
    ]


def _packages() -> Iterator[Finding]:
    try:
        yield Finding("sqlml", OK, version("sqlml"))
        needed = [Requirement(text) for text in requires("sqlml") or ()]
    except PackageNotFoundError:
        yield Finding("sqlml", FAILED, "It runs from a folder and is not installed.", "pip install sqlml")
        return
    extras: dict[str, list[str]] = {}
    for requirement in needed:
        extra = _extra_of(requirement)
        is_for_here = extra is not None or requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if requirement.name == "sqlml" or extra in _OF_DEVELOPERS or not is_for_here:
            continue
        problem = _problem(requirement)
        if extra is not None:
            extras.setdefault(extra, []).extend([problem] if problem else [])
        elif problem:
            yield Finding("package", FAILED, problem, f"pip install '{_plain(requirement)}'")
        else:
            yield Finding("package", OK, f"{requirement.name} {version(requirement.name)}")
    for extra, problems in extras.items():
        if problems:
            yield Finding("extra", NOTE, f"{extra}: {', '.join(problems)}", f"pip install 'sqlml[{extra}]'")
        else:
            yield Finding("extra", OK, extra)


def _extra_of(requirement: Requirement) -> str | None:
    """The extra that asks for a requirement, None where everyone does."""
    marker = requirement.marker
    if marker is None or marker.evaluate({"extra": ""}):
        return None
    extras = metadata("sqlml").get_all("Provides-Extra") or []
    return next((extra for extra in extras if marker.evaluate({"extra": extra})), None)


def _problem(requirement: Requirement) -> str | None:
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(installed, prereleases=True):
        return None
    return f"{requirement.name} is {installed}, not {requirement.specifier}"


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"


def _duckdb() -> Iterator[Finding]:
    connection = connect()
    try:
        [(library,)] = connection.execute("SELECT library_version FROM pragma_version()").fetchall()
        [(answer,)] = connection.execute("SELECT ml_distance([0.0, 3.0], [4.0, 0.0], 'EUCLIDEAN')").fetchall()
    finally:
        connection.close()
    if answer == 5:
        yield Finding("duckdb", OK, f"DuckDB {library} answers")
    else:
        yield Finding("duckdb", FAILED, f"DuckDB {library} answers {answer} for 5.", "Install sqlml anew.")


def _configuration() -> Iterator[Finding]:
    folder = signing.config_folder()
    if not folder.exists():
        yield Finding("configuration", NOTE, f"{folder} is not there yet; the first model makes it.")
    elif not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        hint = "Make it a folder that you can write to, or set SQLML_CONFIG_DIR to another."
        yield Finding("configuration", FAILED, f"{folder} cannot be written to.", hint)
    elif _others(folder) & 0o022:
        yield Finding("configuration", FAILED, f"Other users can write to {folder}.", f"Run: chmod go-w {folder}")
    else:
        yield Finding("configuration", OK, str(folder))


def _key() -> Iterator[Finding]:
    key = signing.signing_key(create=False)
    if key is None:
        yield Finding("signing key", NOTE, "There is none yet; the first model makes it.")
    else:
        yield Finding("signing key", OK, f"{signing.key_path()}, id {signing.key_id(key)}")


def _history() -> Iterator[Finding]:
    path = history_path()
    if not path.exists():
        yield Finding("history", NOTE, f"{path} is not there yet; the shell makes it.")
    elif _others(path):
        yield Finding("history", FAILED, f"Other users can read {path}.", f"Run: chmod 600 {path}")
    else:
        yield Finding("history", OK, str(path))


def _others(path: Path) -> int:
    """What users other than the owner may do with a file or folder."""
    return 0 if os.name == "nt" else stat.S_IMODE(path.stat().st_mode) & 0o077
