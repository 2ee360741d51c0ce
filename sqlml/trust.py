"""Signing the models and functions of a file with one's own key: from elsewhere, or signed with a retired key."""

from __future__ import annotations

from dataclasses import replace

import sqlml.catalog.models as catalog
from sqlml import artifacts, signing
from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.functions import read_functions, sign_function
from sqlml.catalog.snapshot import read_all_versions
from sqlml.errors import ArtifactRefused
from sqlml.python_functions import FunctionVersion, statement_of
from sqlml.session import Session
from sqlml.types import ModelVersion


def unsigned_models(session: Session) -> list[ModelVersion]:
    """The versions of the opened file that none of the user's keys has signed, oldest first."""
    return [v for v in _versions(session) if not signing.is_trusted(artifacts.statement_of(v), v.signature)]


def _versions(session: Session) -> list[ModelVersion]:
    return sorted(read_all_versions(session.database), key=lambda v: (v.schema, v.name, v.version))


def sign_again(session: Session) -> tuple[int, int]:
    """Sign what a retired key has signed with the key, in one transaction: how many versions and functions.

    Raises ArtifactRefused when the bytes of one are not what was signed; nothing is signed then.
    """
    key = signing.signing_key(create=True)
    assert key is not None
    with session.database.transaction():
        models = [
            v
            for v in _versions(session)
            if not signing.is_signed(key, artifacts.statement_of(v), v.signature)
            and signing.is_trusted(artifacts.statement_of(v), v.signature)
        ]
        functions = [
            f
            for f in _functions(session)
            if not signing.is_signed(key, statement_of(f), f.signature)
            and signing.is_trusted(statement_of(f), f.signature)
        ]
        sign_models(session, models)
        sign_functions(session, functions)
    return len(models), len(functions)


def sign_models(session: Session, models: list[ModelVersion]) -> None:
    """Sign these versions, in one transaction.

    Raises ArtifactRefused when the bytes of one are not what its sha256 says, or its features were changed.
    """
    key = signing.signing_key(create=True)
    assert key is not None
    with session.database.transaction():
        for model in models:
            body = catalog.read_body(session.database, model)
            features = artifacts.feature_signature(model)
            if body is None or artifacts.sha256(body) != model.sha256 or features != model.feature_signature:
                raise ArtifactRefused(
                    f'The artifact of model "{model.short_name}" version {model.version} is damaged.',
                    hint="Get the file again from where it comes from; nothing was signed.",
                )
            signed = replace(model, signature=signing.sign(key, artifacts.statement_of(model)))
            session.database.rows(
                in_catalog(
                    "UPDATE sqlml.artifacts SET signature = ?, key_id = ? WHERE model_id = ? AND version = ?",
                    model.catalog,
                ),
                [signed.signature, signing.key_id(key), model.model_id, model.version],
            )


def unsigned_functions(session: Session) -> list[FunctionVersion]:
    """The functions in Python of the opened file that none of the user's keys has signed."""
    return [f for f in _functions(session) if not signing.is_trusted(statement_of(f), f.signature)]


def _functions(session: Session) -> list[FunctionVersion]:
    [[current]] = session.database.rows("SELECT current_database()")
    return sorted(read_functions(session.database, current), key=lambda f: (f.schema, f.name))


def sign_functions(session: Session, functions: list[FunctionVersion]) -> None:
    """Sign these functions, in one transaction."""
    key = signing.signing_key(create=True)
    assert key is not None
    with session.database.transaction():
        for function in functions:
            signed = replace(function, signature=signing.sign(key, statement_of(function)))
            sign_function(session.database, signed, signing.key_id(key))
