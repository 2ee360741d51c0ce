"""The most memory that a fresh process has: training, predicting and reading through sqlml, and by hand."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks import fresh
from benchmarks.measure import CONSOLE, Figure, figure_of

_WORKS = (
    ("train", "CREATE MODEL, boosted trees / lightgbm.Dataset + train"),
    ("predict", "ml_predict of boosted trees into a table / fetch, predict, write"),
    ("arrow", "SELECT * FROM numbers as one Arrow table"),
    ("stream", "SELECT * FROM numbers, 10,000 rows at a time"),
)


def measure(folder: Path, *, rows: int, repeats: int) -> list[Figure]:
    """Peaks of both, in turn, and their ratio."""
    fresh.prepare(folder, rows)
    figures: list[Figure] = []
    for work, name in _WORKS:
        CONSOLE.print(f"[dim]{name}[/]")
        ours, theirs = [], []
        for turn in range(repeats):
            pair = [f"{work}_sqlml", f"{work}_by_hand"]
            found = {each: fresh.run(each, folder).peak / 2**20 for each in (pair if turn % 2 else pair[::-1])}
            ours.append(found[pair[0]])
            theirs.append(found[pair[1]])
        note = f"{statistics.median(ours):,.0f} MB; by hand {statistics.median(theirs):,.0f} MB"
        figures.append(figure_of(name, [a / b for a, b in zip(ours, theirs, strict=True)], "x", None, note))
        figures.append(figure_of("  sqlml's peak", ours, "MB"))
        figures.append(figure_of("  peak by hand", theirs, "MB"))
    return figures
