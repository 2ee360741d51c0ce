"""What a statement sees of the catalog: the model versions it names, read once when it starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.catalog.schema import SCHEMA, schema_version
from sqlml.errors import NotFound, nearest_hint
from sqlml.types import Feature, ModelVersion, ObjectName

# One row a feature: to plan a subquery that lists them would take twice as long as all the rest.
_VERSIONS = """
SELECT m.schema_name, m.model_name, m.model_id, v.version, v.model_type, v.task, v.label_name, v.label_type,
       v.classes, a.format, a.sha256, a.feature_signature, a.library_versions, a.signature, v.encoding,
       t.clause, f.position, f.name, f.type, f.family
FROM sqlml.models AS m
JOIN sqlml.model_versions AS v ON v.model_id = m.model_id
LEFT JOIN sqlml.artifacts AS a ON a.model_id = v.model_id AND a.version = v.version
LEFT JOIN sqlml.transforms AS t ON t.model_id = v.model_id AND t.version = v.version
LEFT JOIN sqlml.features AS f ON f.model_id = v.model_id AND f.version = v.version
WHERE list_contains(?, lower(m.model_name))
"""

_ALIASES = """
SELECT a.model_id, lower(a.alias), a.version FROM sqlml.aliases AS a JOIN sqlml.models AS m ON m.model_id = a.model_id
WHERE list_contains(?, lower(m.model_name))
"""

# The alias that a bare name means, where it is set.
CHAMPION = "champion"


@dataclass(frozen=True)
class Snapshot:
    """The current catalog and schema, the versions of the models a statement names, and the names of all models."""

    catalog: str
    schema: str
    versions: tuple[ModelVersion, ...] = ()
    known: tuple[tuple[str, str, str], ...] = ()  # (catalog, schema, name) of all models
    schemas: tuple[tuple[str, str], ...] = ()  # (catalog, schema) of all there are
    aliases: tuple[tuple[str, str, int], ...] = ()  # (model id, folded alias, version)

    def resolve(self, name: ObjectName, version: int | None = None, alias: str | None = None) -> ModelVersion:
        """The version that a name means: the one asked for by number or alias, else the champion, else the newest.

        Raises NotFound with the nearest known name.
        """
        versions = self.versions_of(name)
        if not versions:
            elsewhere = sorted(v.full_name for v in self.versions if v.name.casefold() == name.name.casefold())
            known = [model for *_, model in self.known]
            hint = nearest_hint(name.name, known, otherwise="SHOW MODELS lists the models.")
            if elsewhere:
                hint = f'Did you mean "{elsewhere[0]}"?'
            raise NotFound(f'There is no model "{name}".', hint=hint)
        aliases = self.aliases_of(versions[0])
        if alias is not None:
            if alias.casefold() not in aliases:
                raise NotFound(
                    f'The model "{name}" has no alias "{alias}".',
                    hint=nearest_hint(alias, aliases, otherwise=f"ALTER MODEL {name} SET ALIAS {alias} = 1 sets it."),
                )
            version = aliases[alias.casefold()]
        if version is None:
            version = aliases.get(CHAMPION, max(v.version for v in versions))
        for found in versions:
            if found.version == version:
                return found
        numbers = ", ".join(str(v.version) for v in versions)
        raise NotFound(f'The model "{name}" has no version {version}.', hint=f"It has: {numbers}.")

    def seen_by(self, sees: Callable[[str, str, str], bool]) -> Snapshot:
        """Only the models whose catalog, schema and name someone may know of: all others are not there for them."""
        return replace(
            self,
            versions=tuple(v for v in self.versions if sees(v.catalog, v.schema, v.name)),
            known=tuple(model for model in self.known if sees(*model)),
        )

    def aliases_of(self, model: ModelVersion) -> dict[str, int]:
        """The versions that the aliases of a model mean."""
        return {alias: version for model_id, alias, version in self.aliases if model_id == model.model_id}

    def versions_of(self, name: ObjectName) -> list[ModelVersion]:
        """All versions of the model a name means, oldest first; empty where there is none."""
        for catalog, schema in self._places(name):
            found = [
                v
                for v in self.versions
                if v.name.casefold() == name.name.casefold()
                and v.schema.casefold() == schema.casefold()
                and v.catalog.casefold() == catalog.casefold()
            ]
            if found:
                return sorted(found, key=lambda v: v.version)
        return []

    def place(self, name: ObjectName) -> ObjectName:
        """The full name of a new model.

        Raises NotFound where there is no such schema.
        """
        places = self._places(name)[: 1 if not name.schema else None]
        for catalog, schema in places:
            for known in self.schemas:
                if (known[0].casefold(), known[1].casefold()) == (catalog.casefold(), schema.casefold()):
                    return ObjectName(name.name, known[1], known[0])
        catalog, schema = places[0]
        raise NotFound(
            f'There is no schema "{schema}" in database "{catalog}".',
            hint=nearest_hint(
                schema,
                [s for c, s in self.schemas if c.casefold() == catalog.casefold()],
                otherwise="Create it with CREATE SCHEMA, or ATTACH the database.",
            ),
        )

    def _places(self, name: ObjectName) -> list[tuple[str, str]]:
        if name.catalog and name.schema:
            return [(name.catalog, name.schema)]
        if name.schema:
            # DuckDB reads a.b as schema.object first, then as catalog.object.
            return [(self.catalog, name.schema), (name.schema, "main")]
        return [(self.catalog, self.schema), (self.catalog, "main")]


def read_snapshot(cursor: Cursor, names: Iterable[str]) -> Snapshot:
    """Read the versions of the named models from every attached catalog that has models."""
    found = cursor.rows("SELECT current_database(), current_schema(), database_name, schema_name FROM duckdb_schemas()")
    catalog, home = found[0][:2]
    folded = sorted({name.lower() for name in names})
    versions: list[ModelVersion] = []
    known: list[tuple[str, str, str]] = []
    aliases: list[tuple[str, str, int]] = []
    catalogs = model_catalogs(cursor)
    for attached in catalogs:
        if len(catalogs) > 1:
            # Only the database that was connected to has been checked.
            schema_version(cursor, attached)
        rows = cursor.rows(in_catalog(_VERSIONS, attached), [folded]) if folded else []
        if rows:
            versions.extend(_version(attached, same) for same in _by_version(rows))
            aliases.extend((i, a, v) for i, a, v in cursor.rows(in_catalog(_ALIASES, attached), [folded]))
        rows = cursor.rows(in_catalog("SELECT schema_name, model_name FROM sqlml.models", attached))
        known.extend((attached, str(schema), str(name)) for schema, name in rows)
    schemas = tuple((row[2], row[3]) for row in found)
    return Snapshot(catalog, home, tuple(versions), tuple(known), schemas, tuple(aliases))


def read_all_versions(cursor: Cursor) -> list[ModelVersion]:
    """Every version of every model of the current database."""
    catalog = cursor.rows("SELECT current_database()")[0][0]
    if catalog not in model_catalogs(cursor):
        return []
    names = cursor.rows(in_catalog("SELECT DISTINCT model_name FROM sqlml.models", catalog))
    return [v for v in read_snapshot(cursor, (row[0] for row in names)).versions if v.catalog == catalog]


def model_catalogs(cursor: Cursor) -> list[str]:
    """The attached catalogs that have our schema."""
    return [
        r[0]
        for r in cursor.rows(
            "SELECT database_name FROM duckdb_tables() WHERE schema_name = ? AND table_name = 'migrations' "
            "ORDER BY database_name",
            [SCHEMA],
        )
    ]


def _by_version(rows: list[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    """The rows of each version, in the order of their features."""
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in sorted(rows, key=lambda r: (r[2], r[3], r[-4] or 0)):
        found.setdefault((*row[2:4], *row[9:15]), []).append(row)
    return found.values()


def _version(catalog: str, rows: list[tuple[Any, ...]]) -> ModelVersion:
    (schema, name, model_id, version, model_type, task, label, label_type, classes, *rest) = rows[0]
    fmt, sha, signature_of_features, libraries, signature, encoding, transform, *_ = rest
    # None where the rows of features or of the artifact were deleted: then no signature holds.
    features = tuple(Feature(*row[-3:]) for row in rows if row[-3] is not None)
    made = [f["feature"] for f in json.loads(transform)["features"]] if transform else []
    return ModelVersion(
        catalog=catalog,
        schema=str(schema),
        name=str(name),
        model_id=str(model_id),
        version=int(str(version)),
        model_type=str(model_type),
        task=str(task),
        label=str(label),
        label_type=str(label_type),
        classes=tuple(classes),
        features=tuple(Feature(*f) for f in made) if transform else features,
        format=str(fmt or ""),
        sha256=str(sha or ""),
        feature_signature=str(signature_of_features or ""),
        library_versions=str(libraries or ""),
        signature=str(signature or ""),
        encoding=str(encoding),
        transform=str(transform or ""),
        raw=features if transform else (),
    )
