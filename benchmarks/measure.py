"""Pairs of the same work done by sqlml and by hand, one right after the other, and the table of their ratios."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

CONSOLE = Console(width=max(120, Console().width))


@dataclass(frozen=True)
class Took:
    """One run: seconds on the wall, seconds of our processor time, and the cores that others kept busy meanwhile."""

    wall: float
    cpu: float
    others: float


@dataclass
class Comparison:
    """Runs of sqlml and of the same by hand, in pairs."""

    ours: list[Took] = field(default_factory=list)
    theirs: list[Took] = field(default_factory=list)

    def ratios(self, what: str) -> list[float]:
        """Ours divided by theirs, pair by pair: `what` is wall or cpu."""
        return [getattr(o, what) / getattr(t, what) for o, t in zip(self.ours, self.theirs, strict=True)]

    @property
    def others(self) -> float:
        """The median of the cores that other processes kept busy."""
        return statistics.median(t.others for t in [*self.ours, *self.theirs])


@dataclass(frozen=True)
class Figure:
    """One line of the result: what was measured, the figure, and the bound it has to keep."""

    name: str
    figure: float
    spread: tuple[float, float]
    unit: str
    bound: float | None = None
    note: str = ""
    # What the median and the spread are of.
    samples: tuple[float, ...] = ()
    # The machine was too restless to tell: the control, the same work against itself, was not equal.
    is_void: bool = False

    @property
    def verdict(self) -> str:
        """Whether the bound is kept: met, missed, void, or nothing where there is none."""
        if self.bound is None:
            return ""
        if self.is_void:
            return "void"
        return "met" if self.figure <= self.bound else "missed"

    @property
    def median(self) -> str:
        """The figure with its unit."""
        return text(self.figure, self.unit)

    @property
    def span(self) -> str:
        """Least and most, with the unit."""
        return f"{text(self.spread[0], self.unit)} - {text(self.spread[1], self.unit)}"


def figure_of(
    name: str, samples: Sequence[float], unit: str, bound: float | None = None, note: str = "", *, is_void: bool = False
) -> Figure:
    """The median of samples, with their least and most."""
    median, spread = spread_of(samples)
    return Figure(name, median, spread, unit, bound, note, tuple(samples), is_void)


def compare(
    ours: Callable[[], Any], theirs: Callable[[], Any], *, repeats: int, warm_up: int = 1, tell: str = ""
) -> Comparison:
    """Run both in turn, changing who is first; the first `warm_up` pairs do not count."""
    found = Comparison()
    for turn in range(warm_up + repeats):
        pair: dict[bool, Took] = {}
        for is_ours in (True, False) if turn % 2 else (False, True):
            pair[is_ours] = run(ours if is_ours else theirs)
        if turn >= warm_up:
            found.ours.append(pair[True])
            found.theirs.append(pair[False])
        if tell:
            ratio = pair[True].wall / pair[False].wall
            CONSOLE.print(f"[dim]{tell}: pair {turn + 1 - warm_up} of {repeats}: {ratio:.3f}[/]")
    return found


def run(work: Callable[[], Any]) -> Took:
    """Run once."""
    gc.collect()
    busy, wall, cpu = _busy(), time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Took(wall, cpu, max(0.0, (_busy() - busy - cpu) / wall))


def ratio_figures(name: str, found: Comparison, bound: float | None, note: str = "") -> list[Figure]:
    """The wall ratio, which has the bound, and the ratio of processor time, which a busy machine changes less."""
    return [
        figure_of(name, found.ratios("wall"), "x", bound, note),
        figure_of("  processor time", found.ratios("cpu"), "x", None, _load(found.others)),
    ]


def interleaved(works: Sequence[Callable[[], Any]], *, calls: int, rounds: int) -> list[list[float]]:
    """Microseconds of a call of each, call by call in turn: the median of each round.

    A median, because on a busy machine some calls wait for their core a thousand times as long as they take.
    """
    clock = time.perf_counter_ns
    found: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        gc.collect()
        times: list[list[int]] = [[] for _ in works]
        for _ in range(calls):
            for work, taken in zip(works, times, strict=True):
                started = clock()
                work()
                taken.append(clock() - started)
        if turn:
            for medians, taken in zip(found, times, strict=True):
                medians.append(statistics.median(taken) / 1e3)
    return found


def show(title: str, figures: Sequence[Figure], caption: str = "") -> None:
    """Print a table of figures beside their bounds."""
    table = Table(title=title, title_justify="left", caption=caption or None, caption_justify="left")
    for heading, justify in (
        ("measured", "left"),
        ("median", "right"),
        ("min - max", "right"),
        ("bound", "right"),
        ("", "left"),
        ("note", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for f in figures:
        bound = "" if f.bound is None else f"<= {text(f.bound, f.unit)}"
        table.add_row(f.name, f.median, f.span, bound, _COLOURED.get(f.verdict, ""), f.note)
    CONSOLE.print(table)


def spread_of(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Median, and (least, most)."""
    return statistics.median(values), (min(values), max(values))


_COLOURED = {"met": "[green]met[/]", "missed": "[red]missed[/]", "void": "[yellow]void[/]"}


def text(value: float, unit: str) -> str:
    """A figure with its unit."""
    if unit == "x":
        return f"{value:.3f} x" if value < 10 else f"{value:,.1f} x"
    if unit == "us":
        return f"{value:,.1f} us"
    return f"{value:,.0f} {unit}".rstrip()


def _load(others: float) -> str:
    return f"other processes kept {others:.1f} of {os.cpu_count()} cores busy" if others > 0.15 else ""


def _busy() -> float:
    """Seconds that all cores of the machine were busy since it started; 0 where that cannot be told."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    numbers = [int(word) for word in stat.read_text().partition("\n")[0].split()[1:9]]
    user, nice, system, _idle, _wait, irq, soft_irq, steal = numbers
    return (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")
