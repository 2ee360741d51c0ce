"""Arguments that table functions share: `TABLE t`, `(query)`, `STRUCT(v AS setting)`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import InvalidOption
from sqlml.functions.base import Call, Context, known_only, struct_values
from sqlml.types import ModelVersion


def data_query(call: Call, place: int = 1) -> exp.Query | None:
    """The rows a table function is given: `TABLE t`, `(query)`, or `data => ...`; None where there are none.

    `place` is how many arguments stand before them: the model, or nothing.
    """
    for argument in (*call.positional[place : place + 1], call.named.get("data")):
        if argument is None or isinstance(argument, exp.Struct):
            continue
        if isinstance(argument, nodes.TableRef):
            return exp.select("*").from_(argument.this.copy())
        if isinstance(argument, exp.Paren | exp.Subquery) and isinstance(argument.this, exp.Query):
            return argument.this.copy()
        if isinstance(argument, exp.Query):
            return argument.copy()
        if isinstance(argument, exp.Column) and not argument.table:
            hint = f"Write TABLE {argument.name}, or a query in parentheses."
        else:
            hint = "Write TABLE t or (SELECT ...)."
        raise InvalidOption(f"{call.name} takes its rows as TABLE t or as a query in parentheses.", hint=hint)
    return None


def only_rows(call: Call) -> exp.Query:
    """The rows of a function that takes no model.

    Raises InvalidOption where there are none.
    """
    query = data_query(call, 0)
    if query is None:
        raise InvalidOption(f"{call.name} needs rows.", hint="Its first argument is TABLE t or (SELECT ...).")
    return query


def rows_clause(call: Call, query: exp.Query) -> exp.With:
    """`WITH rows_in AS (query)`: a query is run once, a table is read where it is."""
    is_table = isinstance(call.positional[0] if call.positional else call.named["data"], nodes.TableRef)
    named = exp.TableAlias(this=exp.to_identifier("rows_in"))
    return exp.With(expressions=[exp.CTE(this=query, alias=named, materialized=not is_table)])


def without_rows(call: Call) -> None:
    """Refuse rows where a function answers from what was stored.

    Raises InvalidOption.
    """
    if data_query(call) is not None:
        raise InvalidOption(f"{call.name} takes no rows.", hint="It answers from what was stored at training.")


def settings(call: Call, known: tuple[str, ...], place: int = 1) -> Mapping[str, exp.Expr]:
    """The settings of a call: STRUCT(v AS n, ...) or n => v, behind its rows, which stand at `place`.

    Raises InvalidOption for an unknown one.
    """
    given: dict[str, exp.Expr] = {k: v for k, v in call.named.items() if k not in ("model", "data")}
    for argument in call.positional[place:]:
        if isinstance(argument, exp.Struct):
            given.update(struct_values(argument))
    stray = [a for a in call.positional[place + 1 :] if not isinstance(a, exp.Struct)]
    if len(call.positional) > place + 2 or stray:
        takes = "MODEL m, TABLE t | (query), STRUCT(...)." if place else "TABLE t | (query), STRUCT(...)."
        raise InvalidOption(f"{call.name} has too many arguments.", hint=takes)
    known_only(given, known, call.name)
    return given


def threshold_of(model: ModelVersion, given: exp.Expr | None, context: Context) -> float:
    """The threshold of a binary classification, 0.5 by default.

    Raises InvalidOption where it does not apply or is outside 0 to 1.
    """
    if given is None:
        return 0.5
    if model.task != "classification" or len(model.classes) != 2:
        raise InvalidOption(
            f'A threshold applies to two classes only; model "{model.short_name}" has another task.',
            hint="Leave threshold out.",
        )
    value = context.value(given)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidOption(f"The threshold is {value!r}.", hint="It is a number from 0 to 1.")
    return float(value)
