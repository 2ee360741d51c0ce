"""Arguments of the preprocessing functions: values with their types checked, and constants."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlml.errors import InvalidOption, WrongType, nearest_hint
from sqlml.features import FAMILY_TYPES, family_of
from sqlml.functions.base import Call, Context, known_only
from sqlml.functions.binding import kind_of
from sqlml.templates import cast

Given = Mapping[str, exp.Expr]


def arguments(call: Call, names: tuple[str, ...], *, needed: int, signature: str) -> Given:
    """The arguments by name, given in order or named.

    Raises InvalidOption where one is missing, unknown or one too many.
    """
    known_only(call.named, names, call.name)
    if len(call.positional) > len(names):
        raise InvalidOption(f"{call.name} has too many arguments.", hint=f"Write {signature}.")
    given = dict(zip(names, call.positional, strict=False))
    twice = [name for name in call.named if name in given]
    if twice:
        raise InvalidOption(f'The argument "{twice[0]}" of {call.name} is given twice.', hint="Keep one of them.")
    given.update(call.named)
    missing = [name for name in names[:needed] if name not in given]
    if missing:
        raise InvalidOption(f'{call.name} needs the argument "{missing[0]}".', hint=f"Write {signature}.")
    return given


def numeric(value: exp.Expr, call: Call, context: Context) -> exp.Expr:
    """The value as DOUBLE.

    Raises WrongType for what is known to be no number.
    """
    _check_family(value, ("numeric",), call, context)
    return cast(value.copy(), "DOUBLE")


def textual(value: exp.Expr, call: Call, context: Context) -> exp.Expr:
    """The value as VARCHAR.

    Raises WrongType for what is known to be no text.
    """
    _check_family(value, ("text",), call, context)
    return cast(value.copy(), "VARCHAR")


def listed(value: exp.Expr, of: str, call: Call, context: Context) -> exp.Expr:
    """The value as a list of that type.

    Raises WrongType for what is known to be no list, or one of another kind.
    """
    kind = kind_of(value, context, call.node, struct=False)
    if kind is not None and kind not in ("NULL", '"NULL"', "LIST[]"):
        element = kind.rpartition("[")[0] if kind.endswith("]") else None
        family = None if element is None else family_of(element)
        if family not in (("numeric" if of == "DOUBLE" else "text"), "null"):
            raise WrongType(
                f"{call.name} takes a list of {of}, not {kind}.",
                hint=f"Cast it: CAST(... AS {of}[]).",
            )
    return cast(value.copy(), f"{of}[]")


def _check_family(value: exp.Expr, families: tuple[str, ...], call: Call, context: Context) -> None:
    kind = kind_of(value, context, call.node, struct=False)
    if kind is not None and family_of(kind) not in (*families, "null"):
        wanted = FAMILY_TYPES[families[0]]
        to = "DOUBLE" if families[0] == "numeric" else "VARCHAR"
        raise WrongType(f"{call.name} takes {wanted}, not {kind}.", hint=f"Cast it: CAST(... AS {to}).")


def constant(given: Given, name: str, context: Context, default: Any = None) -> Any:
    """The value of an argument that must be a constant; text may stand in double quotes, as in BigQuery."""
    if name not in given:
        return default
    node = given[name]
    is_quoted = isinstance(node, exp.Column) and not node.table and node.this.args.get("quoted")
    return node.name if is_quoted else context.value(node)


def whole(
    given: Given, name: str, context: Context, *, default: int | None = None, low: int = 0, high: int | None = None
) -> int:
    """A constant whole number.

    Raises InvalidOption outside of low to high.
    """
    value = constant(given, name, context, default)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < low or (high is not None and value > high):
        allowed = f"from {low} to {high}" if high is not None else f"of at least {low}"
        raise InvalidOption(f'The argument "{name}" is {_shown(value)}.', hint=f"It is a whole number {allowed}.")
    return int(value)


def flag(given: Given, name: str, context: Context, *, default: bool) -> bool:
    """A constant TRUE or FALSE."""
    value = constant(given, name, context, default)
    if not isinstance(value, bool):
        raise InvalidOption(f'The argument "{name}" is {_shown(value)}.', hint="It is TRUE or FALSE.")
    return value


def choice(given: Given, name: str, context: Context, known: Sequence[str], *, default: str | None = None) -> str:
    """A constant text out of a list, compared without case.

    Raises InvalidOption with the nearest known one.
    """
    value = constant(given, name, context, default)
    for option in known:
        if isinstance(value, str) and value.casefold() == option.casefold():
            return option
    listed_options = ", ".join(f"'{k}'" for k in known)
    hint = nearest_hint(str(value), known, otherwise=f"One of: {listed_options}.")
    raise InvalidOption(f'The argument "{name}" is {_shown(value)}.', hint=hint)


def numbers(given: Given, name: str, context: Context) -> list[float]:
    """A constant list of finite numbers in ascending order.

    Raises InvalidOption for anything else.
    """
    value = constant(given, name, context)
    hint = "It is a list of finite numbers, lowest to highest: [1, 2, 3]."
    if not isinstance(value, list) or not value or not all(_is_number(v) and math.isfinite(v) for v in value):
        raise InvalidOption(f'The argument "{name}" is {_shown(value)}.', hint=hint)
    found = [float(v) for v in value]
    if found != sorted(set(found)):
        raise InvalidOption(f'The numbers of "{name}" are not in ascending order.', hint=hint)
    return found


def degree_of_norm(given: Given, name: str, context: Context, default: float | None = None) -> float:
    """A constant p of a p-norm: 0, at least 1, or infinite."""
    value = constant(given, name, context, default)
    try:
        p = float(value) if isinstance(value, str) or _is_number(value) else math.nan
    except ValueError:
        p = math.nan
    if not (p == 0 or p >= 1):
        hint = "It is 0, a number of at least 1, or 'inf'::DOUBLE."
        raise InvalidOption(f'The argument "{name}" is {_shown(value)}.', hint=hint)
    return p


def struct_fields(value: exp.Expr, call: Call, context: Context, *, most: int) -> dict[str, exp.Expr]:
    """The named fields of a struct: `STRUCT(a, b + 1 AS c)`, `{'a': a}`, or a column that is a struct.

    Raises InvalidOption for fields without a name, twice the same or more than `most`.
    """
    fields = list(_fields(value, call, context))
    hint = "Write STRUCT(a, b, lower(c) AS c)."
    if not fields or len(fields) > most:
        raise InvalidOption(f"{call.name} takes 1 to {most} fields, not {len(fields)}.", hint=hint)
    for position, (name, _) in enumerate(fields):
        if not name or name == f"_{position}":
            raise InvalidOption(f"Field {position + 1} of the struct has no name.", hint=hint)
    found = {name.casefold(): None for name, _ in fields}
    if len(found) < len(fields):
        names = [name for name, _ in fields]
        twice = next(n for i, n in enumerate(names) if n.casefold() in [m.casefold() for m in names[:i]])
        raise InvalidOption(f'The struct has two fields "{twice}".', hint="Name them apart with AS.")
    return dict(fields)


def _fields(value: exp.Expr, call: Call, context: Context) -> Iterable[tuple[str, exp.Expr]]:
    if isinstance(value, exp.Paren):
        return _fields(value.this, call, context)
    packs = isinstance(value, exp.Anonymous) and value.name.casefold() in ("struct_pack", "named_struct")
    if isinstance(value, exp.Struct) or packs:
        return [
            (f.this.name, f.expression) if isinstance(f, exp.PropertyEQ | exp.Kwarg) else ("", f)
            for f in value.expressions
        ]
    kind = kind_of(value, context, call.node, struct=False)
    if kind is not None and kind.startswith("STRUCT(") and kind.endswith(")"):
        built = exp.DataType.build(kind, dialect="duckdb")
        return [
            (f.name, exp.func("struct_extract", value.copy(), exp.Literal.string(f.name))) for f in built.expressions
        ]
    given = f", not {kind}" if kind else ""
    raise WrongType(f"{call.name} takes a struct{given}.", hint="Write STRUCT(a, b, lower(c) AS c).")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value).upper() if isinstance(value, bool) else repr(value)
