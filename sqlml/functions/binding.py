"""Features by name: from what a call gives (a row, columns, values) to the struct of inputs a model takes.

Names are compared without case, in any order; columns the model does not know are not even read.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sqlml.errors import InvalidOption, NotFound, WrongType, nearest_hint
from sqlml.features import FAMILY_TYPES, accepts, family_of, model_inputs, value_family
from sqlml.functions.base import Context, Source, named_value
from sqlml.shapes import STRUCT, Shape, shape_of
from sqlml.transform import OTHER, replayed_inputs
from sqlml.types import Column, Feature, ModelVersion

# What a feature is bound to: its expression, and its type where it is known.
Bound = dict[str, tuple[exp.Expr, str | None]]


def input_struct(model: ModelVersion, bound: Bound) -> exp.Expr:
    """`{'input': expression, ...}` for the features of a model."""
    if model.transform:
        return replayed_inputs(model, raw_values(model, bound))
    fields = []
    for spec in model_inputs(model):
        value, kind = bound[spec.feature.name.casefold()]
        _check_type(model, spec.feature, kind)
        fields.append(exp.PropertyEQ(this=exp.to_identifier(spec.name, quoted=True), expression=spec.sql(value.copy())))
    return exp.Struct(expressions=fields)


def raw_values(model: ModelVersion, bound: Bound) -> dict[str, exp.Expr]:
    """The raw columns of a TRANSFORM clause by folded name, their types checked."""
    for feature in model.takes:
        _check_type(model, feature, bound[feature.name.casefold()][1])
    return {name: value for name, (value, _) in bound.items()}


def bind_columns(model: ModelVersion, columns: Sequence[Column], alias: str | None, what: str) -> Bound:
    """Features from columns of a relation of that alias.

    Raises NotFound naming every feature that is missing.
    """
    by_name = {c.name.casefold(): c for c in columns}
    missing = [f.name for f in model.takes if f.name.casefold() not in by_name]
    if missing:
        raise _missing(model, missing, [c.name for c in columns], what)
    found = {f.name.casefold(): by_name[f.name.casefold()] for f in model.takes}
    return {k: (exp.column(c.name, table=alias, quoted=True), c.type) for k, c in found.items()}


def bind_arguments(model: ModelVersion, arguments: Sequence[exp.Expr], context: Context, at: exp.Expr) -> Bound:
    """Features from the arguments of a scalar call: one row, or columns and named values, or values in order."""
    if not arguments:
        raise NotFound(f'The call gives model "{model.short_name}" no features.', hint=f"It takes: {_features(model)}.")
    if len(arguments) == 1:
        row = bind_row(model, arguments[0], context, at)
        if row is not None:
            return row
    return _bind_values(model, arguments, context, at)


def bind_row(model: ModelVersion, argument: exp.Expr, context: Context, at: exp.Expr) -> Bound | None:
    """Features from an argument that is a whole row: a struct, `t`, `t.*`, `*`; None where it is a value."""
    if isinstance(argument, exp.Struct):
        return _bind_values(model, argument.expressions, context, at)
    if isinstance(argument, exp.Anonymous) and argument.name.casefold() in ("struct_pack", "named_struct"):
        return _bind_values(model, argument.expressions, context, at)
    if isinstance(argument, exp.Anonymous) and argument.name.casefold() == "row":
        raise InvalidOption(
            "The fields of row(...) have no names.", hint=f"Write {{'feature': value}}. It takes: {_features(model)}."
        )
    if isinstance(argument, exp.Star):
        return _bind_sources(model, context.sources(at))
    if not isinstance(argument, exp.Column):
        return None
    if isinstance(argument.this, exp.Star):
        source = context.source(argument.table, at)
        return _bind_source(model, source or Source(argument.table, None))
    source = None if argument.table else context.source(argument.name, at)
    kind = kind_of(argument, context, at, struct=True)
    if source is not None and kind is None:
        return _bind_source(model, source)
    feature = next((f for f in model.takes if f.name.casefold() == argument.name.casefold()), None)
    if feature is not None and feature.family == STRUCT:
        return None
    is_struct = kind.startswith("STRUCT(") if kind is not None else feature is None
    return _bind_field(model, argument) if is_struct else None


def _bind_source(model: ModelVersion, source: Source) -> Bound:
    if source.columns is not None:
        return bind_columns(model, source.columns, source.alias, f'"{source.alias}"')
    return {f.name.casefold(): (exp.column(f.name, table=source.alias, quoted=True), None) for f in model.takes}


def _bind_sources(model: ModelVersion, sources: Sequence[Source]) -> Bound:
    columns = [c for s in sources for c in s.columns or ()]
    if not all(s.columns is not None for s in sources):
        return {f.name.casefold(): (exp.column(f.name, quoted=True), None) for f in model.takes}
    return bind_columns(model, columns, None, "the query")


def _bind_field(model: ModelVersion, struct: exp.Expr) -> Bound:
    """Fields of a struct column."""
    return {
        f.name.casefold(): (exp.func("struct_extract", struct.copy(), exp.Literal.string(f.name)), None)
        for f in model.takes
    }


def _bind_values(model: ModelVersion, arguments: Sequence[exp.Expr], context: Context, at: exp.Expr) -> Bound:
    named: Bound = {}
    unnamed: list[exp.Expr] = []
    for argument in arguments:
        name, value = named_value(argument)
        if name is None and isinstance(value, exp.Column) and not isinstance(value.this, exp.Star):
            name = value.name
        if name is None:
            unnamed.append(value)
        else:
            named[name.casefold()] = (value, kind_of(value, context, at, struct=False))
    if unnamed and not named and len(unnamed) == len(model.takes):
        kinds = [kind_of(v, context, at, struct=False) for v in unnamed]
        return {f.name.casefold(): (v, k) for f, v, k in zip(model.takes, unnamed, kinds, strict=True)}
    if unnamed:
        shown = f"{len(unnamed)} of {len(arguments)} values"
        raise NotFound(
            f'{shown} for model "{model.short_name}" have no name.',
            hint=f"Write feature := value. The features are: {_features(model)}.",
        )
    only = model.takes[0].name.casefold()
    if len(arguments) == len(model.takes) == 1 and isinstance(arguments[0], exp.Column) and only not in named:
        # A model of one feature takes a bare column, whatever its name.
        return {only: next(iter(named.values()))}
    missing = [f.name for f in model.takes if f.name.casefold() not in named]
    if missing:
        raise _missing(model, missing, list(named), "the call")
    return named


def kind_of(value: exp.Expr, context: Context, at: exp.Expr, *, struct: bool) -> str | None:
    """The DuckDB type of a plain column, a literal or a cast, where it can be known."""
    if isinstance(value, exp.Column) and not isinstance(value.this, exp.Star):
        sources = [context.source(value.table, at)] if value.table else context.sources(at)
        found = [c.type for s in sources if s for c in s.columns or () if c.name.casefold() == value.name.casefold()]
        return found[0] if len(found) == 1 else None
    if struct:
        return None
    if isinstance(value, exp.Literal):
        return "VARCHAR" if value.is_string else "DOUBLE"
    if isinstance(value, exp.Boolean):
        return "BOOLEAN"
    if isinstance(value, exp.Cast):
        return next((name for types, name in _CAST_KINDS if value.to.this in types), None)
    if isinstance(value, exp.Array | exp.Struct):
        return _UNNAMED[0] if isinstance(value, exp.Array) else _kind_of_struct(value)
    return None


def _kind_of_struct(value: exp.Struct) -> str:
    """The type of a struct that is written out: its fields, of types that are not known."""
    names = [named_value(field)[0] for field in value.expressions]
    null = exp.DataType.build("NULL", dialect="duckdb")
    fields = [exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=null.copy()) for name in names if name]
    if len(fields) < len(names):
        return _UNNAMED[1]
    kind = exp.DataType(this=exp.DataType.Type.STRUCT, expressions=fields, nested=True)
    return kind.sql(dialect="duckdb")


# A list of anything and a struct of anything.
_UNNAMED = ("LIST[]", "STRUCT()")
# The names of types that DuckDB takes are many; these are what they all mean.
_CAST_KINDS = (
    (exp.DataType.NUMERIC_TYPES, "DOUBLE"),
    (exp.DataType.TEXT_TYPES, "VARCHAR"),
    ({exp.DataType.Type.BOOLEAN}, "BOOLEAN"),
    ({exp.DataType.Type.DATE}, "DATE"),
    ({exp.DataType.Type.VARBINARY, exp.DataType.Type.BINARY}, "BLOB"),
    ({exp.DataType.Type.ARRAY, exp.DataType.Type.LIST}, _UNNAMED[0]),
)


def _check_type(model: ModelVersion, feature: Feature, kind: str | None) -> None:
    if kind is None:
        return
    family = family_of(kind)
    trained = value_family(feature)
    shape = shape_of(feature.type)
    if shape is not None and feature.family != OTHER:
        is_wrong = not _is_read_as(shape, kind)
    elif feature.family == OTHER:
        is_wrong = family not in (None, "null")
    else:
        is_wrong = family is None or not accepts(trained, family)
    if is_wrong:
        raise WrongType(
            f'The feature "{feature.name}" of model "{model.short_name}" is {FAMILY_TYPES[trained]} '
            f"({feature.type}) and was given {kind}.",
            hint=f'Cast it: CAST("{feature.name}" AS {feature.type}).',
        )


def _is_read_as(shape: Shape, kind: str) -> bool:
    """Whether values of a type may stand in for a list or struct that was trained on."""
    if family_of(kind) == "null":
        return True
    if kind in _UNNAMED:
        return (shape.family == STRUCT) == (kind == _UNNAMED[1])
    given = shape_of(kind)
    if given is None or given.family != shape.family:
        return False
    if given.length and shape.length and given.length != shape.length:
        return False
    known = {name.casefold(): kind for name, kind in given.fields}
    if shape.family != STRUCT:
        return True
    return all(name.casefold() in known and _is_field(kind, known[name.casefold()]) for name, kind in shape.fields)


def _is_field(trained: str, given: str) -> bool:
    shape, family = shape_of(trained), family_of(given)
    if shape is not None:
        return _is_read_as(shape, given)
    return family is not None and (family == "null" or accepts(family_of(trained) or "", family))


def _missing(model: ModelVersion, missing: list[str], given: list[str], what: str) -> NotFound:
    listed = ", ".join(f'"{name}"' for name in missing)
    plural = "s" if len(missing) > 1 else ""
    hint = nearest_hint(missing[0], given, otherwise=f"It takes: {_features(model)}.")
    return NotFound(
        f'Model "{model.short_name}" needs the feature{plural} {listed}, which {what} does not have.',
        hint=hint,
    )


def _features(model: ModelVersion) -> str:
    return ", ".join(f"{f.name} {f.type}" for f in model.takes)
