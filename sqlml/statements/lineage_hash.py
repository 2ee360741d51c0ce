"""The lineage hash of a version: one hash of all that its training depended on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlml.catalog.fingerprints import Fingerprint
from sqlml.catalog.models import param_text
from sqlml.dialect import to_sql
from sqlml.errors import InvalidSql
from sqlml.statements.staleness import normalised
from sqlml.types import Trained

# They say where a run is listed, not what it learns.
_LABELS = ("experiment", "run_name")


def lineage_hash(
    creation: Any, params: Mapping[str, Any], trained: Trained, sources: tuple[Fingerprint, ...], libraries: str
) -> str:
    """The sha256 of query, TRANSFORM clause, rows, relations, options with split and seed, and libraries.

    Equal ones were trained from the same on the same, however the query was spelled and the rows were ordered.
    """
    try:
        query = to_sql(normalised(creation.query))
    except InvalidSql:
        query = creation.query
    facts = {
        "query": query,
        "transform": creation.learned,
        "rows": [trained.total_rows, trained.dataset_digest],
        "sources": sorted([s.shown.casefold(), s.rows, s.digest] for s in sources),
        "params": {key: param_text(value) for key, value in params.items() if key not in _LABELS},
        "libraries": libraries,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
