"""`python -m benchmarks [training] [statements] [scoring] [equality] [--rows N] [--repeats N]`."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.measure import show


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
            _ALL[name](arguments)


def _training(arguments: argparse.Namespace) -> None:
    from benchmarks import training

    figures = training.measure(rows=arguments.rows, repeats=arguments.repeats)
    caption = (
        "sqlml / by hand over the same table in the same process, one after the other: the same rows, the same\n"
        "parameters of learning; by hand deterministic, force_col_wise and num_threads stay at LightGBM's defaults."
    )
    show(
        "CREATE MODEL, 100 rounds x 31 leaves / to_arrow_table + lightgbm.Dataset + train",
        figures,
        caption,
    )


def _statements(arguments: argparse.Namespace) -> None:
    from benchmarks import statements

    figures = statements.measure(repeats=arguments.repeats)
    caption = (
        "sqlml's own time: of each call, what is not spent inside DuckDB. The bound of a first-seen statement is\n"
        "DuckDB's tokeniser on the same text + 100 us. Medians of calls; first-seen texts are new each time."
    )
    show("Statements that are DuckDB's own: what sqlml adds", figures, caption)


def _scoring(arguments: argparse.Namespace) -> None:
    from benchmarks import scoring

    figures = scoring.measure(rows=arguments.rows, repeats=arguments.repeats)
    caption = "sqlml / by hand: to_arrow_table, numpy, estimator.predict; written: and into a table of the database."
    show(f"ml_predict over {arguments.rows:,} rows of 20 numbers / by hand", figures, caption)


def _equality(arguments: argparse.Namespace) -> None:
    from benchmarks import equality

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.db"
        equality.make(path, rows=min(arguments.rows, equality.ROWS))
        equality.show(equality.compare(path))


_ALL = {"training": _training, "statements": _statements, "scoring": _scoring, "equality": _equality}

if __name__ == "__main__":
    main()
