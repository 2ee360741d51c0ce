"""Which files a principal reaches: those below a volume's folder, by their real paths."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from sqlml.access.names import fold
from sqlml.access.rights import Who
from sqlml.access.values import Access, Securable
from sqlml.errors import InvalidOption, NotFound, NotSupported, PermissionDenied

READ, WRITE = "READ VOLUME", "WRITE VOLUME"
SCHEME = "volume://"
# A scheme of one letter is a drive.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_PATTERN = re.compile(r"[*?\[]")


def located(access: Access, text: str) -> str:
    """A path as one of the machine: `volume://v/sub/file.csv` in the folder of v.

    Raises InvalidOption for what is no path, NotFound for a volume that is not there.
    """
    if "\0" in text or not text:
        raise InvalidOption("This is not the path of a file.", hint="Name a file.")
    if not text.startswith(SCHEME):
        return text
    name, _, rest = text.removeprefix(SCHEME).partition("/")
    folder = access.volumes.get(fold(name))
    if folder is None:
        raise _no_volume(name)
    if ".." in PurePosixPath(rest).parts:
        raise _outside(text)
    return str(PurePosixPath(folder) / rest)


def reached(access: Access, who: Who, text: str, privilege: str, closed: Iterable[str] = ()) -> str:
    """The real path, or pattern of paths, that a text names in a volume.

    Raises PermissionDenied for what is in none, or in one without the privilege.
    """
    _check_seen(access, who, text)
    path = located(access, text)
    if _URL.match(path) or not path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise _outside(text)
    parts = PurePosixPath(path).parts
    first = next((i for i, part in enumerate(parts) if _PATTERN.search(part)), len(parts))
    real = os.path.realpath(PurePosixPath(*parts[:first]))
    _check_volume(access, who, text, real, privilege)
    if any(Path(real).is_relative_to(file) for file in closed):
        raise _outside(text)
    return str(PurePosixPath(real, *parts[first:]))


def _check_seen(access: Access, who: Who, text: str) -> None:
    if text.startswith(SCHEME):
        name = text.removeprefix(SCHEME).partition("/")[0]
        on = Securable.of("VOLUME", "", name)
        if on.name not in access.volumes or not access.sees(who.roles, on):
            raise _no_volume(name)


def _check_volume(access: Access, who: Who, text: str, real: str, privilege: str) -> None:
    name = next((n for n, folder in access.volumes.items() if Path(real).is_relative_to(folder)), None)
    on = Securable("VOLUME", "", name or "")
    if name is not None and access.may(who.roles, privilege, on):
        return
    if not who.is_caller:
        raise PermissionDenied(
            "The owner of a view or function does not have the privileges that it needs.",
            hint="Its owner has to be granted them.",
        )
    if name is None or not access.sees(who.roles, on):
        raise _outside(text)
    raise PermissionDenied(
        f'"{who.name}" does not have {privilege} on volume {name}.',
        hint=f"Its owner can GRANT {privilege} ON VOLUME {name} TO {who.name}.",
    )


def files_of(
    access: Access, who: Who, text: str, listed: Callable[[str], list[str]], closed: Iterable[str] = ()
) -> list[str]:
    """The real paths of the files that a path or pattern names: all in the volume, all of them plain files."""
    closed = tuple(closed)
    path = reached(access, who, text, READ, closed)
    if not _PATTERN.search(path):
        _check_plain(path, text)
        return [path]
    found = [reached(access, who, _plain(file, text), READ, closed) for file in listed(path)]
    for file in found:
        _check_plain(file, text)
    if not found:
        raise NotFound(f"No file is called {text}.", hint="Look with FROM glob('volume://...').")
    return found


def is_pattern(path: str) -> bool:
    """Whether a path names any number of files."""
    return bool(_PATTERN.search(path))


def _plain(file: str, text: str) -> str:
    if _PATTERN.search(file):
        # DuckDB would take its name for a pattern once more.
        raise NotSupported(f"{text} matches a file with *, ? or [ in its name.", hint="Rename it.")
    return file


def _check_plain(path: str, text: str) -> None:
    """A pipe or a device may wait for ever, or give what is no file's."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        raise NotFound(f"There is no file {text}.", hint="Look with FROM glob('volume://...').") from None
    if not stat.S_ISREG(mode):
        raise NotSupported(f"{text} is no plain file.", hint="Name a file, or a pattern like '.../*.csv'.")


def check_writable(path: str, text: str) -> None:
    """Only plain files and folders are written over."""
    if is_pattern(path):
        raise NotSupported(f"{text} has *, ? or [ in it.", hint="Name one file.")
    if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
        raise NotSupported(f"{text} is no plain file.", hint="Name another one.")


def _outside(text: str) -> PermissionDenied:
    return PermissionDenied(
        f"{text} is in no volume that is open to you.",
        hint="SHOW VOLUMES lists those that are; write the whole path, or volume://name/file.csv.",
    )


def _no_volume(name: str) -> NotFound:
    return NotFound(f'There is no volume "{name}".', hint="SHOW VOLUMES lists them.")
