"""Which versions of a model a retention rule keeps, and why."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlml.catalog.cursor import Cursor, in_catalog, utc_now
from sqlml.errors import InvalidOption
from sqlml.types import ModelVersion

# So many of the newest versions stay where neither the statement nor the model says anything.
NEWEST = 10
_TAGS = "SELECT key, value FROM sqlml.tags WHERE model_id = ? AND version IS NULL AND starts_with(key, 'retain_')"
_FACTS = """
SELECT v.version, v.created_at, coalesce(a.size_bytes, 0) FROM sqlml.model_versions AS v
LEFT JOIN sqlml.artifacts AS a ON a.model_id = v.model_id AND a.version = v.version
WHERE v.model_id = ?
"""


@dataclass(frozen=True)
class Rule:
    """How many of the newest versions stay, and for how many days each does; what either keeps is kept."""

    versions: int | None = None
    days: int | None = None

    def keeps(self, rank: int, age: datetime.timedelta) -> str | None:
        """Why a version is kept that is the `rank`-th newest and so old; None where it is not."""
        if self.versions is not None and rank <= self.versions:
            return f"one of the newest {self.versions}" if self.versions > 1 else "the newest"
        # A timedelta of a billion days cannot be made.
        if self.days is not None and age.total_seconds() < self.days * 86400:
            return f"younger than {self.days} day{'s' if self.days != 1 else ''}"
        return None


@dataclass(frozen=True)
class Facts:
    """When a version was made, and the bytes of its artifact."""

    created_at: datetime.datetime
    size: int


def rule_of(cursor: Cursor, model: ModelVersion) -> Rule:
    """The rule of a model's own tags retain_versions and retain_days, else the newest ten.

    Raises InvalidOption for a tag that is no whole number.
    """
    found: dict[str, int] = {}
    for key, value in cursor.rows(in_catalog(_TAGS, model.catalog), [model.model_id]):
        name = str(key).removeprefix("retain_")
        if name not in ("versions", "days"):
            continue
        if not (str(value).isascii() and str(value).isdigit()) or len(str(value)) > 9:
            raise InvalidOption(
                f'The tag {key} of model "{model.short_name}" is {value!r}.',
                hint=f"ALTER MODEL ... SET TAGS ({key} = '5'): a whole number.",
            )
        found[name] = int(value)
    return Rule(found.get("versions"), found.get("days")) if found else Rule(NEWEST)


def read_facts(cursor: Cursor, model: ModelVersion) -> Mapping[int, Facts]:
    """Time and size of every version of a model."""
    rows = cursor.rows(in_catalog(_FACTS, model.catalog), [model.model_id])
    return {int(version): Facts(created, int(size)) for version, created, size in rows}


def kept_by(rule: Rule, versions: Sequence[ModelVersion], facts: Mapping[int, Facts]) -> dict[int, str]:
    """The versions that the rule keeps, each with the reason."""
    now = utc_now()
    found = {}
    for rank, version in enumerate(sorted((v.version for v in versions), reverse=True), start=1):
        reason = rule.keeps(rank, now - facts[version].created_at)
        if reason is not None:
            found[version] = reason
    return found
