"""What a benchmark gives: figures, what could not be measured and why, on which machine; as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Skipped:
    """Something that was to be measured and could not be."""

    what: str
    why: str


@dataclass(frozen=True)
class Report:
    """One benchmark: `name` is that of the command, `method` a paragraph on what was done against what."""

    name: str
    title: str
    method: str
    figures: Sequence[Figure]
    skipped: Sequence[Skipped] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write it as `<name>.json`; a figure has all its samples, so that others can be computed of them."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")
        return path


def read(path: Path) -> Report:
    """The report that `Report.write` wrote."""
    given = json.loads(path.read_text("utf-8"))
    figures = [
        Figure(**{**f, "spread": tuple(f["spread"]), "samples": tuple(f["samples"])}) for f in given.pop("figures")
    ]
    return Report(**{**given, "figures": figures, "skipped": [Skipped(**s) for s in given["skipped"]]})


def read_all(folder: Path) -> list[Report]:
    """All reports of a folder."""
    return [read(path) for path in sorted(folder.glob("*.json"))]
