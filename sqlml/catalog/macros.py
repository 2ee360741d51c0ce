"""The macros of a model in schema `sqlml_models`: what views and macros call, so that they follow the model.

`"churn"` is the champion, else the newest version; `"churn@3"` a version; `"churn@beta"` an alias.
"""

from __future__ import annotations

from sqlglot import exp

from sqlml.catalog.cursor import Cursor
from sqlml.catalog.schema import MACROS
from sqlml.dialect import to_sql
from sqlml.types import ModelVersion

INPUTS, _INTERFACE = "inputs", "interface"


def create_macro(
    cursor: Cursor, model: ModelVersion, interface: str, suffix: str = "", *, inputs: exp.Expr | None = None
) -> None:
    """`CREATE OR REPLACE MACRO sqlml_models."name"(inputs, interface := '...') AS sqlml_predict('<sha256>', inputs)`.

    `inputs` is what the model is scored with where that is not what the macro is given: a TRANSFORM clause over them.
    A view that was made for a version with other inputs or classes gives another `interface`, and gets an error.
    """
    changed = f'The model "{model.short_name}" has other features or labels than when this view or macro was made.'
    same = exp.column(_INTERFACE).eq(exp.Literal.string(interface))
    refusal = exp.Anonymous(this="error", expressions=[exp.Literal.string(f"{changed} Create it again.")])
    artifact = exp.Case(ifs=[exp.If(this=same, true=exp.Literal.string(model.sha256))], default=refusal)
    # The user's own Python is told for whom it runs.
    connection = [exp.Anonymous(this="current_connection_id")] if model.is_registered else []
    given = [artifact, inputs or exp.column(INPUTS), *connection]
    body: exp.Expr = exp.Anonymous(this="sqlml_predict", expressions=given)
    if model.task == "transform" and inputs is not None:
        body = inputs
    default = exp.PropertyEQ(this=exp.to_identifier(_INTERFACE), expression=exp.Literal.string(interface))
    parameters = [exp.to_identifier(INPUTS), default]
    head = exp.UserDefinedFunction(this=_name(model, suffix), expressions=parameters, wrapped=True)
    cursor.rows(to_sql(exp.Create(this=head, kind="MACRO", replace=True, expression=body)))


def drop_macro(cursor: Cursor, model: ModelVersion, suffix: str = "") -> None:
    """Drop a macro of a model."""
    cursor.rows(to_sql(exp.Drop(tables=[_name(model, suffix)], kind="MACRO", exists=True)))


def _name(model: ModelVersion, suffix: str) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(model.macro_name + suffix, quoted=True),
        db=exp.to_identifier(MACROS),
        catalog=exp.to_identifier(model.catalog, quoted=True),
    )
