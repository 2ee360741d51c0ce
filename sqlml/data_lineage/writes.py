"""What a statement that writes does to its target: CREATE TABLE AS, CREATE VIEW, INSERT, UPDATE, MERGE, COPY."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from sqlml.data_lineage.queries import Reader
from sqlml.data_lineage.values import (
    NONE,
    PATH,
    Flow,
    Names,
    Origin,
    Origins,
    Output,
    Scope,
    Source,
    Target,
    Unfollowed,
    by_position,
)
from sqlml.planner import relations
from sqlml.types import ObjectName

_Columns = dict[str, Origins]
# What rows can come from; the parser takes VALUES and PIVOT for no queries.
_ROWS = (exp.Query, exp.Values, exp.Pivot)


def flow_of(tree: exp.Expr, names: Names) -> Flow | None:
    """What a statement will write, by what names mean before it runs; None where nothing flows."""
    reader = Reader(names)
    follow = next((f for kind, f in _FOLLOWED if isinstance(tree, kind)), None)
    return follow(tree, reader) if follow is not None else None


def _target(table: exp.Expr, reader: Reader) -> Target | None:
    inner = table.this if isinstance(table, exp.Schema) else table
    if not isinstance(inner, exp.Table) or not isinstance(inner.this, exp.Identifier):
        return None
    found = reader.names.relation(ObjectName(inner.name, inner.db or None, inner.catalog or None), None)
    if found is None:
        return None
    origin, outputs = found
    return Target(origin.kind, origin.name, tuple(o.name for o in outputs))


def _whole(tree: exp.Expr, target: Target, reader: Reader, *, is_new: bool) -> Flow:
    """Only the relations that are read: their columns cannot be followed."""
    for relation in relations(tree)[0]:
        known = reader.names.relation(relation.name, None)
        if known is not None:
            reader.note(known[0])
        elif relation.is_path:
            reader.note(Origin(PATH, relation.name))
    return Flow(target, {}, tuple(reader.reads), is_new)


def _followed(
    tree: exp.Expr, target: Target, reader: Reader, columns: Callable[[], _Columns], *, is_new: bool = False
) -> Flow:
    try:
        found = columns()
    except (Unfollowed, RecursionError):
        return _whole(tree, target, reader, is_new=is_new)
    return Flow(target, found, tuple(reader.reads), is_new)


def _created(tree: exp.Expr, reader: Reader) -> Flow | None:
    query = tree.args.get("expression")
    if tree.args.get("kind") not in ("TABLE", "VIEW") or not isinstance(query, _ROWS):
        return None
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    catalog = "temp" if tree.find(exp.TemporaryProperty) is not None else table.catalog or None
    target = Target(tree.args["kind"], ObjectName(table.name, table.db or None, catalog))
    try:
        outputs = tuple(reader.query(query, Scope()))
    except (Unfollowed, RecursionError):
        return _whole(tree, target, reader, is_new=True)
    return Flow(target, {}, tuple(reader.reads), is_new=True, outputs=outputs)


def _inserted(tree: exp.Expr, reader: Reader) -> Flow | None:
    target = _target(tree.this, reader)
    query = tree.args.get("expression")
    if target is None or not isinstance(query, _ROWS):
        return None
    named = [c.name for c in tree.this.expressions] if isinstance(tree.this, exp.Schema) else list(target.columns)

    def columns() -> _Columns:
        scope = reader.with_ctes(tree, Scope())
        outputs = reader.query(query, scope)
        if tree.args.get("by_name"):
            found = {o.name: o.origins for o in outputs}
        else:
            # Columns at the end may be left out.
            found = by_position(named[: len(outputs)] if not any(o.is_open for o in outputs) else named, outputs)
        conflict = tree.args.get("conflict")
        if conflict is not None and conflict.expressions:
            excluded = Source("excluded", tuple(Output(name, origins) for name, origins in found.items()))
            here = replace(scope, sources=(_own(target), excluded))
            _assigned(conflict.expressions, here, reader, found)
        return found

    return _followed(tree, target, reader, columns)


def _own(target: Target, alias: str = "") -> Source:
    """The target as a relation that its own statement reads."""
    outputs = [Output(c, frozenset({Origin(target.kind, target.name, c)})) for c in target.columns]
    return Source(alias or target.name.name, tuple(outputs), schema=target.name.schema)


def _assigned(assignments: Sequence[exp.Expr], scope: Scope, reader: Reader, found: _Columns) -> None:
    """`SET a = x, (b, c) = (y, z)`, added to what is known of each column."""
    for assignment in assignments:
        left, right = assignment.this, assignment.expression
        if isinstance(left, exp.Tuple):
            values = right.expressions if isinstance(right, exp.Tuple) else [right] * len(left.expressions)
            pairs = list(zip(left.expressions, values, strict=True))
        else:
            pairs = [(left, right)]
        for column, value in pairs:
            # `SET s.field = x` changes the column s.
            name = column.parts[0].name
            found[name] = found.get(name, NONE) | reader.of(value, scope)


def _updated(tree: exp.Expr, reader: Reader) -> Flow | None:
    target = _target(tree.this, reader) if tree.this is not None else None
    if target is None:
        return None

    def columns() -> _Columns:
        scope = reader.with_ctes(tree, Scope())
        sources = [_own(target, tree.this.alias)]
        clause = tree.args.get("from_")
        if clause is not None:
            sources += reader.sources(clause.this, scope, sources)
        here = replace(scope, sources=tuple(sources))
        found: _Columns = {}
        _assigned(tree.expressions, here, reader, found)
        reader.look_into(tree.args.get("where"), here)
        return found

    return _followed(tree, target, reader, columns)


def _merged(tree: exp.Expr, reader: Reader) -> Flow | None:
    target = _target(tree.this, reader)
    if target is None:
        return None

    def columns() -> _Columns:
        scope = reader.with_ctes(tree, Scope())
        given = reader.sources(tree.args["using"], scope)
        shown = [o for source in given for o in source.shown()]
        here = replace(scope, sources=(_own(target, tree.this.alias), *given))
        found: _Columns = {}
        for when in tree.args["whens"].expressions:
            _when(when.args["then"], target, shown, here, reader, found)
        return found

    return _followed(tree, target, reader, columns)


def _when(
    then: exp.Expr, target: Target, shown: Sequence[Output], scope: Scope, reader: Reader, found: _Columns
) -> None:
    """One WHEN of a MERGE."""
    if isinstance(then, exp.Update):
        if then.expressions and isinstance(then.expressions[0], exp.EQ):
            _assigned(then.expressions, scope, reader, found)
        else:
            _all(shown, target, found)
    elif isinstance(then, exp.Insert):
        named, values = then.this, then.args.get("expression")
        columns = named.expressions if isinstance(named, exp.Tuple) else []
        if not isinstance(values, exp.Tuple):
            _all(shown, target, found)
            return
        names = [c.name for c in columns] or list(target.columns)
        for name, value in zip(names, values.expressions, strict=False):
            found[name] = found.get(name, NONE) | reader.of(value, scope)


def _all(shown: Sequence[Output], target: Target, found: _Columns) -> None:
    """`UPDATE`, `INSERT *`, `INSERT BY NAME`: by name where the names are the target's, else by position."""
    known = {c.casefold(): c for c in target.columns}
    if all(o.name.casefold() in known for o in shown):
        pairs = [(known[o.name.casefold()], o.origins) for o in shown]
    elif len(shown) == len(target.columns):
        pairs = [(name, o.origins) for name, o in zip(target.columns, shown, strict=True)]
    else:
        raise Unfollowed
    for name, origins in pairs:
        found[name] = found.get(name, NONE) | origins


