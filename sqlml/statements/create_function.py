"""`CREATE [OR REPLACE] [TEMP] FUNCTION [IF NOT EXISTS] f(x DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON AS $$ ... $$`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from sqlml import nodes, signing
from sqlml.access.governed import Change
from sqlml.catalog.functions import (
    check_type,
    create_function_macro,
    find_called,
    has_macro,
    insert_function,
    is_builtin,
)
from sqlml.catalog.schema import migrate
from sqlml.dialect import to_sql
from sqlml.errors import AlreadyExists, InvalidOption, InvalidSql, NotSupported, SqlmlError, nearest_hint
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.planner import Planner, object_name
from sqlml.python_functions import FunctionVersion, statement_of
from sqlml.python_source import body_line, compile_body
from sqlml.result import Result
from sqlml.statements.access_change import superuser
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.owning import function_securable, record
from sqlml.types import Column, ObjectName, Plan, Privilege, Relation

_LONGEST_NAME = 255
_OPTIONS = {"vectorized": bool, "deterministic": bool, "entry_point": str, "description": str}
_RESERVED = ("sqlml_", "ml_", "ai_")


@dataclass(frozen=True)
class Creation:
    """The function to make, and what to do where there is one."""

    function: FunctionVersion
    replace: bool
    exists_ok: bool


class CreateFunction(Statement):
    """Make a SQL function of Python code; it is kept in the database, signed, and called like any other.

        CREATE FUNCTION shout(s VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON AS $$ s.upper() + '!' if s else None $$;
        CREATE FUNCTION half(x DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON OPTIONS (vectorized = TRUE) AS $$
        import pyarrow.compute as pc
        def half(x):
            return pc.divide(x, 2.0)
        $$;

    A body that defines a function of that name (or of `entry_point`) is a module; any other body is that function's
    own: an expression, or statements with return. It is called for each row with Python values, NULL as None; with
    `vectorized` (or PARAMETER STYLE ARROW) once a batch, with Arrow arrays. Options: vectorized, deterministic,
    entry_point, description. Result: one row, the name and signature. Source: Databricks and BigQuery, CREATE FUNCTION.
    """

    name = "create_function"
    takes = (nodes.CreateFunction,)

    def plan(self, tree: nodes.CreateFunction, planner: Planner) -> Plan:
        """Check names, types and the body's syntax; none of it is run."""
        if tree.args.get("replace") and tree.args.get("exists"):
            raise planner.at(InvalidSql("OR REPLACE and IF NOT EXISTS exclude each other.", hint="Keep one."), tree)
        for key, words, hint in (
            ("returns", "RETURNS", "Write RETURNS DOUBLE, or another type."),
            ("body", "a body", "Write AS $$ x + 1 $$."),
        ):
            if not tree.args.get(key):
                raise planner.at(InvalidSql(f"A function in Python needs {words}.", hint=hint), tree)
        name = self._place(tree, planner)
        given = _options(tree, planner)
        parameters = tuple(_parameter(p, planner) for p in tree.args["parameters"])
        _refuse_duplicates(parameters, tree, planner)
        function = FunctionVersion(
            catalog=str(name.catalog),
            schema=str(name.schema),
            name=name.name,
            function_id=uuid.uuid4().hex,
            parameters=parameters,
            returns=_type(tree.args["returns"], planner, tree),
            entry_point=given.get("entry_point", name.name),
            is_vectorized=bool(tree.args.get("style")) or given.get("vectorized", False),
            is_deterministic=given.get("deterministic", True),
            body=tree.args["body"].name,
            description=given.get("description"),
        )
        _check_body(function, tree, planner)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            writes=(Relation(name),),
            privileges=_privileges(planner, name),
            details=Creation(function, bool(tree.args.get("replace")), bool(tree.args.get("exists"))),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Keep the function and make its macro, in the user's transaction."""
        creation: Creation = plan.details
        function, database = creation.function, context.database
        name = ObjectName(function.name, function.schema, function.catalog)
        context.python.check()
        with database.transaction():
            is_there = find_called(database, name) is not None
            if not (is_there and creation.exists_ok):
                if is_there and not creation.replace:
                    raise AlreadyExists(
                        f'There is a function "{function.short_name}" already.',
                        hint="Use CREATE OR REPLACE FUNCTION, or CREATE FUNCTION IF NOT EXISTS.",
                    )
                if not is_there:
                    _refuse_taken(context, name)
                _write(function, context)
                if not is_there:
                    record(context, function.catalog, [Change("made", function_securable(name))])
        values = {"function": ("VARCHAR", function.name), "signature": ("VARCHAR", function.sql_signature)}
        return one_row(database, values)

    def _place(self, tree: nodes.CreateFunction, planner: Planner) -> ObjectName:
        written = object_name(tree.this)
        if len(written.name) > _LONGEST_NAME:
            raise planner.at(
                InvalidSql(f"The name has {len(written.name)} characters.", hint=f"At most {_LONGEST_NAME}."), tree.this
            )
        folded = written.name.casefold()
        if folded.startswith(_RESERVED) or folded in (*FUNCTIONS.names(), *LATER):
            raise planner.at(
                AlreadyExists(
                    f'The name "{written.name}" is one of sqlml\'s.',
                    hint=f"Names that begin with {', '.join(_RESERVED)} are reserved: give it another.",
                ),
                tree.this,
            )
        if tree.args.get("temporary"):
            if written.schema not in (None, "main") or written.catalog not in (None, "temp"):
                raise planner.at(InvalidSql("A temporary function has no schema.", hint="Leave it out."), tree.this)
            return ObjectName(written.name, "main", "temp")
        try:
            placed = planner.snapshot.place(written)
        except SqlmlError as error:
            raise planner.at(error, tree.this) from None
        if placed.catalog in ("system", "temp") or str(placed.schema).casefold().startswith("sqlml"):
            raise planner.at(
                NotSupported(
                    f'A function cannot be kept in "{placed.catalog}.{placed.schema}".',
                    hint="Name another schema, or leave it out; CREATE TEMP FUNCTION keeps none.",
                ),
                tree.this,
            )
        return placed


def _privileges(planner: Planner, name: ObjectName) -> tuple[Privilege, ...]:
    """In a governed database also to be a superuser: Python that runs in the process can read all of the file."""
    needed = Privilege("CREATE FUNCTION", "SCHEMA", f"{name.catalog}.{name.schema}", name)
    return (superuser(planner.acting), needed) if planner.acting.access.is_governed else (needed,)


def _options(tree: nodes.CreateFunction, planner: Planner) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for item in tree.expressions:
        name = item.this.name.casefold()
        try:
            if name not in _OPTIONS:
                hint = nearest_hint(name, _OPTIONS, otherwise=f"Known: {', '.join(_OPTIONS)}.")
                raise InvalidOption(f'CREATE FUNCTION has no option "{name}".', hint=hint)
            if name in given:
                raise InvalidOption(f'The option "{name}" is given twice.', hint="Keep one.")
            given[name] = planner.constant(item.expression)
            if not isinstance(given[name], _OPTIONS[name]):
                what = "TRUE or FALSE" if _OPTIONS[name] is bool else "a text in quotes"
                raise InvalidOption(f"{name} is {given[name]!r}.", hint=f"It is {what}.")
        except SqlmlError as error:
            raise planner.at(error, item) from None
    for key, name in (("comment", "description"), ("deterministic", "deterministic")):
        if tree.args.get(key) is not None:
            given.setdefault(name, planner.constant(tree.args[key]))
    entry = given.get("entry_point")
    if entry is not None and not entry.isidentifier():
        raise planner.at(InvalidOption(f"The entry_point is {entry!r}.", hint="It is the name of a def."), tree)
    return given


def _parameter(node: exp.ColumnDef, planner: Planner) -> Column:
    return Column(node.this.name, _type(node.args["kind"], planner, node))


def _type(kind: exp.Expr, planner: Planner, at: exp.Expr) -> str:
    """The type as DuckDB itself writes it."""
    query = exp.select(exp.alias_(exp.cast(exp.null(), kind.copy()), "v"))  # type: ignore[arg-type]
    try:
        found = planner.binder.describe(to_sql(query))[0].type
        check_type(found)
    except SqlmlError as error:
        error.line = error.column = error.excerpt = None
        raise planner.at(error, at) from None
    return found


def _refuse_duplicates(parameters: tuple[Column, ...], tree: exp.Expr, planner: Planner) -> None:
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name.casefold() in seen:
            raise planner.at(
                InvalidSql(f'The parameter "{parameter.name}" is there twice.', hint="Rename one of them."), tree.this
            )
        seen.add(parameter.name.casefold())


def _check_body(function: FunctionVersion, tree: nodes.CreateFunction, planner: Planner) -> None:
    try:
        compile_body(function.entry_point, [p.name for p in function.parameters], function.body)
    except InvalidSql as error:
        line, span = body_line(error), nodes.span_of(tree.args["body"])
        if line is None or span is None:
            raise planner.at(error, tree.args["body"]) from None
        # The lines of the body are lines of the statement.
        start = span[0]
        for _ in range(line - 1):
            start = planner.text.find("\n", start, span[1]) + 1 or start
        raise error.locate(planner.text, start) from None


def _refuse_taken(context: Context, name: ObjectName) -> None:
    if is_builtin(context.database, name.name):
        raise AlreadyExists(
            f'DuckDB has a function "{name.name}" of its own.', hint="Give yours another name: it would hide that one."
        )
    if has_macro(context.database, name):
        raise AlreadyExists(f'There is a macro "{name.name}" already.', hint=f"DROP MACRO {name.name} drops it.")


def _write(function: FunctionVersion, context: Context) -> None:
    key = signing.signing_key(create=True)
    assert key is not None
    signed = replace(function, signature=signing.sign(key, statement_of(function)))
    if function.catalog != "temp":
        migrate(context.database, function.catalog)
        insert_function(context.database, signed, signing.key_id(key), context.user)
    context.python.add(signed)
    create_function_macro(context.database, signed)
