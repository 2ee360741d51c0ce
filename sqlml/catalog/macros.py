"""The macros of a model in schema `sqlml_models`: what plain DuckDB calls, and what views and macros over models call.

`"churn"(row)` is the champion, else the newest version; `"churn@3"` a version; `"churn@beta"` an alias. Each has a
`"churn#<interface>"(inputs)`, which gives its scores. In the model's own schema `churn(row)` calls the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from sqlml.catalog.cursor import Cursor
from sqlml.catalog.schema import MACROS
from sqlml.catalog.snapshot import read_snapshot
from sqlml.dialect import parse, to_sql
from sqlml.engine_private import builtin_functions
from sqlml.errors import InvalidSql
from sqlml.features import interface
from sqlml.types import ModelVersion

ROW, INPUTS = "features", "inputs"

# DuckDB writes out every macro of every file for these, 100 kB for a model of trees: only where something is dropped.
_DEFINITION = """
SELECT macro_definition FROM duckdb_functions()
WHERE database_name = ? AND schema_name = ? AND lower(function_name) = lower(?)
"""
_MACROS = "SELECT lower(function_name) FROM duckdb_functions() WHERE database_name = ? AND schema_name = ?"


def macro_statements(
    cursor: Cursor,
    model: ModelVersion,
    suffix: str,
    answer: exp.Expr,
    scores: exp.Expr,
    dropped: Sequence[ModelVersion] = (),
) -> list[exp.Create]:
    """`CREATE OR REPLACE MACRO sqlml_models."name"(features) AS answer`, and `"name#<interface>"(inputs) AS scores`.

    A view that was made for a version with other inputs or classes calls the macro of another interface, which becomes
    an error; also for versions that were dropped just now.
    """
    own = interface(model)
    made = []
    if suffix != f"@{model.version}":
        versions = (v for v in read_snapshot(cursor, [model.name]).versions if v.model_id == model.model_id)
        for other in sorted({interface(v) for v in (*versions, *dropped)} - {own}):
            made.append(_created(_in_macros(model, f"{suffix}#{other}"), INPUTS, _changed(model), replace=True))
    made.append(_created(_in_macros(model, suffix), ROW, answer, replace=True))
    made.append(_created(_in_macros(model, f"{suffix}#{own}"), INPUTS, scores, replace=True))
    return made


def drop_macros(cursor: Cursor, model: ModelVersion, suffixes: Iterable[str]) -> None:
    """Drop the macros of versions, aliases or the default of a model."""
    names = [str(row[0]) for row in cursor.rows(_MACROS, [model.catalog, MACROS])]
    for suffix in suffixes:
        own = (model.macro_name + suffix).lower()
        for name in names:
            if name == own or name.startswith(f"{own}#"):
                cursor.rows(to_sql(exp.Drop(tables=[_macro(model, name)], kind="MACRO", exists=True)))


def _changed(model: ModelVersion) -> exp.Expr:
    what = f'The model "{model.short_name}" has other features or labels than when this view or macro was made.'
    refusal = exp.Anonymous(this="error", expressions=[exp.Literal.string(f"{what} Create it again.")])
    return exp.cast(refusal, exp.DataType.build("DOUBLE[]", dialect="duckdb"))


def create_shortcut(cursor: Cursor, model: ModelVersion) -> None:
    """`CREATE MACRO main."churn"(features) AS sqlml_models."churn"(features)`, unless a function has that name.

    Only in the current database.
    """
    # A macro finds other functions from the current database, and a file must not know under which name it is attached.
    [(current,)] = cursor.rows("SELECT current_database()")
    if model.catalog == current and model.name.casefold() not in builtin_functions():
        cursor.rows(to_sql(_created(_shortcut(model), ROW, _shortcut_body(model), replace=False)))


def drop_shortcut(cursor: Cursor, model: ModelVersion) -> None:
    """Drop the macro in the model's own schema; one that the user has put there stays."""
    if has_shortcut(cursor, model):
        cursor.rows(to_sql(exp.Drop(tables=[_shortcut(model)], kind="MACRO", exists=True)))


def has_shortcut(cursor: Cursor, model: ModelVersion) -> bool:
    """Whether the macro in the model's own schema is there and ours."""
    found = cursor.rows(_DEFINITION, [model.catalog, model.schema, model.name])
    return [is_shortcut(str(definition), model) for (definition,) in found] == [True]


def is_shortcut(definition: str, model: ModelVersion) -> bool:
    """Whether this is the definition of a model's macro in its own schema."""
    try:
        tree = parse(definition)
    except InvalidSql:
        return False
    call = tree.expression if isinstance(tree, exp.Dot) and tree.this.name == MACROS else None
    if not isinstance(call, exp.Anonymous) or [a.name for a in call.expressions] != [ROW]:
        return False
    return call.name.casefold() == model.macro_name.casefold()


def _shortcut_body(model: ModelVersion) -> exp.Expr:
    """`sqlml_models."churn"(features)`."""
    call = exp.Anonymous(this=exp.to_identifier(model.macro_name, quoted=True), expressions=[exp.column(ROW)])
    return exp.Dot(this=exp.to_identifier(MACROS), expression=call)


def _shortcut(model: ModelVersion) -> exp.Table:
    name, schema, catalog = (exp.to_identifier(n, quoted=True) for n in (model.name, model.schema, model.catalog))
    return exp.Table(this=name, db=schema, catalog=catalog)


def _created(name: exp.Table, parameter: str, body: exp.Expr, *, replace: bool) -> exp.Create:
    """The statement that creates a macro; one that is there is replaced, or else stays."""
    head = exp.UserDefinedFunction(this=name, expressions=[exp.to_identifier(parameter)], wrapped=True)
    return exp.Create(this=head, kind="MACRO", replace=replace, exists=not replace, expression=body)


def _in_macros(model: ModelVersion, suffix: str) -> exp.Table:
    return _macro(model, model.macro_name + suffix)


def _macro(model: ModelVersion, name: str) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        db=exp.to_identifier(MACROS),
        catalog=exp.to_identifier(model.catalog, quoted=True),
    )
