"""Which columns of a query are computed from the same values of the same row as another: `SELECT *, paid > 0 AS y`.

A value is followed through subqueries, CTEs and set operations to the columns of tables and files, a view being one of
them. What reads other rows (lag, a frame that leaves out the current row), other queries (a subquery in an expression)
or nothing (hash, random) is a value of its own; an aggregate of an expression or with a FILTER is one too, so that
sums over two periods are two values. Rows of range() hold no data: what is computed from them alone is no match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.scope import Scope, build_scope

from sqlml.dialect import to_sql

_SCRAMBLING = {"hash", "md5", "md5_number", "sha1", "sha256"}
_RANDOM = {"random", "rand", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval"}
_GENERATORS = {"range", "generate_series", "unnest"}
_OTHER_ROWS = {"lag", "lead"}
_RANKS = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"}
_AGGREGATES = {
    *("any_value", "arg_max", "arg_min", "array_agg", "avg", "bool_and", "bool_or", "count", "count_if", "countif"),
    *("first", "last", "list", "mad", "max", "max_by", "mean", "median", "min", "min_by", "mode", "product"),
    *("quantile", "quantile_cont", "quantile_disc", "stddev", "stddev_pop", "stddev_samp", "string_agg", "sum"),
    *("var_pop", "var_samp", "variance"),
}


@dataclass(frozen=True)
class Value:
    """Where in the nesting a value is read, of which relation (None where that cannot be told), its name or SQL."""

    path: tuple[str, ...]
    relation: str | None
    key: str
    shown: str = field(compare=False)


Values = frozenset[Value]


@dataclass(frozen=True)
class LabelLineage:
    """What of a training query the label is computed from, and the features that say as much.

    Each of `features` alone reads all values of the label; where none does, `together` do.
    """

    values: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    together: tuple[str, ...] = ()


def label_lineage(query: exp.Expr, columns: Sequence[str], label: str, features: Iterable[str]) -> LabelLineage:
    """The lineage of a label, for a query with these columns; empty where it cannot be followed."""
    try:
        scope = build_scope(query)
    except OptimizeError:
        # DuckDB allows names that the scope walker does not.
        return LabelLineage()
    if scope is None:
        return LabelLineage()
    positions = {name: i for i, name in enumerate(columns)}
    of_label = _column(scope, (), label, positions.get(label))
    if not of_label:
        return LabelLineage()
    by_feature = {name: _column(scope, (), name, positions.get(name)) for name in features}
    names = tuple(sorted({value.shown for value in of_label}))
    alone = tuple(name for name, values in by_feature.items() if _covers(values, of_label))
    together: tuple[str, ...] = ()
    if not alone and _covers(frozenset().union(*by_feature.values()), of_label):
        together = tuple(n for n, values in by_feature.items() if any(_covers(values, {v}) for v in of_label))
    return LabelLineage(names, alone, together)


def _covers(values: Iterable[Value], wanted: Iterable[Value]) -> bool:
    """Whether all wanted values are among these; one whose relation cannot be told is any relation's."""
    known = set(values)
    anywhere = {(value.path, value.key) for value in known if value.relation is None}
    named = {(value.path, value.key) for value in known}
    return all(
        value in known
        or (value.path, value.key) in anywhere
        or (value.relation is None and (value.path, value.key) in named)
        for value in wanted
    )


def _column(scope: Scope, path: tuple[str, ...], name: str, position: int | None = None) -> Values:
    """The values that a column of a query is computed from."""
    query = scope.expression
    if isinstance(query, exp.SetOperation):
        if query.args.get("by_name"):
            position = None
        elif position is None:
            position = next((i for i, n in enumerate(query.named_selects) if n.casefold() == name.casefold()), None)
        sides = [
            _column(side, (*path, f"side {i}"), name, position) for i, side in enumerate(scope.set_operation_scopes)
        ]
        return frozenset().union(*sides)
    if isinstance(query, exp.Subquery):
        inner = next(iter(scope.derived_table_scopes), None)
        return _column(inner, path, name, position) if inner else frozenset()
    if not isinstance(query, exp.Select):
        return frozenset()
    projections = query.expressions
    has_star = any(p.is_star or _is_columns(p) for p in projections)
    if not has_star and position is not None and position < len(projections):
        return _values(_unaliased(projections[position]), scope, path, position)
    for i, projection in enumerate(projections):
        if not projection.is_star and projection.alias_or_name.casefold() == name.casefold():
            return _values(_unaliased(projection), scope, path, i)
    return _from_star([p for p in projections if p.is_star], scope, path, name)


