"""The door: parse, authorise, run, record. One Session is one DuckDB connection, one transaction, one user."""

from __future__ import annotations

import dataclasses
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlglot import exp

from sqlml.artifact_store import ArtifactStore, AsKernels, udf_sources
from sqlml.catalog.snapshot import Snapshot, read_snapshot
from sqlml.dialect import parse, too_deep
from sqlml.engine import ALL_ALLOWED, Allow, Database, Engine
from sqlml.engine_private import unpark
from sqlml.errors import (
    Cancelled,
    ConnectionClosed,
    InvalidOption,
    ModelReplaced,
    NotSupported,
    PermissionDenied,
    SqlmlError,
)
from sqlml.functions import FUNCTIONS
from sqlml.parameter_values import plain_parameters
from sqlml.parameters import check_parameters
from sqlml.planner import Planner, Written
from sqlml.registration import Registration, plan_registration, register
from sqlml.result import Result
from sqlml.rewriter import ModelStore
from sqlml.script import Piece
from sqlml.session_access import SessionAccess
from sqlml.session_attempts import again_after
from sqlml.session_audit import audited, audited_as, audited_script, ended, flushed, named
from sqlml.session_consistency import CatalogMoved
from sqlml.session_errors import with_nearest_function, without_passwords
from sqlml.session_governed import Governor
from sqlml.session_lineage import Recorder, recorder
from sqlml.session_many import execute_many
from sqlml.session_opening import prepare_database
from sqlml.session_python import PythonFunctions
from sqlml.session_scripts import Scripts, check_values
from sqlml.session_syntax import PASS_THROUGH, blank, check_syntax, plan_pass_through
from sqlml.session_tables import RegisteredTables
from sqlml.session_transaction import Transaction
from sqlml.statements import STATEMENTS
from sqlml.types import ModelVersion, ObjectName, Params, Plan, Progress, SourceMap


