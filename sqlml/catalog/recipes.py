"""What it takes to train a version again: its options and TRANSFORM clause as they were given, and its sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.catalog.fingerprints import Fingerprint
from sqlml.catalog.schema import schema_version
from sqlml.types import ModelVersion

# The migration that made the tables: a file that is only read may be older.
_SINCE = 9
_RECIPE = "SELECT options, transform, lineage_hash FROM sqlml.recipes WHERE model_id = ? AND version = ?"
_PRINTS = """
SELECT catalog_name, schema_name, relation_name, num_rows, digest FROM sqlml.source_fingerprints
WHERE model_id = ? AND version = ?
"""


@dataclass(frozen=True)
class Recipe:
    """Options and columns of the TRANSFORM clause as the user gave them, the relations read, and a hash of all."""

    options: Mapping[str, Any]
    transform: str | None
    lineage_hash: str
    sources: tuple[Fingerprint, ...] = ()

    def rows(self) -> list[list[Any]]:
        """The row that keeps it, without model, version and sources."""
        return [[json.dumps(self.options), self.transform, self.lineage_hash]]


def read_recipe(cursor: Cursor, model: ModelVersion) -> Recipe | None:
    """How a version was trained; None of one that was not trained here, or before this was kept."""
    if schema_version(cursor, model.catalog) < _SINCE:
        return None
    key = [model.model_id, model.version]
    for options, transform, lineage_hash in cursor.rows(in_catalog(_RECIPE, model.catalog), key):
        prints = tuple(Fingerprint(*row) for row in cursor.rows(in_catalog(_PRINTS, model.catalog), key))
        return Recipe(json.loads(options), transform, str(lineage_hash), prints)
    return None
