"""The signing key, and HMAC-SHA256 signatures over what an artifact is and whose it is.

The key is a file `signing.key`, readable by its owner only, in the user's configuration folder
($SQLML_CONFIG_DIR, else $XDG_CONFIG_HOME/sqlml, else ~/.config/sqlml). Keys that another took the place of are beside
it, `signing.key.<id>.retired`: they sign nothing any more, and what they have signed stays good until they are
forgotten.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from sqlml.errors import ArtifactRefused, NotFound

_KEY_BYTES = 32
_RETIRED = ".retired"


def config_folder() -> Path:
    """The folder of the user's sqlml settings."""
    own = os.environ.get("SQLML_CONFIG_DIR")
    if own:
        return Path(own)
    base = os.environ.get("APPDATA") if os.name == "nt" else os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "sqlml"


def key_path() -> Path:
    """Where the signing key is."""
    return config_folder() / "signing.key"


def signing_key(*, create: bool) -> bytes | None:
    """The key; made on first use when `create` is set, else None where there is none.

    Raises ArtifactRefused when others could read the file or it is not a key.
    """
    path = key_path()
    try:
        return _read_key(path)
    except FileNotFoundError:
        return _create_key(path) if create else None


def retired_keys() -> list[bytes]:
    """The keys that another took the place of, the latest first."""
    path = key_path()
    found = sorted(path.parent.glob(f"{path.name}.*{_RETIRED}"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [_read_key(file) for file in found]


def trusted_keys() -> list[bytes]:
    """The key and those that were retired; none where there is none."""
    key = signing_key(create=False)
    return [] if key is None else [key, *retired_keys()]


def rotate() -> tuple[bytes, bytes]:
    """Retire the key and make another; gives both, the old one first. A killed process leaves one or both.

    Raises ArtifactRefused where there is no key.
    """
    path, old = key_path(), signing_key(create=False)
    if old is None:
        raise ArtifactRefused(f"There is no signing key {path}.", hint="The first model or user makes it.")
    kept = _retired_path(key_id(old))
    new = secrets.token_bytes(_KEY_BYTES)
    try:
        if not kept.exists():
            _write_key(kept.with_name(f".{kept.name}.{secrets.token_hex(8)}"), old, kept)
        _write_key(path.with_name(f".{path.name}.{secrets.token_hex(8)}"), new, path)
    except OSError as error:
        raise ArtifactRefused(
            f"The signing key {path} cannot be replaced: {error.strerror}.",
            hint="Make its folder one that you can write to.",
        ) from None
    return old, new


def forget(name: str) -> None:
    """Delete a retired key: what only it has signed is refused from now on.

    Raises NotFound where there is no retired key with this id.
    """
    if not re.fullmatch("[0-9a-f]{16}", name) or not _retired_path(name).is_file():
        raise NotFound(f'There is no retired key "{name}".', hint="`sqlml key show` lists them.")
    _retired_path(name).unlink()


def _retired_path(name: str) -> Path:
    path = key_path()
    return path.with_name(f"{path.name}.{name}{_RETIRED}")


def _write_key(aside: Path, key: bytes, path: Path) -> None:
    """Put a key into its place at once, on the disk."""
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.hex().encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ArtifactRefused(
            f"The signing key {path} cannot be read: {error.strerror}.",
            hint="Make it a file that you can read, or set SQLML_CONFIG_DIR to another folder.",
        ) from None
    if os.name != "nt" and stat.S_IMODE(mode) & 0o077:
        raise ArtifactRefused(f"The signing key {path} can be read by other users.", hint=f"Run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ArtifactRefused(
            f"{path} is not a signing key.",
            hint="Restore it from a backup; or delete it and run `sqlml trust FILE`.",
        )
    return key


def _create_key(path: Path) -> bytes:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked into place, so that two first users never see half a key.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(_KEY_BYTES).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ArtifactRefused(
            f"The signing key {path} cannot be made: {error.strerror}.",
            hint="Set SQLML_CONFIG_DIR to a folder that you can write to.",
        ) from None
    key = signing_key(create=False)
    assert key is not None
    return key


def key_id(key: bytes) -> str:
    """A short name of a key that does not give it away."""
    return hashlib.sha256(b"sqlml key id" + key).hexdigest()[:16]


def sign(key: bytes, statement: Mapping[str, str | int]) -> str:
    """The signature of a statement about an artifact, in hexadecimal."""
    message = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def is_trusted(statement: Mapping[str, str | int], signature: str) -> bool:
    """Whether the signature over this statement is that of the key, or of one that was retired."""
    key = signing_key(create=False)
    if key is None:
        return False
    return is_signed(key, statement, signature) or any(is_signed(k, statement, signature) for k in retired_keys())


def is_signed(key: bytes, statement: Mapping[str, str | int], signature: str) -> bool:
    """Whether the signature is this key's over this statement."""
    return hmac.compare_digest(sign(key, statement).encode(), signature.encode())
