"""The files that statements read and write: whole or not at all, and only where the database may."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sqlml.errors import AlreadyExists, InvalidOption, NotFound, NotSupported, PermissionDenied
from sqlml.statements.base import Database

_LARGEST = 2**30
# Folders are read only where they are MLflow's, which have few files.
_SETTING = "SELECT current_setting('enable_external_access'), current_setting('allowed_directories')"


def check_access(database: Database, what: str, path: str) -> None:
    """Raises PermissionDenied where the database may not touch a file."""
    [(is_allowed, folders)] = database.rows(_SETTING)
    real = Path(os.path.realpath(path))
    if not is_allowed and not any(real.is_relative_to(os.path.realpath(folder)) for folder in folders):
        raise PermissionDenied(
            f"Files cannot be {what} here: enable_external_access is off.",
            hint="Connect with it on; of a governed database name a file in a volume.",
        )


def check_local(path: str) -> None:
    """Refuse what is no path of this machine's files."""
    scheme, mark, _ = path.partition("://")
    if mark and scheme.isalnum():
        raise NotSupported(f"{scheme}:// is not a file of this machine.", hint="Copy it here, and name the copy.")
    if "\0" in path:
        raise InvalidOption("The path has a NUL in it.", hint="Name a file.")


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises NotFound, PermissionDenied, and NotSupported for one of more than 1 GB.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise NotFound(f"{path} is not a file.", hint="Name a file with a model.")
            if found.st_size > _LARGEST:
                raise NotSupported(f"{path} has more than 1 GB.", hint="Models up to 1 GB are imported.")
            return file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", hint=f"The folder is {Path.cwd()}: write the whole path.") from None
    except IsADirectoryError:
        raise NotFound(f"{path} is a folder.", hint="Name a file with a model.") from None
    except OSError as error:
        raise PermissionDenied(f"{path} cannot be read: {error.strerror}.", hint="Name another file.") from None


def write_file(path: Path, body: bytes, *, overwrite: bool) -> None:
    """Put the file there at once: under another name first, then renamed, or linked where nothing may be replaced.

    Raises AlreadyExists, and NotFound where there is no such folder.
    """
    _check_folder(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".sqlml-", delete=False) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise PermissionDenied(f"{path} cannot be written: {error.strerror}.", hint="Choose another folder.") from None
    made = Path(file.name)
    try:
        made.chmod(0o644)
        if overwrite:
            made.replace(path)
        else:
            os.link(made, path)
    except FileExistsError:
        raise AlreadyExists(f"There is a file {path} already.", hint="Add (OVERWRITE) to replace it.") from None
    except OSError as error:
        raise PermissionDenied(f"{path} cannot be written: {error.strerror}.", hint="Choose another name.") from None
    finally:
        made.unlink(missing_ok=True)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder of files there at once. One that is there already is never replaced.

    Raises AlreadyExists, and NotFound where there is no folder to put it in.
    """
    _check_folder(path)
    if path.exists():
        raise AlreadyExists(f"There is a folder {path} already.", hint="Name another: folders are not replaced.")
    made = Path(tempfile.mkdtemp(dir=path.parent, prefix=".sqlml-"))
    try:
        for name, body in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(body)
        made.chmod(0o755)
        made.rename(path)
    except OSError as error:
        raise PermissionDenied(f"{path} cannot be written: {error.strerror}.", hint="Choose another name.") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {path.parent}.", hint="Create it first.")
