"""`VACUUM MODELS [m] [RETAIN n VERSIONS] [RETAIN n DAYS] [DRY RUN]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.dependents import dependents
from sqlml.catalog.lifecycle import delete_version
from sqlml.catalog.macros import drop_macros
from sqlml.catalog.retention import Facts, Rule, kept_by, read_facts, rule_of
from sqlml.catalog.schema import check_writable
from sqlml.catalog.snapshot import CHAMPION, Snapshot, read_all_versions, read_snapshot
from sqlml.dialect import parse_query
from sqlml.errors import InvalidOption, NotFound
from sqlml.model_macros import place_macros
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.owning import model_securable
from sqlml.types import ModelVersion, ObjectName, Plan, Privilege, Relation

_MOST = 10**9
_RESULT = """
SELECT unnest(__schemas::VARCHAR[]) AS schema, unnest(__models::VARCHAR[]) AS model,
       unnest(__versions::INTEGER[]) AS version, unnest(__sizes::BIGINT[]) AS bytes,
       unnest(__actions::VARCHAR[]) AS action, unnest(__reasons::VARCHAR[]) AS reason
"""
_COLUMNS = ("schemas", "models", "versions", "sizes", "actions", "reasons")


@dataclass(frozen=True)
class Vacuum:
    """The model that is named, if one is; the rule of the statement, if it has one; and whether it only says."""

    model: ModelVersion | None
    rule: Rule | None
    is_dry: bool


@dataclass(frozen=True)
class Verdict:
    """What becomes of a version: why it is kept, or None where it is dropped."""

    model: ModelVersion
    facts: Facts
    kept: str | None


class VacuumModels(Statement):
    """Drop old versions under a rule, with their artifacts, runs and metrics as DROP MODEL ... VERSION does.

        VACUUM MODELS churn RETAIN 3 VERSIONS RETAIN 30 DAYS DRY RUN;
        VACUUM MODELS churn RETAIN 3 VERSIONS;
        VACUUM MODELS;

    A version stays where RETAIN ... VERSIONS or RETAIN ... DAYS keeps it. Without RETAIN the model's tags
    retain_versions and retain_days are the rule, else the newest ten stay. Whatever the rule, these stay: what the bare
    name means, what has an alias, and what a view or macro scores with. Without a name it is about all models of the
    current database that one may manage. DRY RUN drops nothing.

    Columns: schema, model, version, bytes (of the artifact), action ('kept', 'dropped' or 'to drop'), reason.
    """

    name = "vacuum_models"
    takes = (nodes.VacuumModels,)

    def plan(self, tree: nodes.VacuumModels, planner: Planner) -> Plan:
        """Find the model; which versions go is decided in the transaction that drops them."""
        if not any(tree.args.values()) and planner.binder.has_relation("MODELS"):
            # DuckDB's own VACUUM of a table that is called so.
            return Plan(statement="query", sql=planner.text, reads=None)
        model = None
        if tree.this:
            try:
                model = planner.snapshot.resolve(object_name(tree.this))
            except NotFound as error:
                raise planner.at(error, tree.this) from None
        numbers = [tree.args[key].name if tree.args.get(key) else None for key in ("versions", "days")]
        if any(n is not None and (len(n) > len(str(_MOST)) or int(n) > _MOST) for n in numbers):
            raise planner.at(InvalidOption("RETAIN has too large a number.", hint=f"At most {_MOST}."), tree)
        versions, days = (None if n is None else int(n) for n in numbers)
        rule = None if versions is None and days is None else Rule(versions, days)
        everything = Relation(ObjectName("models", "sqlml", planner.snapshot.catalog))
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            writes=(Relation(model.object_name) if model else everything,),
            privileges=(Privilege("MANAGE", "MODEL", model.full_name, model.object_name),) if model else (),
            details=Vacuum(model, rule, bool(tree.args.get("dry"))),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Decide and drop in one transaction."""
        vacuum: Vacuum = plan.details
        verdicts: list[Verdict] = []
        with context.database.transaction():
            for versions, snapshot in _models(vacuum, context):
                found = _judged(versions, snapshot, vacuum, context)
                verdicts += found
                if not vacuum.is_dry:
                    _drop(found, snapshot, context)
        return _shown(verdicts, vacuum, context)


