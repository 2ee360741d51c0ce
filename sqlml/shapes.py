"""Nested column types as features: `STRUCT(city VARCHAR, zip INTEGER)`, `FLOAT[384]`, `VARCHAR[]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from sqlml.features import family_of

STRUCT, VECTOR, WORDS, SPARSE = "struct", "vector", "words", "sparse"

# sqlglot's names of types that DESCRIBE calls otherwise.
_WRITTEN = {
    "TEXT": "VARCHAR",
    "INT": "INTEGER",
    "REAL": "FLOAT",
    "INT128": "HUGEINT",
    "UINT128": "UHUGEINT",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMETZ": "TIME WITH TIME ZONE",
}
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}


@dataclass(frozen=True)
class Shape:
    """A nested type: its family, the length of a vector where the type has it, the fields of a struct."""

    family: str
    length: int | None = None
    fields: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=1024)
def shape_of(duckdb_type: str) -> Shape | None:
    """The shape of a nested type; None for a plain one, and for one that can be no features.

    These are structs, lists of numbers, of booleans, of texts, and of structs of a whole number and a number.
    """
    if not duckdb_type.startswith("STRUCT(") and not duckdb_type.endswith("]"):
        return None
    parsed = exp.DataType.build(duckdb_type, dialect="duckdb")
    if parsed.this == exp.DataType.Type.STRUCT:
        return Shape(STRUCT, fields=_fields(parsed))
    return _of_list(parsed)


def _of_list(parsed: exp.DataType) -> Shape | None:
    element = parsed.expressions[0]
    family = family_of(written(element))
    if family in ("numeric", "boolean"):
        size = parsed.args.get("values")
        return Shape(VECTOR, length=int(size[0].name) if size else None)
    if family == "text":
        return Shape(WORDS)
    if element.this == exp.DataType.Type.STRUCT and not element.args.get("values"):
        kinds = [kind for _, kind in _fields(element)]
        if len(kinds) == 2 and kinds[0] in _WHOLE and family_of(kinds[1]) == "numeric":
            return Shape(SPARSE, fields=_fields(element))
    return None


def _fields(parsed: exp.DataType) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, written(field.args["kind"])) for field in parsed.expressions)


def written(kind: exp.Expr) -> str:
    """A type as DESCRIBE writes it; below the top of a nested type sqlglot's names may stand."""
    name = kind.sql(dialect="duckdb")
    return _WRITTEN.get(name, name)


def read_as(duckdb_type: str, name: str, lengths: Mapping[str, int]) -> exp.DataType:
    """The type that a value is read as: numbers as DOUBLE, so that 2.5 for an INTEGER is not 2; texts as VARCHAR.

    A list of numbers has the length that was learned for its name, by which the engine refuses any other.
    """
    return _read_as(exp.DataType.build(duckdb_type, dialect="duckdb"), name, lengths)


def _read_as(kind: exp.DataType, name: str, lengths: Mapping[str, int]) -> exp.DataType:
    shape = shape_of(written(kind))
    if shape is None:
        family = family_of(written(kind))
        leaf = {"numeric": "DOUBLE", "null": "DOUBLE", "text": "VARCHAR"}.get(family or "")
        return exp.DataType.build(leaf, dialect="duckdb") if leaf else kind
    if shape.family == STRUCT:
        read: exp.DataType = kind.copy()
        for field in read.expressions:
            field.set("kind", _read_as(field.args["kind"], f"{name}_{field.name}", lengths))
        return read
    if shape.family == WORDS:
        return exp.DataType.build("VARCHAR[]", dialect="duckdb")
    if shape.family == VECTOR:
        read = exp.DataType.build("DOUBLE[]", dialect="duckdb")
        length = lengths.get(name, shape.length)
        read.set("values", [exp.Literal.number(length)] if length else None)
        return read
    pairs: exp.DataType = kind.expressions[0].copy()
    for field, leaf in zip(pairs.expressions, ("BIGINT", "DOUBLE"), strict=True):
        field.set("kind", exp.DataType.build(leaf, dialect="duckdb"))
    read = exp.DataType.build("BIGINT[]", dialect="duckdb")
    read.set("expressions", [pairs])
    return read
