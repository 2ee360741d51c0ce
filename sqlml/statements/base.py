"""What a statement is: which trees it takes, the Plan it makes of one, and what running the Plan does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from sqlglot import exp

from sqlml.access.acting import Acting
from sqlml.access.values import Securable
from sqlml.catalog.cursor import Cursor
from sqlml.planner import Planner
from sqlml.python_functions import FunctionVersion
from sqlml.result import Result
from sqlml.types import ModelVersion, Params, Plan, Progress, SourceMap


class Database(Cursor, Protocol):
    """The session's connection, as far as a statement may use it."""

    def execute(self, sql: str, params: Params = None, source: SourceMap | None = None) -> Result:
        """Run SQL; the result streams."""

    def stream(
        self, take: Callable[[Any], None], sql: str, params: Params = None, source: SourceMap | None = None
    ) -> None:
        """Give the result of a query to `take`, one Arrow record batch after another."""

    def transaction(self) -> AbstractContextManager[object]:
        """The user's transaction, else one of our own."""

    def in_transaction(self) -> bool:
        """Whether the user has begun a transaction."""


class PythonFunctions(Protocol):
    """The functions in Python that a connection may call."""

    def check(self) -> None:
        """Raises PermissionDenied where functions in Python are off."""

    def check_pickle(self, model: ModelVersion) -> None:
        """Raises PermissionDenied for a model that only unpickling could load, where that is off."""

    def add(self, function: FunctionVersion) -> None:
        """Make a new function callable in this transaction."""

    def all(self) -> list[FunctionVersion]:
        """All there are."""


class RegisteredTables(Protocol):
    """The dataframes and Arrow tables that were registered on a connection."""

    def names(self) -> Collection[str]:
        """Their names, without case."""


class SessionAccess(Protocol):
    """Who the session acts as, as far as a statement may change it."""

    @property
    def acting(self) -> Acting:
        """The user, the role that is set and what they bring along, as the statement began."""

    @property
    def catalog(self) -> str:
        """The database whose users these are."""

    def securables(self, kind: str) -> list[Securable]:
        """All of a kind that privileges can be on."""

    def will_change(self) -> None:
        """This transaction changes access: the next statement of every session reads it anew."""

    def closed_files(self) -> tuple[str, ...]:
        """The real paths of what no volume opens: the databases of the session, the user's key."""

    def log_in(self, user: str) -> None:
        """Act as another user from now on."""

    def set_role(self, role: str | None) -> None:
        """Act as a role of the user's, or as the user again."""

    def set_audit(self, mode: str | None) -> None:
        """Write the session's statements to the audit log from now on, or no longer."""

    def set_authorization(self, user: str | None) -> None:
        """Act as another user until it is reset."""


class Lineage(Protocol):
    """What records which columns a statement wrote, and from which."""

    def record_training(self, model: ModelVersion) -> None:
        """Record what a version was trained on, in the transaction that stores it."""

    def record_export(self, model: ModelVersion, path: str) -> None:
        """Record that a version was written to a file."""

    def record_drops(self, models: Sequence[ModelVersion]) -> None:
        """Record that versions are gone, in the transaction that drops them."""


class Context(Protocol):
    """What a statement may use while it runs."""

    @property
    def database(self) -> Database: ...

    @property
    def user(self) -> str:
        """Who runs the statement."""

    def plan_text(self, text: str, params: Params = None) -> Plan:
        """Plan another statement."""

    def run_plan(self, plan: Plan) -> Result:
        """Authorise and run a plan."""

    def report(self, progress: Progress) -> None:
        """Tell how far the statement is."""

    def check_cancelled(self) -> None:
        """Raises Cancelled once the user has asked to stop."""

    def load_artifacts(self, models: tuple[ModelVersion, ...]) -> None:
        """Put the artifacts of these models into the process cache, verified."""

    def keep_artifact(self, model: ModelVersion, body: bytes) -> None:
        """Put a new artifact into the process cache before its transaction commits."""

    @property
    def access(self) -> SessionAccess:
        """Who the session acts as."""

    @property
    def lineage(self) -> Lineage:
        """What records lineage."""

    @property
    def python(self) -> PythonFunctions:
        """The functions in Python."""

    @property
    def tables(self) -> RegisteredTables:
        """What was registered by name."""

    @property
    def prepared(self) -> dict[str, str]:
        """Prepared statements with calls of ours, by folded name."""


class Statement:
    """One kind of statement. A subclass declares these and writes `plan` and `run`."""

    name: ClassVar[str]
    takes: ClassVar[tuple[type[exp.Expr], ...]]

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether the statement is this tree's."""
        return isinstance(tree, self.takes)

    def plan(self, tree: Any, planner: Planner) -> Plan:
        """Decide what the statement will do; runs nothing."""
        raise NotImplementedError

    def run(self, plan: Plan, context: Context) -> Result:
        """Do it."""
        context.load_artifacts(plan.models)
        return context.database.execute(plan.sql, plan.params, plan.source_map)


def one_row(database: Database, values: Mapping[str, tuple[str, Any]]) -> Result:
    """A result of one row: column name to (DuckDB type, value)."""
    columns = [
        exp.alias_(
            exp.cast(exp.Placeholder(this=f"p{i}"), exp.DataType.build(kind, dialect="duckdb")),
            name,
            quoted=True,
        )
        for i, (name, (kind, _)) in enumerate(values.items())
    ]
    params = {f"p{i}": value for i, (_, value) in enumerate(values.values())}
    return database.execute(exp.select(*columns).sql(dialect="duckdb"), params)
