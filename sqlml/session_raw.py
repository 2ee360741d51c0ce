"""Statements of superusers that only DuckDB can read: what they made, renamed and dropped is found out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlml.access.governed import Change
from sqlml.access.objects import Rows
from sqlml.access.values import Securable
from sqlml.result import Result

# Each thing by the number that it keeps when it is renamed.
_THERE = """
SELECT 'TABLE', schema_name, table_name, 'table ' || table_oid FROM duckdb_tables() WHERE database_name = ?
UNION ALL SELECT 'TABLE', schema_name, view_name, 'view ' || view_oid FROM duckdb_views()
    WHERE NOT internal AND database_name = ?
UNION ALL SELECT 'TABLE', schema_name, sequence_name, 'sequence ' || sequence_oid FROM duckdb_sequences()
    WHERE database_name = ?
UNION ALL SELECT 'TABLE', schema_name, type_name, 'type ' || type_oid FROM duckdb_types()
    WHERE NOT internal AND database_name = ?
UNION ALL SELECT 'FUNCTION', schema_name, function_name, 'macro ' || min(function_oid) FROM duckdb_functions()
    WHERE NOT internal AND database_name = ? AND function_type IN ('macro', 'table_macro') GROUP BY ALL
UNION ALL SELECT 'SCHEMA', schema_name, '', 'schema ' || oid FROM duckdb_schemas()
    WHERE NOT internal AND database_name = ?
"""
_OURS = frozenset({"sqlml", "sqlml_models"})

There = Mapping[Securable, str]


def noting_changes(cursor: Rows, catalog: str, run: Callable[[], Result]) -> tuple[Result, list[Change]]:
    """Run a statement in the open transaction; gives what it made, renamed and dropped."""
    before = _there(cursor, catalog)
    result = run()
    return result, changes_between(before, _there(cursor, catalog))


def _there(cursor: Rows, catalog: str) -> There:
    found = cursor.rows(_THERE, [catalog] * _THERE.count("?"))
    return {Securable.of(kind, str(schema), str(name)): oid for kind, schema, name, oid in found if schema not in _OURS}


def changes_between(before: There, after: There) -> list[Change]:
    """What has happened to the things that there were and are; one that took another's place keeps its grants."""
    come = {oid: on for on, oid in after.items() if on not in before}
    changes: list[Change] = []
    for on in (on for on in before if on not in after):
        to = come.pop(before[on], None)
        changes.append(Change("dropped", on) if to is None else Change("renamed", on, to))
    changes += [Change("made", on) for on in come.values()]
    return sorted(changes, key=_place)


def _place(change: Change) -> int:
    """New schemas come first, for nothing of before is kept in them; what is dropped comes after what has left it."""
    if change.action != "dropped" and (change.to or change.on).kind == "SCHEMA":
        return 0
    return ("renamed", "dropped", "made").index(change.action) + 1
