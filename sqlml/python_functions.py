"""Functions in Python, as DuckDB calls them: Arrow in, checked, run so that they can be stopped, Arrow out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml import signing
from sqlml.engine_private import arrow_type
from sqlml.errors import ArtifactRefused, PermissionDenied, PythonFailed
from sqlml.python_calls import PythonCalls, attempt
from sqlml.python_source import compile_body, file_name, load_body
from sqlml.types import Column

PREFIX = "sqlml_python_"


@dataclass(frozen=True)
class FunctionVersion:
    """A function as the catalog has it. `catalog` is `temp` for one that is not kept."""

    catalog: str
    schema: str
    name: str
    function_id: str
    parameters: tuple[Column, ...]
    returns: str
    entry_point: str
    is_vectorized: bool
    is_deterministic: bool
    body: str
    description: str | None = None
    signature: str = ""

    @property
    def udf_name(self) -> str:
        """The name under which DuckDB calls the body; the macro of the function's own name calls it."""
        return PREFIX + self.function_id

    @property
    def short_name(self) -> str:
        """The name as a user would write it."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"

    @property
    def sql_signature(self) -> str:
        """`f(x DOUBLE) -> DOUBLE`."""
        return f"{self.name}({', '.join(f'{p.name} {p.type}' for p in self.parameters)}) -> {self.returns}"


def statement_of(function: FunctionVersion) -> dict[str, str | int]:
    """What the signature of a function says: whose body it is, and how it is called."""
    return {
        "kind": "function",
        "function_id": function.function_id,
        "schema": function.schema,
        "name": function.name,
        "parameters": repr([(p.name, p.type) for p in function.parameters]),
        "returns": function.returns,
        "entry_point": function.entry_point,
        "is_vectorized": int(function.is_vectorized),
        "is_deterministic": int(function.is_deterministic),
        "body": function.body,
    }


def signed_body(function: FunctionVersion) -> Callable[..., Any]:
    """The function of a body, once its signature was checked.

    Raises ArtifactRefused before a byte of the body is compiled when it does not hold.
    """
    if not signing.is_trusted(statement_of(function), function.signature):
        raise ArtifactRefused(
            f'The function "{function.short_name}" is not signed with your key.',
            hint="If you trust where the file comes from, run `sqlml trust FILE`; else create it again.",
        )
    code = compile_body(function.entry_point, [p.name for p in function.parameters], function.body)
    who = f'The function "{function.short_name}"'
    return attempt(who, lambda: load_body(code, function.entry_point), body=file_name(function.entry_point))


class PythonUdf:
    """What DuckDB calls: `(number of the connection, Arrow arrays...) -> Arrow array`.

    `load` gives the function, once, when it is first called: its signature is then checked.
    """

    parameters = None

    def __init__(
        self,
        udf_name: str,
        who: str,
        parameters: Sequence[str],
        returns: str,
        *,
        is_vectorized: bool,
        has_side_effects: bool,
        load: Callable[[], Callable[..., Any]],
        calls: PythonCalls,
        body: str | None = None,
    ) -> None:
        self.name = udf_name
        self.returns = returns
        self.has_side_effects = has_side_effects
        self._who = who
        self._parameters = parameters
        self._is_vectorized = is_vectorized
        self._load = load
        self._calls = calls
        self._body = body
        self._lock = threading.Lock()
        self._function: Callable[..., Any] | None = None

    def __call__(self, connection: Any, *arrays: Any) -> Any:
        rows = len(connection)
        return self._calls.run(connection[0].as_py() if rows else None, lambda: self._answer(arrays, rows))

    def _answer(self, arrays: Sequence[Any], rows: int) -> Any:
        with self._lock:
            if self._function is None:
                self._function = self._load()
        function = self._function
        if self._is_vectorized:
            given = [a.combine_chunks() if hasattr(a, "combine_chunks") else a for a in arrays]
            return self._array(attempt(self._who, lambda: function(*given), body=self._body), rows)
        values = [self._values(a, kind) for a, kind in zip(arrays, self._parameters, strict=True)]
        if not values:
            return self._list(attempt(self._who, lambda: [function() for _ in range(rows)], body=self._body))
        answers = attempt(self._who, lambda: [function(*row) for row in zip(*values, strict=True)], body=self._body)
        return self._list(answers)

    def _values(self, array: Any, kind: str) -> list[Any]:
        values: list[Any] = array.to_pylist()
        if "HUGEINT" in kind and "[" not in kind:
            # Arrow has no whole numbers of 128 bits.
            return [None if v is None else int(v) for v in values]
        return values

    def _list(self, answers: list[Any]) -> Any:
        """The answers of all rows as an array of the declared type."""
        import pyarrow as pa

        declared = arrow_type(self.returns)
        try:
            made = pa.array(answers, type=declared)
            # Arrow would cut 1.5 to 1.
            cut = [a for a in answers if _is_cut(a, declared)]
            if not cut:
                return made
            wrong = cut[0]
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            wrong = next((a for a in answers if not _fits(a, declared)), answers[0])
        shown = repr(wrong)
        shown = shown if len(shown) <= 80 else shown[:80] + "..."
        raise PythonFailed(
            f"{self._who} returned {shown}, a {type(wrong).__name__}, which is not {self.returns}.",
            hint=f"Return {self.returns} or None, or declare another type with RETURNS.",
        )

    def _array(self, answer: Any, rows: int) -> Any:
        """The answer of a vectorised function, checked."""
        import pyarrow as pa

        declared = arrow_type(self.returns)
        try:
            found = answer if isinstance(answer, pa.Array | pa.ChunkedArray) else pa.array(answer)
            found = found if found.type == declared else found.cast(declared)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            kind = getattr(answer, "type", None) or type(answer).__name__
            raise PythonFailed(
                f"{self._who} returned {kind}, which is not {self.returns}: {error}",
                hint=f"Return an Arrow array of {declared}, as long as its arguments.",
            ) from None
        if len(found) != rows:
            raise PythonFailed(
                f"{self._who} returned {len(found)} values for {rows} rows.",
                hint="Return one value for each row of its arguments.",
            )
        return found


def _fits(value: Any, declared: Any) -> bool:
    import pyarrow as pa

    try:
        pa.array([value], type=declared)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return False
    return True


def _is_cut(value: Any, declared: Any) -> bool:
    """Whether a whole number is declared and one with a fraction was returned, also within a list or struct."""
    import pyarrow as pa

    if isinstance(value, float):
        return bool(pa.types.is_integer(declared) and not value.is_integer())
    if isinstance(value, list | tuple) and hasattr(declared, "value_type"):
        return any(_is_cut(v, declared.value_type) for v in value)
    if isinstance(value, dict) and pa.types.is_struct(declared):
        return any(_is_cut(v, declared.field(k).type) for k, v in value.items() if declared.get_field_index(k) >= 0)
    return False


def stored_udf(function: FunctionVersion, calls: PythonCalls, *, is_allowed: bool) -> PythonUdf:
    """What DuckDB calls for a function of the catalog; where Python is off, that answers with an error."""

    def load() -> Callable[..., Any]:
        if not is_allowed:
            raise PermissionDenied(
                f'The function "{function.short_name}" is Python, and Python is off here.',
                hint="Connect with allow_python=True.",
            )
        return signed_body(function)

    return PythonUdf(
        function.udf_name,
        f'The function "{function.short_name}"',
        [p.type for p in function.parameters],
        # Arrow has no JSON of its own; the macro casts the text.
        "VARCHAR" if function.returns == "JSON" else function.returns,
        is_vectorized=function.is_vectorized,
        has_side_effects=not function.is_deterministic,
        load=load,
        calls=calls,
        body=file_name(function.entry_point),
    )
