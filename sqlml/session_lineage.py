"""Lineage as it is recorded: what a statement wrote and from what, in the statement's own transaction.

Before a statement runs its columns are followed to those of the tables, files and models that it reads; once it has
run, what it wrote is recorded beside it, and goes with it if it is rolled back. A text that comes again in autocommit
is recorded again at most once a minute, as long as the catalog is the same.
"""

from __future__ import annotations

import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.access.objects import MAIN, TEMPORARY, Known
from sqlml.catalog import lineage
from sqlml.catalog.schema import schema_version
from sqlml.data_lineage.values import MODEL, Flow, Origin, Output, Target
from sqlml.data_lineage.values import TEMPORARY as OF_SESSION
from sqlml.data_lineage.writes import flow_of
from sqlml.engine import Engine
from sqlml.engine_changes import Kind, count_statements, kind_of, may_write
from sqlml.engine_private import unpark
from sqlml.errors import SqlmlError
from sqlml.lineage_statements import has_dotted_names, is_constant, put_texts, read_tree
from sqlml.result import Result
from sqlml.session_access import SessionAccess
from sqlml.session_names import OURS, Lookups, Names, is_ours, is_same, name_of
from sqlml.types import ModelVersion, ObjectName, Params, Plan

_AGAIN_AFTER = 60.0
_REMEMBERED = 512
_TRAINED = "trained"
# A generated statement of megabytes is an INSERT of values.
_LONGEST = 1_000_000
_FLOWING = (exp.Create, exp.Insert, exp.Update, exp.Merge, exp.Copy)
_MADE = ("CREATE TABLE", "CREATE VIEW")
_KINDS = {exp.Create: "CREATE", exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Merge: "MERGE", exp.Copy: "COPY"}


class PlanText:
    """Plans a text of ours for a session that it does not keep."""

    def __init__(self, plan: Callable[[str, Params], Plan], is_ours: Callable[[str], bool]) -> None:
        self._plan = weakref.WeakMethod(plan)
        self.is_ours = is_ours

    def __call__(self, text: str, params: Params) -> Plan:
        plan = self._plan()
        assert plan is not None
        return plan(text, params)


@dataclass(frozen=True)
class _Seen:
    """A text that was recorded: when, and how the catalog was then."""

    version: int
    at: float


@dataclass(frozen=True)
class _Asked:
    """What a statement is about to do: flows, drops, renames; `is_fixed`: its text alone says so."""

    flow: Flow | None
    statement: str
    changes: tuple[_Change, ...] = ()
    is_fixed: bool = False


@dataclass(frozen=True)
class _Change:
    """A table or view that is dropped or renamed, or a column that is renamed."""

    kind: str
    name: ObjectName
    old: str | None = None
    new: str | None = None


def recorder(
    engine: Engine,
    access: SessionAccess,
    version: int,
    plan: Callable[[str, Params], Plan],
    is_ours: Callable[[str], bool],
) -> Recorder:
    """What records the statements of a session on a file with tables of this version."""
    is_on = version >= lineage.SINCE and not engine.database.read_only
    return Recorder(engine, access.catalog, lambda: access.acting.user, PlanText(plan, is_ours), is_on=is_on)


