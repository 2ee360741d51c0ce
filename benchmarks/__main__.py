"""`python -m benchmarks [training] [statements] [scoring] [--rows N] [--repeats N]`."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.measure import Load, show


def main() -> None:
    """Run the benchmarks that were asked for, all by default, and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What sqlml costs, beside its bounds.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(_ALL)}; all by default")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to train on and to score")
    parser.add_argument("--repeats", type=int, default=3, help="pairs that count, after one that does not")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(_ALL)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(_ALL)}")
    with tempfile.TemporaryDirectory() as folder:
        # The models of a benchmark are signed with a key of their own.
        os.environ["SQLML_CONFIG_DIR"] = folder
        for name in arguments.names or _ALL:
            _ALL[name](arguments, Path(folder))


def _training(arguments: argparse.Namespace, _: Path) -> None:
    from benchmarks import training

    load = Load()
    figures = training.measure(rows=arguments.rows, repeats=arguments.repeats)
    caption = "sqlml / by hand over the same table in the same process, one after the other, with the same parameters."
    show(
        "CREATE MODEL, 100 rounds x 31 leaves / to_arrow_table + lightgbm.Dataset + train",
        figures,
        f"{caption}\n{load}",
    )


def _statements(arguments: argparse.Namespace, _: Path) -> None:
    from benchmarks import statements

    load = Load()
    figures = statements.measure(repeats=arguments.repeats)
    caption = (
        "sqlml's own time: of each call, what is not spent inside DuckDB. The bound of a first-seen statement is\n"
        "DuckDB's tokeniser on the same text + 100 us. Medians of calls; first-seen texts are new each time."
    )
    show("Statements that are DuckDB's own: what sqlml adds", figures, f"{caption}\n{load}")


def _scoring(arguments: argparse.Namespace, _: Path) -> None:
    from benchmarks import scoring

    load = Load()
    figures = scoring.measure(rows=arguments.rows, repeats=arguments.repeats)
    caption = "sqlml / by hand: to_arrow_table, numpy, estimator.predict; written: and into a table of the database."
    show(f"ml_predict over {arguments.rows:,} rows of 20 numbers / by hand", figures, f"{caption}\n{load}")


def _single(arguments: argparse.Namespace, folder: Path) -> None:
    from benchmarks import single_row

    load = Load()
    figures = single_row.measure(folder=folder, repeats=arguments.repeats)
    show(
        "SELECT ml_predict('m', 0.1, 0.2, '3', 0.5): where the time goes", figures, f"Medians of 100 calls each. {load}"
    )


_ALL = {"training": _training, "statements": _statements, "scoring": _scoring, "single": _single}

if __name__ == "__main__":
    main()
