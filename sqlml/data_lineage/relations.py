"""What stands in FROM: tables, files, subqueries, functions that give rows, PIVOT and UNPIVOT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sqlml import nodes
from sqlml.access.calls import call_parts
from sqlml.data_lineage.expressions import inside
from sqlml.data_lineage.values import NONE, PATH, Origin, Origins, Output, Scope, Source, Unfollowed, union
from sqlml.dialect import parse
from sqlml.types import ObjectName

if TYPE_CHECKING:
    from sqlml.data_lineage.queries import Reader

_FILES = frozenset(
    {
        *("read_csv", "read_csv_auto", "sniff_csv", "read_parquet", "parquet_scan", "read_json", "read_json_auto"),
        *("read_ndjson", "read_ndjson_auto", "read_json_objects", "read_ndjson_objects", "read_text", "read_blob"),
        *("read_xlsx", "st_read", "delta_scan", "iceberg_scan", "parquet_metadata", "parquet_schema"),
    }
)
# Their rows are those of a text or a name that only running them tells.
_OPAQUE = frozenset({"query", "query_table"})


def read_relation(reader: Reader, relation: exp.Expr, scope: Scope) -> list[Source]:
    """A relation without its joins."""
    pivots = relation.args.get("pivots") or []
    if isinstance(relation, exp.Pivot):
        return [_source(relation, _pivoted(reader, relation, relation, scope))]
    if pivots:
        alone = relation.copy()
        alone.set("joins", None)
        return [Source(_pivot_alias(pivots[-1], relation), tuple(_pivoted(reader, pivots[0], alone, scope)))]
    if isinstance(relation, exp.Subquery):
        return _subquery(reader, relation, scope)
    if isinstance(relation, exp.Lateral):
        return read_relation(reader, _under(relation.this, relation), scope)
    if isinstance(relation, exp.Values):
        return [_source(relation, _values(reader, relation, scope))]
    if isinstance(relation, exp.Unnest):
        origins = union([reader.of(e, inside(scope)) for e in relation.expressions])
        return [_source(relation, [Output("unnest", origins)])]
    if isinstance(relation, nodes.TableRef):
        return read_relation(reader, relation.this, scope)
    if isinstance(relation, exp.Table):
        return [_table(reader, relation, scope)]
    raise Unfollowed


def _under(relation: exp.Expr, holder: exp.Expr) -> exp.Expr:
    """What LATERAL holds, under the alias of LATERAL."""
    made = relation.copy()
    if holder.args.get("alias") is not None:
        made.set("alias", holder.args["alias"].copy())
    return made


def _source(relation: exp.Expr, outputs: Sequence[Output], schema: str | None = None) -> Source:
    from sqlml.data_lineage.queries import renamed

    named = renamed(list(outputs), relation.args.get("alias"))
    return Source(relation.alias_or_name, tuple(named), schema=schema)


def _subquery(reader: Reader, relation: exp.Subquery, scope: Scope) -> list[Source]:
    """`(SELECT ...) AS t`, which sees what stands before it; `(t JOIN u)` without an alias is its relations."""
    if isinstance(relation.this, exp.Query):
        return [_source(relation, reader.query(relation, inside(scope)))]
    made = reader.sources(relation.this, scope)
    if not relation.alias:
        return made
    return [_source(relation, [o for source in made for o in source.shown()])]


def _values(reader: Reader, values: exp.Values, scope: Scope) -> list[Output]:
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in values.expressions]
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        raise Unfollowed
    columns = [union([reader.of(row[i], inside(scope)) for row in rows]) for i in range(width)]
    return [Output(f"col{i}", origins) for i, origins in enumerate(columns)]


def _table(reader: Reader, table: exp.Table, scope: Scope) -> Source:
    if not isinstance(table.this, exp.Identifier):
        return _called(reader, table, scope)
    if not table.db and table.name.casefold() in scope.ctes:
        return _source(table, scope.ctes[table.name.casefold()])
    found = reader.names.relation(ObjectName(table.name, table.db or None, table.catalog or None), scope.home)
    if found is not None:
        origin, outputs = found
        reader.note(origin)
        return _source(table, outputs, table.db or origin.name.schema)
    if not table.db and ("." in table.name or "/" in table.name):
        return _source(table, _file(reader, [table.name], table))
    raise Unfollowed


def _called(reader: Reader, table: exp.Table, scope: Scope) -> Source:
    parts = call_parts(table.this)
    if parts is None and table.db and isinstance(table.this, exp.Anonymous):
        parts = (ObjectName(table.this.name, table.db, table.catalog or None), table.this)
    if parts is None:
        name, call = ObjectName(table.this.sql_name() if isinstance(table.this, exp.Func) else ""), table.this
    else:
        name, call = parts
        if table.db and name.schema is None:
            name = ObjectName(name.name, table.db, table.catalog or None)
    folded = name.name.casefold()
    if folded in _OPAQUE:
        raise Unfollowed
    if folded in _FILES:
        return _source(table, _file(reader, _paths(call), table))
    macro = reader.names.macro(name, scope.home, is_table=True)
    if macro is not None:
        body = parse(macro.definition)
        return _source(table, reader.query(body, reader.in_macro(macro, call, inside(scope))))
    given = [a for a in call.iter_expressions() if not isinstance(a, exp.Identifier)]
    given = [a.expression if isinstance(a, exp.EQ | exp.PropertyEQ | exp.Kwarg) else a for a in given]
    origins = union([reader.of(a, inside(scope)) for a in given])
    if folded in ("range", "generate_series", "unnest"):
        return _source(table, [Output(folded, origins)])
    return _source(table, [Output(column, origins) for column in _described(reader, table)])


def _paths(call: exp.Expr) -> list[str]:
    """The files that a function reads, where the text names them."""
    argument = next(iter(call.iter_expressions()), None)
    listed = argument.expressions if isinstance(argument, exp.Array) else [argument]
    if not all(isinstance(path, exp.Literal) and path.is_string for path in listed):
        raise Unfollowed
    return [path.name for path in listed if path is not None]


def _file(reader: Reader, paths: Sequence[str], table: exp.Table) -> list[Output]:
    for path in paths:
        reader.note(Origin(PATH, ObjectName(path)))
    return [
        Output(column, frozenset(Origin(PATH, ObjectName(path), column) for path in paths))
        for column in _described(reader, table)
    ]


def _described(reader: Reader, relation: exp.Expr) -> Sequence[str]:
    alone = relation.copy()
    for part in ("joins", "alias", "sample"):
        alone.set(part, None)
    if isinstance(alone, exp.Pivot):
        alone = exp.Subquery(this=alone)
    return reader.names.columns(exp.select("*").from_(alone, copy=False))


def _pivot_alias(pivot: exp.Expr, relation: exp.Expr) -> str:
    return str(pivot.alias or relation.alias_or_name)


def _pivoted(reader: Reader, pivot: exp.Expr, relation: exp.Expr, scope: Scope) -> list[Output]:
    """PIVOT and UNPIVOT: columns that stay are themselves, the others come from what is pivoted."""
    rows = relation.this if relation is pivot else relation.copy()
    if relation is not pivot:
        rows.set("pivots", None)
    made = reader.sources(rows, scope)
    here = replace(inside(scope), sources=tuple(made))
    own = {o.name.casefold(): o.origins for source in made for o in source.shown()}
    turned = _turned(pivot)
    folded = {c.name.casefold() for part in turned for c in part.find_all(exp.Column)}
    origins: Origins = union([reader.of(part, here) for part in turned])
    names, values = _unpivoted(pivot)
    outputs = []
    for column in _described(reader, relation):
        key = column.casefold()
        if pivot.args.get("unpivot"):
            found = own.get(key, origins if key not in names or key in values else NONE)
        else:
            found = own[key] if key in own and key not in folded else origins
        outputs.append(Output(column, found))
    return outputs


def _turned(pivot: exp.Expr) -> list[exp.Expr]:
    """The expressions whose values become other columns or rows."""
    parts = [] if pivot.args.get("fields") and pivot.args.get("unpivot") else list(pivot.expressions)
    parts += pivot.args.get("using") or []
    for field in pivot.args.get("fields") or []:
        parts += field.expressions if pivot.args.get("unpivot") else [field.this]
    return parts


def _unpivoted(pivot: exp.Expr) -> tuple[set[str], set[str]]:
    """The names of UNPIVOT's columns: of the names, of the values."""
    into = pivot.args.get("into")
    if into is not None:
        return {into.this.name.casefold()}, {c.name.casefold() for c in into.expressions}
    fields = pivot.args.get("fields") or []
    if fields:
        return {f.this.name.casefold() for f in fields}, {c.name.casefold() for c in pivot.expressions}
    return {"name"}, {"value"}
