"""What a version was trained with: its query, the parameters of its run, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.catalog.cursor import Cursor, in_catalog
from sqlml.types import ModelVersion

_RECORD = """
SELECT v.training_query, d.digest, d.num_rows,
       (SELECT map(list(p.key), list(p.value)) FROM sqlml.params AS p WHERE p.run_id = v.run_id)
FROM sqlml.model_versions AS v LEFT JOIN sqlml.datasets AS d ON d.run_id = v.run_id
WHERE v.model_id = ? AND v.version = ?
"""


@dataclass(frozen=True)
class TrainedWith:
    """Query, parameters as text, digest of the set of rows and their number; None where none were kept."""

    query: str
    params: Mapping[str, str]
    digest: str | None
    rows: int | None


def read_trained_with(cursor: Cursor, model: ModelVersion) -> TrainedWith | None:
    """What a version was trained with; None where another transaction has dropped it."""
    found = cursor.rows(in_catalog(_RECORD, model.catalog), [model.model_id, model.version])
    for query, digest, rows, params in found:
        return TrainedWith(str(query), dict(params or {}), digest, rows)
    return None
