"""`STRUCT(true AS provenance)`: which version gave a prediction, from what, when, and for which row."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import InvalidOption, NotSupported
from sqlml.features import value_family
from sqlml.functions.base import Context
from sqlml.types import Column, Feature, ModelVersion

_READ_AS = {"numeric": "DOUBLE", "text": "VARCHAR", "date": "TIMESTAMP", "timestamp": "TIMESTAMP"}


def wants_provenance(options: Mapping[str, exp.Expr], context: Context) -> bool:
    """Whether a call asks for provenance.

    Raises InvalidOption for what is neither TRUE nor FALSE.
    """
    given = context.value(options["provenance"]) if "provenance" in options else False
    if not isinstance(given, bool):
        raise InvalidOption(f"provenance is {given!r}.", hint="It is TRUE or FALSE.")
    return given


def provenance_columns(
    model: ModelVersion, columns: tuple[Column, ...], alias: str, context: Context
) -> dict[str, exp.Expr]:
    """`_model`, `_version`, `_lineage_hash`, `_scored_at` and `_row_hash` over a relation with these columns.

    Raises NotSupported in SQL that is kept and follows a model: there the version is not yet known.
    """
    if context.is_stored and not model.is_pinned:
        raise NotSupported(
            f'A view or macro follows the model "{model.short_name}": which version will answer is not known.',
            hint=f"Name the version: MODEL {model.short_name} VERSION {model.version}; or keep the rows in a table.",
        )
    lineage = context.lineage_hash(model)
    return {
        "_model": nodes.cast(exp.Literal.string(model.short_name), "VARCHAR"),
        "_version": nodes.cast(exp.Literal.number(model.version), "INTEGER"),
        "_lineage_hash": nodes.cast(exp.null() if lineage is None else exp.Literal.string(lineage), "VARCHAR"),
        "_scored_at": _scored_at(),
        "_row_hash": row_hash(model, columns, alias),
    }


def _scored_at() -> exp.Expr:
    """The time of the transaction in UTC; a cast of a time with a time zone would need an extension."""
    micros = exp.Anonymous(this="epoch_us", expressions=[exp.Anonymous(this="now")])
    return exp.Anonymous(this="make_timestamp", expressions=[micros])


def row_hash(model: ModelVersion, columns: tuple[Column, ...], alias: str) -> exp.Expr:
    """A hash of what the model reads of a row, whatever the order and the other columns of the input."""
    by_name = {c.name.casefold(): c for c in columns}
    values = []
    for feature in sorted(model.takes, key=lambda f: f.name.casefold()):
        found = by_name[feature.name.casefold()]
        values.append(_as_read(feature, exp.column(found.name, table=alias, quoted=True)))
    return exp.Anonymous(this="hash", expressions=values)


def _as_read(feature: Feature, value: exp.Expr) -> exp.Expr:
    """The value as the type that its kind of feature has in common: 1 and 1.0 are the same to a model."""
    kind = _READ_AS.get(value_family(feature))
    return value if kind is None else nodes.cast(value, kind)
