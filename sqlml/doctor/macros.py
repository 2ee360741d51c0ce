"""The macros of models: compiled again from their artifacts and compared with those that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.macros import is_shortcut
from sqlml.catalog.schema import MACROS
from sqlml.catalog.snapshot import CHAMPION
from sqlml.dialect import to_sql
from sqlml.doctor.findings import FAILED, NOTE, OK, Finding
from sqlml.model_macros import compiled_macros
from sqlml.session import Session
from sqlml.types import ModelVersion

_STORED = "SELECT function_name, parameters, macro_definition FROM duckdb_functions() WHERE schema_name = ?"
_OWN = """
SELECT macro_definition FROM duckdb_functions()
WHERE schema_name = ? AND lower(function_name) = lower(?) AND database_name = current_database()
"""
_ALIASES = "SELECT model_id, lower(alias), version FROM sqlml.aliases"
_HINT = "If that was not you, do not trust the file; `sqlml doctor FILE --repair` writes the macros again."


def examine_macros(session: Session, versions: list[ModelVersion]) -> Iterator[Finding]:
    """What differs between the stored macros and those that the artifacts of these versions give."""
    compiled = _compiled(session, versions)
    stored = _stored(session)
    for name in sorted(compiled.keys() - stored.keys()):
        yield Finding("macro", FAILED, f'The macro {MACROS}."{name}" is missing.', _HINT)
    for name in sorted(compiled.keys() & stored.keys()):
        if compiled[name] != stored[name]:
            detail = f'The macro {MACROS}."{name}" is not what its model gives: it was changed, or is of another sqlml.'
            yield Finding("macro", FAILED, detail, _HINT)
    # Macros with `#` also stand for versions that were dropped: they say so to the views that still call them.
    left = [name for name in sorted(stored.keys() - compiled.keys()) if "#" not in name]
    for name in left:
        yield Finding("macro", NOTE, f'The macro {MACROS}."{name}" belongs to no model that could be read.')
    yield from _own_names(session, versions)
    same = sum(stored.get(name) == body for name, body in compiled.items())
    yield Finding("macros", OK, f"{same} of {len(compiled)} are what their models give")


def write_macros(session: Session, versions: list[ModelVersion]) -> int:
    """Create or replace the macros of these versions; gives how many."""
    made = [macro for version, suffix in _placed(session, versions) for macro in _statements(session, version, suffix)]
    for macro in made:
        session.database.rows(to_sql(macro))
    return len(made)


def _statements(session: Session, version: ModelVersion, suffix: str) -> list[exp.Create]:
    return compiled_macros(session.database, version, suffix)


def _placed(session: Session, versions: Iterable[ModelVersion]) -> list[tuple[ModelVersion, str]]:
    """Which version each macro name is for: `@3`, `@beta`, and none for the champion, else the newest."""
    [(current,)] = session.database.rows("SELECT current_database()")
    aliases = session.database.rows(in_catalog(_ALIASES, current))
    newest = dict(session.database.rows(in_catalog(_NEWEST, current)))
    champions = {model_id: version for model_id, alias, version in aliases if alias == CHAMPION}
    placed = []
    for version in versions:
        placed.append((version, f"@{version.version}"))
        of_this = [a for model_id, a, number in aliases if (model_id, number) == (version.model_id, version.version)]
        placed += [(version, f"@{alias}") for alias in of_this]
        if version.version == champions.get(version.model_id, newest[version.model_id]):
            placed.append((version, ""))
    return placed


_NEWEST = "SELECT model_id, max(version) FROM sqlml.model_versions GROUP BY model_id"


def _compiled(session: Session, versions: list[ModelVersion]) -> dict[str, tuple[object, ...]]:
    """The macros as DuckDB writes them, made in a database of their own in memory."""
    aside = Session(":memory:")
    try:
        [(memory,)] = aside.database.rows("SELECT current_database()")
        for version, suffix in _placed(session, versions):
            for made in _statements(session, version, suffix):
                name = made.this.this
                name.set("catalog", exp.to_identifier(memory, quoted=True))
                aside.database.rows(to_sql(made))
        return _stored(aside)
    finally:
        aside.close()


def _stored(session: Session) -> dict[str, tuple[object, ...]]:
    rows = session.database.rows(_STORED, [MACROS])
    return {str(name).lower(): (tuple(parameters), body) for name, parameters, body in rows}


def _own_names(session: Session, versions: Iterable[ModelVersion]) -> Iterator[Finding]:
    """`churn(c)` in the model's own schema may be a macro of the user's: to be known, not to be judged."""
    for schema, name in sorted({(v.schema, v.name) for v in versions}):
        model = next(v for v in versions if (v.schema, v.name) == (schema, name))
        for (definition,) in session.database.rows(_OWN, [schema, name]):
            if definition is not None and not is_shortcut(str(definition), model):
                yield Finding("macro", NOTE, f'The function {schema}."{name}" is your own, not that of the model.')
