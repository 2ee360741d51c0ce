"""What the relations that a training query reads are like: the number of their rows, and a hash of the set of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sqlml.catalog.cursor import Cursor
from sqlml.catalog.schema import MACROS, SCHEMA
from sqlml.catalog.sources import resolve_sources
from sqlml.dialect import to_sql
from sqlml.types import Relation

_HASH, _ROWS = "sqlml_row_hash", "sqlml_rows"


@dataclass(frozen=True)
class Fingerprint:
    """A relation and the columns of it that were read, in whatever order; no catalog is that of the model.

    A file has neither catalog nor schema.
    """

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
        """The name for people."""
        return ".".join(p for p in (self.catalog, self.schema, self.name) if p)


def fingerprints(
    cursor: Cursor, reads: Iterable[Relation], tree: exp.Expr, home: str, registered: Collection[str]
) -> tuple[Fingerprint, ...]:
    """Those of all relations that have a place, and of files that are read by their names alone.

    What is temporary and our own tables have none, nor has a file that a function reads.

    DuckDB hashes column by column while it scans, so that it takes a small part of what training does.
    """
    found: dict[tuple[str | None, str, str], Fingerprint] = {}
    named = _named(tree)
    for relation in resolve_sources(cursor, [replace(r, columns=None) for r in reads], registered):
        name = relation.name
        if relation.is_path:
            one = _of_file(cursor, relation)
        elif name.catalog in (None, "temp") or name.schema in (None, SCHEMA, MACROS):
            # A registered reader gives its rows once, to whoever trains; a temporary view may read one.
            continue
        else:
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
    table = exp.table_(name.name, name.schema, name.catalog, quoted=True)
    read = [c for c in relation.columns or () if named is None or c.casefold() in named]
    columns = [exp.column(c, quoted=True) for c in sorted(read or relation.columns or (), key=str.casefold)]
    count, digest = _counted(cursor, table, columns)
    assert name.schema is not None
    return Fingerprint(None if name.catalog == home else name.catalog, name.schema, name.name, count, digest)


def _of_file(cursor: Cursor, relation: Relation) -> Fingerprint:
    """All of its columns: which ones they are is only known by reading it."""
    table = exp.alias_(exp.table_(relation.name.name, quoted=True), _ROWS, table=True)
    return Fingerprint(None, "", relation.name.name, *_counted(cursor, table, [exp.column(_ROWS)]))


def _counted(cursor: Cursor, table: exp.Expr, columns: Sequence[exp.Expr]) -> tuple[int, str]:
    """The number of rows, and a hash of the set of them."""
    hashed = exp.column(_HASH)
    facts = exp.select(
        exp.Count(this=exp.Star()),
        exp.Sum(this=exp.cast(hashed, exp.DataType.build("HUGEINT", dialect="duckdb"))),
        exp.func("bit_xor", hashed.copy()),
    ).from_(exp.select(exp.alias_(exp.func("hash", *columns), _HASH)).from_(table).subquery(_ROWS))
    [(count, total, mixed)] = cursor.rows(to_sql(facts))
    return int(count), hashlib.sha256(f"{(total or 0) % 2**64}:{mixed or 0}".encode()).hexdigest()[:16]
