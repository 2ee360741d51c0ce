"""Which relations and CTEs a place in a statement can see."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlglot import exp

Level = list[tuple[str, exp.Query | None]]


def relations_at(node: exp.Expr) -> Iterator[Level]:
    """For each query around a node, from the inside out, its relations: alias and a query of its rows.

    The query is None where it cannot be described alone: a lateral or correlated subquery, a macro's argument.
    """
    child: exp.Expr = node
    parent = node.parent
    around = {id(node)}
    while parent is not None:
        level: Level = []
        around.add(id(child))
        if isinstance(parent, exp.Select):
            level = _of_select(parent, child, around)
        elif isinstance(parent, exp.Update) and parent.this is not None:  # not the UPDATE SET of a MERGE
            level = [_relation(parent.this), *_of_from(parent.args.get("from_"))]
        elif isinstance(parent, exp.Delete):
            level = [_relation(parent.this), *(_relation(u) for u in parent.args.get("using") or [])]
        elif isinstance(parent, exp.Merge):
            level = [_relation(parent.this), _relation(parent.args["using"])]
        elif isinstance(parent, exp.Insert):
            level = _of_insert(parent, child)
        if level:
            yield level
        child, parent = parent, parent.parent


def _of_select(select: exp.Select, child: exp.Expr, around: Collection[int]) -> Level:
    if child.arg_key == "with_":
        return []
    clauses = [select.args.get("from_"), *(select.args.get("joins") or [])]
    sources = [c.this for c in clauses if c is not None]
    sources = [s for source in sources for s in (source, *(j.this for j in source.args.get("joins") or []))]
    # A derived table does not see itself.
    level = [_relation(s) for s in sources if id(s.this) not in around]
    level.extend((lateral.alias_or_name, None) for lateral in select.args.get("laterals") or [])
    return level


def _of_from(clause: exp.Expr | None) -> Level:
    if clause is None:
        return []
    return [_relation(clause.this), *(_relation(j.this) for j in clause.this.args.get("joins") or [])]


def _of_insert(insert: exp.Insert, child: exp.Expr) -> Level:
    if child.arg_key not in ("returning", "conflict"):
        return []
    target = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
    name, rows = _relation(target)
    return [(name, rows), ("excluded", rows)]


def _relation(source: exp.Expr) -> tuple[str, exp.Query | None]:
    alias = source.alias_or_name
    if isinstance(source, exp.Lateral) or source.find_ancestor(exp.Lateral):
        return alias, None
    if isinstance(source, exp.Subquery) and _is_correlated(source):
        return alias, None
    if not isinstance(source, exp.Table | exp.Subquery | exp.Values):
        return alias, None
    alone = source.copy()
    alone.set("joins", None)
    return alias, exp.select("*").from_(alone)


def _is_correlated(source: exp.Subquery) -> bool:
    """Whether a derived table names relations that are not its own."""
    own = {
        t.alias_or_name.casefold() for t in source.find_all(exp.Table, exp.Subquery, exp.CTE, exp.Lateral, exp.Values)
    }
    return any(c.table and c.table.casefold() not in own for c in source.find_all(exp.Column))


def _start_of(cte: exp.CTE) -> exp.CTE:
    """A recursive CTE without its recursive part: the names and types are those of what it starts with."""
    start = cte.copy()
    if isinstance(start.this, exp.SetOperation):
        start.set("this", start.this.this)
    return start


def with_clauses(node: exp.Expr) -> list[exp.With]:
    """The WITH clauses visible at a node, outermost first; of the clause it stands in, the CTEs before its own."""
    found: list[exp.With] = []
    child: exp.Expr = node
    parent = node.parent
    while parent is not None:
        clause = parent.args.get("with_")
        if isinstance(clause, exp.With) and child is not clause:
            found.append(clause)
        if isinstance(parent, exp.With) and isinstance(child, exp.CTE):
            before = [cte.copy() for cte in parent.expressions[: parent.expressions.index(child)]]
            if parent.args.get("recursive"):
                before.append(_start_of(child))
            if before:
                found.append(exp.With(expressions=before, recursive=parent.args.get("recursive")))
        child, parent = parent, parent.parent
    return found[::-1]
