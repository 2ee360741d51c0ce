"""What a SQL function of ours is: a call in, a tree of plain DuckDB SQL out. No data, no side effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import InvalidOption, NotSupported, SqlmlError, nearest_hint
from sqlml.sql_form import SqlForm
from sqlml.types import Column, ModelVersion


@dataclass(frozen=True)
class Source:
    """The rows a call is over: how they are named in the statement and their columns, None where unknown."""

    alias: str
    columns: tuple[Column, ...] | None


class Context(Protocol):
    """What a function may ask while it is planned."""

    def model(self, reference: exp.Expr) -> ModelVersion:
        """The model a `MODEL m` or a string argument names; the statement is recorded to use it."""

    def metrics(self, model: ModelVersion) -> Mapping[str, float | None]:
        """The metrics of the model on its held-out rows."""

    def document(self, model: ModelVersion) -> Mapping[str, Any]:
        """The verified artifact of a model as a document."""

    def sql_form(self, model: ModelVersion) -> SqlForm | None:
        """The model as plain SQL, where it has that form."""

    def lineage_hash(self, model: ModelVersion) -> str | None:
        """The hash of all that the training of the model depended on; None where it was not trained here."""

    def scored_by(self, form: str, model: ModelVersion) -> None:
        """Record what scores: `sql`, or `kernel`, which the UDF then must find loaded."""

    def columns(self, query: exp.Query, at: exp.Expr) -> list[Column]:
        """The columns of a query that stands where `at` stands (its CTEs are visible)."""

    def source(self, alias: str, at: exp.Expr) -> Source | None:
        """The relation of that alias that is visible where `at` stands."""

    def sources(self, at: exp.Expr) -> list[Source]:
        """All relations visible where `at` stands, the nearest query's only."""

    def value(self, argument: exp.Expr) -> Any:
        """The Python value of a constant argument or of a parameter."""

    def statistic(self, aggregate: exp.Expr) -> exp.Expr:
        """What stands for a statistic of all rows: aggregates with OVER (), in TRANSFORM a mark for what is learned."""

    @property
    def unfolded(self) -> bool:
        """Whether models must not run while DuckDB plans, as in EXPLAIN."""

    @property
    def catalog(self) -> str:
        """The current catalog."""

    @property
    def is_superuser(self) -> bool:
        """Whether whoever asks may see everything, as everybody may in a file without users."""

    @property
    def is_stored(self) -> bool:
        """Whether the SQL is kept (a view, a macro) and so must follow the model's newest version."""


@dataclass(frozen=True)
class Call:
    """One call of a function: its positional arguments, its named ones, and where it stands."""

    node: exp.Expr
    name: str
    positional: tuple[exp.Expr, ...]
    named: Mapping[str, exp.Expr]

    def fail(self, error: SqlmlError, text: str = "", at: exp.Expr | None = None) -> SqlmlError:
        """The error, pointing at the call."""
        offset = nodes.offset_of(at if at is not None else self.node)
        return error.locate(text, offset) if text and offset is not None else error


class Function:
    """A SQL function. A subclass declares these and writes `scalar`, `table` or both.

    `privilege` is what the caller needs on each model the call names; `is_analytic` whether it is written with
    `OVER ()`; `tasks` are those of the models it takes.
    """

    name: ClassVar[str]
    privilege: ClassVar[str] = "EXECUTE"
    is_analytic: ClassVar[bool] = False
    tasks: ClassVar[tuple[str, ...]] = ("regression", "classification")
    signature: ClassVar[str]

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The expression that replaces a call in an expression."""
        raise NotSupported(f"{self.name} is a table function.", hint=f"Write SELECT * FROM {self.signature}.")  # noqa: S608 - a hint

    def table(self, call: Call, context: Context) -> exp.Query:
        """The query that replaces a call in FROM."""
        raise NotSupported(f"{self.name} is a scalar function.", hint=f"Write SELECT {self.signature} FROM ...")  # noqa: S608 - a hint


class Preprocessing(Function):
    """A function of values alone, which asks no model: a TRANSFORM clause may call it."""


def read_arguments(node: exp.Anonymous, name: str) -> Call:
    """Positional and named (`n => v`, `n := v`, `v AS n`) arguments of a call, as written."""
    positional: list[exp.Expr] = []
    named: dict[str, exp.Expr] = {}
    for argument in node.expressions:
        key, value = named_value(argument)
        if key is None:
            positional.append(argument)
        elif key.casefold() in named:
            raise InvalidOption(f'The argument "{key}" of {name} is given twice.', hint="Keep one of them.")
        else:
            named[key.casefold()] = value
    return Call(node, name, tuple(positional), named)


def named_value(argument: exp.Expr) -> tuple[str | None, exp.Expr]:
    """Name and value of a named argument; (None, argument) for a positional one."""
    if isinstance(argument, exp.Kwarg | exp.PropertyEQ):
        return argument.this.name, argument.expression
    if isinstance(argument, exp.Alias):
        return argument.alias, argument.this
    return None, argument


def struct_values(argument: exp.Expr) -> dict[str, exp.Expr]:
    """The fields of a STRUCT(v AS n, ...) of settings, by folded name."""
    return {str(key).casefold(): value for key, value in map(named_value, argument.expressions)}


def known_only(given: Mapping[str, Any], known: tuple[str, ...], owner: str) -> None:
    """Check names of settings.

    Raises InvalidOption with the nearest known one.
    """
    for name in given:
        if name not in known:
            hint = nearest_hint(name, known, otherwise=f"Known: {', '.join(known)}." if known else "It takes none.")
            raise InvalidOption(f'{owner} has no setting "{name}".', hint=hint)
