"""What a training query read, under full names and with its columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlml.catalog.cursor import Cursor
from sqlml.types import ObjectName, Relation

_COLUMNS = """
SELECT database_name, schema_name, list(column_name ORDER BY column_index)
FROM duckdb_columns()
WHERE lower(table_name) = lower(?) AND (? IS NULL OR lower(schema_name) = lower(?) OR lower(database_name) = lower(?))
  AND (? IS NULL OR lower(database_name) = lower(?))
GROUP BY database_name, schema_name
ORDER BY CASE database_name WHEN 'temp' THEN 0 WHEN current_database() THEN 1 ELSE 2 END,
         CASE schema_name WHEN current_schema() THEN 0 ELSE 1 END
LIMIT 1
"""


# A dataframe has no place in a database: it stands as temp.registered.<name>.
REGISTERED = ("temp", "registered")


def resolve_sources(
    cursor: Cursor, reads: Iterable[Relation], registered: Collection[str] = ()
) -> tuple[Relation, ...]:
    """Each relation by its full name; one that was read with `*` gets all its columns.

    `registered` are the names, without case, of the dataframes of the connection.
    """
    found = [relation if relation.is_path else _resolved(cursor, relation) for relation in reads]
    return tuple(
        replace(relation, name=ObjectName(relation.name.name, REGISTERED[1], REGISTERED[0]))
        if relation.name.catalog == "temp" and relation.name.name.casefold() in registered
        else relation
        for relation in found
    )


def _resolved(cursor: Cursor, relation: Relation) -> Relation:
    name = relation.name
    schema, catalog = name.schema, name.catalog
    found = cursor.rows(_COLUMNS, [name.name, schema, schema, schema, catalog, catalog])
    if not found:
        # A dataframe, a table function's alias: known by its name only.
        return relation
    database, owner, columns = found[0]
    full = ObjectName(name.name, str(owner), str(database))
    return replace(relation, name=full, columns=tuple(columns) if relation.columns is None else relation.columns)
