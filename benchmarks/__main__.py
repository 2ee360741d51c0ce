"""`python -m benchmarks [name ...] [--quick] [--peers] [--rows N] [--repeats N] [--scale F] [--results FOLDER]`."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks import catalogue, machine
from benchmarks.catalogue import BENCHMARKS, Settings
from benchmarks.measure import CONSOLE, show
from benchmarks.page import PAGE, page
from benchmarks.report import RESULTS, read_all

_QUICK_ROWS, _QUICK_SCALE, _QUICK_REPEATS = 20_000, 0.01, 3


def main() -> None:
    """Run the benchmarks that were asked for, print their tables, and write JSON and the page made of it."""
    parser = _parser()
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(BENCHMARKS)}")
    names = arguments.names or [name for name in BENCHMARKS if name != "peers"]
    if arguments.peers and "peers" not in names:
        names.append("peers")
    # What a quick run says of small sizes is not kept as the results.
    results = arguments.results or (None if arguments.quick else RESULTS)
    with tempfile.TemporaryDirectory() as folder:
        # The models of a benchmark are signed with a key of their own.
        os.environ["SQLML_CONFIG_DIR"] = folder
        settings = _settings(arguments, Path(folder))
        # Once, before the benchmarks themselves are the load.
        before = machine.describe()
        for name in names:
            started = time.monotonic()
            report = catalogue.run(name, settings, before)
            if report is None:
                continue
            show(report.title, report.figures, report.method)
            for skipped in report.skipped:
                CONSOLE.print(f"not measured: {skipped.what}: {skipped.why}", markup=False)
            CONSOLE.print(f"[dim]{name}: {time.monotonic() - started:,.0f} s[/]")
            if results:
                report.write(results)
    if results is None:
        CONSOLE.print("[dim]A quick run keeps nothing: --results FOLDER does.[/]")
        return
    # Another folder gets a page of its own: docs/performance.md is that of the results in the repository.
    target = PAGE if results.resolve() == RESULTS.resolve() else results / PAGE.name
    target.write_text(page(read_all(results)), "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What sqlml costs, beside its bounds.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(BENCHMARKS)}; all but peers")
    parser.add_argument("--rows", type=int, help="rows to train on and to score; 1,000,000")
    parser.add_argument("--repeats", type=int, help="runs that count, after one that does not; each has its own number")
    parser.add_argument("--scale", type=float, help="TPC-H's scale factor; 1")
    parser.add_argument("--quick", action="store_true", help="small sizes and few runs: does it work, not how fast")
    parser.add_argument("--peers", action="store_true", help="with what others offer, installed apart from sqlml")
    parser.add_argument("--results", type=Path, help="folder of the JSON; benchmarks/results, of docs/performance.md")
    parser.add_argument("--environments", type=Path, help="folder where peers are installed, to be used again")
    return parser


def _settings(arguments: argparse.Namespace, folder: Path) -> Settings:
    rows = arguments.rows or (_QUICK_ROWS if arguments.quick else Settings.rows)
    scale = arguments.scale or (_QUICK_SCALE if arguments.quick else Settings.scale)
    repeats = arguments.repeats or (_QUICK_REPEATS if arguments.quick else None)
    return Settings(folder, (arguments.environments or folder / "environments").absolute(), rows, scale, repeats)


if __name__ == "__main__":
    main()
