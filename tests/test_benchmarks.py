"""The benchmarks run in small, their JSON is read back, and docs/performance.md is what the kept results give."""

import json
import statistics
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import fresh, page, peers
from benchmarks.catalogue import BENCHMARKS
from benchmarks.measure import Figure, figure_of
from benchmarks.peers.environments import reason
from benchmarks.report import RESULTS, Report, Skipped, read, read_all


@pytest.fixture(scope="module")
def kept():
    return read_all(RESULTS)


def test_the_page_is_that_of_the_results(kept):
    assert page.PAGE.read_text("utf-8") == page.page(kept)


def test_all_benchmarks_but_equality_have_results(kept):
    assert {report.name for report in kept} == set(BENCHMARKS) - {"equality"}


def test_figures_are_the_medians_of_their_samples(kept):
    for report in kept:
        assert report.figures
        for figure in report.figures:
            assert figure.figure == statistics.median(figure.samples)
            assert figure.spread == (min(figure.samples), max(figure.samples))


def test_results_tell_of_the_machine_but_not_which(kept):
    for report in kept:
        assert {"cores", "memory_gb", "system", "python", "libraries"} <= set(report.machine)
        assert {"duckdb", "lightgbm"} <= set(report.machine["libraries"])
        text = (RESULTS / f"{report.name}.json").read_text("utf-8")
        assert not any(word in text for word in ("/tmp", "/work", "/home", "/root", "://"))


def test_the_page_says_where_sqlml_is_slower_and_what_was_not_measured():
    machine = {"libraries": {}} | dict.fromkeys(("cores", "architecture", "memory_gb", "system", "python"), 1)
    figures = [
        figure_of("slow", [1.9, 2.0, 2.1], "x", 1.5),
        figure_of("  detail", [3.0], "x"),
        figure_of("fast", [0.5], "x"),
        figure_of("even", [1.01], "x", 1.0, is_void=True),
    ]
    skipped = [Skipped("a peer", "not installable: it is nowhere")]
    made = page.page([Report("tpch", "T", "M", figures, skipped, {"rows": 1000000}, {**machine, "load_before": 0.1})])
    slower, faster = made.partition("Where sqlml is slower")[2].split("Where it is faster", 1)
    assert "- 2.000 x T: slow" in slower
    assert "detail" not in slower
    assert "- 0.500 x T: fast" in faster.partition("\n## ")[0]
    assert "| slow | 2.000 x | 1.900 x - 2.100 x | <= 1.500 x | **missed** |  |" in made
    assert "| even | 1.010 x | 1.010 x - 1.010 x | <= 1.000 x | **void** |  |" in made
    assert "- a peer: not installable: it is nowhere." in made
    assert "rows 1,000,000" in made


def test_a_report_is_read_as_it_was_written(tmp_path):
    report = Report("tpch", "T", "M", [Figure("f", 1.5, (1.0, 2.0), "x", 2.0, "n", (1.0, 2.0))], [Skipped("a", "b")])
    again = read(report.write(tmp_path))
    assert (list(again.figures), list(again.skipped)) == (list(report.figures), list(report.skipped))


def test_tpch_by_the_command(tmp_path, monkeypatch):
    # The command sets it; so that the tests get theirs back.
    monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path))
    arguments = ["tpch", "--scale", "0.001", "--repeats", "1", "--results", str(tmp_path / "results")]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    command.main()
    told = json.loads((tmp_path / "results" / "tpch.json").read_text("utf-8"))
    assert told["settings"] == {"scale factor": 0.001, "repeats": 1}
    names = [figure["name"] for figure in told["figures"]]
    assert names[:2] == ["sqlml / DuckDB, sum of 22", "control: DuckDB / DuckDB, sum of 22"]
    assert [name.strip() for name in names[2:4]] == ["sqlml / DuckDB by run", "control by run"]
    assert [name.strip() for name in names[6:]] == [f"Q{n}" for n in range(1, 23)]
    assert all(len(figure["samples"]) == 1 and figure["figure"] > 0 for figure in told["figures"])
    assert "Query by query" in (tmp_path / "results" / "performance.md").read_text("utf-8")


def test_an_unknown_name_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "tpcds"])
    with pytest.raises(SystemExit):
        command.main()
    assert "unknown: tpcds; known: training" in capsys.readouterr().err


def test_the_peak_of_a_fresh_process_is_its_own(tmp_path):
    """What getrusage says of a process begins with the memory of the one that started it: this one, which has more."""
    more = b"x" * 2**28
    found = fresh.run("one_by_hand", tmp_path)
    assert 10 < found.peak / 2**20 < len(more) / 2**20
    assert 0 < found.seconds < 60


def test_work_that_fails_in_a_fresh_process_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="numbers does not exist"):
        fresh.run("stream_by_hand", tmp_path)


def test_peers_are_compared_and_those_that_cannot_run_are_told(tmp_path):
    # orbital, here without its environment.
    absent = peers.Peer("orbital", "on_orbital.py", ())
    figures, skipped, versions = peers.measure(tmp_path, tmp_path, rows=2_000, repeats=1, peers=[absent])
    assert [figure.name for figure in figures] == ["logistic: sqlml", "boosted: sqlml"]
    assert Skipped("orbital", "ModuleNotFoundError: No module named 'orbital'") in skipped
    assert "duckdb" in versions["sqlml"]


def test_why_something_is_not_installable_has_no_addresses():
    errors = "WARNING: slow\nERROR: Could not find a version\nERROR: No matching distribution found for x==9\n"
    assert reason(errors) == "No matching distribution found for x==9"
    assert reason("ERROR: 404 for https://somewhere/x\n") == "pip could not install it"
