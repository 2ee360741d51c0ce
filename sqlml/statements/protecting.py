"""What the statements about filters and masks share: the table, the function and what it is called with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.objects import Entry, Macro, Objects
from sqlml.access.values import Applied, Securable
from sqlml.errors import InvalidOption, NotFound, nearest_hint
from sqlml.planner import Planner
from sqlml.statements.access_change import find_securable
from sqlml.statements.base import Context
from sqlml.types import ObjectName, Privilege


@dataclass(frozen=True)
class Hiding:
    """What to hide: a table or one of its columns, the function that does, and its arguments as they were written."""

    table: Securable
    function: Securable
    arguments: tuple[str, ...]


def managing(on: Securable) -> Privilege:
    """What hiding something asks for: to own it, or MANAGE."""
    return Privilege("MANAGE", "TABLE", str(on), on)


def read_hiding(planner: Planner, tree: exp.Expr) -> tuple[Hiding, tuple[Privilege, ...]]:
    """The table and function that a statement names, and what hiding by it asks for."""
    table = find_securable(planner, "TABLE", tree.this)
    function = find_securable(planner, "FUNCTION", tree.args["function"])
    if function.kind != "FUNCTION":
        raise planner.at(
            InvalidOption(f"{function} is a model.", hint="Filters and masks are macros: CREATE MACRO f(x) AS ..."),
            tree.args["function"],
        )
    arguments = tuple(written(argument) for argument in tree.expressions)
    privileges = (managing(table), Privilege("EXECUTE", "FUNCTION", str(function), function))
    return Hiding(table, function, arguments), privileges


def checked(hiding: Hiding, context: Context, arguments: Sequence[str], by: str) -> Applied:
    """The function over columns that are there.

    Raises NotFound for a column that is not, InvalidOption where the function takes another number of arguments.
    """
    objects = Objects(context.database, context.access.catalog)
    entry, macro = entry_of(hiding.table, objects), find_macro(hiding.function.schema, hiding.function.name, objects)
    for argument in arguments:
        if not argument.startswith(("'", "#")):
            check_column(entry, argument, objects)
    if len(arguments) != len(macro.parameters):
        raise InvalidOption(
            f"{macro.name} takes {len(macro.parameters)} arguments ({', '.join(macro.parameters)}), "
            f"and is given {len(arguments)}.",
            hint="Name a column, or a constant, for each.",
        )
    return Applied(fold(macro.schema), fold(macro.name), tuple(arguments), fold(by))


def entry_of(table: Securable, objects: Objects) -> Entry:
    """The table; filters and masks are on no view."""
    entry = objects.relation(ObjectName(table.name, table.schema, objects.catalog))
    if entry is None or entry.kind != "TABLE":
        raise InvalidOption(f'"{table.name}" is no table.', hint="Filters and masks are set on tables.")
    return entry


def check_column(entry: Entry, name: str, objects: Objects) -> None:
    """Raise NotFound unless the table has the column."""
    known = [column.name for column in objects.columns(entry)]
    if fold(name) not in {fold(column) for column in known}:
        raise NotFound(
            f'The table "{entry.name}" has no column "{name}".',
            hint=nearest_hint(name, known, otherwise=f"It has: {', '.join(known)}."),
        )


def find_macro(schema: str, name: str, objects: Objects) -> Macro:
    """The scalar macro of that name."""
    found = objects.macro(ObjectName(name, schema, objects.catalog), is_table=False)
    if found is None:
        raise InvalidOption(f'"{name}" is no scalar macro.', hint="CREATE MACRO f(x) AS ... makes one.")
    return found


def written(argument: exp.Expr) -> str:
    """A column by its name; a constant as '...' or #number, which no name of a column begins with unquoted."""
    if isinstance(argument, exp.Literal):
        if argument.is_string:
            return "'" + str(argument.this).replace("'", "''") + "'"
        return f"#{argument.this}"
    return str(argument.name)
