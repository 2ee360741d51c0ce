"""The functions in Python of a connection: those of its database, temporary ones, those of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.errors import ParseError

from sqlml.artifact_store import pickle_refused
from sqlml.catalog.functions import (
    check_type,
    create_function_macro,
    find_called,
    has_macro,
    is_builtin,
    read_functions,
)
from sqlml.catalog.models import has_registered
from sqlml.catalog.snapshot import model_catalogs
from sqlml.dialect import to_sql
from sqlml.engine import Engine
from sqlml.engine_errors import name_taken
from sqlml.engine_udfs import UdfSources, made_of
from sqlml.errors import InvalidOption, PermissionDenied
from sqlml.python_functions import FunctionVersion, PythonUdf, stored_udf
from sqlml.types import ModelVersion, ObjectName
from sqlml.udf_folder import described, read_folder


class PythonFunctions:
    """What a connection may call that is the user's own Python."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._temporary: list[FunctionVersion] = []

    def check(self) -> None:
        """Raises PermissionDenied where Python is off."""
        if not self._engine.database.allow.python:
            raise PermissionDenied(
                "Functions in Python are off here.", hint="Connect with allow_python=True, or write a macro."
            )

    def check_pickle(self, model: ModelVersion) -> None:
        """Raises PermissionDenied for a model that only unpickling could load, where that is off."""
        if model.is_pickled and not self._engine.database.allow.pickle:
            raise pickle_refused(f'The model "{model.short_name}"')

    def open(self, catalog: str, version: int) -> None:
        """Make the functions callable that a database with tables of this version keeps; note models in Python.

        Each function is verified when it is first called.
        """
        shared = self._engine.database
        shared.runs_python = shared.runs_python or has_registered(self._engine, catalog)
        kept = read_functions(self._engine, catalog, version)
        if kept:
            shared.runs_python = True
            shared.register_missing([self._udf(function) for function in kept])

    def add(self, function: FunctionVersion) -> None:
        """Make a new function callable in this transaction, and for all once it is committed."""
        self._engine.register_function(self._udf(function))
        if function.catalog == "temp":
            self._temporary.append(function)

    def add_folder(self, folder: str | os.PathLike[str], sources: UdfSources) -> None:
        """Make the UDFs of a folder callable on this connection.

        Raises AlreadyExists for the name of another function.
        """
        self.check()
        shared = self._engine.database
        for declared in read_folder(folder):
            if declared.parameters is None:
                shared.runs_python = True
                shared.register_udfs([declared], sources)
                continue
            taken = ObjectName(declared.name, "main", "temp")
            if is_builtin(self._engine, declared.name) or has_macro(self._engine, taken):
                raise name_taken(declared.name)
            types = [self._type(kind) for kind in declared.parameters]
            function = described(declared, types, self._type(declared.returns))
            self._engine.register_function(self._folder_udf(function, declared, sources))
            create_function_macro(self._engine, function)
            self._temporary.append(function)

    def all(self) -> list[FunctionVersion]:
        """The functions of all attached databases and of this connection, as far as their macros still call them."""
        kept = [f for attached in model_catalogs(self._engine) for f in read_functions(self._engine, attached)]
        return [f for f in (*kept, *self._temporary) if self._is_called(f)]

    def _is_called(self, function: FunctionVersion) -> bool:
        name = ObjectName(function.name, function.schema, function.catalog)
        return find_called(self._engine, name) == function.function_id

    def _udf(self, function: FunctionVersion) -> PythonUdf:
        shared = self._engine.database
        return stored_udf(function, shared.python, is_allowed=shared.allow.python)

    def _folder_udf(self, function: FunctionVersion, declared: Any, sources: UdfSources) -> PythonUdf:
        def load() -> Callable[..., Any]:
            made: Callable[..., Any] = made_of(declared, sources)
            return made

        return PythonUdf(
            function.udf_name,
            f'The function "{function.name}"',
            [p.type for p in function.parameters],
            function.returns,
            is_vectorized=True,
            has_side_effects=not function.is_deterministic,
            load=load,
            calls=self._engine.database.python,
            body=declared.__call__.__code__.co_filename,
        )

    def _type(self, kind: str) -> str:
        """A type as DuckDB itself writes it."""
        try:
            built = exp.DataType.build(kind, dialect="duckdb", udt=True)
        except ParseError:
            raise InvalidOption(f"{kind!r} is not a type.", hint='Write it as in SQL: "DOUBLE".') from None
        query = exp.select(exp.alias_(exp.cast(exp.null(), built), "v"))
        found = self._engine.describe(to_sql(query))[0].type
        check_type(found)
        return found
