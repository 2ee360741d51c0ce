"""Service tokens: `sqlml_<id>_<secret>`; only a digest is stored, as the secret is as random as a key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

_PREFIX = "sqlml"


@dataclass(frozen=True)
class NewToken:
    """A token as it is shown once, its id and what is stored of it."""

    token_id: str
    text: str
    digest: str


def make_token() -> NewToken:
    """A token that nobody can guess."""
    token_id = secrets.token_hex(8)
    text = f"{_PREFIX}_{token_id}_{secrets.token_urlsafe(32)}"
    return NewToken(token_id, text, digest_of(text))


def id_of(text: str) -> str | None:
    """The id inside a token; None for what is no token."""
    parts = text.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX else None


def digest_of(text: str) -> str:
    """The SHA-256 of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_token(digest: str, text: str) -> bool:
    """Whether a token has this digest, in the same time for any."""
    return hmac.compare_digest(digest, digest_of(text))
