"""`REFRESH MODEL m`."""

from __future__ import annotations

from dataclasses import replace

from sqlml import nodes
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.recorded import named_version, training
from sqlml.statements.training_again import check_at_the_top, plan_again
from sqlml.types import Plan, Relation


class RefreshModel(Statement):
    """Train the next version like the newest one where its rows changed, and say why or why not.

        REFRESH MODEL churn;

    The query, options and TRANSFORM clause are those of the newest version. It is CREATE MODEL IF STALE with them:
    where the query gives the rows it gave, nothing is trained.

    Result: one row with model, version, metrics, seconds and reason.
    """

    name = "refresh_model"
    takes = (nodes.RefreshModel,)

    def plan(self, tree: nodes.RefreshModel, planner: Planner) -> Plan:
        """Find the newest version; its query is planned as the statement runs."""
        model = named_version(tree, planner.snapshot)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            writes=(Relation(model.object_name),),
            privileges=(training(model),),
            details=model,
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Run the CREATE MODEL IF STALE it stands for."""
        check_at_the_top(context)
        again, recorded = plan_again(plan.details, context)
        return context.run_plan(replace(again, details=replace(again.details, query=recorded.query)))
