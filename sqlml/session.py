"""The door: parse, authorise, run, record. One Session is one DuckDB connection, one transaction, one user."""

from __future__ import annotations

import dataclasses
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlglot import exp
from sqlml_udfs import UDFS

from sqlml.artifact_store import ArtifactStore, udf_sources
from sqlml.catalog.schema import migrate, schema_version
from sqlml.catalog.snapshot import Snapshot, read_snapshot
from sqlml.dialect import parse, too_deep
from sqlml.engine import ALL_ALLOWED, COMMENT, STRING, Allow, Database, Engine
from sqlml.engine_private import unpark
from sqlml.errors import (
    Cancelled,
    ConnectionClosed,
    InvalidOption,
    ModelReplaced,
    NotSupported,
    SqlmlError,
    nearest_hint,
)
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.gate import Gate, os_user
from sqlml.parameter_values import plain_parameters
from sqlml.parameters import check_parameters
from sqlml.planner import Planner, relations
from sqlml.registration import Registration, plan_registration, register
from sqlml.result import Result
from sqlml.script import Piece, Reader
from sqlml.session_errors import with_nearest_function
from sqlml.session_many import execute_many
from sqlml.session_python import PythonFunctions
from sqlml.session_tables import RegisteredTables
from sqlml.session_transaction import Transaction
from sqlml.statements import STATEMENTS
from sqlml.types import ModelVersion, Params, Plan, Progress, SourceMap

