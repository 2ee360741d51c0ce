"""Every error sqlml raises, with its SQLSTATE and HTTP status.

SqlmlError                      XX000  500
  InvalidSql                    42601  400   the text is not a statement we or DuckDB can read
  InvalidOption                 22023  400   an option, argument or setting has a wrong name, type or value
  NotFound                      42704  404   a model, column, function or relation does not exist
  AlreadyExists                 42710  409   CREATE MODEL under a name that is taken
  WrongType                     42804  400   a feature has a type the model was not trained on
  NotSupported                  0A000  501   a form or function that this version does not have
  PermissionDenied              42501  403   the gate refused
  ReadOnly                      25006  403   a write to a database opened read-only
  TransactionAborted            25P02  409   a statement after an error, before ROLLBACK
  TransactionConflict           40001  409   another transaction wrote the same model or rows
    ModelReplaced               40001  409   a model was dropped between the plan and the run of a statement
  DatabaseLocked                55006  423   another process has the file open
  TrainingFailed                22000  422   the data cannot be learned from
  ArtifactRefused               58030  409   a stored model fails its signature or cannot be read
  NewerFile                     58P01  409   the file was written by a newer sqlml
  InvalidData                   22000  400   DuckDB could not convert or compute a value
  PythonFailed                  38000  422   the user's own Python code raised an error or gave a wrong answer
  DependentObjects              2BP01  409   views, macros or aliases depend on what is to be dropped
  ConstraintViolation           23000  409   a constraint of the user's own table
  CheckViolation                23514  409   a model violates a constraint over its metrics
  Cancelled                     57014  499   the statement was interrupted
  ConnectionClosed              08003  400   the connection or result is closed
  EngineFailed                  58000  500   any other error of DuckDB

Each is also one of PEP 249's classes. The text says what is wrong; `hint` says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class Warning(Exception):  # noqa: A001 - the name PEP 249 asks for
    """PEP 249: an important warning."""


class Error(Exception):
    """PEP 249: the base of all errors."""


class InterfaceError(Error):
    """PEP 249: the interface was misused."""


class DatabaseError(Error):
    """PEP 249: the database reports an error."""


class DataError(DatabaseError):
    """PEP 249: a value cannot be processed."""


class OperationalError(DatabaseError):
    """PEP 249: the database's operation failed."""


class IntegrityError(DatabaseError):
    """PEP 249: a constraint does not hold."""


class InternalError(DatabaseError):
    """PEP 249: the database has a fault of its own."""


class ProgrammingError(DatabaseError):
    """PEP 249: the statement is wrong."""


class NotSupportedError(DatabaseError):
    """PEP 249: the database does not have this."""


class Exceptions:
    """PEP 249's extension: the exceptions as attributes of a connection."""

    Warning = Warning
    Error = Error
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    DataError = DataError
    OperationalError = OperationalError
    IntegrityError = IntegrityError
    InternalError = InternalError
    ProgrammingError = ProgrammingError
    NotSupportedError = NotSupportedError


