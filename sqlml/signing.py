"""The signing key, and HMAC-SHA256 signatures over what an artifact is and whose it is.

The key is a file `signing.key`, readable by its owner only, in the user's configuration folder
($SQLML_CONFIG_DIR, else $XDG_CONFIG_HOME/sqlml, else ~/.config/sqlml).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from sqlml.errors import ArtifactRefused

_KEY_BYTES = 32


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
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError:
        return _create_key(path) if create else None
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


def is_signed(key: bytes, statement: Mapping[str, str | int], signature: str) -> bool:
    """Whether the signature is this key's over this statement."""
    return hmac.compare_digest(sign(key, statement).encode(), signature.encode())