class Recorder:
    """Records what the statements of one session write."""

    def __init__(self, engine: Engine, catalog: str, user: Callable[[], str], plan: PlanText, *, is_on: bool) -> None:
        self._engine = engine
        self._catalog = catalog
        self._user = user
        self._plan = plan
        self._is_on = is_on
        self._nothing: OrderedDict[str, None] = OrderedDict()
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._prepared: dict[str, exp.Expr] = {}
        self._training: Flow | None = None
        self._lookups = Lookups(engine, catalog)
        self._known = Known()
        # The columns of temporary tables, and what each of these was made from.
        self._temporary: dict[str, tuple[Output, ...]] = {}
        self._made_from: dict[str, tuple[Origin, ...]] = {}

    def splits(self, text: str, params: Params) -> bool:
        """Whether a text is several statements of which one may write: they are followed one by one."""
        return self._is_on and not params and count_statements(text) > 1 and may_write(text)

    def around(self, text: str, params: Params, run: Callable[[], Result]) -> Result:
        """Run one statement, and record what it writes; both or neither."""
        if not self._is_on or text in self._nothing:
            return run()
        if len(text) <= _LONGEST and kind_of(text) is Kind.ROWS:
            return self._around(text, params, run)
        self._lookups.forget()
        try:
            return self._around(text, params, run)
        finally:
            self._lookups.forget()

    def _around(self, text: str, params: Params, run: Callable[[], Result]) -> Result:
        if len(text) > _LONGEST or not may_write(text):
            return run()
        if text in self._seen and self._is_known(text, self._version()):
            return run()
        asked = self._asked(text, params)
        if asked is None:
            return run()
        if asked.flow is not None and asked.flow.target.kind == MODEL:
            # What is trained is stored by a transaction of its own, which records it.
            self._training = asked.flow
            try:
                return run()
            finally:
                self._training = None
        with self._engine.transaction() as is_own:
            result = run()
            result.settle(unpark)
            self._record(asked)
        # What makes a table or view changes the catalog: there is nothing to compare with.
        if is_own and asked.is_fixed and asked.flow is not None and not asked.flow.is_new:
            _remember(self._seen, text, _Seen(self._version(), time.monotonic()))
        return result

    def record_training(self, model: ModelVersion) -> None:
        """Record what a version was trained on, in the transaction that stores it."""
        flow = self._training
        if flow is not None and self._has_tables(model.catalog):
            target = Target(MODEL, model.object_name, version=model.version)
            lineage.record(
                self._engine, model.catalog, replace(flow, target=target, is_new=True), "CREATE MODEL", self._user()
            )

    def record_export(self, model: ModelVersion, path: str) -> None:
        """Record that a version was written to a file."""
        if self._is_on and self._has_tables(model.catalog):
            flow = Flow(Target("PATH", ObjectName(path)), {}, (_origin_of(model),), is_new=True)
            lineage.record(self._engine, model.catalog, flow, "EXPORT MODEL", self._user())

    def record_drops(self, models: Sequence[ModelVersion]) -> None:
        """Record that versions are gone, in the transaction that drops them."""
        for model in models:
            if self._is_on and self._has_tables(model.catalog):
                lineage.record_drop(
                    self._engine, model.catalog, MODEL, model.object_name, self._user(), version=model.version
                )

    def _version(self) -> int:
        return self._engine.database.catalog_version(self._catalog).read()

    def _is_known(self, text: str, version: int) -> bool:
        seen = self._seen[text]
        is_recent = time.monotonic() - seen.at < _AGAIN_AFTER
        return seen.version == version and is_recent and not self._engine.in_transaction()

    def _asked(self, text: str, params: Params) -> _Asked | None:
        tree = read_tree(text)
        if isinstance(tree, nodes.Prepare):
            self._prepared[tree.this.name.casefold()] = tree.expression
            return None
        is_prepared = isinstance(tree, nodes.ExecutePrepared)
        if is_prepared:
            tree = self._prepared.get(tree.this.name.casefold())  # type: ignore[union-attr]
        if isinstance(tree, nodes.Explain) and tree.args.get("analyze") and not self._plan.is_ours(text):
            tree = tree.this
        if isinstance(tree, exp.Drop | exp.Alter):
            self._known = Known()
            return self._changed(tree)
        if isinstance(tree, nodes.CreateModel):
            self._known = self._lookups.known()
            return self._trained(tree, text, params)
        if not isinstance(tree, _FLOWING) or is_constant(tree):
            if not is_prepared:
                _remember(self._nothing, text, None)
            return None
        # What makes something changes the catalog, of which nothing is kept then.
        self._known = Known() if isinstance(tree, exp.Create) else self._lookups.known()
        if isinstance(tree, exp.Create) and tree.args.get("exists") and self._exists(tree):
            return None
        return self._followed(tree, text, params, is_prepared=is_prepared)

    def _trained(self, tree: exp.Expr, text: str, params: Params) -> _Asked | None:
        """What the query of CREATE MODEL reads, by the columns it gives: features and label."""
        query = tree.args.get("expression")
        span = nodes.span_of(query) if isinstance(query, exp.Query) else None
        if query is None or span is None:
            return None
        planned = self._planned(query, text[slice(*span)], params)
        if planned is None:
            return None
        made = exp.Create(this=exp.table_(_TRAINED), kind="TABLE", expression=planned[0].copy())
        flow = flow_of(made, self._names(planned[1]))
        if flow is None or flow.outputs is None:
            return None
        columns = {output.name: output.origins for output in flow.outputs if output.name}
        return self._finished(
            replace(flow, target=Target(MODEL, ObjectName("")), columns=columns, outputs=None),
            planned[1],
            "CREATE MODEL",
        )

    def _exists(self, tree: exp.Create) -> bool:
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        return isinstance(table, exp.Table) and self._names().entry(name_of(table)) is not None

    def _names(self, models: Sequence[ModelVersion] = ()) -> Names:
        return Names(self._engine, self._catalog, self._temporary, models, self._known)

    def _followed(self, tree: exp.Expr, text: str, params: Params, *, is_prepared: bool) -> _Asked | None:
        is_ours = not is_prepared and self._plan.is_ours(text)
        planned = self._planned(tree, text, params) if is_ours else (tree, ())
        if planned is None:
            return None
        tree, models = planned
        is_fixed = not (is_ours and params) and not is_prepared
        if params and not is_ours:
            is_fixed = put_texts(tree, params) and is_fixed
        names = self._names(models)
        names.load(tree)
        flow = flow_of(tree, names)
        if flow is None:
            return None
        statement = _KINDS[next(kind for kind in _KINDS if isinstance(tree, kind))]
        if isinstance(tree, exp.Create):
            statement = f"CREATE {tree.args['kind']}"
        return self._finished(flow, models, statement, is_fixed=is_fixed)

    def _planned(self, tree: exp.Expr, text: str, params: Params) -> tuple[exp.Expr, Sequence[ModelVersion]] | None:
        """A statement with its calls of ours in plain SQL, and the models that they name."""
        if not self._plan.is_ours(text) and not has_dotted_names(tree):
            return tree, ()
        try:
            plan = self._plan(text, params)
        except SqlmlError:
            # It fails as it runs, and then says why; in a transaction the error has ended that.
            if self._engine.in_transaction():
                raise
            return None
        return plan.tree, plan.models

    def _finished(
        self, flow: Flow, models: Sequence[ModelVersion], statement: str, *, is_fixed: bool = False
    ) -> _Asked | None:
        """The flow with what its temporary tables stand for and the models it names; None where nothing flows."""
        known = {(origin.kind, origin.name) for origin in flow.reads}
        reads = [*flow.reads, *(o for o in map(_origin_of, models) if (o.kind, o.name) not in known)]
        reads = [made for origin in reads for made in self._stands_for(origin) if not is_ours(made)]
        if not reads and not any(flow.columns.values()) and not flow.is_new:
            return None
        if not reads and not any(flow.columns.values()) and not self._is_recorded(flow.target.name):
            # A new table that is made of nothing, as no table of its name was before.
            return None
        reads_itself = any(is_same(origin.name, flow.target.name) for origin in reads)
        done = replace(flow, reads=tuple(dict.fromkeys(reads)), is_new=flow.is_new and not reads_itself)
        return _Asked(done, statement, is_fixed=is_fixed)

    def _is_recorded(self, name: ObjectName) -> bool:
        """Whether anything is known of a table or view of that name, in whichever schema."""
        is_own = name.catalog is None or name.catalog.casefold() == self._catalog.casefold()
        return not is_own or lineage.is_recorded(self._engine, self._catalog, name)

    def _stands_for(self, origin: Origin) -> Sequence[Origin]:
        if origin.kind != OF_SESSION:
            return [origin]
        return self._made_from.get(origin.name.name.casefold(), ())

    def _changed(self, tree: exp.Expr) -> _Asked | None:
        """What a DROP or ALTER does to tables and views that lineage knows by name."""
        names = self._names()
        changes: list[_Change] = []
        if isinstance(tree, exp.Drop):
            for table in tree.args.get("tables") or []:
                changes += self._dropped(str(tree.args.get("kind")), table, names)
        elif isinstance(tree.this, exp.Table):
            entry = names.entry(name_of(tree.this))
            if entry is not None and not entry.is_temporary and entry.schema.casefold() not in OURS:
                full = ObjectName(entry.name, entry.schema, entry.catalog)
                for action in tree.args.get("actions") or []:
                    if isinstance(action, exp.AlterRename):
                        changes.append(_Change("RENAME", full, new=action.this.name))
                    elif isinstance(action, exp.RenameColumn):
                        changes.append(_Change("COLUMN", full, action.this.name, action.args["to"].name))
        return _Asked(None, "", tuple(changes)) if changes else None

    def _dropped(self, kind: str, table: exp.Expr, names: Names) -> list[_Change]:
        if not isinstance(table, exp.Table):
            return []
        if kind == "SCHEMA":
            schema = table.db or table.name
            return [_Change("TABLE", ObjectName(name, schema, self._catalog)) for name in names.in_schema(schema)]
        entry = names.entry(name_of(table)) if kind in ("TABLE", "VIEW") else None
        if entry is None:
            return []
        if entry.is_temporary or entry.schema.casefold() in OURS:
            self._temporary.pop(entry.name.casefold(), None)
            return []
        full = ObjectName(entry.name, entry.schema, entry.catalog)
        return [_Change(kind, full)] if self._is_recorded(full) else []

    def _record(self, asked: _Asked) -> None:
        for change in asked.changes:
            self._record_change(change)
        flow = asked.flow
        if flow is None:
            return
        if flow.target.kind == "PATH":
            lineage.record(self._engine, self._catalog, flow, asked.statement, self._user())
            return
        names = self._names()
        target = flow.target
        is_made = asked.statement in _MADE
        entry = names.created(target.name, target.kind) if is_made else names.entry(target.name)
        if entry is None:
            return
        columns = names.column_names(entry)
        if entry.is_temporary:
            self._keep(flow.placed(OF_SESSION, ObjectName(entry.name, MAIN, TEMPORARY), columns))
            return
        full = ObjectName(entry.name, entry.schema, entry.catalog)
        if self._has_tables(entry.catalog):
            lineage.record(
                self._engine, entry.catalog, flow.placed(entry.kind, full, columns), asked.statement, self._user()
            )

    def _record_change(self, change: _Change) -> None:
        catalog = change.name.catalog or self._catalog
        if not self._has_tables(catalog):
            return
        if change.kind == "RENAME":
            new = ObjectName(str(change.new), change.name.schema, change.name.catalog)
            lineage.rename(self._engine, catalog, change.name, new)
        elif change.kind == "COLUMN":
            lineage.rename_column(self._engine, catalog, change.name, str(change.old), str(change.new))
        else:
            lineage.record_drop(self._engine, catalog, change.kind, change.name, self._user())

    def _keep(self, flow: Flow) -> None:
        """A temporary table stands for what it was made from."""
        name = flow.target.name.name.casefold()
        before = {} if flow.is_new else {o.name.casefold(): o.origins for o in self._temporary.get(name, ())}
        found = {column.casefold(): origins for column, origins in flow.columns.items()}
        self._temporary[name] = tuple(
            Output(column, found.get(column.casefold(), frozenset()) | before.get(column.casefold(), frozenset()))
            for column in flow.target.columns
        )
        kept = () if flow.is_new else self._made_from.get(name, ())
        self._made_from[name] = tuple(dict.fromkeys([*kept, *flow.reads]))

    def _has_tables(self, catalog: str) -> bool:
        """Whether lineage is kept in a database: its own, or one that is attached and has models."""
        return catalog.casefold() == self._catalog.casefold() or schema_version(self._engine, catalog) >= lineage.SINCE


def _origin_of(model: ModelVersion) -> Origin:
    return Origin("MODEL", ObjectName(model.name, model.schema, model.catalog), version=model.version)


def _remember(known: OrderedDict[str, Any], text: str, value: Any) -> None:
    known[text] = value
    known.move_to_end(text)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