def _from_star(stars: Sequence[exp.Expr], scope: Scope, path: tuple[str, ...], name: str) -> Values:
    for projection in stars:
        star = projection.this if isinstance(projection, exp.Column) else projection
        for replaced in star.args.get("replace") or []:
            if replaced.alias.casefold() == name.casefold():
                return _values(replaced.this, scope, path, 0)
        for renamed in star.args.get("rename") or []:
            if renamed.alias.casefold() == name.casefold():
                return _values(renamed.this, scope, path, 0)
    owners = [p.table for p in stars if isinstance(p, exp.Column)]
    if not stars:
        return frozenset()
    return _read(scope, path, owners[0] if len(owners) == len(stars) == 1 else "", name)


def _read(scope: Scope, path: tuple[str, ...], table: str, name: str) -> Values:
    """The values of a column of one of the relations of a query."""
    sources = {alias.casefold(): source for alias, (_, source) in scope.selected_sources.items()}
    alias = table.casefold()
    if alias not in sources:
        alias = next(iter(sources), "") if len(sources) == 1 else ""
    if not alias:
        owners = [a for a, source in sources.items() if _has_column(source, name)]
        alias = owners[0] if len(owners) == 1 else ""
    source = sources.get(alias)
    if isinstance(source, Scope):
        if source.is_udtf:
            return (
                frozenset()
                if isinstance(source.expression, exp.Unnest)
                else frozenset({_column_value(path, alias, name)})
            )
        outer = [c.casefold() for c in source.outer_columns]
        position = outer.index(name.casefold()) if name.casefold() in outer else None
        return _column(source, (*path, alias), name, position)
    if isinstance(source, exp.Table) and source.this.name.casefold() in _GENERATORS and _is_call(source.this):
        return frozenset()
    return frozenset({_column_value(path, alias or None, name)})


def _column_value(path: tuple[str, ...], relation: str | None, name: str) -> Value:
    return Value(path, relation, name.casefold(), f'"{name}"')


def _has_column(source: object, name: str) -> bool:
    """Whether a subquery names a column; of tables that is not known here."""
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Query):
        return False
    names = [*source.outer_columns, *source.expression.named_selects]
    return any(n.casefold() == name.casefold() for n in names)


def _values(node: exp.Expr, scope: Scope, path: tuple[str, ...], position: int) -> Values:
    """The values that an expression at a position of a SELECT list reads of its own row."""
    if isinstance(node, exp.Column):
        return _of_column(node, scope, path, position)
    sql = to_sql(node)
    whole = frozenset({Value(path, "", sql, sql)})
    if isinstance(node, exp.Query | exp.Subquery | exp.Exists | exp.Filter):
        return whole
    if _is_call(node):
        name = _call_name(node)
        if name in _RANDOM:
            return frozenset({Value(path, "", f"{sql} at {id(node)}", sql)})
        if name in _SCRAMBLING:
            return whole
        # An aggregate of a plain column reads it; of an expression it is a value of its own.
        if name in _AGGREGATES and any(not isinstance(a, exp.Column | exp.Literal) for a in _arguments(node)):
            return whole
    if isinstance(node, exp.Window):
        return _of_window(node, scope, path, position, whole)
    found: Values = frozenset()
    for child in node.iter_expressions():
        found |= _values(child, scope, path, position)
    return found


def _of_column(node: exp.Column, scope: Scope, path: tuple[str, ...], position: int) -> Values:
    if isinstance(node.this, exp.Star):
        return frozenset()
    select = scope.expression
    if not node.table and isinstance(select, exp.Select):
        # DuckDB lets an expression use the names that stand before it.
        for i, earlier in enumerate(select.expressions[:position]):
            if isinstance(earlier, exp.Alias) and earlier.alias.casefold() == node.name.casefold():
                return _values(earlier.this, scope, path, i)
    return _read(scope, path, node.table, node.name)


def _of_window(node: exp.Window, scope: Scope, path: tuple[str, ...], position: int, whole: Values) -> Values:
    call = node.this
    name = _call_name(call) if _is_call(call) else ""
    if name in _RANKS:
        order = node.args.get("order")
        return _values(order, scope, path, position) if order else frozenset()
    if name in _OTHER_ROWS or node.args.get("alias") or isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
        return whole
    spec = node.args.get("spec")
    if spec is not None:
        starts_after = spec.args.get("start_side") == "FOLLOWING"
        ends_before = spec.args.get("end_side") == "PRECEDING"
        if starts_after or ends_before or spec.args.get("exclude"):
            return whole
    return _values(call, scope, path, position)


def _unaliased(node: exp.Expr) -> exp.Expr:
    inner: exp.Expr = node.this if isinstance(node, exp.Alias) else node
    return inner


def _is_columns(node: exp.Expr) -> bool:
    return any(_is_call(call) and _call_name(call) == "columns" for call in node.find_all(exp.Anonymous, exp.Columns))


def _is_call(node: exp.Expr) -> bool:
    return isinstance(node, exp.Func)


def _call_name(node: exp.Expr) -> str:
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else ""
    return str(name).casefold()


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    return [a for a in node.iter_expressions() if not isinstance(a, exp.Identifier)]
