"""`ALTER MODEL [IF EXISTS] m [VERSION n] SET ALIAS champion = 3, SET TAGS (team = 'growth'), RENAME TO ..., ...`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog import lifecycle
from sqlml.catalog.access import bump_version
from sqlml.catalog.constraints import Constraint, add_constraint, drop_constraint, read_constraints
from sqlml.catalog.macros import drop_macros, drop_shortcut
from sqlml.catalog.schema import migrate
from sqlml.catalog.snapshot import CHAMPION
from sqlml.errors import AlreadyExists, InvalidOption, InvalidSql, NotFound, NotSupported, nearest_hint
from sqlml.model_macros import place_macros, place_shortcut
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.access_change import find_principal
from sqlml.statements.assert_model import missing
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.constraining import constraint_of, reading
from sqlml.statements.gates import promote
from sqlml.statements.owning import record, renamed
from sqlml.types import ModelVersion, ObjectName, Plan, Privilege, Relation

# An action and its values, as they were decided while planning.
Action = tuple[str, tuple[Any, ...]]


class AlterModel(Statement):
    """Aliases, constraints, tags, comment, name, owner of a model; several changes happen together or not at all.

        ALTER MODEL churn SET ALIAS champion = 3;
        ALTER MODEL churn DROP ALIAS champion;
        ALTER MODEL churn SET TAGS (team = 'growth'), SET OPTIONS (description = 'who leaves');
        ALTER MODEL churn VERSION 3 SET TAGS (approved = 'yes');
        ALTER MODEL churn UNSET TAGS ('team');
        ALTER MODEL churn RENAME TO attrition;
        ALTER MODEL churn OWNER TO alice;
        ALTER MODEL churn ADD CONSTRAINT quality CHECK (roc_auc >= 0.8 AND f1 >= champion.f1);
        ALTER MODEL churn ADD CONSTRAINT fair CHECK (recall > 0.6) ON (SELECT * FROM holdout) FOR EACH (plan);
        ALTER MODEL churn SET ALIAS champion = 4 FORCE;
        ALTER MODEL churn DROP CONSTRAINT IF EXISTS fair;

    The alias `champion` is what the bare name means. A version that violates a constraint does not become the champion,
    unless with FORCE, which `sqlml.forced_promotions` keeps. A metric that is NULL violates its condition; a comparison
    with an alias that no version has counts as satisfied. Source: MLflow's model registry; BigQuery ML, ALTER MODEL.
    """

    name = "alter_model"
    takes = (nodes.AlterModel, nodes.CommentOnModel)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check the model and every action."""
        name = object_name(tree.this)
        versions = planner.snapshot.versions_of(name)
        if not versions:
            if tree.args.get("exists"):
                return Plan(statement=self.name, sql="", tree=tree, details=(name.name, [], {}, [], None))
            try:
                planner.snapshot.resolve(name)
            except NotFound as error:
                raise planner.at(error, tree.this) from None
        asked = tree.args.get("version")
        version = planner.snapshot.resolve(name, int(asked.name)).version if asked else None
        actions = [_action(action, version, versions, planner) for action in _actions_of(tree)]
        model = versions[0]
        gates = planner.written.gates if planner.written else None
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            writes=(Relation(name),),
            privileges=(
                Privilege("MANAGE", "MODEL", model.full_name, model.object_name),
                *(_moving(values[0], model) for words, values in actions if words == "RENAME TO"),
                *reading(tree, planner),
            ),
            details=(model.name, versions, planner.snapshot.aliases_of(model), actions, gates),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Make the changes in one transaction."""
        name, versions, aliases, actions, gates = plan.details
        if versions:
            with context.database.transaction():
                state = _State(list(versions), dict(aliases), gates, context)
                for words, values in actions:
                    _RUN[words](state, *values)
            name = state.versions[0].name
        return one_row(context.database, {"model": ("VARCHAR", name), "changes": ("INTEGER", len(actions))})


def _moving(to: ObjectName, model: ModelVersion) -> Privilege:
    """Another schema gets a model: that asks for what making one there does."""
    if str(to.schema).casefold() == model.schema.casefold():
        return Privilege("MANAGE", "MODEL", model.full_name, model.object_name)
    return Privilege("CREATE MODEL", "SCHEMA", f"{to.catalog}.{to.schema}", to)


class _State:
    """The model while its actions run, one after the other."""

    def __init__(
        self, versions: list[ModelVersion], aliases: dict[str, int], gates: Mapping[str, str] | None, context: Context
    ) -> None:
        self.versions = versions
        self.gates = gates
        self.aliases = aliases
        self.context = context

    @property
    def default(self) -> ModelVersion:
        """The version that the bare name means."""
        number = self.aliases.get(CHAMPION, max(v.version for v in self.versions))
        return next(v for v in self.versions if v.version == number)

    def set_alias(self, alias: str, version: int, force: bool) -> None:  # noqa: FBT001 - what was written
        database = self.context.database
        model = next(v for v in self.versions if v.version == version)
        if alias.casefold() == CHAMPION:
            self._promote(model, f"SET ALIAS {alias} = {version}", force=force)
        lifecycle.set_alias(database, model, alias, self.context.user)
        self.aliases[alias.casefold()] = version
        place_macros(database, model, f"@{alias.lower()}")
        self._follow_default()

    def _promote(self, model: ModelVersion, words: str, *, force: bool) -> None:
        known = {v.version: v for v in self.versions}
        named = {alias: known[number] for alias, number in self.aliases.items()}
        promote(model, named, self.context, force=force, words=words, allowed=self.gates)

    def add_constraint(self, constraint: Constraint, exists_ok: bool) -> None:  # noqa: FBT001 - what was written
        database, model = self.context.database, self.versions[0]
        migrate(database, model.catalog)
        known = {c.name.casefold() for c in read_constraints(database, model)}
        if constraint.name.casefold() not in known:
            add_constraint(database, model, constraint, self.context.user)
        elif not exists_ok:
            raise AlreadyExists(
                f'The model "{model.short_name}" has a constraint "{constraint.name}" already.',
                hint="Drop it first, in the same statement: DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (...).",
            )

    def drop_constraint(self, name: str, exists_ok: bool) -> None:  # noqa: FBT001 - what was written
        database, model = self.context.database, self.versions[0]
        known = read_constraints(database, model)
        if name.casefold() in {c.name.casefold() for c in known}:
            drop_constraint(database, model, name)
        elif not exists_ok:
            raise missing(model, name, known)

    def drop_alias(self, alias: str, force: bool) -> None:  # noqa: FBT001 - what was written
        database = self.context.database
        newest = max(self.versions, key=lambda v: v.version)
        if alias.casefold() == CHAMPION and newest != self.default:
            # The bare name means the newest version then.
            self._promote(newest, f"DROP ALIAS {alias}", force=force)
        lifecycle.drop_alias(database, self.versions[0], alias)
        self.aliases.pop(alias.casefold(), None)
        drop_macros(database, self.versions[0], [f"@{alias.lower()}"])
        self._follow_default()

    def _follow_default(self) -> None:
        place_macros(self.context.database, self.default)

    def set_tag(self, version: int | None, key: str, value: str) -> None:
        lifecycle.set_tag(self.context.database, self.versions[0], version, key, value)

    def unset_tag(self, version: int | None, key: str) -> None:
        if not lifecycle.drop_tag(self.context.database, self.versions[0], version, key):
            raise NotFound(f'The model "{self.versions[0].short_name}" has no tag "{key}".', hint="Leave it out.")

    def set_comment(self, comment: str | None) -> None:
        lifecycle.set_comment(self.context.database, self.versions[0], comment)

    def set_owner(self, owner: str) -> None:
        lifecycle.set_owner(self.context.database, self.versions[0], owner)
        access = self.context.access
        if access.acting.access.is_governed and self.versions[0].catalog == access.catalog:
            access.will_change()
            bump_version(self.context.database, access.catalog)

    def rename(self, name: ObjectName) -> None:
        database = self.context.database
        lifecycle.rename(database, self.versions[0], name)
        record(self.context, self.versions[0].catalog, [renamed(self.versions[0], name)])
        suffixes = ["", *(f"@{alias}" for alias in self.aliases), *(f"@{v.version}" for v in self.versions)]
        drop_macros(database, self.versions[0], suffixes)
        drop_shortcut(database, self.versions[0])
        self.versions = [replace(v, name=name.name, schema=str(name.schema)) for v in self.versions]
        for version in self.versions:
            place_macros(database, version, f"@{version.version}")
        for alias, number in self.aliases.items():
            model = next(v for v in self.versions if v.version == number)
            place_macros(database, model, f"@{alias}")
        self._follow_default()
        place_shortcut(database, self.default)


_RUN: dict[str, Any] = {
    "SET ALIAS": _State.set_alias,
    "DROP ALIAS": _State.drop_alias,
    "ADD CONSTRAINT": _State.add_constraint,
    "DROP CONSTRAINT": _State.drop_constraint,
    "SET TAG": _State.set_tag,
    "UNSET TAG": _State.unset_tag,
    "SET COMMENT": _State.set_comment,
    "OWNER TO": _State.set_owner,
    "RENAME TO": _State.rename,
}


def _actions_of(tree: exp.Expr) -> list[tuple[str, exp.Expr, bool]]:
    """The actions one by one, and whether by force: lists of tags and options become one action each."""
    if isinstance(tree, nodes.CommentOnModel):
        return [("SET COMMENT", tree.expression, False)]
    found: list[tuple[str, exp.Expr, bool]] = []
    for action in tree.args["actions"]:
        words = action.name
        if words in ("SET TAGS", "UNSET TAGS"):
            words = words.removesuffix("S")
        found += [(words, value, bool(action.args.get("force"))) for value in action.expressions]
    return found


def _action(
    action: tuple[str, exp.Expr, bool], version: int | None, versions: list[ModelVersion], planner: Planner
) -> Action:
    words, value, force = action
    if isinstance(value, nodes.ModelConstraint):
        return words, _constraint(words, value, versions, planner)
    if words in ("SET TAG", "SET ALIAS", "SET OPTIONS"):
        if not isinstance(value, nodes.Option):
            raise planner.at(InvalidSql(f"{words} needs a value.", hint="Write name = value."), value)
        key, given = value.this.name, planner.constant(value.expression)
        if words == "SET TAG":
            return words, (version, key, str(given))
        if words == "SET ALIAS":
            return words, (_alias(key, value, planner), _version(given, value, versions, planner), force)
        return _option(key, given, value, planner)
    if words == "UNSET TAG":
        return words, (version, str(planner.constant(value)))
    if words == "DROP ALIAS":
        known = planner.snapshot.aliases_of(versions[0])
        if value.name.casefold() not in known:
            hint = nearest_hint(value.name, known, otherwise="SHOW MODEL VERSIONS lists the aliases.")
            raise planner.at(NotFound(f'The model has no alias "{value.name}".', hint=hint), value)
        return words, (value.name, force)
    if words == "SET COMMENT":
        return words, (planner.constant(value),)
    if words == "OWNER TO":
        if planner.acting.access.is_governed:
            return words, (find_principal(planner, value).name,)
        return words, (value.name,)
    if words == "RENAME TO":
        return words, (_new_name(value, versions[0], planner),)
    raise planner.at(
        NotSupported(f"ALTER MODEL ... {words} is not supported in this version.", hint="Leave it out."), value
    )


def _constraint(
    words: str, tree: nodes.ModelConstraint, versions: list[ModelVersion], planner: Planner
) -> tuple[Any, bool]:
    exists_ok = bool(tree.args.get("exists"))
    if words == "DROP CONSTRAINT":
        return tree.this.name, exists_ok
    default = planner.snapshot.resolve(versions[0].object_name)
    return constraint_of(tree, default, planner.snapshot.aliases_of(default), planner), exists_ok


def _alias(alias: str, at: exp.Expr, planner: Planner) -> str:
    if not alias.isidentifier() or alias.casefold() in ("latest", "newest"):
        raise planner.at(
            InvalidOption(f'"{alias}" cannot be an alias.', hint="A letter, then letters, digits and underscores."), at
        )
    return alias


def _version(given: Any, at: exp.Expr, versions: list[ModelVersion], planner: Planner) -> int:
    numbers = [v.version for v in versions]
    if isinstance(given, bool) or not isinstance(given, int) or given not in numbers:
        known = ", ".join(map(str, numbers))
        raise planner.at(NotFound(f"The model has no version {given}.", hint=f"It has: {known}."), at)
    return given


def _option(key: str, given: Any, at: exp.Expr, planner: Planner) -> Action:
    if key.casefold() != "description":
        hint = nearest_hint(key, ["description"], otherwise="description is the only option that can be altered.")
        raise planner.at(InvalidOption(f'The option "{key}" of a model cannot be altered.', hint=hint), at)
    return "SET COMMENT", (None if given is None else str(given),)


def _new_name(value: exp.Expr, model: ModelVersion, planner: Planner) -> ObjectName:
    given = object_name(value)
    if given.catalog and given.catalog.casefold() != model.catalog.casefold():
        raise planner.at(
            NotSupported("A model stays in its database.", hint="Copy it: CREATE MODEL ... COPY m."), value
        )
    name = planner.snapshot.place(ObjectName(given.name, given.schema or model.schema, model.catalog))
    taken = planner.snapshot.versions_of(name)
    if taken and taken[0].model_id != model.model_id:
        raise planner.at(AlreadyExists(f'There is a model "{given.name}" already.', hint="Choose another name."), value)
    return name
