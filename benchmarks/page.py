"""docs/performance.md, made of the JSON in benchmarks/results: `python -m benchmarks.page`, `--check` to compare."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS
from benchmarks.measure import Figure, text
from benchmarks.report import RESULTS, Report, read_all
from docs.written import write_or_check

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
# A ratio this near to 1 is called equal.
_EQUAL = 0.05
# Of the cores: a load above it disturbs what is measured.
_LOADED = 0.25

_INTRODUCTION = """\
# How fast it is

Written by `python -m benchmarks` from what it measured ([benchmarks/results](../benchmarks/results) has every
sample); do not edit it by hand.

**How to read it.** A *ratio* is sqlml's time divided by that of the same work without sqlml: 0.5 x is twice as fast,
2 x is half as fast. Both sides run one right after the other, again and again, changing who goes first, so that a
machine that is slower for a while is slower for both; the ratio is taken within each pair. Shown are the median of
the ratios and the smallest and largest. *processor time* counts the work of all cores, which tells less of what
others did on the machine. A *bound* is what we hold ourselves to; a figure beyond it is marked **missed**, and stands
here all the same.

**Run it yourself**: `pip install '.[bench]'`, then `python -m benchmarks`; a name (`python -m benchmarks scoring`)
runs one, `--quick` tries all in small, `--peers` also compares with other tools, which it installs into environments
of their own. Your figures will differ: they depend on cores, memory and versions, which stand with each table."""

_EXPLANATION = """\
## Why scoring is fast or slow

Linear models, naive Bayes and small trees are scored as plain SQL, so the rows never leave DuckDB. Large ensembles of
trees go through a kernel that DuckDB calls with 2,048 rows at a time, and everything else through the Python
estimator. DuckDB gives a thread 122,880 rows, so a table that is smaller is scored on one core, where LightGBM by
hand would use all. EXPLAIN says which form a statement takes:

```sql
CREATE TABLE trips AS SELECT i % 17 AS distance, i % 24 AS hour, 3 * (i % 17) + 5 AS fare FROM range(1000) AS r(i);
CREATE MODEL fare OPTIONS (model_type='linear_reg', input_label_cols=['fare']) AS SELECT * FROM trips;
EXPLAIN SELECT ml_predict('fare', t) FROM trips AS t;
```

That all forms give the same predictions is [measured too](equality.md)."""


def page(reports: Iterable[Report]) -> str:
    """The whole page as Markdown."""
    order = list(BENCHMARKS)
    known = sorted(reports, key=lambda r: order.index(r.name))
    parts = [_INTRODUCTION, *_summary(known)]
    for report in known:
        parts += _section(report)
    return "\n\n".join([*parts, _EXPLANATION]) + "\n"


def _summary(reports: Sequence[Report]) -> list[str]:
    """What is slower than without sqlml, and what is faster, from the figures themselves."""
    ratios = [
        (r, f) for r in reports for f in r.figures if f.unit == "x" and not _is_detail(f) and "control" not in f.name
    ]
    slower = sorted(((r, f) for r, f in ratios if f.figure > 1 + _EQUAL), key=lambda pair: -pair[1].figure)
    faster = sorted(((r, f) for r, f in ratios if f.figure < 1 - _EQUAL), key=lambda pair: pair[1].figure)
    return [
        "## In short",
        "**Where sqlml is slower or takes more** than what it is compared with:",
        _listed(slower),
        "**Where it is faster or takes less:**",
        _listed(faster),
        f"What is not listed is within {_EQUAL:.0%} or has no counterpart.",
    ]


def _listed(found: Sequence[tuple[Report, Figure]]) -> str:
    lines = [f"- {f.median} {'(void) ' if f.is_void else ''}{r.title}: {f.name}" for r, f in found]
    return "\n".join(lines) or "- nothing that was measured"


def _section(report: Report) -> list[str]:
    parts = [f"## {report.title}", report.method, _circumstances(report)]
    main = [f for f in report.figures if not f.name.startswith("  Q")]
    if main:
        parts.append(_table(main))
    queries = [f for f in report.figures if f.name.startswith("  Q")]
    if queries:
        parts += ["Query by query:", _table(queries)]
    if report.skipped:
        parts += ["Not measured:", "\n".join(f"- {s.what}: {s.why}." for s in report.skipped)]
    return parts


def _circumstances(report: Report) -> str:
    machine, settings = report.machine, dict(report.settings)
    versions = settings.pop("versions", {})
    sizes = ", ".join(f"{name} {value:,.10g}" for name, value in settings.items())
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    found = (
        f"Measured with {sizes} on {machine['cores']} cores ({machine['architecture']}), {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}, {libraries}; load of the machine before: "
        f"{machine['load_before']}."
    )
    if (machine["load_before"] or 0) > _LOADED * machine["cores"]:
        found += " **The machine had other work to do: take these figures as rough.**"
    if versions:
        told = (f"{peer} ({', '.join(f'{n} {v}' for n, v in own.items())})" for peer, own in versions.items())
        found += f" Compared: {'; '.join(told)}."
    return found


def _table(figures: Sequence[Figure]) -> str:
    rows = ["| measured | median | min - max | bound | | note |", "|---|--:|--:|--:|---|---|"]
    for f in figures:
        name = f"&nbsp;&nbsp;{f.name.strip()}" if _is_detail(f) else f.name
        bound = "" if f.bound is None else f"<= {text(f.bound, f.unit)}"
        verdict = f"**{f.verdict}**" if f.verdict in ("missed", "void") else f.verdict
        rows.append(f"| {name} | {f.median} | {f.span} | {bound} | {verdict} | {f.note} |")
    return "\n".join(rows)


def _is_detail(figure: Figure) -> bool:
    """Whether it belongs to the figure above it."""
    return figure.name.startswith("  ")


def main() -> int:
    """Write the page, or compare it with --check; returns the exit code."""
    return write_or_check({PAGE: page(read_all(RESULTS))}, "python -m benchmarks.page")


if __name__ == "__main__":
    sys.exit(main())
