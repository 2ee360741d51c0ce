"""What a file is, and what reads it: one line a format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from sqlml.errors import InvalidOption, nearest_hint
from sqlml.importing.base import Asked, Found


def _json(body: bytes, asked: Asked) -> Found:
    from sqlml.importing.document import read_document

    return read_document(body, asked)


def _lightgbm(body: bytes, asked: Asked) -> Found:
    from sqlml.importing.lightgbm_text import read_lightgbm

    return read_lightgbm(body, asked)


def _onnx(body: bytes, asked: Asked) -> Found:
    from sqlml.importing.onnx_file import read_onnx

    return read_onnx(body, asked)


def _pickle(body: bytes, asked: Asked) -> Found:
    from sqlml.importing.estimator_file import read_pickle

    return read_pickle(body, asked)


def _skops(body: bytes, asked: Asked) -> Found:
    from sqlml.importing.estimator_file import read_skops

    return read_skops(body, asked)


READERS: dict[str, Callable[[bytes, Asked], Found]] = {
    "json": _json,
    "lightgbm": _lightgbm,
    "onnx": _onnx,
    "pickle": _pickle,
    "skops": _skops,
}
_ENDINGS = {
    ".json": "json",
    ".txt": "lightgbm",
    ".onnx": "onnx",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".joblib": "pickle",
    ".skops": "skops",
}


def format_of(path: str, given: str | None) -> str:
    """The format that is given, else the one that the ending of the file says."""
    known = f"Known: {', '.join(f'{kind} ({ending})' for ending, kind in _ENDINGS.items())}."
    if given is not None:
        if given.casefold() not in READERS:
            raise InvalidOption(
                f'The format "{given}" cannot be imported.', hint=nearest_hint(given, READERS, otherwise=known)
            )
        return given.casefold()
    ending = PurePath(path).suffix.casefold()
    if ending not in _ENDINGS:
        raise InvalidOption(f'The ending of "{path}" does not say a format.', hint=f"{known} Or FORMAT '...'.")
    return _ENDINGS[ending]
