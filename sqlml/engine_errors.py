"""DuckDB's errors as ours, with the place in the user's text and a hint where DuckDB knows one."""

from __future__ import annotations

import json
from typing import Any

from sqlml import errors
from sqlml.errors import SqlmlError
from sqlml.types import SourceMap

_BY_TYPE: dict[str, type[SqlmlError]] = {
    "Parser": errors.InvalidSql,
    "Syntax": errors.InvalidSql,
    "Binder": errors.InvalidSql,
    "Catalog": errors.NotFound,
    "Conversion": errors.InvalidData,
    "Out of Range": errors.InvalidData,
    "Invalid Input": errors.InvalidData,
    "Invalid": errors.InvalidData,
    "Decimal": errors.InvalidData,
    "Mismatch Type": errors.InvalidData,
    "Constraint": errors.ConstraintViolation,
    "TransactionContext": errors.TransactionConflict,
    "INTERRUPT": errors.Cancelled,
    "Not implemented": errors.NotSupported,
    "Connection": errors.ConnectionClosed,
    "Permission": errors.PermissionDenied,
    "Dependency": errors.ConstraintViolation,
}
# What our own guard of the rows of a statement says, by error().
ROWS = "The limit of rows: "
_LOCKED = "the configuration has been locked"
_NOT_FOUND = ("COLUMN_NOT_FOUND", "MISSING_ENTRY")
_READ_ONLY = ("read-only mode", "read only mode", "opened in read-only")
_PARAMETERS = ("Values were not provided for", "Parameter argument/count mismatch", "Prepared parameters can only")

# What to do where DuckDB itself does not say it.
_HINTS: dict[type[SqlmlError], str] = {
    errors.TransactionAborted: "Send ROLLBACK, then start again.",
    errors.TransactionConflict: "Another transaction wrote the same thing first: ROLLBACK and try again.",
    errors.ReadOnly: "Connect without read_only=True, and ATTACH without READ_ONLY.",
    errors.LimitExceeded: "Ask for fewer rows; a superuser changes limits by ALTER USER or ALTER ROLE.",
    errors.Cancelled: "Nothing was written; send the statement again.",
    errors.InvalidOption: "Pass one value a parameter: execute(sql, [value]) or execute(sql, {'name': value}).",
    errors.ConnectionClosed: "Run a statement that gives rows first.",
}
_HINTS_BY_KIND = {
    "Parser": "Look at the marked place; a keyword that is meant as a name needs double quotes.",
    "Syntax": "Look at the marked place; a keyword that is meant as a name needs double quotes.",
    "Conversion": "TRY_CAST gives NULL for a value that cannot be converted.",
    "Connection": "Connect again; a DuckDB connection that is closed closes its cursors, and what sqlml.load gave.",
    "IO": "Check the path, and that you may read and write there.",
    "Not implemented": "DuckDB does not have this; cast the value to another type or write it another way.",
}


def translate(error: Any, sql: str = "", source: SourceMap | None = None) -> SqlmlError:
    """The SqlmlError of a duckdb.Error; `source` maps the SQL that was sent to the text the user wrote."""
    kind, details = _read(str(error))
    message, _, rest = str(details.get("exception_message", error)).partition("\n")
    raised = _class_of(kind, message, details)
    found = raised(_one_line(message, rest), hint=_hint(raised, kind, details, rest))
    if details.get("error_subtype") == "MISSING_ENTRY" and "Function" in str(details.get("type")):
        found.missing_function = str(details.get("name"))
    position = details.get("position")
    if position is not None and sql:
        sent = source or SourceMap(sql)
        offset = int(position) if sql.isascii() else len(sql.encode()[: int(position)].decode(errors="ignore"))
        found.locate(sent.text, sent.to_text(offset))
    return found


def _read(text: str) -> tuple[str, dict[str, Any]]:
    start = text.find("{")
    if start >= 0:
        try:
            details = json.loads(text[start:])
        except ValueError:
            details = None
        if isinstance(details, dict) and "exception_message" in details:
            return str(details.get("exception_type", "")), details
    kind, _, message = text.partition(" Error: ")
    return kind, {"exception_message": message or text}


def _class_of(kind: str, message: str, details: dict[str, Any]) -> type[SqlmlError]:
    if any(words in message for words in _READ_ONLY):
        return errors.ReadOnly
    if "already exists" in message and kind in ("Catalog", "Binder"):
        return errors.AlreadyExists
    if details.get("error_subtype") in _NOT_FOUND:
        return errors.NotFound
    if kind == "Invalid Input" and message.startswith(ROWS):
        return errors.LimitExceeded
    if _LOCKED in message:
        return errors.PermissionDenied
    if message.startswith("Prepared statement ") and message.endswith(" does not exist"):
        return errors.NotFound
    if kind == "Invalid Input" and message.startswith(_PARAMETERS):
        return errors.InvalidOption
    if kind == "Invalid Input" and message == "No open result set":
        return errors.ConnectionClosed
    if kind == "TransactionContext" and "aborted" in message and "ROLLBACK" in message:
        return errors.TransactionAborted
    if kind == "TransactionContext" and ("transaction is active" in message or "within a transaction" in message):
        return errors.InvalidSql
    if kind == "TransactionContext" and "Attempting to write to database" in message:
        return errors.NotSupported
    return _BY_TYPE.get(kind, errors.EngineFailed)


_OURS = "Hint: "


def _one_line(message: str, rest: str) -> str:
    # The macros that were meant stand a line each, indented.
    lines = rest.splitlines()[: None if "Candidate macros:" not in rest else 0]
    extra = [line for line in lines if line.strip() and not line.startswith(("Did you mean", "Candidate"))]
    extra = [line for line in extra if not line.startswith(("LINE ", _OURS)) and line.strip(" ^")]
    return "\n".join([message, *extra])


def _hint(raised: type[SqlmlError], kind: str, details: dict[str, Any], rest: str) -> str | None:
    if rest.startswith("Candidate macros:"):
        return " ".join(rest.partition("\n\n")[0].split())
    if rest.startswith(_OURS):
        # error('...') of a query of ours.
        return rest.removeprefix(_OURS)
    for line in rest.splitlines():
        if line.startswith(("Did you mean", "Candidate")):
            return line.strip()
    if raised is errors.NotSupported and "Attempting to write" in str(details.get("exception_message")):
        return "A transaction writes to one database: COMMIT first."
    if raised is errors.NotFound and kind == "Binder" and "Prepared statement" in str(details.get("exception_message")):
        return "PREPARE it first, on this connection."
    if raised is errors.InvalidSql and kind == "TransactionContext":
        return "BEGIN starts a transaction, COMMIT or ROLLBACK ends it."
    if raised is errors.PermissionDenied:
        return _hint_of_refusal(str(details.get("exception_message")))
    if kind == "Connection":
        return _HINTS_BY_KIND[kind]
    if details.get("error_subtype") in _NOT_FOUND and details.get("candidates"):
        return f"Did you mean {details['candidates']}?"
    return _HINTS.get(raised) or _HINTS_BY_KIND.get(kind)


def _hint_of_refusal(message: str) -> str:
    if _LOCKED in message:
        return "A governed database locks its settings when it is opened: pass config={...} to connect."
    return "A governed database reaches files in its volumes alone: CREATE VOLUME makes one, before it is opened."


def name_taken(name: str) -> SqlmlError:
    """The error for a UDF whose name a function has that DuckDB knows already."""
    return errors.AlreadyExists(f'The UDF "{name}" has the name of another function.', hint="Give it another name.")
