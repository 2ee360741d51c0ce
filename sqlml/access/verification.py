"""The second and third look at a governed statement: DuckDB's own parse tree, then its bound plan.

The parse tree (json_serialize_sql) is made without binding anything: no file is opened, no function runs. Whatever it
names that was not allowed by name is refused, whatever our own reading of the text made of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.access.calls import call_parts
from sqlml.access.functions import TABLE_FUNCTIONS, allowed_functions
from sqlml.access.names import fold
from sqlml.access.objects import Entry, Rows
from sqlml.dialect import read_name, to_sql
from sqlml.errors import PermissionDenied
from sqlml.types import ObjectName

_SERIALIZE = "SELECT json_serialize_sql(?)"
_NAME = ("catalog_name", "schema_name", "table_name")


@dataclass(frozen=True)
class Allowed:
    """What a statement may name besides DuckDB's harmless functions."""

    tables: Collection[Entry]
    functions: Collection[str] = ()
    table_functions: Collection[str] = ()
    # A view or macro that is kept names its relations without the database: the file may be renamed.
    is_kept: bool = False


def without_ours(tree: exp.Expr, is_ours: Callable[[ObjectName], bool]) -> exp.Expr:
    """A copy in which calls of sqlml's functions, which DuckDB cannot read, are the lists of their arguments."""
    holder = exp.Paren(this=tree.copy())
    for node in list(holder.find_all(exp.Anonymous, exp.Dot)):
        parts = call_parts(node)
        if parts is None:
            continue
        name, call = parts
        table = node.parent if isinstance(node.parent, exp.Table) and node.arg_key == "this" else None
        if table is not None and table.db:
            name = ObjectName(name.name, table.db)
        if not is_ours(name):
            continue
        given = [_value_of(argument) for argument in call.expressions]
        values = [value for value in given if value is not None]
        if table is not None:
            found = exp.select(*(values or [exp.null()])).subquery(table.alias or "_governed_ours")
            for key in ("joins", "pivots", "sample", "laterals"):
                found.set(key, table.args.get(key))
            table.replace(found)
        else:
            node.replace(exp.Anonymous(this="row", expressions=values or [exp.null()]))
    rest: exp.Expr = holder.this
    rest.pop()
    return rest


def _value_of(argument: exp.Expr) -> exp.Expr | None:
    value = argument.expression if isinstance(argument, exp.PropertyEQ | exp.Kwarg) else argument
    if isinstance(value, nodes.ModelRef):
        return None
    if isinstance(value, exp.Query) and not isinstance(value, exp.Subquery):
        value = value.subquery()
    return exp.Exists(this=value.copy().unnest()) if isinstance(value, exp.Subquery) else value.copy()


def check_parsed(cursor: Rows, tree: exp.Expr, allowed: Allowed, sent: str | None = None) -> None:
    """Compare DuckDB's reading of the queries and expressions of a statement with what was allowed.

    `sent` is its text where that is made already. Raises PermissionDenied for whatever is not.
    """
    for text in queries_of(tree, sent):
        read = json.loads(cursor.rows(_SERIALIZE, [text])[0][0])
        if read.get("error"):
            raise PermissionDenied(
                f"DuckDB reads the statement otherwise: {read.get('error_message')}", hint="Write it more plainly."
            )
        _check(read, allowed, {name for node in _walk(read) for name in _cte_names(node)})


def queries_of(tree: exp.Expr, sent: str | None = None) -> list[str]:
    """The parts of a statement that DuckDB can serialize: its queries, and its other expressions as projections."""
    if isinstance(tree, exp.Query | exp.Values) or (isinstance(tree, exp.Pivot) and tree.parent is None):
        return [sent or to_sql(tree)]
    found: list[str] = []
    loose: list[exp.Expr] = []
    with_ = tree.args.get("with_")
    _collect(tree, found, loose, with_)
    if loose:
        found.append(to_sql(exp.Select(expressions=[node.copy() for node in loose])))
    return found


