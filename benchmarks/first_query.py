"""From the start of a process to its first answer: import, connect to a file, one statement."""

from __future__ import annotations

from pathlib import Path

from benchmarks import fresh
from benchmarks.measure import CONSOLE, Figure, figure_of

_ROWS = 10_000
_WORKS = (
    ("SELECT 1", "one_sqlml", "one_by_hand"),
    ("first ml_predict, a linear model", "linear_sqlml", None),
    ("first ml_predict, boosted trees", "boosted_sqlml", "boosted_by_hand"),
)


def measure(folder: Path, *, repeats: int) -> list[Figure]:
    """Milliseconds of each, in turn; the first process of each, in which modules are compiled, does not count."""
    fresh.prepare(folder, _ROWS)
    names = [name for _, *both in _WORKS for name in both if name]
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats + 1):
        CONSOLE.print(f"[dim]first query: {turn} of {repeats}[/]")
        for name in names if turn % 2 else names[::-1]:
            seconds = fresh.run(name, folder).seconds
            if turn:
                taken[name].append(1000 * seconds)
    figures: list[Figure] = []
    for title, ours, theirs in _WORKS:
        figures.append(figure_of(f"{title}: sqlml", taken[ours], "ms"))
        if theirs:
            figures.append(figure_of("  the same by hand", taken[theirs], "ms"))
            ratios = [a / b for a, b in zip(taken[ours], taken[theirs], strict=True)]
            figures.append(figure_of(f"{title}: sqlml / by hand", ratios, "x"))
    return figures
