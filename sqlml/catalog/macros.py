"""The macro of a model in schema `sqlml_models`: what views and macros call, so that they follow the model."""

from __future__ import annotations

from sqlglot import exp

from sqlml.catalog.cursor import Cursor
from sqlml.catalog.schema import MACROS
from sqlml.dialect import to_sql
from sqlml.types import ModelVersion

_INPUTS = "inputs"


def create_macro(cursor: Cursor, model: ModelVersion) -> None:
    """`CREATE OR REPLACE MACRO sqlml_models."name"(inputs) AS sqlml_predict('<sha256>', inputs)`."""
    body = exp.Anonymous(this="sqlml_predict", expressions=[exp.Literal.string(model.sha256), exp.column(_INPUTS)])
    head = exp.UserDefinedFunction(this=_name(model), expressions=[exp.to_identifier(_INPUTS)], wrapped=True)
    cursor.rows(to_sql(exp.Create(this=head, kind="MACRO", replace=True, expression=body)))


def drop_macro(cursor: Cursor, model: ModelVersion) -> None:
    """Drop the macro of a model."""
    cursor.rows(to_sql(exp.Drop(tables=[_name(model)], kind="MACRO", exists=True)))


def _name(model: ModelVersion) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(model.short_name, quoted=True),
        db=exp.to_identifier(MACROS),
        catalog=exp.to_identifier(model.catalog, quoted=True),
    )