def _collect(node: exp.Expr, queries: list[str], loose: list[exp.Expr], with_: exp.Expr | None) -> None:
    for child in node.iter_expressions():
        if child is with_:
            for cte in child.expressions:
                queries.append(to_sql(cte.this))
        elif isinstance(child, exp.Query):
            query = child.this if isinstance(child, exp.Subquery) and not child.alias else child
            query = exp.select("*").from_(query.copy()) if isinstance(query, exp.Subquery) else query.copy()
            if with_ is not None and not query.args.get("with_"):
                query.set("with_", with_.copy())
            queries.append(to_sql(query))
        elif isinstance(child, exp.Anonymous | exp.Func | exp.Dot) and not isinstance(child, exp.And | exp.Or):
            loose.append(child)
        else:
            _collect(child, queries, loose, with_)


def _walk(node: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield current
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _cte_names(node: Mapping[str, Any]) -> Iterator[str]:
    ctes = node.get("cte_map")
    if isinstance(ctes, dict):
        for entry in ctes.get("map", ()):
            yield fold(str(entry["key"]))
    if node.get("cte_name"):
        yield fold(str(node["cte_name"]))


def _check(read: Any, allowed: Allowed, ctes: set[str]) -> None:
    tables = {(fold(e.catalog), fold(e.schema), fold(e.name)) for e in allowed.tables}
    functions = allowed_functions()
    catalog = next((fold(e.catalog) for e in allowed.tables if not e.is_temporary), "")
    mine = {fold(f) for f in allowed.functions}
    for node in _walk(read):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            parts: tuple[str, ...] = tuple(fold(str(node.get(key) or "")) for key in _NAME)
            if allowed.is_kept and parts[0] == "" and parts[1]:
                parts = (catalog, *parts[1:])
            is_metadata = parts[:2] == ("system", "information_schema")
            if parts not in tables and not is_metadata and not (parts[:2] == ("", "") and parts[2] in ctes):
                raise _not_allowed(".".join(p for p in parts if p))
            if node.get("at_clause"):
                raise _not_allowed("AT")
        elif kind == "TABLE_FUNCTION":
            name = fold(str((node.get("function") or {}).get("function_name", "")))
            if name not in TABLE_FUNCTIONS and name not in allowed.table_functions:
                raise _not_allowed(f"{name}()")
        elif kind == "SHOW_REF" and str(node.get("table_name") or ""):
            raise _not_allowed("SHOW")
        if node.get("class") in ("FUNCTION", "WINDOW") and node.get("function_name"):
            name = fold(str(node["function_name"]))
            known = name in functions or name in mine or name in allowed.table_functions or name in TABLE_FUNCTIONS
            schema = fold(str(node.get("schema") or ""))
            if not known or (schema not in ("", "main", "pg_catalog") and name not in mine):
                raise _not_allowed(f"{name}()")


def _not_allowed(name: str) -> PermissionDenied:
    return PermissionDenied(
        f"{name} is not allowed in a governed database.", hint="docs/access.md lists the functions that are."
    )


def check_bound(explain: Callable[[str], Mapping[str, str]], sql: str, tables: Sequence[Entry]) -> None:
    """Compare the base tables of DuckDB's bound plan with those that were allowed, each as often as it may be read.

    Raises PermissionDenied where it reads another one, or one more often.
    """
    explained = explain(sql)
    found = Counter(
        _parts(str(node["extra_info"]["Table"]))
        for node in _walk(json.loads(explained["logical_plan"]))
        if isinstance(node.get("extra_info"), dict) and "Table" in node["extra_info"]
    )
    expected = Counter((fold(e.catalog), fold(e.schema), fold(e.name)) for e in tables)
    for name, count in found.items():
        if count > expected[name]:
            raise _not_allowed(".".join(name))


def _parts(written: str) -> tuple[str, str, str]:
    """The name of a table as a plan writes it, each part in quotes where it needs them."""
    table = read_name(written)
    if table is None:
        raise _not_allowed(written)
    return fold(table.catalog), fold(table.db), fold(table.name)