_REMEMBERED = 512
_ATTEMPTS = 10
# Two threads that open the same new file would both write schema `sqlml`.
_preparing = threading.RLock()


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
    ) -> None:
        shared = path
        if not isinstance(shared, Database):
            shared = Database.open(shared, read_only=read_only, config=config, allow=allow)
        self.database = Engine(shared)
        self.python = PythonFunctions(self.database)
        self.transaction = Transaction(self.database)
        self.tables = RegisteredTables(self.database)
        try:
            with _preparing:
                self._prepare_database(shared)
            if udfs is not None:
                self.python.add_folder(udfs, udf_sources(shared))
        except BaseException:
            self.database.close()
            raise
        self.user = os_user()
        self.prepared: dict[str, str] = {}
        self.on_progress: Callable[[Progress], None] | None = None
        self._gate = Gate(self.user)
        self._reader = Reader([*FUNCTIONS.names(), *LATER, "ml_train"], COMMENT, STRING)
        self._scripts: OrderedDict[str, list[Piece] | None] = OrderedDict()
        self._open: weakref.ref[Result] | None = None
        self._cancelled = threading.Event()
        self.lock = threading.RLock()
        self._artifacts = ArtifactStore(self.database)
        self.is_closed = False

    def _prepare_database(self, shared: Database) -> None:
        shared.register_udfs(UDFS, udf_sources(shared))
        current = self.database.rows("SELECT current_database()")[0][0]
        # A file that the user opened himself gets our tables with its first model.
        version = schema_version(self.database, current) if shared.read_only or shared.is_loaded else None
        if not shared.read_only and version != 0:
            with self.database.transaction():
                version = migrate(self.database, current)
        if version:
            self.python.open(current, version)

    def execute(self, sql: str, params: Params = None) -> Result:
        """Run one statement or a script; the result is the last statement's.

        Raises SqlmlError, with a hint, SQLSTATE and the place in the text.
        """
        params = plain_parameters(check_parameters(params))
        with self.lock:
            pieces = self._pieces(sql)
            self._begin_statement(sql)
            if self._cancelled.is_set():
                self._cancelled.clear()
            if pieces is None:
                self._gate.authorise(_PASS_THROUGH)
                result = self._pass_through(sql, params)
            else:
                self._check_syntax(sql, pieces)
                result = self._run_script(sql, pieces, params)
            return self._opened(result)

    def execute_many(self, sql: str, rows: Iterable[Params]) -> int:
        """Run a statement for each row of values, all or none; gives the number of rows changed."""
        with self.lock:
            self._ensure_open()
            self._begin_statement(sql)
            self._cancelled.clear()
            return execute_many(sql, rows, engine=self.database, run=self.execute, check_cancelled=self.check_cancelled)

    def _begin_statement(self, sql: str) -> None:
        self._park()
        self.database.allow_python()
        self.transaction.before(sql)

    def _opened(self, result: Result) -> Result:
        result.lock = self.lock
        self._open = weakref.ref(result)
        return result

    def plan(self, sql: str, params: Params = None) -> Plan:
        """What one statement would do; nothing is run."""
        params = check_parameters(params)
        with self.lock:
            pieces = self._pieces(sql)
            self._park()
            if pieces is None:
                return self._plan_pass_through(sql, params)
            if len(pieces) != 1:
                raise InvalidOption("plan takes one statement.", hint="Plan the statements of a script one by one.")
            return self.plan_text(sql, params)

    def _pieces(self, sql: str) -> list[Piece] | None:
        """The statements of a text; None where none of them is ours and DuckDB takes it whole."""
        self._ensure_open()
        if not self.prepared and sql in self._scripts:
            self._scripts.move_to_end(sql)
            return self._scripts[sql]
        pieces: list[Piece] | None = None
        if self.prepared or not self._reader.is_foreign(sql):
            pieces = self._reader.read(sql, self.database.tokenize(sql), self.prepared)
            if not any(piece.is_ours for piece in pieces):
                pieces = None
        if not self.prepared:
            self._scripts[sql] = pieces
            while len(self._scripts) > _REMEMBERED:
                self._scripts.popitem(last=False)
        return pieces

    def run_script(self, sql: str, params: Mapping[str, Any] | None = None) -> Iterator[tuple[str, Result]]:
        """Run a script statement by statement: the text of each, and its result, to be read before the next.

        Each statement is given those of the named parameters that it uses.
        """
        values = dict(params or {})
        with self.lock:
            self._ensure_open()
            pieces = self._reader.read(sql, self.database.tokenize(sql), self.prepared)
            unused = sorted(set(values) - {name for piece in pieces for name in piece.parameters})
            if unused:
                raise InvalidOption(
                    f"The script has no parameter ${unused[0]}.",
                    hint=nearest_hint(unused[0], {n for p in pieces for n in p.parameters}, otherwise="Leave it out."),
                )
            for piece in pieces:
                text = sql[piece.start : piece.end]
                self._begin_statement(text)
                # A statement may be ours only because of what was prepared before it.
                [now] = self._reader.read(text, self.database.tokenize(text), self.prepared)
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
            text = sql[piece.start : piece.end]
            if piece.is_ours or self._is_prepared(text):
                # Blank up to the statement, so that every place in it is its place in the script.
                result = self._plan_and_run(_blank(sql[: piece.start]) + text, params)
            else:
                self._gate.authorise(_PASS_THROUGH)
                result = self._pass_through(text, params, SourceMap(sql, ((0, 0, 0, piece.start),)))
            self._cancelled.clear()
        assert result is not None
        return result

    def _plan_and_run(self, text: str, params: Params) -> Result:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self.run_plan(self.plan_text(text, params))
            except ModelReplaced:
                # In autocommit each read of the catalog sees what is committed by then; nothing has run yet.
                continue
        return self.run_plan(self.plan_text(text, params))

    def _check_syntax(self, sql: str, pieces: list[Piece]) -> None:
        """As in DuckDB, no statement of a script runs when one of them cannot be read."""
        end = pieces[-1].end
        if sql[end:].strip("; \n"):
            self.database.check_syntax(_blank(sql[:end]) + sql[end:])
        for piece in pieces if len(pieces) > 1 else ():
            text = _blank(sql[: piece.start]) + sql[piece.start : piece.end]
            if piece.is_ours:
                parse(text)
            else:
                self.database.check_syntax(text)

    def _is_prepared(self, text: str) -> bool:
        """Whether a statement is ours only because of what was prepared before it in the same script."""
        return bool(self.prepared) and any(
            now.is_ours for now in self._reader.read(text, self.database.tokenize(text), self.prepared)
        )

    def _pass_through(self, sql: str, params: Params, source: SourceMap | None = None) -> Result:
        try:
            return self.database.execute(sql, params, source)
        except SqlmlError as error:
            self.transaction.failed()
            raise with_nearest_function(error, sql) from None

    def plan_text(self, text: str, params: Params = None, *, unfolded: bool = False) -> Plan:
        """Plan one statement that is ours."""
        try:
            return self._plan_tree(parse(text), text, params, unfolded=unfolded)
        except RecursionError:
            raise too_deep() from None

    def _plan_tree(self, tree: exp.Expr, text: str, params: Params, *, unfolded: bool) -> Plan:
        planner = Planner(
            text,
            tree,
            params,
            functions=FUNCTIONS,
            binder=self.database,
            read_snapshot=self._snapshot,
            store=self._artifacts,
            plan_text=self.plan_text,
            plan_inner=self._plan_inner,
            prepared=self.prepared,
            unfolded=unfolded,
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

    def _plan_pass_through(self, sql: str, params: Params) -> Plan:
        """DuckDB's own statement: read for what it names, as far as that can be read."""
        try:
            tree = parse(sql)
        except SqlmlError:
            # DuckDB is the judge of DuckDB's SQL: what it reads is then not known.
            return Plan(statement="query", sql=sql, params=params, reads=None)
        reads, writes = relations(tree)
        return Plan(statement="query", sql=sql, tree=tree, params=params, reads=reads, writes=writes)

    def run_plan(self, plan: Plan) -> Result:
        """Authorise a plan and run it."""
        self._gate.authorise(plan)
        try:
            return STATEMENTS.find(plan.statement).run(plan, self)
        except SqlmlError as error:
            self.transaction.failed()
            raise with_nearest_function(error, plan.sql) from None

    def _snapshot(self, names: Iterable[str]) -> Snapshot:
        return read_snapshot(self.database, names)

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

    def end(self, *, commit: bool) -> None:
        """Commit or roll back the open transaction, if there is one."""
        with self.lock:
            self._ensure_open()
            if not commit and self.database.is_over:
                return
            self._park()
            self.transaction.end(commit=commit)

    def register_model(self, asked: Registration) -> int:
        """Store a model that was trained elsewhere; gives its version."""
        with self.lock:
            self._ensure_open()
            self._park()
            self.database.allow_python()
            self.transaction.before("")
            placed = dataclasses.replace(asked, name=self._snapshot([asked.name.name]).place(asked.name))
            self._gate.authorise(plan := plan_registration(placed))
            return register(plan.details, self).version

    def register(self, name: str, data: Any) -> None:
        """Make a dataframe or Arrow table readable under a name."""
        with self.lock:
            self._ensure_open()
            self._park()
            self.tables.register(name, data)

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

    def close(self) -> None:
        """Close the connection; an open transaction rolls back, an open result is closed."""
        with self.lock:
            if not self.is_closed:
                result = self._open() if self._open is not None else None
                if result is not None:
                    result.close()
                self.is_closed = True
                self.database.close()


_PASS_THROUGH = Plan(statement="query", sql="", reads=None)


def _blank(text: str) -> str:
    return "".join("\n" if char == "\n" else " " for char in text)