def _models(vacuum: Vacuum, context: Context) -> list[tuple[list[ModelVersion], Snapshot]]:
    """The versions of each model that it is about, as they are in this transaction."""
    if vacuum.model:
        there = [vacuum.model]
    else:
        newest = {v.model_id: v for v in read_all_versions(context.database) if _may_manage(v, context)}
        there = sorted(newest.values(), key=lambda v: (v.schema, v.name))
    snapshot = read_snapshot(context.database, [v.name for v in there])
    return [([v for v in snapshot.versions if v.model_id == model.model_id], snapshot) for model in there]


def _may_manage(model: ModelVersion, context: Context) -> bool:
    acting = context.access.acting
    if acting.is_superuser or not acting.access.is_governed:
        return True
    return acting.access.may(acting.roles, "MANAGE", model_securable(model.object_name))


def _judged(versions: Sequence[ModelVersion], snapshot: Snapshot, vacuum: Vacuum, context: Context) -> list[Verdict]:
    """What becomes of each version, oldest first."""
    if not versions:
        return []
    cursor, model = context.database, versions[0]
    facts = read_facts(cursor, model)
    kept = kept_by(vacuum.rule or rule_of(cursor, model), versions, facts)
    for alias, number in sorted(snapshot.aliases_of(model).items()):
        kept[number] = f"alias {alias}"
    default = _default(versions, snapshot)
    kept.setdefault(default.version, "what the bare name means")
    old = [v for v in versions if v.version not in kept]
    # All at once first: to read every view and macro takes long.
    if old and dependents(cursor, old, [f"@{v.version}" for v in old]):
        for version in old:
            using = dependents(cursor, [version], [f"@{version.version}"])
            if using:
                kept[version.version] = "a view or macro scores with it"
    ordered = sorted(versions, key=lambda v: v.version)
    return [Verdict(v, facts[v.version], kept.get(v.version)) for v in ordered]


def _default(versions: Sequence[ModelVersion], snapshot: Snapshot) -> ModelVersion:
    """What the bare name means: the champion, else the newest."""
    champion = snapshot.aliases_of(versions[0]).get(CHAMPION)
    newest = max(versions, key=lambda v: v.version)
    return next((v for v in versions if v.version == champion), newest)


def _drop(verdicts: Sequence[Verdict], snapshot: Snapshot, context: Context) -> None:
    gone = [v.model for v in verdicts if v.kept is None]
    if not gone:
        return
    check_writable(context.database, gone[0].catalog)
    drop_macros(context.database, gone[0], [f"@{v.version}" for v in gone])
    context.lineage.record_drops(gone)
    for version in gone:
        delete_version(context.database, version)
    default = _default([v.model for v in verdicts if v.kept is not None], snapshot)
    # Views of versions with other inputs go on saying that the model has changed.
    place_macros(context.database, default, dropped=gone)


def _shown(verdicts: Sequence[Verdict], vacuum: Vacuum, context: Context) -> Result:
    going = ("to drop" if vacuum.is_dry else "dropped", "older than the rule keeps")
    rows = [
        (v.model.schema, v.model.name, v.model.version, v.facts.size, *(("kept", v.kept) if v.kept else going))
        for v in verdicts
    ]
    values = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in _COLUMNS]
    sql = parse_query(_RESULT)
    for column in list(sql.find_all(exp.Column)):
        if column.name.startswith("__"):
            column.replace(exp.Placeholder(this=column.name.removeprefix("__")))
    return context.database.execute(sql.sql(dialect="duckdb"), dict(zip(_COLUMNS, values, strict=True)))
