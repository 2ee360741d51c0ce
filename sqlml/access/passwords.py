"""Passwords as SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677), written as PostgreSQL writes them; never the password."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stringprep
import unicodedata
from dataclasses import dataclass

_MECHANISM = "SCRAM-SHA-256"
# PostgreSQL's.
_ITERATIONS = 4096
_SALT_BYTES = 16
_PROHIBITED = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


@dataclass(frozen=True)
class Verifier:
    """`SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`, all in base64."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        salt, stored, server = (base64.b64encode(v).decode() for v in (self.salt, self.stored_key, self.server_key))
        return f"{_MECHANISM}${self.iterations}:{salt}${stored}:{server}"


def make_verifier(password: str) -> str:
    """What is stored of a password; a text that is a verifier already stays as it is."""
    if read_verifier(password) is not None:
        return password
    return str(_verifier(password, os.urandom(_SALT_BYTES), _ITERATIONS))


def read_verifier(text: str) -> Verifier | None:
    """A verifier from its text; None for anything else."""
    parts = text.split("$")
    if len(parts) != 3 or parts[0] != _MECHANISM:
        return None
    iterations, _, salt = parts[1].partition(":")
    stored, _, server = parts[2].partition(":")
    try:
        keys = [base64.b64decode(part, validate=True) for part in (salt, stored, server)]
    except (binascii.Error, ValueError):
        return None
    if not (iterations.isascii() and iterations.isdigit() and int(iterations)) or not keys[0]:
        return None
    if any(len(key) != hashlib.sha256().digest_size for key in keys[1:]):
        return None
    return Verifier(int(iterations), *keys)


# Stands in for the verifier of a user who has none, so that it takes as long to find out.
_NOBODY = Verifier(_ITERATIONS, bytes(_SALT_BYTES), bytes(32), bytes(32))


def is_password(verifier: str | None, password: str) -> bool:
    """Whether a password is the one that a verifier was made of; takes as long where there is none."""
    found = read_verifier(verifier) if verifier else None
    known = found or _NOBODY
    given = _verifier(password, known.salt, known.iterations)
    return hmac.compare_digest(given.stored_key, known.stored_key) and found is not None


def _verifier(password: str, salt: bytes, iterations: int) -> Verifier:
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password).encode("utf-8", "surrogatepass"), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return Verifier(iterations, salt, hashlib.sha256(client_key).digest(), server_key)


def prepared(password: str) -> str:
    """SASLprep (RFC 4013); where it forbids a character the password is taken as it stands, as PostgreSQL does."""
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    if not normal or any(test(char) for char in normal for test in _PROHIBITED if char != " "):
        return password
    if any(stringprep.in_table_d1(char) for char in normal):
        ends = stringprep.in_table_d1(normal[0]) and stringprep.in_table_d1(normal[-1])
        if not ends or any(stringprep.in_table_d2(char) for char in normal):
            return password
    return normal
