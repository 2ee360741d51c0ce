"""The queries of a model's constraints where access is governed: read as whoever promotes or asserts, as any query."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.constraints import read_constraints
from sqlml.catalog.cursor import Cursor
from sqlml.catalog.snapshot import CHAMPION, Snapshot
from sqlml.dialect import parse_query, to_sql
from sqlml.planner import object_name

_ALIASES = ("SET ALIAS", "DROP ALIAS")


def given_queries(tree: exp.Expr) -> dict[str, str]:
    """The queries of the constraints that a statement adds, by folded name, as the user wrote them."""
    found = [c for c in tree.find_all(nodes.ModelConstraint) if c.args.get("query")]
    return {constraint.this.name.casefold(): to_sql(constraint.args["query"]) for constraint in found}


def kept_queries(tree: exp.Expr, cursor: Cursor, snapshot: Callable[[str], Snapshot]) -> dict[str, exp.Query]:
    """The queries of the constraints that a statement checks, by folded name: of ASSERT MODEL, or a champion moved."""
    name = _model_of(tree)
    versions = snapshot(name.name).versions_of(object_name(name)) if name is not None else []
    if not versions:
        return {}
    kept = read_constraints(cursor, versions[0])
    return {c.name.casefold(): parse_query(c.query) for c in kept if c.query is not None}


def _model_of(tree: exp.Expr) -> exp.Expr | None:
    if isinstance(tree, nodes.AssertModel):
        name: exp.Expr = tree.this.this
        return name
    if not isinstance(tree, nodes.AlterModel):
        return None
    moved = [v for a in tree.args["actions"] if a.name in _ALIASES for v in a.expressions]
    names = [v.this.name if isinstance(v, nodes.Option) else v.name for v in moved]
    return tree.this if CHAMPION in [name.casefold() for name in names] else None
