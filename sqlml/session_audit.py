"""What a session writes to the audit log of a governed file: each statement, whatever became of it."""

from __future__ import annotations

import functools
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from sqlml.audit.log import AuditLog, audit_log
from sqlml.audit.redaction import action_of, is_read, redacted
from sqlml.errors import PermissionDenied, SqlmlError
from sqlml.registration import Registration
from sqlml.result import Result
from sqlml.session_access import committed

P = ParamSpec("P")
R = TypeVar("R")
Y = TypeVar("Y")

_KEPT_TEXTS = 1000
_running = threading.local()
_audits: weakref.WeakKeyDictionary[Any, Audit] = weakref.WeakKeyDictionary()


class Session(Protocol):
    """What is asked of a session."""

    @property
    def access(self) -> Any: ...

    @property
    def database(self) -> Any: ...

    @property
    def governor(self) -> Any: ...

    @property
    def user(self) -> str: ...

    @property
    def role(self) -> str | None: ...


class Audit:
    """The log of one session's file, and what its statements look like without literals."""

    def __init__(self, session: Session) -> None:
        self.id = uuid.uuid4().hex
        self._texts: dict[str, tuple[str, str, bool]] = {}
        catalog = session.access.catalog
        with committed(session.database.database) as reading:
            paths = dict(reading.rows("SELECT database_name, path FROM duckdb_databases()"))
        path = paths.get(catalog)
        # A database in memory leaves nothing behind, its log neither.
        self.log: AuditLog | None = audit_log(str(path)) if path else None

    def record(
        self, session: Session, sql: str, begun: float, error: BaseException | None, answer: object = None
    ) -> None:
        """Write one statement, and wait for the disk unless it was a read that was allowed."""
        if self.log is None:
            return
        if sql not in self._texts:
            if len(self._texts) >= _KEPT_TEXTS:
                self._texts.clear()
            text = redacted(sql, session.database.tokenize)
            action = action_of(text)
            self._texts[sql] = (text, action, is_read(text, action))
        text, action, reads = self._texts[sql]
        is_denied = isinstance(error, PermissionDenied) or getattr(error, "is_refusal", False)
        seq = self.log.append(
            {
                "action_name": action,
                "decision": "deny" if is_denied else "allow",
                # The message of an error may name values; its code does not.
                "error": error.sqlstate if isinstance(error, SqlmlError) else type(error).__name__ if error else None,
                "event_time": datetime.now(UTC).isoformat(),
                "objects": list(session.governor.objects),
                "role": session.role,
                "rows": _changed(answer),
                "seconds": round(time.perf_counter() - begun, 6),
                "session_id": self.id,
                "statement": text,
                "user": session.user,
            }
        )
        if is_denied or not reads:
            self.log.sync(seq)


def audit_of(session: Session) -> Audit | None:
    """The audit of a session whose file has users, else None."""
    if not session.access.acting.access.is_governed:
        return None
    found = _audits.get(session)
    if found is None:
        found = _audits[session] = Audit(session)
    return found


def _text(given: object) -> str:
    """The statement; that a model is registered is written as one, nothing of the estimator."""
    return f"REGISTER MODEL {given.name}" if isinstance(given, Registration) else str(given)


def _changed(answer: object) -> int | None:
    """The rows that a statement has changed; how many rows a query gives is known to whoever reads them."""
    if isinstance(answer, Result):
        count = answer.rowcount if answer.is_open else -1
    elif isinstance(answer, int):
        count = answer
    else:
        return None
    return count if count >= 0 else None


def audited(run: Callable[P, R]) -> Callable[P, R]:
    """A method of the session's, given a statement, that writes it to the audit log before it answers."""

    @functools.wraps(run)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> R:
        session: Any = args[0]
        if getattr(_running, "is_inside", False) or session.is_closed:
            return run(*args, **kwargs)
        sql, begun = _text(args[1] if len(args) > 1 else next(iter(kwargs.values()))), time.perf_counter()
        # Opened first: a statement whose record cannot be written is not run.
        audit_of(session)
        _running.is_inside = True
        failure: BaseException | None = None
        answer: Any = None
        session.governor.objects = ()
        try:
            answer = run(*args, **kwargs)
        except BaseException as error:
            failure = error
            raise
        finally:
            _running.is_inside = False
            # The first user makes a file governed, and is recorded.
            audit = audit_of(session)
            if audit is not None:
                audit.record(session, sql, begun, failure, answer)
        return answer  # type: ignore[no-any-return]

    return recorded


def audited_script(run: Callable[P, Iterator[tuple[str, Y]]]) -> Callable[P, Iterator[tuple[str, Y]]]:
    """The same for a method that runs a script statement by statement."""

    @functools.wraps(run)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> Iterator[tuple[str, Y]]:
        session: Any = args[0]
        audit_of(session)
        begun = time.perf_counter()
        try:
            for text, result in run(*args, **kwargs):
                if (audit := audit_of(session)) is not None:
                    audit.record(session, text, begun, None, result)
                yield text, result
                begun = time.perf_counter()
        except SqlmlError as error:
            if (audit := audit_of(session)) is not None:
                audit.record(session, str(args[1] if len(args) > 1 else kwargs["sql"]), begun, error)
            raise

    return recorded