class SqlmlError(DatabaseError):
    """What is wrong, and a hint what to do.

    `line` and `column` (from 1) point into the text the user sent, where the place is known.
    """

    sqlstate = "XX000"
    http_status = 500

    def __init__(
        self, message: str, *, hint: str | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
        self.excerpt: str | None = None
        self.missing_function: str | None = None
        # Whether it hides what there is from someone who may not know of it.
        self.is_refusal = False
        # The privilege that is missing, for the audit log.
        self.rule: str | None = None

    def __str__(self) -> str:
        parts = [self.message]
        if self.excerpt:
            parts.append(self.excerpt)
        elif self.line is not None:
            parts.append(f"At line {self.line}, column {self.column}.")
        if self.hint:
            parts.append(f"Hint: {self.hint}")
        return "\n".join(parts)

    def locate(self, text: str, offset: int) -> SqlmlError:
        """Point the error at a character offset of the user's text; the first place given stays."""
        if self.line is None:
            offset = max(0, min(offset, len(text)))
            start = text.rfind("\n", 0, offset) + 1
            end = text.find("\n", offset)
            self.line = text.count("\n", 0, offset) + 1
            self.column = offset - start + 1
            label = f"LINE {self.line}: "
            row = text[start : len(text) if end < 0 else end]
            shift = max(0, self.column - 61)
            self.excerpt = f"{label}{row[shift : shift + 100]}\n{' ' * (len(label) + self.column - 1 - shift)}^"
        return self


class InvalidSql(SqlmlError, ProgrammingError):
    """The text is not a statement that sqlml or DuckDB can read."""

    sqlstate, http_status = "42601", 400


class InvalidOption(SqlmlError, ProgrammingError):
    """An option, argument or setting has a wrong name, type or value."""

    sqlstate, http_status = "22023", 400


class NotFound(SqlmlError, ProgrammingError):
    """A model, column, function or relation does not exist."""

    sqlstate, http_status = "42704", 404


class AlreadyExists(SqlmlError, ProgrammingError):
    """The name is taken."""

    sqlstate, http_status = "42710", 409


class WrongType(SqlmlError, ProgrammingError):
    """A feature has a type that the model was not trained on."""

    sqlstate, http_status = "42804", 400


class NotSupported(SqlmlError, NotSupportedError):
    """A form or function that this version of sqlml does not have."""

    sqlstate, http_status = "0A000", 501


class PermissionDenied(SqlmlError, OperationalError):
    """The gate refused the statement."""

    sqlstate, http_status = "42501", 403


class ReadOnly(SqlmlError, OperationalError):
    """A write to a database that was opened read-only."""

    sqlstate, http_status = "25006", 403


class TransactionAborted(SqlmlError, OperationalError):
    """The transaction had an error; only ROLLBACK is possible."""

    sqlstate, http_status = "25P02", 409


class TransactionConflict(SqlmlError, OperationalError):
    """Another transaction wrote the same thing."""

    sqlstate, http_status = "40001", 409


class ModelReplaced(TransactionConflict):
    """A model was dropped between the plan of a statement and its run; in autocommit it is planned once more."""


class DatabaseLocked(SqlmlError, OperationalError):
    """Another process has the database file open."""

    sqlstate, http_status = "55006", 423


class TrainingFailed(SqlmlError, DataError):
    """The data cannot be learned from."""

    sqlstate, http_status = "22000", 422


class ArtifactRefused(SqlmlError, OperationalError):
    """A stored model fails its signature or cannot be read."""

    sqlstate, http_status = "58030", 409


class NewerFile(SqlmlError, OperationalError):
    """The file was written by a newer version of sqlml."""

    sqlstate, http_status = "58P01", 409


class InvalidData(SqlmlError, DataError):
    """DuckDB could not convert or compute a value."""

    sqlstate, http_status = "22000", 400


class PythonFailed(SqlmlError, DataError):
    """The user's own Python code raised an error or gave a wrong answer."""

    sqlstate, http_status = "38000", 422


class ConstraintViolation(SqlmlError, IntegrityError):
    """A constraint of a table does not hold."""

    sqlstate, http_status = "23000", 409


class CheckViolation(SqlmlError, IntegrityError):
    """A version of a model violates a constraint over its metrics."""

    sqlstate, http_status = "23514", 409


class DependentObjects(SqlmlError, OperationalError):
    """Views, macros or aliases depend on what is to be dropped."""

    sqlstate, http_status = "2BP01", 409


class Cancelled(SqlmlError, OperationalError):
    """The statement was interrupted."""

    sqlstate, http_status = "57014", 499


class LimitExceeded(SqlmlError, OperationalError):
    """A statement goes beyond a limit of the user's or of one of the user's roles."""

    sqlstate, http_status = "53400", 429


class TooManyStatements(SqlmlError, OperationalError):
    """The user runs as many statements at once as the limit allows."""

    sqlstate, http_status = "53300", 429


class ConnectionClosed(SqlmlError, InterfaceError):
    """The connection or the result is closed."""

    sqlstate, http_status = "08003", 400


class EngineFailed(SqlmlError, OperationalError):
    """Any other error of DuckDB."""

    sqlstate, http_status = "58000", 500


def nearest_hint(name: str, known: Iterable[str], *, otherwise: str | None = None) -> str | None:
    """`Did you mean "x"?` for the known name nearest to `name`, compared without case."""
    by_folded = {k.casefold(): k for k in known}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{by_folded[close[0]]}"?'
    return otherwise
