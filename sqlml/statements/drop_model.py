"""`DROP MODEL [IF EXISTS] m`."""

from __future__ import annotations

from sqlml import nodes
from sqlml.catalog.macros import drop_macro
from sqlml.catalog.models import delete_model
from sqlml.errors import NotFound, NotSupported
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement, one_row
from sqlml.types import Plan, Privilege, Relation


class DropModel(Statement):
    """Remove a model with all its versions, artifacts, runs and metrics.

        DROP MODEL IF EXISTS churn;

    Result: one row, the name of the model and how many versions were removed.
    """

    name = "drop_model"
    takes = (nodes.DropModel,)

    def plan(self, tree: nodes.DropModel, planner: Planner) -> Plan:
        """Find the model."""
        if tree.args.get("version"):
            raise planner.at(
                NotSupported("DROP MODEL ... VERSION is not supported in this version.", hint="Drop the whole model."),
                tree,
            )
        name = object_name(tree.this)
        versions = planner.snapshot.versions_of(name)
        if not versions and not tree.args.get("exists"):
            try:
                planner.snapshot.resolve(name)
            except NotFound as error:
                raise planner.at(error, tree.this) from None
        models = tuple(versions)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            writes=(Relation(name),) if models else (),
            privileges=tuple(Privilege("MANAGE", "MODEL", m.full_name) for m in models[:1]),
            details=(name.name, models),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Delete it in one transaction."""
        name, models = plan.details
        if models:
            with context.database.transaction():
                delete_model(context.database, models[0].catalog, models[0].model_id)
                drop_macro(context.database, models[0])
        return one_row(context.database, {"model": ("VARCHAR", name), "versions_dropped": ("INTEGER", len(models))})
