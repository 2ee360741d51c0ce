"""Rows whose outcome is known, with a model's scores: what evaluation is made of."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import InvalidOption, NotFound, WrongType, nearest_hint
from sqlml.features import family_of, known_label
from sqlml.functions.base import Call, Context
from sqlml.functions.binding import bind_columns, input_struct
from sqlml.functions.scores import score_call
from sqlml.types import ModelVersion


def labelled_rows(call: Call, context: Context, model: ModelVersion, query: exp.Query) -> exp.Query:
    """The query of (label, score) for the rows of a query.

    Raises NotFound without the label or a feature, WrongType for a label that is no number where one is predicted.
    """
    columns = context.columns(query, call.node)
    by_name = {c.name.casefold(): c for c in columns}
    label = by_name.get(model.label.casefold())
    if label is None:
        raise NotFound(
            f'The input has no column "{model.label}", the label of model "{model.short_name}".',
            hint=nearest_hint(model.label, by_name, otherwise="Evaluate on rows whose outcome is known."),
        )
    if model.task == "regression" and family_of(label.type) != "numeric":
        raise WrongType(
            f'The label "{label.name}" is {label.type}; model "{model.short_name}" predicts a number.',
            hint=f'Cast it: CAST("{label.name}" AS DOUBLE).',
        )
    bound = bind_columns(model, columns, "rows_in", "the input")
    value = exp.column(label.name, table="rows_in", quoted=True)
    kept = exp.DataType.build("DOUBLE" if model.task == "regression" else model.label_type, dialect="duckdb")
    rows = exp.select(
        exp.alias_(exp.cast(known_label(value, label.type), kept), "label"),
        exp.alias_(score_call(model, input_struct(model, bound), context), "score"),
    ).from_(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("rows_in"))))
    if model.answers_all:
        return rows
    # A row without an answer, for its key has no model, is not judged.
    return exp.select("*").from_(rows.subquery("scored")).where(exp.column("score").is_(exp.null()).not_())


def classifier_only(model: ModelVersion, function: str) -> None:
    """Refuse a model that predicts a number."""
    if model.task != "classification":
        hint = f'Model "{model.short_name}" predicts a number.'
        raise InvalidOption(f"{function} is for classifications.", hint=hint)


def held_out_only(model: ModelVersion, function: str, context: Context) -> None:
    """Refuse a call without rows for a model that was trained elsewhere: it has no held-out rows here."""
    if not context.metrics(model):
        raise NotFound(
            f'The model "{model.short_name}" was not trained here: it has no held-out rows.',
            hint=f"Write {function}(MODEL {model.short_name}, TABLE t).",
        )
