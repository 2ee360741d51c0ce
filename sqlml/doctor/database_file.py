"""Whether a DuckDB file opens, and whether what sqlml keeps in it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import artifacts, signing
from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.functions import read_functions
from sqlml.catalog.schema import newest_schema, schema_version
from sqlml.catalog.snapshot import read_all_versions
from sqlml.dialect import to_sql
from sqlml.doctor.findings import FAILED, NOTE, OK, Finding, found
from sqlml.doctor.macros import examine_macros, write_macros
from sqlml.engine import Allow
from sqlml.errors import SqlmlError
from sqlml.python_functions import statement_of
from sqlml.session import Session
from sqlml.types import ModelVersion

_NO_CODE = Allow(pickle=False, python=False)
_OF_VERSIONS = (
    *("aliases", "artifacts", "confusion", "feature_importance", "feature_statistics", "features", "partitions"),
    *(
        "recipes",
        "roc_curve",
        "runs",
        "source_columns",
        "source_fingerprints",
        "source_relations",
        "tags",
        "transforms",
    ),
    "warnings",
    "forced_promotions",
)
# Which rows have to refer to which: table, what it refers to, by which columns.
_REFERENCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    *((table, "model_versions", ("model_id", "version")) for table in _OF_VERSIONS),
    ("model_versions", "models", ("model_id",)),
    ("models", "model_versions", ("model_id",)),
    ("model_versions", "runs", ("run_id",)),
    ("tags", "models", ("model_id",)),
    ("model_constraints", "models", ("model_id",)),
    ("runs", "experiments", ("experiment_id",)),
    *((table, "runs", ("run_id",)) for table in ("datasets", "metrics", "params")),
)
_SIZES = "SELECT count(*) FROM sqlml.artifacts WHERE octet_length(body) <> size_bytes"


def examine_file(path: Path) -> list[Finding]:
    """Open the file for reading only, run no code of anyone's, and look at everything that sqlml keeps in it."""
    try:
        session = Session(str(path), read_only=True, allow=_NO_CODE)
    except SqlmlError as error:
        return [Finding("file", FAILED, error.message, error.hint)]
    try:
        return _examine(session, path)
    finally:
        session.close()


def repair_macros(path: Path) -> int:
    """Write the macros of all models again whose artifacts are whole, in one transaction; gives how many."""
    session = Session(str(path), allow=_NO_CODE)
    try:
        with session.database.transaction():
            return write_macros(session, whole_versions(session))
    finally:
        session.close()


def whole_versions(session: Session) -> list[ModelVersion]:
    """The versions whose artifact and signature hold."""
    return [v for v in read_all_versions(session.database) if _problem(session, v) is None]


def _examine(session: Session, path: Path) -> list[Finding]:
    [(current,)] = session.database.rows("SELECT current_database()")
    number = schema_version(session.database, current)
    findings = [Finding("file", OK, f"{path} opens; {path.stat().st_size:,} bytes")]
    if number == 0:
        return [*findings, Finding("schema", NOTE, "There are no models: sqlml has never written to this file.")]
    if number < newest_schema():
        detail = f"The schema is {number}; this sqlml makes it {newest_schema()} when it opens the file for writing."
        return [
            *findings,
            Finding("schema", NOTE, detail, "Open it once with `sqlml shell --db FILE`, then ask again."),
        ]
    return [
        *findings,
        Finding("schema", OK, f"number {number}"),
        *found("artifacts", lambda: _artifacts(session, current)),
        *found("functions", lambda: _functions(session, current)),
        *found("references", lambda: _references(session, current)),
        *found("macros", lambda: examine_macros(session, whole_versions(session))),
    ]


def _artifacts(session: Session, current: str) -> Iterator[Finding]:
    versions = sorted(read_all_versions(session.database), key=lambda v: (v.schema, v.name, v.version))
    problems = [(v, problem) for v in versions if (problem := _problem(session, v)) is not None]
    for version, error in problems:
        who = f"{version.short_name} version {version.version}"
        yield Finding("artifact", FAILED, f"{who}: {error.message}", error.hint)
    [(wrong,)] = session.database.rows(in_catalog(_SIZES, current))
    if wrong:
        yield Finding("artifact", FAILED, f"{wrong} artifacts have another size than is noted.", _RESTORE)
    whole = len(versions) - len(problems)
    yield Finding("artifacts", OK, f"{whole} of {len(versions)} are signed with your key and what was signed")


_RESTORE = "Restore the file from a backup, or train the model again."


def _problem(session: Session, version: ModelVersion) -> SqlmlError | None:
    try:
        artifacts.document(version, catalog.read_body(session.database, version))
    except SqlmlError as error:
        return error
    return None


def _functions(session: Session, current: str) -> Iterator[Finding]:
    functions = read_functions(session.database, current)
    for function in functions:
        if not signing.is_trusted(statement_of(function), function.signature):
            detail = f'The function "{function.name}" in Python is not signed with your key.'
            yield Finding("function", FAILED, detail, "If you trust where the file comes from, run `sqlml trust FILE`.")
    if functions:
        yield Finding("functions", OK, f"{len(functions)} in Python were looked at")


def _references(session: Session, current: str) -> Iterator[Finding]:
    total = 0
    for table, target, columns in _REFERENCES:
        [(count,)] = session.database.rows(to_sql(_dangling(current, table, target, columns)))
        total += count
        if count:
            rows = "row refers" if count == 1 else "rows refer"
            yield Finding("reference", FAILED, f"{count} {rows} from sqlml.{table} to nothing in {target}.", _RESTORE)
    if not total:
        yield Finding("references", OK, "every row refers to something that is there")


def _dangling(current: str, table: str, target: str, columns: Sequence[str]) -> exp.Select:
    """How many rows of a table refer to none of another; a tag of the whole model has no version."""
    schema = exp.to_identifier(current, quoted=True)
    here, there = (
        exp.table_(name, "sqlml", schema.copy(), alias=alias) for name, alias in ((table, "t"), (target, "u"))
    )
    same = exp.and_(*(exp.column(c, "t").eq(exp.column(c, "u")) for c in columns))
    counted = exp.select(exp.Count(this=exp.Star())).from_(here).join(there, on=same, join_type="anti")
    return counted.where(*(exp.column(c, "t").is_(exp.null()).not_() for c in columns))
