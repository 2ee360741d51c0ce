"""What the relations that a training query reads are like: the number of their rows, and a hash of the set of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from sqlml.catalog.cursor import Cursor
from sqlml.catalog.schema import MACROS, SCHEMA
from sqlml.catalog.sources import REGISTERED, resolve_sources
from sqlml.dialect import to_sql
from sqlml.types import Relation

_HASH = "sqlml_row_hash"


@dataclass(frozen=True)
class Fingerprint:
    """A relation and the columns of it that were read, in whatever order; no catalog is that of the model."""

    catalog: str | None
    schema: str
    name: str
    rows: int
    digest: str

    @property
    def place(self) -> tuple[str | None, str, str]:
        """Which relation it is of."""
        return self.catalog, self.schema.casefold(), self.name.casefold()

    @property
    def shown(self) -> str:
        """The name for people: a dataframe has no schema."""
        is_registered = (self.catalog, self.schema) == REGISTERED
        return ".".join(p for p in ((self.name,) if is_registered else (self.catalog, self.schema, self.name)) if p)


def fingerprints(
    cursor: Cursor, reads: Iterable[Relation], tree: exp.Expr, home: str, registered: Collection[str]
) -> tuple[Fingerprint, ...]:
    """Those of all relations that have a place; files and our own tables have none.

    DuckDB hashes column by column while it scans, so that it takes a small part of what training does.
    """
    found: dict[tuple[str | None, str, str], Fingerprint] = {}
    named = _named(tree)
    for relation in resolve_sources(cursor, [replace(r, columns=None) for r in reads], registered):
        name = relation.name
        if relation.is_path or name.catalog is None or name.schema is None or name.schema in (SCHEMA, MACROS):
            continue
        one = _fingerprint(cursor, relation, named, home)
        found.setdefault(one.place, one)
    return tuple(found.values())


def _named(tree: exp.Expr) -> frozenset[str] | None:
    """All names in a query, without case; None where it may read columns that it does not name: `*`, whole rows.

    A column is taken for read where anything in the query has its name: rather one too many than one too few.
    """
    aliases = {table.alias_or_name.casefold() for table in tree.find_all(exp.Table, exp.Subquery, exp.CTE)}
    whole = tree.find(exp.Star, exp.Columns, exp.Parameter) or any(
        join.args.get("method") for join in tree.find_all(exp.Join)
    )
    if whole or any(column.name.casefold() in aliases for column in tree.find_all(exp.Column)):
        return None
    return frozenset(identifier.name.casefold() for identifier in tree.find_all(exp.Identifier))


def _fingerprint(cursor: Cursor, relation: Relation, named: frozenset[str] | None, home: str) -> Fingerprint:
    name = relation.name
    is_registered = (name.catalog, name.schema) == REGISTERED
    db, catalog = (None, None) if is_registered else (name.schema, name.catalog)
    table = exp.table_(name.name, db, catalog, quoted=True)
    read = [c for c in relation.columns or () if named is None or c.casefold() in named]
    columns = [exp.column(c, quoted=True) for c in sorted(read or relation.columns or (), key=str.casefold)]
    hashed = exp.column(_HASH)
    facts = exp.select(
        exp.Count(this=exp.Star()),
        exp.Sum(this=exp.cast(hashed, exp.DataType.build("HUGEINT", dialect="duckdb"))),
        exp.func("bit_xor", hashed.copy()),
    ).from_(exp.select(exp.alias_(exp.func("hash", *columns), _HASH)).from_(table).subquery("sqlml_rows"))
    [(count, total, mixed)] = cursor.rows(to_sql(facts))
    digest = hashlib.sha256(f"{(total or 0) % 2**64}:{mixed or 0}".encode()).hexdigest()[:16]
    assert name.schema is not None
    return Fingerprint(None if name.catalog == home else name.catalog, name.schema, name.name, int(count), digest)
