"""`INSERT INTO t VALUES (?, ?)` for many rows at once: the same statement over a relation of their values.

INSERT INTO t SELECT r.p1, r.p2 FROM rows AS r;
UPDATE t SET a = r.p1 FROM rows AS r WHERE id = r.p2;
DELETE FROM t USING rows AS r WHERE id = r.p1;
MERGE INTO t USING (SELECT r.p1 AS id, r.p2 AS v FROM rows AS r) AS s ON t.id = s.id WHEN ...;

Only where the outcome is that of one row after the other; `ambiguous` asks what only the rows can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import ParseError

from sqlml import nodes
from sqlml.dialect import to_sql
from sqlml.parameter_columns import Use
from sqlml.types import Column

ROWS = "sqlml_rows"
_ALIAS = "sqlml_row"
# What is not worked out for each row alone.
_NOT_BY_ROW = (exp.AggFunc, exp.Window, exp.Query, exp.Explode, exp.UDTF, exp.Star, exp.Var)
_TELL_TYPES = (exp.DataType.Type.UNION, exp.DataType.Type.VARIANT)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)

Values = Mapping[str, exp.Expr]
Describe = Callable[[str], list[Column]]
IsScalar = Callable[[str], bool]


def row_value(name: str) -> exp.Expr:
    """A column of the rows."""
    return exp.column(name, table=_ALIAS, quoted=True)


def typed(value: exp.Expr, kind: str) -> exp.Expr:
    """The value cast to a type that DuckDB wrote.

    Raises ParseError for a type that cannot be read.
    """
    return exp.cast(value, exp.DataType.build(kind, dialect="duckdb", udt=True))


@dataclass(frozen=True)
class Bulk:
    """A statement whose parameters have been named, what it is over many rows, and how it uses each parameter."""

    tree: exp.Expr
    uses: Mapping[str, Use]
    over_rows: Callable[[exp.Expr], exp.Expr]
    # Values of which no two rows may have the same, for then one row would see what another did: value and type.
    keys: Sequence[tuple[exp.Expr, str]] = ()
    # A condition that no row of the target may fulfil with two of the rows.
    matches: tuple[exp.Expr, exp.Expr] | None = None

    def statement(self, values: Values) -> str:
        """The statement over the rows."""
        return to_sql(self.over_rows(_filled(self.tree, values)))

    def ambiguous(self, values: Values) -> str | None:
        """A query that gives a row where the rows have to be sent one by one."""
        if self.keys:
            filled = [(_filled(key, values), kind) for key, kind in self.keys]
            known = [exp.Is(this=key.copy(), expression=exp.Not(this=exp.null())) for key, _ in filled]
            groups = [typed(key, kind) for key, kind in filled]
            query = exp.select("1").from_(_rows()).where(*known).group_by(*groups)
        elif self.matches:
            target, condition = self.matches
            rowid = exp.column("rowid", table=target.alias_or_name)
            found = exp.select("1").from_(target.copy()).join(_rows(), on=_filled(condition, values), dialect="duckdb")
            query = found.group_by(rowid)
        else:
            return None
        return to_sql(query.having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))).limit(1))


def bulk(tree: exp.Expr, describe: Describe, is_scalar: IsScalar) -> Bulk | None:
    """The statement over many rows; None where each row has to be sent alone.

    `is_scalar` says whether a function gives one value for each row.
    """
    if tree.args.get("with_") or tree.args.get("returning"):
        return None
    if not isinstance(tree, exp.Insert | exp.Update | exp.Delete) or tree.this is None:
        return None
    name_marks(tree)
    target = _Target(tree.this, describe)
    if isinstance(tree, exp.Insert):
        return _insert(tree, target, is_scalar)
    return _update(tree, target, is_scalar) if isinstance(tree, exp.Update) else _delete(tree, target, is_scalar)


def name_marks(tree: exp.Expr) -> list[str]:
    """Name each parameter in place, as `1` or its own name without case; the names, in order, each once."""
    marks = sorted(tree.find_all(exp.Placeholder), key=lambda mark: nodes.span_of(mark) or (0, 0))
    count = 0
    names: dict[str, None] = {}
    for mark in marks:
        name = str(mark.args.get("this") or "")
        if not name:
            count += 1
            name = str(count)
        mark.set("this", name.casefold())
        names[name.casefold()] = None
    return list(names)


@dataclass
class _Target:
    """The table that is written: its columns and their types."""

    node: exp.Expr
    describe: Describe
    types: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.table = self.node.this if isinstance(self.node, exp.Schema) else self.node
        plain = exp.Table(this=self.table.this, db=self.table.args.get("db"), catalog=self.table.args.get("catalog"))
        columns = self.describe(to_sql(exp.select("*").from_(plain.copy())))
        self.types = {column.name.casefold(): column.type for column in columns}


def _insert(tree: exp.Insert, target: _Target, is_scalar: IsScalar) -> Bulk | None:
    source = tree.expression
    if any(v for k, v in tree.args.items() if k not in ("this", "expression", "conflict", "by_name")):
        return None
    items = _items(source)
    if items is None or not all(_by_row(item, is_scalar) for item in items):
        return None
    if tree.args.get("by_name"):
        names = [item.alias_or_name for item in items]
    else:
        named = target.node.expressions if isinstance(target.node, exp.Schema) else []
        names = [column.name for column in named] if named else list(target.types)
    kinds = [target.types.get(name.casefold()) for name in names]
    if len(kinds) != len(items) or None in kinds:
        return None
    assigned = {id(_bare(item)): kind for item, kind in zip(items, kinds, strict=True) if kind}
    keys = _conflict_keys(tree.args.get("conflict"), names, items, target)
    if keys is None:
        return None

    def over_rows(filled: exp.Expr) -> exp.Expr:
        filled.set("expression", exp.select(*(_items(filled.expression) or [])).from_(_rows()))
        return filled

    uses = _uses(tree, assigned, target)
    return None if uses is None else Bulk(tree, uses, over_rows, keys=keys)


def _conflict_keys(
    conflict: exp.Expr | None, names: Sequence[str], items: Sequence[exp.Expr], target: _Target
) -> list[tuple[exp.Expr, str]] | None:
    if conflict is None:
        return []
    by_name = {name.casefold(): _bare(item) for name, item in zip(names, items, strict=True)}
    columns = [key.this.name.casefold() for key in conflict.args.get("conflict_keys") or [] if key.this]
    changed = {e.this.name.casefold() for e in conflict.expressions if isinstance(e, exp.EQ)}
    if not columns or not changed.isdisjoint(columns) or any(column not in by_name for column in columns):
        return None
    if conflict.find(exp.Placeholder, exp.Query):
        return None
    return [(by_name[column], target.types[column]) for column in columns]


def _update(tree: exp.Update, target: _Target, is_scalar: IsScalar) -> Bulk | None:
    where = tree.args.get("where")
    if any(v for k, v in tree.args.items() if k not in ("this", "expressions", "where")) or where is None:
        return None
    sets = [e for e in tree.expressions if isinstance(e, exp.EQ) and isinstance(e.this, exp.Column)]
    if len(sets) != len(tree.expressions):
        return None
    changed = {e.this.name.casefold() for e in sets}
    read = {column.name.casefold() for column in where.find_all(exp.Column)}
    if not changed.isdisjoint(read) or not changed <= set(target.types) or not _has_key(where, target):
        return None
    if not all(_by_row(part, is_scalar) for part in (*(e.expression for e in sets), where.this)):
        return None
    assigned = {id(e.expression): target.types[e.this.name.casefold()] for e in sets}

    def over_rows(filled: exp.Expr) -> exp.Expr:
        filled.set("from_", exp.From(this=_rows()))
        return filled

    uses = _uses(tree, assigned, target)
    return None if uses is None else Bulk(tree, uses, over_rows, matches=(target.table, where.this))


def _delete(tree: exp.Delete, target: _Target, is_scalar: IsScalar) -> Bulk | None:
    where = tree.args.get("where")
    if any(v for k, v in tree.args.items() if k not in ("this", "where")) or where is None:
        return None
    if not _has_key(where, target) or not _by_row(where.this, is_scalar):
        return None

    def over_rows(filled: exp.Expr) -> exp.Expr:
        filled.set("using", [_rows()])
        return filled

    uses = _uses(tree, {}, target)
    return None if uses is None else Bulk(tree, uses, over_rows)


def _items(source: exp.Expr | None) -> list[exp.Expr] | None:
    """The values of `VALUES (...)` with one row, or of a SELECT of nothing but values."""
    if isinstance(source, exp.Values) and not source.args.get("alias") and len(source.expressions) == 1:
        row = source.expressions[0]
        return list(row.expressions) if isinstance(row, exp.Tuple) else [row.unnest()]
    if isinstance(source, exp.Select) and not any(v for k, v in source.args.items() if k != "expressions"):
        return list(source.expressions)
    return None


def _by_row(part: exp.Expr, is_scalar: IsScalar) -> bool:
    if part.find(*_NOT_BY_ROW):
        return False
    names = {call.name.casefold() for call in part.find_all(exp.Anonymous)}
    return all(map(is_scalar, names))


def _has_key(where: exp.Expr, target: _Target) -> bool:
    """Whether a column has to be equal to a parameter: else each row would be tried with each row of the table."""
    conditions = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    pairs = [(c.this, c.expression) for c in conditions if isinstance(c, exp.EQ)]
    return any(
        isinstance(side, exp.Column)
        and side.name.casefold() in target.types
        and isinstance(other.this if isinstance(other, exp.Cast) else other, exp.Placeholder)
        for pair in pairs
        for side, other in (pair, pair[::-1])
    )


def _bare(item: exp.Expr) -> exp.Expr:
    inner: exp.Expr = item.this if isinstance(item, exp.Alias) else item
    return inner


def _uses(tree: exp.Expr, assigned: Mapping[int, str], target: _Target) -> dict[str, Use] | None:
    """How each parameter is used; None where one is used in another way."""
    uses: dict[str, Use] = {}
    for mark in tree.find_all(exp.Placeholder):
        use = _use_of(mark, assigned, target)
        before = uses.get(mark.name, use)
        together = _together(before, use) if before is not None and use is not None else None
        if together is None:
            return None
        uses[mark.name] = together
    return uses


def _together(one: Use, other: Use) -> Use | None:
    """The use that is as strict as both."""
    if one == other:
        return one
    compared = [use for use in (one, other) if use.how == "compared"]
    if len(compared) > 1:
        return None
    return compared[0] if compared else Use("argument")


def _use_of(mark: exp.Expr, assigned: Mapping[int, str], target: _Target) -> Use | None:
    parent = mark.parent
    is_cast = type(parent) is exp.Cast
    value = parent if parent is not None and is_cast else mark
    place = value.parent
    if id(value) in assigned:
        kind = to_sql(value.args["to"]) if is_cast else assigned[id(value)]
        return None if _keeps_types(kind) else Use("assigned", kind)
    if isinstance(place, _COMPARISONS):
        other = place.expression if place.this is value else place.this
        if isinstance(other, exp.Column) and other.name.casefold() in target.types:
            column = target.types[other.name.casefold()]
            return Use("assigned", to_sql(value.args["to"])) if is_cast else Use("compared", column)
    return Use("argument") if isinstance(place, exp.PropertyEQ | exp.Kwarg) and _is_ours(place) else None


def _keeps_types(kind: str) -> bool:
    """Whether a column of this type tells an INTEGER from a BIGINT; so does one whose type cannot be read."""
    try:
        built = exp.DataType.build(kind, dialect="duckdb", udt=True)
    except ParseError:
        return True
    return any(part.this in _TELL_TYPES for part in built.find_all(exp.DataType))


def _is_ours(argument: exp.Expr) -> bool:
    return isinstance(argument.parent, exp.Anonymous)


def _rows() -> exp.Expr:
    return exp.alias_(exp.to_table(ROWS), _ALIAS, table=True)


def _filled(tree: exp.Expr, values: Values) -> exp.Expr:
    copied = tree.copy()
    return copied.transform(lambda n: values[n.name].copy() if isinstance(n, exp.Placeholder) else n, copy=False)


def coalesced(parts: Sequence[exp.Expr], kind: str) -> exp.Expr | None:
    """The one of the parts that is not NULL, as a type; None where the type cannot be read."""
    try:
        casts = [typed(part, kind) for part in parts]
    except ParseError:
        return None
    return exp.Coalesce(this=casts[0], expressions=casts[1:])
