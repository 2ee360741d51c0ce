"""What stands in FROM: tables by their full names, and the subqueries that stand for views and protected tables."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sqlml.access.objects import Entry

# As many rows as there can be: predicates of the caller's are not evaluated below it, whatever they raise.
BARRIER = 9223372036854775807
MOVED = ("joins", "pivots", "sample", "laterals")


def listed(value: Any) -> list[exp.Expr]:
    """The nodes of an argument that is none, one or a list."""
    if value is None:
        return []
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, exp.Expression)]


def named(name: str, columns: list[str] | None = None) -> exp.TableAlias:
    """An alias, with names for the columns where they are given."""
    found = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    if columns:
        found.set("columns", [exp.to_identifier(c, quoted=True) for c in columns])
    return found


def qualify(node: exp.Table, entry: Entry, *, alias: bool = True) -> None:
    """Name the very table, so that DuckDB looks nowhere else; the statement goes on to call it as before."""
    if alias and not node.alias:
        node.set("alias", named(node.name))
    node.set("this", exp.to_identifier(entry.name, quoted=True))
    node.set("db", exp.to_identifier(entry.schema, quoted=True))
    node.set("catalog", exp.to_identifier(entry.catalog, quoted=True))


def put(node: exp.Table, found: exp.Expr, fallback: str | None = None) -> None:
    """Put what a name stands for in its place, under the name it had."""
    if found is node:
        return
    written = node.args.get("alias")
    if isinstance(found, exp.Subquery | exp.Table):
        own = found.args.get("alias")
        if written is not None:
            if own is not None and own.columns and not written.columns:
                written.set("columns", own.columns)
            found.set("alias", written)
        elif own is None:
            found.set("alias", named(fallback or node.name))
        for key in MOVED:
            if node.args.get(key):
                found.set(key, node.args[key])
    node.replace(found)


def behind_barrier(query: exp.Expr) -> exp.Expr:
    """A query whose rows are found before anything of the caller's looks at them."""
    if isinstance(query, exp.Select) and not {k for k, v in query.args.items() if v} - {"expressions", "from_"}:
        source = query.args["from_"].this if query.args.get("from_") else None
        # Only where every row of a table comes through is there nothing to guard.
        if isinstance(source, exp.Table) and not any(source.args.get(k) for k in MOVED):
            return query
    source = exp.Subquery(this=query, alias=named("_governed"))
    return exp.select("*").from_(source, copy=False).limit(BARRIER, copy=False)


def argument_of(text: str) -> exp.Expr:
    """A column of the table, or a constant: 'text' in quotes or a number."""
    if text.startswith("'"):
        return exp.Literal.string(text[1:-1].replace("''", "'"))
    if text.startswith("#"):
        return exp.Literal.number(text[1:])
    return exp.column(exp.to_identifier(text, quoted=True), "_governed")