class Session:
    """Executes SQL. Each door (Python, shell, servers) only translates to `execute` and back.

    Statements and fetches of several threads wait for one another; `interrupt` may come from any thread.
    """

    def __init__(
        self,
        path: str | Database,
        *,
        read_only: bool = False,
        config: Mapping[str, Any] | None = None,
        allow: Allow = ALL_ALLOWED,
        udfs: str | os.PathLike[str] | None = None,
        user: str | None = None,
    ) -> None:
        shared = path
        if not isinstance(shared, Database):
            shared = Database.open(shared, read_only=read_only, config=config, allow=allow)
        self.database = Engine(shared)
        self.python = PythonFunctions(self.database)
        self.transaction = Transaction(self.database)
        self.tables = RegisteredTables(self.database)
        try:
            self._catalog, version = prepare_database(self.database, shared, self.python)
            self.access = SessionAccess(self.database, self._catalog, user)
            self._gate = self.access.gate()
            if udfs is not None:
                self.python.add_folder(udfs, udf_sources(shared))
        except BaseException:
            self.database.close()
            raise
        self.prepared: dict[str, str] = {}
        self.on_progress: Callable[[Progress], None] | None = None
        self._scripts = Scripts(self.database, self.prepared)
        self._open: weakref.ref[Result] | None = None
        self._cancelled = threading.Event()
        self.lock = threading.RLock()
        self._artifacts = ArtifactStore(self.database)
        self.lineage: Recorder = recorder(
            self.database, self.access, version, self.lineage_plan, self._scripts.has_ours
        )
        self.governor = Governor(
            self.database, self.access, self.prepared, self._scripts.has_ours, self._run_checked, self.lineage
        )
        # The query of CREATE MODEL in the user's own words, where it is planned in others.
        self._written: Written | None = None
        self.is_closed = False

    @property
    def user(self) -> str:
        """Who logged in: a user of the file, or whoever runs the process where the file has no users."""
        return self.access.acting.user

    @property
    def role(self) -> str | None:
        """The role that SET ROLE named."""
        return self.access.acting.role

    @audited
    def execute(self, sql: str, params: Params = None) -> Result:
        """Run one statement or a script; the result is the last statement's.

        Raises SqlmlError, with a hint, SQLSTATE and the place in the text.
        """
        params = plain_parameters(check_parameters(params))
        with self.lock, without_passwords(sql, self.database.tokenize):
            self._ensure_open()
            pieces = self._scripts.ours(sql)
            self._begin_statement(sql)
            self._cancelled.clear()
            if self._gate.access.is_governed or (pieces is None and self.lineage.splits(sql, params)):
                pieces = self._scripts.read(sql) or None
            if pieces is None:
                result = self._pass_through(sql, params)
            else:
                check_syntax(sql, pieces, self.database)
                result = self._run_script(sql, pieces, params)
            return self._opened(result)

    @audited
    def execute_many(self, sql: str, rows: Iterable[Params]) -> int:
        """Run a statement for each row of values, all or none; gives the number of rows changed."""
        with self.lock:
            self._ensure_open()
            self._begin_statement(sql)
            self._cancelled.clear()
            check, acting = self.check_cancelled, self.access.acting
            return execute_many(sql, rows, engine=self.database, run=self.execute, check_cancelled=check, acting=acting)

    def _begin_statement(self, sql: str) -> None:
        self._park()
        self.database.allow_python()
        self._gate = self.access.gate()
        self.transaction.before(sql)

    def _opened(self, result: Result) -> Result:
        result.lock = self.lock
        self._open = weakref.ref(result)
        return result

    @audited_as(named("PLAN"))
    def plan(self, sql: str, params: Params = None) -> Plan:
        """What one statement would do; nothing is run."""
        params = check_parameters(params)
        with self.lock, without_passwords(sql, self.database.tokenize):
            self._ensure_open()
            pieces = self._scripts.ours(sql)
            self._park()
            self._gate = self.access.gate()
            if not self.access.acting.is_superuser:
                raise PermissionDenied(
                    "A plan names what is hidden from users.",
                    hint="EXPLAIN shows what you may see; superusers may plan.",
                )
            if pieces is None:
                return plan_pass_through(sql, params)
            if len(pieces) != 1:
                raise InvalidOption("plan takes one statement.", hint="Plan the statements of a script one by one.")
            return self.plan_text(sql, params)

    @audited_script
    def run_script(self, sql: str, params: Mapping[str, Any] | None = None) -> Iterator[tuple[str, Result]]:
        """Run a script statement by statement: the text of each, and its result, to be read before the next.

        Each statement is given those of the named parameters that it uses.
        """
        values = dict(params or {})
        with self.lock, without_passwords(sql, self.database.tokenize):
            self._ensure_open()
            pieces = self._scripts.read(sql)
            check_values(pieces, values)
            for piece in pieces:
                text = sql[piece.start : piece.end]
                self._begin_statement(text)
                # A statement may be ours only because of what was prepared before it.
                [now] = self._scripts.read(text)
                used = {name: values[name] for name in piece.parameters if name in values}
                ours = dataclasses.replace(piece, is_ours=now.is_ours)
                yield text, self._opened(self._run_script(sql, [ours], used or None))

    def _ensure_open(self) -> None:
        if self.is_closed:
            raise ConnectionClosed("The connection is closed.", hint="Connect again.")

    def _run_script(self, sql: str, pieces: list[Piece], params: Params) -> Result:
        if len(pieces) > 1 and params:
            raise InvalidOption(
                "A script with statements of sqlml's takes no parameters.",
                hint="Send its statements one by one.",
            )
        result: Result | None = None
        for piece in pieces:
            if result is not None:
                result.close()
                self._gate = self.access.gate()
            text = sql[piece.start : piece.end]
            if self._gate.access.is_governed:
                result = self._run_governed(text, params)
            elif piece.is_ours or self._scripts.is_prepared(text):
                # Blank up to the statement, so that every place in it is its place in the script.
                result = self._run_ours(blank(sql[: piece.start]) + text, params)
            else:
                result = self._pass_through(text, params, SourceMap(sql, ((0, 0, 0, piece.start),)))
            self._cancelled.clear()
        assert result is not None
        return result

    def _run_governed(self, text: str, params: Params) -> Result:
        try:
            return again_after(CatalogMoved, lambda: self.governor.run(text, params, self.interrupt), self._renew_gate)
        except SqlmlError as error:
            self.transaction.failed()
            # Places are those of the text that was made of the user's.
            error.line = error.column = error.excerpt = None
            raise

    def _renew_gate(self) -> None:
        self._gate = self.access.gate()

    def _run_checked(
        self, text: str, params: Params, *, relations: frozenset[ObjectName], written: Written | None
    ) -> Result:
        """Run a statement of ours whose relations the governor has checked."""
        self._written, self._gate.relations = written, relations
        try:
            return again_after(ModelReplaced, lambda: self._plan_and_run(text, params))
        finally:
            self._written = None

    def _plan_and_run(self, text: str, params: Params) -> Result:
        return self.run_plan(self.plan_text(text, params))

    def _run_ours(self, text: str, params: Params) -> Result:
        # In autocommit each read of the catalog sees what is committed by then; nothing has run yet.
        run = lambda: self.lineage.around(text, params, lambda: self._plan_and_run(text, params))  # noqa: E731
        return again_after(ModelReplaced, run)

    def _pass_through(self, sql: str, params: Params, source: SourceMap | None = None) -> Result:
        self._gate.authorise(PASS_THROUGH)
        try:
            return self.lineage.around(sql, params, lambda: self.database.execute(sql, params, source))
        except SqlmlError as error:
            self.transaction.failed()
            raise with_nearest_function(error, sql) from None

    def plan_text(self, text: str, params: Params = None, *, unfolded: bool = False) -> Plan:
        """Plan one statement that is ours."""
        try:
            return self._plan_tree(parse(text), text, params, unfolded=unfolded)
        except RecursionError:
            raise too_deep() from None

    def lineage_plan(self, text: str, params: Params) -> Plan:
        """The plan of a statement in which every model is asked for all that it takes."""
        return self._plan_tree(parse(text), text, params, unfolded=False, store=AsKernels(self._artifacts))

    def _plan_tree(
        self, tree: exp.Expr, text: str, params: Params, *, unfolded: bool, store: ModelStore | None = None
    ) -> Plan:
        planner = Planner(
            text,
            tree,
            params,
            functions=FUNCTIONS,
            binder=self.database,
            read_snapshot=self._snapshot,
            store=store or self._artifacts,
            plan_text=self.plan_text,
            plan_inner=self._plan_inner,
            prepared=self.prepared,
            unfolded=unfolded,
            acting=self.access.acting,
            read_securables=self.access.securables,
            written=self._written,
        )
        return self._plan_with(tree, planner)

    def _plan_with(self, tree: exp.Expr, planner: Planner) -> Plan:
        for statement in STATEMENTS:
            if statement.accepts(tree):
                try:
                    return statement.plan(tree, planner)
                except SqlmlError as error:
                    raise planner.at(error, tree) from None
        raise NotSupported("Functions of sqlml cannot be used in this kind of statement.", hint="Use them in a query.")

    def _plan_inner(self, tree: exp.Expr, planner: Planner, *, unfolded: bool) -> Plan:
        planner.unfolded = unfolded
        return self._plan_with(tree, planner)

    def run_plan(self, plan: Plan) -> Result:
        """Authorise a plan and run it."""
        self._gate.authorise(plan)
        try:
            return STATEMENTS.find(plan.statement).run(plan, self)
        except SqlmlError as error:
            self.transaction.failed()
            raise with_nearest_function(error, plan.sql) from None

    def _snapshot(self, names: Iterable[str]) -> Snapshot:
        return self.access.seen(read_snapshot(self.database, names))

    def authorise_load(self) -> None:
        """Raises PermissionDenied where connections that only have functions would pass by the gate."""
        self._gate.authorise_load(str(self.database.rows("SELECT current_database()")[0][0]))

    def load_artifacts(self, models: tuple[ModelVersion, ...]) -> None:
        """Put the artifacts of these models into the process cache, verified."""
        self._artifacts.load(models)

    def keep_artifact(self, model: ModelVersion, body: bytes) -> None:
        """Put a new artifact into the process cache: its transaction may not have committed yet."""
        self._artifacts.keep(model, body)

    def report(self, progress: Progress) -> None:
        """Tell whoever listens how far a long statement is."""
        if self.on_progress is not None:
            self.on_progress(progress)

    def check_cancelled(self) -> None:
        """Stop when `interrupt` was called."""
        if self._cancelled.is_set():
            raise Cancelled("The statement was cancelled.", hint="Nothing was written.")

    def interrupt(self) -> None:
        """Cancel the statement that runs; may be called from any thread."""
        if self.is_closed:
            return
        self._cancelled.set()
        self.database.interrupt()

    @audited_as(ended, ends=True)
    def end(self, *, commit: bool) -> None:
        """Commit or roll back the open transaction, if there is one."""
        with self.lock:
            self._ensure_open()
            if not commit and self.database.is_over:
                return
            self._park()
            self.transaction.end(commit=commit)

    @audited
    def register_model(self, asked: Registration) -> int:
        """Store a model that was trained elsewhere; gives its version."""
        with self.lock:
            self._ensure_open()
            self._park()
            self.database.allow_python()
            self._gate = self.access.gate()
            self.transaction.before("")
            placed = dataclasses.replace(asked, name=self._snapshot([asked.name.name]).place(asked.name))
            self._gate.authorise(plan := plan_registration(placed))
            return register(plan.details, self).version

    @audited_as(named("REGISTER"))
    def register(self, name: str, data: Any) -> None:
        """Make a dataframe or Arrow table readable under a name."""
        with self.lock:
            self._ensure_open()
            self._park()
            self.tables.register(name, data)

    @audited_as(named("UNREGISTER"))
    def unregister(self, name: str) -> None:
        """Forget a registered table."""
        with self.lock:
            self._ensure_open()
            self._park()
            self.tables.unregister(name)

    def _park(self) -> None:
        result = self._open() if self._open is not None else None
        self._open = None
        if result is not None:
            result.park(unpark)

    @flushed
    def close(self) -> None:
        """Close the connection; an open transaction rolls back, an open result is closed."""
        with self.lock:
            if not self.is_closed:
                result = self._open() if self._open is not None else None
                if result is not None:
                    result.close()
                self.is_closed = True
                self.database.close()
