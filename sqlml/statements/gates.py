"""Whether a version holds the constraints of its model: what SET ALIAS champion and ASSERT MODEL ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import nodes
from sqlml.catalog.constraints import Constraint, note_forced, read_constraints, warn_of_version
from sqlml.catalog.lifecycle import set_alias
from sqlml.catalog.snapshot import CHAMPION, read_snapshot
from sqlml.dialect import parse_query, to_sql
from sqlml.errors import CheckViolation, InvalidData, InvalidOption, InvalidSql, NotFound, NotSupported, WrongType
from sqlml.metrics import COLUMNS
from sqlml.model_macros import place_macros
from sqlml.statements.base import Context
from sqlml.statements.conditions import Metrics, aliases_in, read_condition, violations
from sqlml.types import ModelVersion, Progress

_MOST_SLICES = 1000
# An error names so many slices that violate constraints.
_SHOWN = 10
# The version of each folded alias.
Aliases = Mapping[str, ModelVersion]


@dataclass(frozen=True)
class Verdict:
    """What a constraint says of a version, over one slice where it has slices; no violations where it holds."""

    constraint: Constraint
    slice: str | None
    violations: tuple[str, ...]

    def __str__(self) -> str:
        where = f" where {self.slice}" if self.slice else ""
        return f'"{self.constraint.name}"{where}: {", ".join(self.violations)}'


def judge(
    model: ModelVersion,
    constraints: Iterable[Constraint],
    aliases: Aliases,
    context: Context,
    allowed: Mapping[str, str] | None = None,
) -> list[Verdict]:
    """The verdicts on a version; the queries of the constraints are run.

    Where access is governed `allowed` has the queries as they may be read, by the folded name of the constraint.
    Raises NotSupported for one that is not there.
    """
    found: list[Verdict] = []
    for constraint in constraints:
        context.check_cancelled()
        condition = read_condition(constraint.condition)
        named = {"": model, **{alias: aliases.get(alias) for alias in aliases_in(condition)}}
        if constraint.query is None:
            values = {alias: _recorded(one, context) for alias, one in named.items()}
            found.append(Verdict(constraint, None, tuple(violations(condition, values))))
            continue
        found += _over_rows(constraint, condition, named, _readable(constraint, context, allowed), context)
    return found


def _over_rows(
    constraint: Constraint,
    condition: exp.Expr,
    named: Mapping[str, ModelVersion | None],
    query: exp.Query,
    context: Context,
) -> list[Verdict]:
    """The verdict on each slice of a query.

    Raises what reading it raises, in terms of the constraint: the text is not what the user wrote just now.
    """
    found: list[Verdict] = []
    try:
        for rows, shown in _slices(constraint, query, context):
            values = {alias: _evaluated(one, rows, context) for alias, one in named.items()}
            found.append(Verdict(constraint, shown, tuple(violations(condition, values))))
    except (NotFound, InvalidSql, WrongType, InvalidData) as error:
        error.message = f'The query of the constraint "{constraint.name}" is no longer good: {error.message}'
        error.hint = f"Bring back what it reads, or DROP CONSTRAINT {constraint.name}."
        error.line = error.column = error.excerpt = None
        error.args = (error.message,)
        raise
    return found or [Verdict(constraint, None, ("the query gives no rows",))]


def _readable(constraint: Constraint, context: Context, allowed: Mapping[str, str] | None) -> exp.Query:
    assert constraint.query is not None
    if not context.access.acting.access.is_governed:
        return parse_query(constraint.query)
    text = (allowed or {}).get(constraint.name.casefold())
    if text is None:
        raise NotSupported(
            f'The query of the constraint "{constraint.name}" was not decided on.',
            hint="Send ASSERT MODEL or ALTER MODEL by itself, with SET ALIAS and ADD CONSTRAINT apart.",
        )
    return parse_query(text)


def _recorded(model: ModelVersion | None, context: Context) -> Metrics | None:
    if model is None:
        return None
    return catalog.read_metrics(context.database, model.catalog, model.model_id, model.version)


def evaluation_query(model: ModelVersion, rows: exp.Query) -> exp.Query:
    """`SELECT * FROM ML.EVALUATE(MODEL m VERSION n, (rows))`."""
    name = exp.table_(model.name, model.schema, model.catalog, quoted=True)
    reference = nodes.ModelRef(this=name, version=exp.Literal.number(model.version))
    call = exp.Anonymous(this="ml_evaluate", expressions=[reference, exp.Subquery(this=rows.copy())])
    return exp.select("*").from_(exp.Table(this=call))


def _evaluated(model: ModelVersion | None, rows: exp.Query, context: Context) -> Metrics | None:
    if model is None:
        return None
    [found] = _rows(evaluation_query(model, rows), context)
    return dict(zip(COLUMNS[model.task], found, strict=True))


def _slices(constraint: Constraint, query: exp.Query, context: Context) -> list[tuple[exp.Query, str | None]]:
    """The rows of each slice, and what it is called."""
    if not constraint.slices:
        return [(query, None)]
    texts = [_as_text(name) for name in constraint.slices]
    values = exp.select(*texts).distinct().from_(_named(query)).limit(_MOST_SLICES + 1)
    found = sorted(_rows(values, context), key=lambda row: [(value is None, str(value)) for value in row])
    if len(found) > _MOST_SLICES:
        raise InvalidOption(
            f'The constraint "{constraint.name}" has more than {_MOST_SLICES} slices.',
            hint="Slice by a column of fewer values.",
        )
    return [_slice(query, constraint.slices, row) for row in found]


def _slice(query: exp.Query, names: Sequence[str], values: Sequence[str | None]) -> tuple[exp.Query, str]:
    rows = exp.select("*").from_(_named(query))
    for name, value in zip(names, values, strict=True):
        rows = rows.where(exp.NullSafeEQ(this=_as_text(name), expression=exp.convert(value)))
    shown = [f"{n} = {v}" if v is not None else f"{n} is NULL" for n, v in zip(names, values, strict=True)]
    return rows, ", ".join(shown)


def _as_text(name: str) -> exp.Expr:
    return exp.cast(exp.column(name, table="sqlml_rows", quoted=True), "VARCHAR")


def _named(query: exp.Query) -> exp.Subquery:
    return query.copy().subquery("sqlml_rows")


def _rows(query: exp.Query, context: Context) -> list[tuple[Any, ...]]:
    return context.run_plan(context.plan_text(to_sql(query))).fetchall()


def broken(verdicts: Iterable[Verdict]) -> list[str]:
    """What is violated, and by what; of a constraint with slices each slice."""
    return [str(verdict) for verdict in verdicts if verdict.violations]


def violation(model: ModelVersion, found: Sequence[str], hint: str) -> CheckViolation:
    """The error for a version that violates constraints."""
    what = "the constraint" if len(found) == 1 else "constraints:"
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return CheckViolation(
        f'Version {model.version} of "{model.short_name}" violates {what} {"; ".join(found[:_SHOWN])}{more}.', hint=hint
    )


def promote(
    model: ModelVersion,
    aliases: Aliases,
    context: Context,
    *,
    force: bool,
    words: str,
    allowed: Mapping[str, str] | None,
) -> None:
    """Let a version be what the bare name means: with FORCE also one that violates constraints, which is kept.

    Raises CheckViolation; the alias stays where it is.
    """
    constraints = read_constraints(context.database, model)
    found = broken(judge(model, constraints, aliases, context, allowed))
    if not found:
        return
    if not force:
        raise violation(model, found, f"Promote another version; {words} FORCE does it nevertheless, and is recorded.")
    note_forced(context.database, model, found, context.user)
    message = f"was made champion by force by {context.user}, and violates {'; '.join(found)}"
    warn_of_version(context.database, model, message)


def keep_default(new: ModelVersion, context: Context) -> bool:
    """Where a version that was just written, and would be the default, violates constraints: the one before stays it.

    It becomes the champion. Gives whether it did.
    """
    constraints = read_constraints(context.database, new)
    if not constraints:
        return False
    snapshot = read_snapshot(context.database, [new.name])
    versions = {v.version: v for v in snapshot.versions_of(new.object_name)}
    aliases = {alias: versions[number] for alias, number in snapshot.aliases_of(new).items()}
    others = [number for number in versions if number != new.version]
    if not others:
        return False
    before = versions[max(others)]
    found = _broken_or_refused(new, constraints, {CHAMPION: before, **aliases}, context)
    if not found:
        return False
    set_alias(context.database, before, CHAMPION, context.user)
    place_macros(context.database, before, f"@{CHAMPION}")
    place_macros(context.database, before)
    message = f'violates {"; ".join(found)}: version {before.version} of "{new.short_name}" stays the champion'
    warn_of_version(context.database, new, message)
    context.report(Progress("warning", 1, 1, f"version {new.version} {message}"))
    return True


def _broken_or_refused(
    new: ModelVersion, constraints: Sequence[Constraint], aliases: Aliases, context: Context
) -> list[str]:
    """What is violated. Where access is governed nobody reads the query of a constraint for who stores a version."""
    is_governed = context.access.acting.access.is_governed
    unchecked = [c for c in constraints if is_governed and c.query is not None]
    checked = [c for c in constraints if c not in unchecked]
    found = broken(judge(new, checked, aliases, context))
    return found + [f'"{c.name}": it is checked by ASSERT MODEL and SET ALIAS' for c in unchecked]
