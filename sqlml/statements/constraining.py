"""`ADD CONSTRAINT c CHECK (...)` and `DROP CONSTRAINT c` of ALTER MODEL, as they are planned."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.constraints import Constraint
from sqlml.dialect import to_sql
from sqlml.errors import InvalidSql, NotFound, NotSupported, SqlmlError, nearest_hint
from sqlml.planner import Planner
from sqlml.statements.conditions import check_condition
from sqlml.statements.gates import evaluation_query
from sqlml.types import ModelVersion, Privilege


def constraint_of(
    tree: nodes.ModelConstraint, model: ModelVersion, aliases: Collection[str], planner: Planner
) -> Constraint:
    """The constraint that is added, with its condition, query and slices checked; nothing is run.

    Raises InvalidSql, NotFound for metrics, aliases and columns.
    """
    if not model.task or model.task == "transform":
        raise planner.at(
            NotSupported(f'The model "{model.short_name}" predicts nothing: it has no metrics.', hint="Leave it out."),
            tree,
        )
    condition, query = tree.args["check"], tree.args.get("query")
    if condition.find(exp.Placeholder, exp.Parameter) or (query and query.find(exp.Placeholder, exp.Parameter)):
        raise planner.at(InvalidSql("A constraint has no parameters.", hint="Write the values out."), tree)
    check_condition(condition, model.task, aliases, planner.at)
    slices = tuple(column.name for column in tree.args.get("slices") or ())
    if query is None:
        if slices:
            raise planner.at(
                InvalidSql("FOR EACH needs rows.", hint="Write CHECK (...) ON (SELECT ...) FOR EACH (column)."), tree
            )
        return Constraint(tree.this.name, to_sql(condition))
    written = to_sql(query)
    if planner.acting.access.is_governed:
        # The query stands there as it may be read; it is kept as it was written.
        given = planner.written.constraints if planner.written else {}
        if tree.this.name.casefold() not in given:
            raise planner.at(
                NotSupported("A constraint with ON is not added inside another statement.", hint="Send it by itself."),
                tree,
            )
        written = given[tree.this.name.casefold()]
    constraint = Constraint(tree.this.name, to_sql(condition), written, slices)
    _try(constraint, model, query, planner)
    return constraint


def _try(constraint: Constraint, model: ModelVersion, query: exp.Query, planner: Planner) -> None:
    """Plan what checking the constraint will send; places in that text are none of the user's."""
    try:
        rows = planner.plan_text(to_sql(query))
        columns = [c.name for c in planner.binder.describe(rows.sql, rows.params)]
        planner.plan_text(to_sql(evaluation_query(model, query)))
    except SqlmlError as error:
        error.line = error.column = error.excerpt = None
        raise planner.at(error, query) from None
    for name in constraint.slices:
        if name.casefold() not in {column.casefold() for column in columns}:
            hint = nearest_hint(name, columns, otherwise="FOR EACH names columns of the query.")
            raise planner.at(NotFound(f'The query has no column "{name}".', hint=hint), query)


def reading(tree: exp.Expr, planner: Planner) -> tuple[Privilege, ...]:
    """What the queries of the constraints that a statement adds ask for."""
    queries = [c.args["query"] for c in tree.find_all(nodes.ModelConstraint) if c.args.get("query")]
    needed = [p for query in queries for p in planner.plan_text(to_sql(query)).privileges]
    return tuple(dict.fromkeys(needed))
