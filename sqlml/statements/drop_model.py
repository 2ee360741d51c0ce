"""`DROP MODEL [IF EXISTS] m [VERSION n] [RESTRICT | CASCADE]`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlml import nodes
from sqlml.access.governed import Change
from sqlml.access.values import Securable
from sqlml.catalog.dependents import Dependent, dependents, drop_dependent
from sqlml.catalog.lifecycle import delete_version
from sqlml.catalog.macros import drop_macros, drop_shortcut
from sqlml.catalog.models import delete_model
from sqlml.catalog.schema import check_writable, migrate
from sqlml.errors import DependentObjects, NotFound
from sqlml.model_macros import place_macros
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.owning import model_securable, record, sees
from sqlml.types import ModelVersion, Plan, Privilege, Relation


@dataclass(frozen=True)
class Dropping:
    """What DROP MODEL decided while it was planned: all versions of the model, those to drop, its aliases."""

    name: str
    versions: tuple[ModelVersion, ...]
    dropped: tuple[ModelVersion, ...]
    aliases: dict[str, int]
    cascade: bool


class DropModel(Statement):
    """Remove a model with all its versions, artifacts, runs and metrics; or one version of it.

        DROP MODEL IF EXISTS churn;
        DROP MODEL churn VERSION 2;
        DROP MODEL churn CASCADE;

    RESTRICT, the default, refuses while a view or macro scores with it, or an alias means the version; CASCADE drops
    those too. Result: one row, the name of the model and how many versions were removed.
    """

    name = "drop_model"
    takes = (nodes.DropModel,)

    def plan(self, tree: nodes.DropModel, planner: Planner) -> Plan:
        """Find the model."""
        name = object_name(tree.this)
        versions = tuple(planner.snapshot.versions_of(name))
        dropped = versions
        try:
            if not versions and not tree.args.get("exists"):
                planner.snapshot.resolve(name)
            if versions and tree.args.get("version"):
                dropped = (planner.snapshot.resolve(name, int(tree.args["version"].name)),)
        except NotFound as error:
            raise planner.at(error, tree.this) from None
        aliases = planner.snapshot.aliases_of(versions[0]) if versions else {}
        cascade = tree.text("behaviour") == "CASCADE"
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            writes=(Relation(name),) if versions else (),
            privileges=tuple(Privilege("MANAGE", "MODEL", m.full_name, m.object_name) for m in versions[:1]),
            details=Dropping(versions[0].name if versions else name.name, versions, dropped, aliases, cascade),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Delete in one transaction."""
        dropping: Dropping = plan.details
        if dropping.dropped:
            check_writable(context.database, dropping.versions[0].catalog)
            with context.database.transaction():
                migrate(context.database, dropping.versions[0].catalog)
                _drop(dropping, context)
        values = {"model": ("VARCHAR", dropping.name), "versions_dropped": ("INTEGER", len(dropping.dropped))}
        return one_row(context.database, values)


def _drop(dropping: Dropping, context: Context) -> None:
    database, whole = context.database, len(dropping.dropped) == len(dropping.versions)
    numbers = {v.version for v in dropping.dropped}
    aliases = [alias for alias, number in dropping.aliases.items() if number in numbers]
    suffixes = [*(f"@{alias}" for alias in aliases), *(f"@{number}" for number in numbers), *([""] if whole else [])]
    using = dependents(database, dropping.dropped, suffixes)
    if not dropping.cascade and (using or (aliases and not whole)):
        raise _refused(dropping, [d for d in using if sees(context, _securable(d))], len(using), aliases)
    for dependent in using:
        drop_dependent(database, dependent)
    model = dropping.versions[0]
    drop_macros(database, model, suffixes)
    gone = [Change("dropped", _securable(d)) for d in using if d.catalog == model.catalog]
    context.lineage.record_drops(dropping.dropped)
    if whole:
        drop_shortcut(database, model)
        delete_model(database, model.catalog, model.model_id)
        record(context, model.catalog, [Change("dropped", model_securable(model.object_name)), *gone])
        return
    if gone:
        record(context, model.catalog, gone)
    for version in dropping.dropped:
        delete_version(database, version)
    left = [v for v in dropping.versions if v.version not in numbers]
    default = dropping.aliases.get("champion") if "champion" not in aliases else None
    newest = max(left, key=lambda v: v.version)
    followed = next((v for v in left if v.version == default), newest)
    place_macros(database, followed, dropped=dropping.dropped)


def _securable(dependent: Dependent) -> Securable:
    return Securable.of("TABLE" if dependent.kind == "VIEW" else "FUNCTION", dependent.schema, dependent.name)


def _refused(dropping: Dropping, seen: list[Dependent], using: int, aliases: list[str]) -> DependentObjects:
    """The error, which names only what the user may know of."""
    found = [str(d) for d in seen] + [f"alias {alias}" for alias in aliases]
    unnamed = using + len(aliases) - len(found[:3])
    more = f"{' and ' if found else ''}{unnamed} {'more' if found else 'views or macros'}" if unnamed else ""
    return DependentObjects(
        f'The model "{dropping.name}" is used by {", ".join(found[:3])}{more}.',
        hint="Use DROP MODEL ... CASCADE to drop those too.",
    )
