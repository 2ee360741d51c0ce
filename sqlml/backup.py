"""`sqlml backup FILE TO COPY` and `sqlml restore COPY TO FILE`: a copy of a file with what it takes to check it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from sqlml import signing
from sqlml.backup_in_use import copy_in_use
from sqlml.catalog.cursor import utc_now
from sqlml.connection import connect
from sqlml.errors import AlreadyExists, DatabaseLocked, InvalidData, NotFound, PermissionDenied

_FORMAT = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What stands beside a copy: its sha256, and which key signs the models on the machine that made it."""

    sqlml_backup: int
    sha256: str
    size_bytes: int
    key_id: str | None
    sqlml_version: str
    duckdb_version: str
    created_at: str


def manifest_path(copy: Path) -> Path:
    """`COPY.json`."""
    return copy.with_name(f"{copy.name}.json")


def own_key() -> str | None:
    """The short name of the key of this machine; None where there is none yet."""
    key = signing.signing_key(create=False)
    return signing.key_id(key) if key is not None else None


def knows_key(name: str) -> bool:
    """Whether a key of this machine has this short name, or one that it took the place of."""
    return name in map(signing.key_id, signing.trusted_keys())


def backup(source: Path, copy: Path, *, user: str | None = None) -> Manifest:
    """Copy a file as it is at one moment, also while another process writes to it.

    The copy and its manifest appear under their names when they are whole. Raises NotFound, AlreadyExists where there
    is such a copy, PermissionDenied to who is no superuser, DatabaseLocked where no moment could be copied.
    """
    if not source.is_file():
        raise NotFound(f"There is no file {source}.", hint="Name a DuckDB file.")
    _refuse_existing(copy)
    try:
        return _backup(source, copy, user)
    except DatabaseLocked:
        with tempfile.TemporaryDirectory(dir=copy.absolute().parent, prefix=f".{copy.name}.") as folder:
            moment = Path(folder) / source.name
            copy_in_use(source, moment)
            return _backup(moment, copy, user)


def _backup(source: Path, copy: Path, user: str | None) -> Manifest:
    log = source.with_name(f"{source.name}.wal")
    # What is only in the log has to be written to the file first; else others may go on reading.
    connection = connect(source, read_only=not log.exists(), user=user)
    # Closed after the connection: to close it would give up DuckDB's lock on the file.
    with source.open("rb") as file:
        try:
            if not connection.session.access.acting.is_superuser:
                raise PermissionDenied(
                    "A backup has everything that is in the file.", hint="Name a superuser: --user NAME."
                )
            if log.exists():
                connection.session.database.rows("CHECKPOINT")
            with _whole(copy) as written:
                sha, size = _copy(file, written)
                manifest = Manifest(_FORMAT, sha, size, own_key(), version("sqlml"), version("duckdb"), _now())
                _write_manifest(copy, manifest)
        finally:
            connection.close()
    return manifest


def restore(copy: Path, target: Path) -> Manifest:
    """Make a file of a copy, once its bytes are what its manifest says.

    Raises NotFound, AlreadyExists where there is such a file, InvalidData for a copy that is damaged.
    """
    if not copy.is_file():
        raise NotFound(f"There is no file {copy}.", hint="Name what `sqlml backup` wrote.")
    manifest = _read_manifest(copy)
    log = target.with_name(f"{target.name}.wal")
    _refuse_existing(target)
    _refuse_existing(log)
    with copy.open("rb") as file, _whole(target) as written:
        if _copy(file, written) != (manifest.sha256, manifest.size_bytes):
            raise InvalidData(f"{copy} is not what its manifest says.", hint="It is damaged: take another backup.")
    return manifest


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise AlreadyExists(f"There is a file {path} already.", hint="Name another one, or move it away.")


def _now() -> str:
    return f"{utc_now().isoformat(timespec='seconds')}Z"


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is written to the disk, and takes no other's."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # A copy has all the rows: it is its owner's alone.
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            _refuse_existing(path)
    finally:
        aside.unlink(missing_ok=True)


def _copy(file: BinaryIO, written: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += written.write(chunk)
    return digest.hexdigest(), size


def _write_manifest(copy: Path, manifest: Manifest) -> None:
    """One that is left of a backup that was killed is replaced: there is no copy of that name."""
    aside = copy.with_name(f".{copy.name}.{secrets.token_hex(8)}.json")
    with aside.open("x", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(manifest_path(copy))


def _read_manifest(copy: Path) -> Manifest:
    path = manifest_path(copy)
    try:
        manifest = Manifest(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise NotFound(f"There is no manifest {path}.", hint="It belongs to the backup: copy it too.") from None
    except (ValueError, TypeError):
        raise InvalidData(f"{path} is not the manifest of a backup.", hint="Take another backup.") from None
    if manifest.sqlml_backup != _FORMAT:
        raise InvalidData(f"{path} is of another version of sqlml.", hint="Upgrade sqlml.")
    return manifest
