"""`REPRODUCE MODEL m [VERSION n]`."""

from __future__ import annotations

from dataclasses import replace

from sqlml import nodes
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.recorded import named_version, training
from sqlml.statements.training_again import check_at_the_top, plan_again
from sqlml.types import Plan, Relation


class ReproduceModel(Statement):
    """Train a version again with its own query, options and seed, keep nothing, and say whether it is the same.

        REPRODUCE MODEL churn VERSION 3;

    The outcome is 'bit-identical' where the artifact has the same sha256, 'sources changed' where the query gives other
    rows, else 'metric-equal' or 'different'. The reason names the table that changed, and by how many rows.

    Result: one row with model, version, outcome, reason, sha256, reproduced_sha256 and metric_differences.
    """

    name = "reproduce_model"
    takes = (nodes.ReproduceModel,)

    def plan(self, tree: nodes.ReproduceModel, planner: Planner) -> Plan:
        """Find the version; its query is planned as the statement runs."""
        model = named_version(tree, planner.snapshot)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(model.object_name),),
            privileges=(training(model),),
            details=model,
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Run the CREATE MODEL it stands for, without what it would write."""
        check_at_the_top(context)
        again, recorded = plan_again(plan.details, context)
        details = replace(again.details, query=recorded.query, reproduces=plan.details)
        return context.run_plan(replace(again, details=details))
