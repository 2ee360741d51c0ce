"""A folder of the user's own UDFs: `sqlml.connect('shop.duckdb', udfs='folder')`, `sqlml run --udfs folder`.

Each file is written as those of sqlml's own folder `udfs/`: it is named after its function and holds a class with
`name`, `parameters`, `returns`, `has_side_effects` and `__call__`; Arrow in, Arrow out.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlml.errors import InvalidOption, NotFound
from sqlml.python_calls import attempt
from sqlml.python_functions import FunctionVersion
from sqlml.types import Column

_DECLARED = ("name", "parameters", "returns", "has_side_effects")


def read_folder(folder: str | os.PathLike[str]) -> list[Any]:
    """The classes of a folder, by the names of their files; files that begin with `_` are left out.

    Raises NotFound without the folder or a class in a file, InvalidOption for a class that does not declare itself,
    PythonFailed for a file that cannot be imported.
    """
    path = Path(folder)
    if not path.is_dir():
        raise NotFound(f"There is no folder {path}.", hint="udfs names a folder of Python files, one a function.")
    return [_read_file(file) for file in sorted(path.glob("*.py")) if not file.name.startswith("_")]


def _read_file(file: Path) -> Any:
    # The same file gives the same name, so that two connections may give the same folder.
    place = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"sqlml_user_udfs_{place}_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    loader, module = spec.loader, importlib.util.module_from_spec(spec)
    attempt(f"The UDF file {file}", lambda: loader.exec_module(module), body=str(file))
    classes = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    found = next((c for c in classes if getattr(c, "name", None) == file.stem), None)
    if found is None:
        raise NotFound(
            f'The UDF file {file} has no class with name = "{file.stem}".',
            hint="The file, and the `name` of its class, are the name of the SQL function.",
        )
    _check(found, file)
    return found


def _check(declared: Any, file: Path) -> None:
    missing = [name for name in _DECLARED if not hasattr(declared, name)]
    if missing:
        raise InvalidOption(
            f'The class {declared.__name__} of {file} does not say its "{missing[0]}".',
            hint=f"A UDF declares {', '.join(_DECLARED)}.",
        )
    kinds = declared.parameters
    is_list = isinstance(kinds, list | tuple) and all(isinstance(k, str) for k in kinds)
    if not (kinds is None or is_list) or not isinstance(declared.returns, str):
        raise InvalidOption(
            f"The types of {declared.__name__} of {file} are not DuckDB's.",
            hint='parameters = ("DOUBLE", "VARCHAR"), or None for any; returns = "DOUBLE".',
        )
    if not isinstance(declared.has_side_effects, bool) or "__call__" not in dir(declared):
        raise InvalidOption(
            f"The class {declared.__name__} of {file} is no UDF.",
            hint="has_side_effects is True or False, and __call__ takes and returns Arrow arrays.",
        )
    names = _parameter_names(declared)
    if is_list and len(names) != len(kinds):
        raise InvalidOption(
            f"{declared.__name__}.__call__ of {file} takes {len(names)} arrays, and {len(kinds)} types are declared.",
            hint="Give both the same parameters.",
        )


def _parameter_names(declared: Any) -> list[str]:
    return list(inspect.signature(declared.__call__).parameters)[1:]


def described(declared: Any, types: Sequence[str], returns: str) -> FunctionVersion:
    """A class of a folder as a function of this connection; `types` are DuckDB's own names for its types."""
    return FunctionVersion(
        catalog="temp",
        schema="main",
        name=declared.name,
        function_id=uuid.uuid4().hex,
        parameters=tuple(Column(n, t) for n, t in zip(_parameter_names(declared), types, strict=True)),
        returns=returns,
        entry_point=declared.name,
        is_vectorized=True,
        is_deterministic=not declared.has_side_effects,
        body="",
        description=(inspect.getdoc(declared) or "").partition("\n")[0] or None,
    )
