"""The statements of a governed database: each is read, checked and written anew before DuckDB sees any of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlglot import exp

from sqlml import nodes
from sqlml.access.expansion import Expansion, Places
from sqlml.access.files import Files
from sqlml.access.governed import Change, Governed
from sqlml.access.metadata import metadata_of
from sqlml.access.objects import Entry, Objects
from sqlml.access.principal_functions import FUNCTIONS as ABOUT_PRINCIPALS
from sqlml.access.principal_functions import principal_value
from sqlml.access.privilege_functions import FUNCTIONS as ABOUT_PRIVILEGES
from sqlml.access.privilege_functions import privilege_value
from sqlml.access.rights import Who, unread
from sqlml.access.statements import govern
from sqlml.access.values import Access
from sqlml.access.verification import Allowed, check_bound, check_parsed, without_ours
from sqlml.catalog.access import bump_version
from sqlml.catalog.access_objects import apply_changes
from sqlml.catalog.snapshot import read_snapshot
from sqlml.dialect import parse, to_sql, too_deep
from sqlml.engine import Engine
from sqlml.engine_changes import changes_objects
from sqlml.engine_private import unpark
from sqlml.errors import AlreadyExists, InvalidSql, NotFound, SqlmlError
from sqlml.functions import FUNCTIONS
from sqlml.functions.base import named_value
from sqlml.functions.later import LATER
from sqlml.gate import folded
from sqlml.parameters import name_parameters, parameter_names, used_values, values_of
from sqlml.planner import Written, model_name, relations
from sqlml.result import Result, no_rows
from sqlml.rewriter import constant
from sqlml.session_access import SessionAccess
from sqlml.session_consistency import Consistency
from sqlml.session_decisions import Decision, Decisions
from sqlml.session_gates import given_queries, kept_queries
from sqlml.session_limits import Limits
from sqlml.session_lineage import Recorder
from sqlml.session_raw import noting_changes
from sqlml.statements.prepare import refuse_kept_password
from sqlml.statements.recorded import named_version, recorded_statement, training
from sqlml.system_relations import system_query
from sqlml.types import ObjectName, Params, Plan

# What DuckDB takes as well for BEGIN, COMMIT and ROLLBACK.
_TRANSACTIONS: dict[str, Callable[[], exp.Expr]] = {
    "start transaction": exp.Transaction,
    "begin transaction": exp.Transaction,
    "end": exp.Commit,
    "end transaction": exp.Commit,
    "commit transaction": exp.Commit,
    "abort": exp.Rollback,
}


# What a view or macro that is kept may say of whoever reads it.
_ABOUT_SESSION = ABOUT_PRINCIPALS | ABOUT_PRIVILEGES
_LISTED = "SELECT file FROM glob(?) ORDER BY file"
# Statements that DuckDB binds without running them.
_BOUND = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
# Statements that only read, and those that DuckDB runs in a transaction.
_READING = (exp.Query, exp.Values, exp.Pivot, exp.Describe, exp.Summarize, exp.Show)
# EXPLAIN ANALYZE runs what it explains.
_WRITING = (*_BOUND, exp.TruncateTable, exp.Create, exp.Drop, exp.Alter, exp.Comment, nodes.Explain)


class RunOurs(Protocol):
    """Plans and runs a statement with something of ours in it, whose relations are checked."""

    def __call__(
        self, text: str, params: Params, *, relations: frozenset[ObjectName], written: Written | None
    ) -> Result: ...


class _Weakly:
    """Calls a session that it does not keep: one that is dropped gives its file up at once."""

    def __init__(self, run: RunOurs) -> None:
        self._run = weakref.WeakMethod(run)

    def __call__(
        self, text: str, params: Params, *, relations: frozenset[ObjectName], written: Written | None
    ) -> Result:
        run = self._run()
        assert run is not None
        return run(text, params, relations=relations, written=written)


class Governor:
    """Decides on each statement for whoever the session acts as, and runs it."""

    def __init__(
        self,
        engine: Engine,
        access: SessionAccess,
        prepared: dict[str, str],
        is_ours: Callable[[str], bool],
        run_ours: RunOurs,
        lineage: Recorder,
    ) -> None:
        self._lineage = lineage
        self._engine = engine
        self._prepared = prepared
        self._access = access
        self._is_ours = is_ours
        self._run_ours = _Weakly(run_ours)
        self._limits = Limits(engine, access)
        self._decisions = Decisions()
        self._decided: Decision | None = None
        self._catalog = Consistency(engine, access)
        # Of the last statement, for the audit log: whether no transaction was open, if it is known; tables and views.
        self.was_free: bool | None = None
        self.objects: tuple[str, ...] = ()

    def run(self, text: str, params: Params, interrupt: Callable[[], None]) -> Result:
        """Run one statement; `interrupt` stops it from another thread.

        Raises PermissionDenied, and NotFound for what the user may not know of; LimitExceeded beyond the user's limits.
        """
        self.objects = ()
        return self._limits.run(lambda: self._run(text, params), interrupt)

    def _run(self, text: str, params: Params) -> Result:
        is_free = self.was_free = self._catalog.is_free()
        known = self._decisions.find(text, self._catalog.situation()) if is_free else None
        if known is not None:
            self.objects = known.objects
            values = values_of(known.parameters, params)
            return self._catalog.read(lambda: self._send(known, values or None))
        acting = self._access.acting
        try:
            tree = _read(text)
        except SqlmlError as error:
            return self._unread(text, params, error)
        if isinstance(tree, exp.Command) and acting.is_superuser:
            return self._raw(text, params)
        if isinstance(tree, nodes.Prepare | nodes.ExecutePrepared | nodes.Deallocate):
            return self._kept(tree, text, params)
        if isinstance(tree, exp.Transaction | exp.Commit | exp.Rollback):
            # Nothing is looked up: after an error DuckDB takes nothing but ROLLBACK.
            return self._engine.execute(to_sql(tree))
        if is_free and isinstance(tree, _READING) and not _trains(tree):
            self._decided = None
            result = self._catalog.read(lambda: self._decide(tree, text, params, is_free=True))
            if self._decided is not None:
                self._decisions.keep(text, self._decided)
            return result
        if is_free and isinstance(tree, _WRITING):
            return self._catalog.write(lambda: self._decide(tree, text, params, is_free=True))
        return self._decide(tree, text, params)

    def _decide(self, tree: exp.Expr, text: str, params: Params, *, is_free: bool = False) -> Result:
        """Decide on a statement and run it; what may be decided alike next time is left in `_decided`."""
        acting = self._access.acting
        tree, written = self._recorded(tree) or (tree, _written(tree, text))
        constraints = given_queries(tree) if isinstance(tree, nodes.AlterModel) else {}
        parameters = parameter_names(tree)
        values = name_parameters(tree, params)[0]
        objects = Objects(self._engine, self._access.catalog, self._catalog.known() if is_free else None)
        expansion = self._expansion(acting.access, Who(acting.roles, acting.current), objects, values)
        try:
            governed = govern(tree, expansion)
            gates = {name: expansion.expand(query) for name, query in self._gate_queries(tree).items()}
        except InvalidSql as error:
            return self._unread(text, params, error)
        except RecursionError:
            raise too_deep() from None
        finally:
            # Of a statement that is refused too.
            self.objects = tuple(sorted({f"{entry.schema}.{entry.name}" for entry in objects.used}))
        if not is_free:
            self._catalog.check_snapshot(objects)
        if governed.keeps_text:
            return self._run_ours(text, params, relations=frozenset(), written=None)
        sent = to_sql(self._limits.guarded(governed.tree))
        # A path that was passed as a parameter stands in the text now.
        used = used_values(governed.tree, values)
        decision = Decision(
            self._catalog.situation(), sent, parameters, is_ours=self._is_ours(sent), objects=self.objects
        )
        if decision.is_ours:
            for part in (governed.tree, *gates.values()):
                check_parsed(self._engine, without_ours(part, expansion.is_ours), self._allowed(governed, expansion))
            if isinstance(tree, nodes.AlterModel | nodes.AssertModel):
                shown = {name: to_sql(query) for name, query in gates.items()}
                written = Written(constraints=constraints, gates=shown)
            found = frozenset(_folded(entry) for entry in expansion.tables)
            found |= {folded(relation.name) for relation in relations(governed.tree)[1]}
            decision = replace(decision, relations=found)
        else:
            self._verify(governed, expansion, sent, used)
        if objects.is_closed and (governed.is_query or isinstance(tree, exp.Query)):
            self._decided = decision

        def run() -> Result:
            if decision.is_ours:
                return self._run_ours(sent, used, relations=decision.relations, written=written)
            return self._engine.execute(sent, used, has_only_rows=governed.is_query)

        return self._lineage.around(text, params, lambda: self._changing(governed, run))

    def _recorded(self, tree: exp.Expr) -> tuple[exp.Expr, Written] | None:
        """The CREATE MODEL that REFRESH and REPRODUCE MODEL stand for: it is decided on as if the user had sent it."""
        if not isinstance(tree, nodes.RefreshModel | nodes.ReproduceModel):
            return None
        named = model_name(tree.this).name.name
        model = named_version(tree, self._access.seen(read_snapshot(self._engine, [named])))
        self._access.gate().authorise(Plan(statement="", sql="", privileges=(training(model),)))
        recorded = recorded_statement(model, self._engine)
        is_kept = isinstance(tree, nodes.RefreshModel)
        return recorded.tree, Written(recorded.query, None if is_kept else model)

    def _gate_queries(self, tree: exp.Expr) -> dict[str, exp.Query]:
        """The queries of the constraints that a statement checks."""
        return kept_queries(tree, self._engine, lambda name: self._access.seen(read_snapshot(self._engine, [name])))

    def _send(self, decision: Decision, values: Params) -> Result:
        if decision.is_ours:
            return self._run_ours(decision.sent, values, relations=decision.relations, written=None)
        return self._engine.execute(decision.sent, values, has_only_rows=True)

    def _kept(self, tree: exp.Expr, text: str, params: Params) -> Result:
        """PREPARE keeps the text, EXECUTE decides on it anew: what was granted then may be taken away by now."""
        name = tree.this.name.casefold()
        if isinstance(tree, nodes.Prepare):
            if name in self._prepared:
                raise AlreadyExists(f'There is a prepared statement "{name}" already.', hint=f"DEALLOCATE {name}.")
            refuse_kept_password(tree)
            span = nodes.span_of(tree.expression)
            assert span is not None
            self._prepared[name] = text[slice(*span)]
            return no_rows()
        if name not in self._prepared:
            raise NotFound(f'There is no prepared statement "{name}".', hint="PREPARE it first.")
        if isinstance(tree, nodes.Deallocate):
            del self._prepared[name]
            return no_rows()
        values, _ = name_parameters(tree, params)
        named: dict[str, Any] = {}
        positional: list[Any] = []
        for argument in tree.expressions:
            key, value = named_value(argument)
            given = values[value.name] if isinstance(value, exp.Placeholder) else constant(value, None)
            if key is None:
                positional.append(given)
            else:
                named[key] = given
        return self._run(self._prepared[name], named or positional or None)

    def _unread(self, text: str, params: Params, error: SqlmlError) -> Result:
        """What we cannot read only a superuser may send."""
        if not self._access.acting.is_superuser or self._is_ours(text):
            raise error
        return self._raw(text, params)

    def _raw(self, text: str, params: Params) -> Result:
        """A superuser's statement as it stands; what it makes and drops has owners and grants like anything else."""
        if not changes_objects(text):
            return self._engine.execute(text, params)
        with self._engine.transaction():
            run = lambda: self._engine.execute(text, params)  # noqa: E731 - run between two looks at what there is
            result, changes = noting_changes(self._engine, self._access.catalog, run)
            result.park(unpark)
            self._note(changes)
        return result

    def _verify(self, governed: Governed, expansion: Expansion, sent: str, params: Params) -> None:
        check_parsed(self._engine, governed.tree, self._allowed(governed, expansion), sent)
        if governed.is_query or isinstance(governed.tree, _BOUND):
            check_bound(lambda sql: self._engine.explain(sql, params), sent, expansion.tables)

    def _allowed(self, governed: Governed, expansion: Expansion) -> Allowed:
        return Allowed(
            tuple(dict.fromkeys(expansion.tables + expansion.kept)),
            functions=expansion.macros | _ABOUT_SESSION if governed.is_kept else expansion.macros,
            table_functions=expansion.table_functions,
            is_kept=governed.is_kept,
        )

    def _changing(self, governed: Governed, run: Callable[[], Result]) -> Result:
        """Run a statement, and note in the same transaction what it makes, renames and drops."""
        if not governed.changes:
            return self._limits.counted(governed.tree, run)
        with self._engine.transaction():
            result = self._limits.counted(governed.tree, run)
            result.park(unpark)
            self._note(governed.changes)
        return result

    def _note(self, changes: Sequence[Change]) -> None:
        if changes:
            acting, catalog = self._access.acting, self._access.catalog
            self._access.will_change()
            apply_changes(self._engine, catalog, changes, acting.current.casefold())
            bump_version(self._engine, catalog)

    def _expansion(self, access: Access, who: Who, objects: Objects, values: Mapping[str, Any]) -> Expansion:
        files = Files(access, values, self._listed, self._access.closed_files, self._engine.database.folders)
        places = Places(
            files=files,
            metadata=lambda node, asking: metadata_of(node, access, asking.roles, objects),
            is_ours=lambda name: FUNCTIONS.get(name) is not None or name in LATER or name == "ml_train",
            session=lambda node: self._session(node, objects),
            system=lambda node, asking: system_query(
                node, self._access.catalog, is_superuser=access.is_superuser(asking.roles)
            ),
        )
        return Expansion(access, who, objects, places)

    def _listed(self, pattern: str) -> list[str]:
        """The files that a pattern matches, none of which is opened."""
        return [str(file) for (file,) in self._engine.rows(_LISTED, [pattern])]

    def _session(self, node: exp.Expr, objects: Objects) -> exp.Expr:
        """Functions about the session's user and what it may do, as values."""
        made = principal_value(node, self._access.acting) or privilege_value(node, self._access.acting, objects)
        return node if made is None else made


def _trains(tree: exp.Expr) -> bool:
    return any(call.name.casefold() == "ml_train" for call in tree.find_all(exp.Anonymous))


def _folded(entry: Entry) -> ObjectName:
    return folded(ObjectName(entry.name, entry.schema, entry.catalog))


def _read(text: str) -> exp.Expr:
    words = " ".join(text.rstrip("; \n").casefold().split())
    if words in _TRANSACTIONS:
        return _TRANSACTIONS[words]()
    try:
        tree = parse(text)
    except RecursionError:
        raise too_deep() from None
    if isinstance(tree, exp.Condition | exp.Alias | exp.Column) and not isinstance(tree, exp.Query):
        raise unread()
    return tree


def _written(tree: exp.Expr, text: str) -> Written | None:
    """The query of CREATE MODEL as the user wrote it."""
    query = tree.args.get("expression")
    span = nodes.span_of(query) if isinstance(tree, nodes.CreateModel) and query is not None else None
    return Written(text[slice(*span)]) if span else None
