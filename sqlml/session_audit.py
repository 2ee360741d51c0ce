"""What a session writes to the audit log of a governed file: each statement, whatever became of it."""

from __future__ import annotations

import functools
import json
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from sqlml.audit.log import AuditLog
from sqlml.audit.redaction import action_of, is_read, redacted
from sqlml.errors import PermissionDenied, SqlmlError
from sqlml.registration import Registration
from sqlml.result import Result
from sqlml.session_access import log_of

P = ParamSpec("P")
R = TypeVar("R")
Y = TypeVar("Y")

ON, OFF, STRICT = "on", "off", "strict"
_BEGINS, _ENDS = ("BEGIN", "START"), ("COMMIT", "ROLLBACK", "END", "ABORT")
_KEPT_TEXTS = 1000
_running = threading.local()
_audits: weakref.WeakKeyDictionary[Any, Audit] = weakref.WeakKeyDictionary()
_doors: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


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


@dataclass(frozen=True)
class _Looked:
    """What a text is, once for all times that it comes: without literals, what it does, whether it only reads."""

    statement: str
    action: str
    reads: bool


class Audit:
    """The log of one session's file, and what its statements look like without literals."""

    def __init__(self, session: Session, log: AuditLog | None) -> None:
        self.id = uuid.uuid4().hex
        self.log = log
        self._texts: dict[str, _Looked] = {}
        # The part of a row that is the same each time, by all that is in it.
        self._fixed: dict[tuple[Any, ...], str] = {}
        # The name of the transaction that is open.
        self.open: str | None = None

    def _in_transaction(self, session: Session, action: str, error: BaseException | None) -> str | None:
        """The name of the transaction that a statement ran in, which is the session's own; None in autocommit.

        DuckDB is not asked: that would close the result that is about to be handed out.
        """
        was_free, session.governor.was_free = session.governor.was_free, None
        if was_free:
            self.open = None
        if (was_free is False or (action in _BEGINS and error is None)) and self.open is None:
            self.open = uuid.uuid4().hex[:16]
        found = self.open
        if action in _ENDS and error is None:
            self.open = None
        return found

    def record(
        self,
        session: Session,
        sql: str,
        begun: float,
        error: BaseException | None,
        answer: object = None,
    ) -> None:
        """Write one statement, and wait for the disk unless it was a read that was allowed."""
        if self.log is None:
            return
        looked = self._looked(session, sql)
        is_denied = isinstance(error, PermissionDenied) or getattr(error, "is_refusal", False)
        transaction = self._in_transaction(session, looked.action, error)
        seq = self.log.append(
            f'{self._same(session, looked)},"decision":"{"deny" if is_denied else "allow"}",'
            f'"error":{_json(_code(error))},"event_time":"{datetime.now(UTC).isoformat()}",'
            f'"rows":{_json(_changed(answer))},"rule":{_json(_rule(error) if is_denied else None)},'
            f'"seconds":{time.perf_counter() - begun:.6f},"transaction_id":{_json(transaction)}}}'
        )
        if is_denied or not looked.reads or mode_of(session) == STRICT:
            self.log.sync(seq)

    def _looked(self, session: Session, sql: str) -> _Looked:
        found = self._texts.get(sql)
        if found is None:
            if len(self._texts) >= _KEPT_TEXTS:
                self._texts.clear()
            text = redacted(sql, session.database.tokenize)
            action = action_of(text)
            self._texts[sql] = found = _Looked(text, action, is_read(text, action))
        return found

    def _same(self, session: Session, looked: _Looked) -> str:
        key = (looked.statement, session.governor.objects, session.role, session.user, door_of(session))
        found = self._fixed.get(key)
        if found is None:
            if len(self._fixed) >= _KEPT_TEXTS:
                self._fixed.clear()
            row = {
                "action_name": looked.action,
                "door": key[4],
                "objects": list(session.governor.objects),
                "role": session.role,
                "session_id": self.id,
                "statement": looked.statement,
                "user": session.user,
            }
            self._fixed[key] = found = json.dumps(row, separators=(",", ":"))[:-1]
        return found


def _json(value: str | int | None) -> str:
    return "null" if value is None else json.dumps(value)


def _code(error: BaseException | None) -> str | None:
    """The message of an error may name values; its code does not."""
    if error is None:
        return None
    return error.sqlstate if isinstance(error, SqlmlError) else type(error).__name__


def _rule(error: BaseException | None) -> str | None:
    """What a refusal rests on: the privilege that is missing, else the kind of thing that was refused."""
    return getattr(error, "rule", None)


def audit_of(session: Session) -> Audit | None:
    """The audit of a session whose file has users, or that asked for it; else None."""
    if not session.access.acting.access.is_governed and mode_of(session) == OFF:
        return None
    found = _audits.get(session)
    if found is None:
        found = _audits[session] = Audit(session, log_of(session.database.database, session.access.catalog))
    return found


def mode_of(session: Session) -> str:
    """What SET sqlml_audit said, else whether the database has users."""
    default = ON if session.access.acting.access.is_governed else OFF
    return session.access.audit_mode or default


def name_door(session: Session, door: str) -> None:
    """Say by which door a session's statements come: python, shell, run, sqlalchemy, async, load."""
    _doors[session] = door


def door_of(session: Session) -> str:
    """The door that was named; python where none was."""
    return _doors.get(session, "python")


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
    return audited_as(lambda args, kwargs: _text(args[1] if len(args) > 1 else next(iter(kwargs.values()))))(run)


def audited_as(
    text: Callable[[tuple[Any, ...], Mapping[str, Any]], str], *, ends: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The same for a method that is given something else: `text` says it as a statement.

    One that `ends` the transaction is written only where there is one.
    """

    def decorated(run: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(run)
        def recorded(*args: P.args, **kwargs: P.kwargs) -> R:
            session: Any = args[0]
            if getattr(_running, "is_inside", False) or session.is_closed:
                return run(*args, **kwargs)
            begun = time.perf_counter()
            # Opened first: a statement whose record cannot be written is not run.
            audit = audit_of(session)
            begun_in = audit.open if audit is not None else None
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
                # The first user makes a file governed, and is recorded; SET sqlml_audit is by what it made of it.
                audit = audit_of(session) or audit
                if audit is not None and (begun_in is not None or not ends):
                    audit.record(session, text(args, kwargs), begun, failure, answer)
            return answer  # type: ignore[no-any-return]

        return recorded

    return decorated


def ended(_: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """What `Session.end` does, as a statement."""
    return "COMMIT" if kwargs["commit"] else "ROLLBACK"


def named(action: str) -> Callable[[tuple[Any, ...], Mapping[str, Any]], str]:
    """What a method does to the name that it is given first, as a statement."""
    return lambda args, kwargs: f"{action} {args[1] if len(args) > 1 else next(iter(kwargs.values()))}"


def flushed(close: Callable[P, None]) -> Callable[P, None]:
    """A method that closes a session: the head of its log is written with it."""

    @functools.wraps(close)
    def closed(*args: P.args, **kwargs: P.kwargs) -> None:
        found = _audits.get(args[0])
        close(*args, **kwargs)
        if found is not None and found.log is not None:
            found.log.flush()

    return closed


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