def _copied(tree: exp.Expr, reader: Reader) -> Flow | None:
    files = [f.name for f in tree.args.get("files") or [] if isinstance(f, exp.Literal)]
    if len(files) != 1:
        return None
    path = files[0]
    if tree.args.get("kind"):
        return _copied_from(tree.this, path, reader)
    target = Target(PATH, ObjectName(path))
    rows = tree.this
    query = rows if isinstance(rows, exp.Query) else exp.select("*").from_(_table_of(rows))
    if isinstance(rows, exp.Schema):
        query = exp.select(*[exp.column(c.name, quoted=True) for c in rows.expressions]).from_(_table_of(rows))

    def columns() -> _Columns:
        return {o.name: o.origins for o in reader.query(query, Scope())}

    return _followed(query, target, reader, columns, is_new=True)


def _table_of(rows: exp.Expr) -> exp.Expr:
    table: exp.Expr = rows.this if isinstance(rows, exp.Schema) else rows
    return table.copy()


def _copied_from(into: exp.Expr, path: str, reader: Reader) -> Flow | None:
    """COPY t FROM 'file': by position; the file's own names are its columns' where it can be asked for them."""
    target = _target(into, reader)
    if target is None:
        return None
    named = [c.name for c in into.expressions] if isinstance(into, exp.Schema) else list(target.columns)
    origin = Origin(PATH, ObjectName(path))
    reader.note(origin)
    return Flow(target, {name: frozenset({replace(origin, column=name)}) for name in named}, (origin,))


_FOLLOWED: tuple[tuple[type[exp.Expr], Callable[[exp.Expr, Reader], Flow | None]], ...] = (
    (exp.Create, _created),
    (exp.Insert, _inserted),
    (exp.Update, _updated),
    (exp.Merge, _merged),
    (exp.Copy, _copied),
)
