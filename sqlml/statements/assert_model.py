"""`ASSERT MODEL m [VERSION n | @alias] [CONSTRAINT c]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlml import nodes
from sqlml.catalog.constraints import Constraint, read_constraints
from sqlml.errors import NotFound, nearest_hint
from sqlml.planner import Planner, model_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.constant_rows import answer
from sqlml.statements.gates import broken, judge, violation
from sqlml.types import ModelVersion, Plan, Privilege, Relation

_COLUMNS = {
    "model": "VARCHAR",
    "version": "INTEGER",
    "constraint": "VARCHAR",
    "slice": "VARCHAR",
    "condition": "VARCHAR",
}


@dataclass(frozen=True)
class Asserted:
    """The version, those of the model's aliases, the constraint if one is named, and the queries as read."""

    model: ModelVersion
    aliases: dict[str, ModelVersion]
    constraint: str | None
    gates: Mapping[str, str] | None


class AssertModel(Statement):
    """Check the newest version of a model, or the one named, against its constraints: an error where it violates one.

        ASSERT MODEL churn;
        ASSERT MODEL churn VERSION 3 CONSTRAINT quality;
        ASSERT MODEL churn@champion;

    `sqlml run` of a file with it ends with an exit code other than 0 then, so it is a gate in CI.

    Result: a row for each constraint that holds, and slice of it: model, version, constraint, slice (NULL without FOR
    EACH), condition. The error, SQLSTATE 23514, names all that are violated.
    """

    name = "assert_model"
    takes = (nodes.AssertModel,)

    def plan(self, tree: nodes.AssertModel, planner: Planner) -> Plan:
        """Find the version: the newest, whatever the champion is, for that is what asks to be promoted."""
        model = planner.resolve(tree.this)
        versions = {v.version: v for v in planner.snapshot.versions_of(model.object_name)}
        named = model_name(tree.this)
        if named.version is None and named.alias is None:
            model = versions[max(versions)]
        aliases = {alias: versions[number] for alias, number in planner.snapshot.aliases_of(model).items()}
        constraint = tree.args.get("constraint")
        gates = planner.written.gates if planner.written else None
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(model.object_name),),
            privileges=(Privilege("EXECUTE", "MODEL", model.full_name, model.object_name),),
            details=Asserted(model, aliases, constraint.name if constraint else None, gates),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Evaluate what is to be evaluated, and compare."""
        asked: Asserted = plan.details
        verdicts = judge(asked.model, _chosen(asked, context), asked.aliases, context, asked.gates)
        found = broken(verdicts)
        if found:
            hint = f"SHOW MODEL CONSTRAINTS IN {asked.model.short_name} lists the constraints."
            raise violation(asked.model, found, hint)
        rows = [
            (asked.model.name, asked.model.version, v.constraint.name, v.slice, v.constraint.condition)
            for v in verdicts
        ]
        return answer(context.database, _COLUMNS, rows)


def _chosen(asked: Asserted, context: Context) -> list[Constraint]:
    constraints = read_constraints(context.database, asked.model)
    if asked.constraint is None:
        return constraints
    chosen = [c for c in constraints if c.name.casefold() == asked.constraint.casefold()]
    if not chosen:
        raise missing(asked.model, asked.constraint, constraints)
    return chosen


def missing(model: ModelVersion, name: str, constraints: list[Constraint]) -> NotFound:
    """The error for a constraint that a model does not have."""
    hint = nearest_hint(name, [c.name for c in constraints], otherwise="SHOW MODEL CONSTRAINTS lists them.")
    return NotFound(f'The model "{model.short_name}" has no constraint "{name}".', hint=hint)
