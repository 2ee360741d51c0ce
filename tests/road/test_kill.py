"""Whatever stops CREATE MODEL (kill -9, Ctrl-C, interrupt): nothing is half written, the old version goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sqlml
from sqlml import errors
from tests.road.conftest import Connect, at_10, catalog_state, train

KILLS = 20

# Imports once, then forks a trainer for each path it is told: training anew for ever, slope = version.
HOST = """
import os, sys
import lightgbm, pyarrow, sklearn.linear_model, scipy.linalg  # nothing of them runs before the fork
import sqlml

def work(path):
    con = sqlml.connect(path)
    while True:
        version = con.execute("SELECT coalesce(max(version), 0) + 1 FROM sqlml.model_versions").fetchone()[0]
        print(version, flush=True)
        con.execute(
            "CREATE OR REPLACE MODEL line OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'], l2_reg = 1e-9)"
            f" AS SELECT x, 'c' || (x::INT % 50) AS c, {version} * x + 1 AS y FROM points"
        )

for path in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            work(path.strip())
        finally:
            os._exit(1)
    print("pid", child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


@pytest.fixture
def host() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=60)
    assert process.stdout is not None
    process.stdout.close()


def lines(host: subprocess.Popen[str]) -> Iterator[str]:
    assert host.stdout is not None
    yield from (line.strip() for line in host.stdout)


def killed(host: subprocess.Popen[str], path: Path, point: float) -> int:
    """Kill a trainer in its third training, at this share of the time that the second took; returns the version."""
    assert host.stdin is not None
    host.stdin.write(f"{path}\n")
    host.stdin.flush()
    pid, started, times = 0, [0], [0.0]
    for line in lines(host):
        if line.startswith("pid"):
            pid = int(line.split()[1])
        elif line == "ended":
            return started[-1]
        else:
            started.append(int(line))
            times.append(time.perf_counter())
        if pid and len(started) == 4:
            time.sleep(point * (times[3] - times[2]))
            os.kill(pid, signal.SIGKILL)
            pid = 0
    raise AssertionError(started)


def whole(con: sqlml.Connection) -> int:
    """Check that every version is whole; returns the newest."""
    versions = con.execute(
        """SELECT v.version,
                  (SELECT count(*) FROM sqlml.artifacts a WHERE a.model_id = v.model_id AND a.version = v.version
                   AND sha256(a.body) = a.sha256 AND octet_length(a.body) = a.size_bytes),
                  (SELECT count(*) FROM sqlml.features f WHERE f.model_id = v.model_id AND f.version = v.version),
                  (SELECT count(*) FROM sqlml.runs r WHERE r.run_id = v.run_id AND r.version = v.version),
                  (SELECT count(*) FROM sqlml.params p WHERE p.run_id = v.run_id) > 5,
                  (SELECT count(*) FROM sqlml.metrics m WHERE m.run_id = v.run_id),
                  (SELECT count(*) FROM sqlml.source_relations s WHERE s.model_id = v.model_id AND s.version = v.version)
           FROM sqlml.model_versions v ORDER BY v.version"""
    ).fetchall()
    assert [row[0] for row in versions] == list(range(1, len(versions) + 1))
    for row in versions:
        assert row[1:] == (1, 2, 1, True, 6, 1), row
    state = catalog_state(con)
    assert state["models"] == 1
    assert state["macros"] == 2 * (len(versions) + 1)
    for table in ("artifacts", "runs", "model_versions"):
        assert state[table] == len(versions), table
    return len(versions)


def predicted(con: sqlml.Connection, version: int) -> float:
    query = (
        f"SELECT round(predicted_y, 3) FROM ML.PREDICT(MODEL line VERSION {version}, (SELECT 10.0 AS x, 'c10' AS c))"
    )
    return float(con.execute(query).fetchall()[0][0])


def test_kill_at_random_points(a: sqlml.Connection, connect: Connect, path: Path, host: subprocess.Popen[str]) -> None:
    a.close()
    dice = random.Random(20130101)
    rolled_back = 0
    for kill in range(KILLS):
        at = killed(host, path, dice.uniform(kill, kill + 1) / KILLS * 1.2)
        con = connect()
        newest = whole(con)
        assert newest in (at - 1, at)
        rolled_back += newest < at
        for version in {1, newest - 1, newest} - {0}:
            assert predicted(con, version) == pytest.approx(10 * version + 1, abs=0.01), version
        assert con.execute("SELECT round(ml_predict('line', x := 10, c := 'c10'))").fetchall() == [(10 * newest + 1,)]
        assert con.execute("SELECT count(*) FROM points").fetchall() == [(60,)]
        con.close()
    assert rolled_back > 0, "no kill fell into a training"
    con = connect()
    before = whole(con)
    con.execute(
        "CREATE OR REPLACE MODEL line OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'])"
        f" AS SELECT x, 'c' || (x::INT % 50) AS c, {before + 1} * x + 1 AS y FROM points"
    )
    assert whole(con) == before + 1
    assert sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("road.duckdb")) == []


# Asks itself to stop when a stage of the training is reached, as Ctrl-C does; then tells what is left.
STOPPED = """
import json, os, signal, sys
import sqlml
path, stage = sys.argv[1:]
con = sqlml.connect(path)
def stop(progress):
    if progress.stage == stage:
        con.on_progress(None)
        os.kill(os.getpid(), signal.SIGINT)
con.on_progress(stop)
try:
    con.execute(
        "CREATE OR REPLACE MODEL line OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['y'],"
        " max_iterations = 50, early_stop = FALSE) AS FROM points"
    )
    ended = "trained"
except KeyboardInterrupt:
    ended = "interrupted"
versions = con.execute("SELECT max(version) FROM sqlml.model_versions").fetchone()[0]
con.execute("BEGIN")
con.execute("ROLLBACK")
alive = con.execute("SELECT round(ml_predict('line', x := 10)), 42").fetchall()
print(json.dumps([ended, versions, alive]))
"""


def test_ctrl_c_at_each_stage(a: sqlml.Connection, connect: Connect, path: Path) -> None:
    train(a)
    before = catalog_state(a)
    a.close()
    stages = ("read", "prepare", "fit", "evaluate", "store")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", STOPPED, str(copy), stage], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for stage in stages
        if (copy := path.with_name(f"{stage}.duckdb")).write_bytes(path.read_bytes())
    ]
    for stage, process in zip(stages, running, strict=True):
        output, complaint = process.communicate(timeout=120)
        assert json.loads(output or "null") == ["interrupted", 1, [[21.0, 42]]], (stage, complaint)
        assert catalog_state(connect(path.with_name(f"{stage}.duckdb"))) == before


# Says when it trains, and is sent a real SIGINT.
WAITING = """
import json, sys
import sqlml
con = sqlml.connect(sys.argv[1])
con.on_progress(lambda progress: print(progress.stage, flush=True))
try:
    con.execute(sys.argv[2])
    ended = "trained"
except KeyboardInterrupt:
    ended = "interrupted"
con.on_progress(None)
print(json.dumps([ended, con.execute("SELECT count(*) FROM sqlml.models").fetchall(), con.execute("SELECT 42").fetchall()]))
"""
LONG_FIT = (
    "CREATE MODEL slow OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['y'],"
    " max_iterations = 100000, early_stop = FALSE) AS FROM points"
)
LONG_READ = (
    "CREATE MODEL slow OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'])"
    " AS SELECT sum(r.a * s.b) AS x, 1 AS y FROM range(10000000) AS r(a), range(10000000) AS s(b)"
)


@pytest.mark.parametrize(("sql", "stage"), [(LONG_FIT, "fit"), (LONG_READ, "read")], ids=["fit", "read"])
def test_ctrl_c_from_outside(a: sqlml.Connection, path: Path, sql: str, stage: str) -> None:
    a.close()
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(path), sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == stage:
            process.send_signal(signal.SIGINT)
            break
    output, complaint = process.communicate(timeout=120)
    assert json.loads(output.splitlines()[-1]) == ["interrupted", [[0]], [[42]]], complaint


class TestInterrupt:
    @contextlib.contextmanager
    def interrupted_at(self, con: sqlml.Connection, stage: str) -> Iterator[list[str]]:
        """Interrupt from another thread, from the stage on until the statement has ended."""
        ended = threading.Event()
        threads: list[threading.Thread] = []
        stages: list[str] = []

        def interrupt() -> None:
            while not ended.wait(0.005):
                con.interrupt()

        def listen(progress: sqlml.Progress) -> None:
            stages.append(progress.stage)
            if progress.stage == stage and not threads:
                threads.append(threading.Thread(target=interrupt))
                threads[0].start()

        con.on_progress(listen)
        try:
            yield stages
        finally:
            ended.set()
            for thread in threads:
                thread.join()
            con.on_progress(None)

    @pytest.mark.parametrize(("sql", "stage"), [(LONG_FIT, "fit"), (LONG_READ, "read")], ids=["fit", "read"])
    def test_while_training(self, a: sqlml.Connection, sql: str, stage: str) -> None:
        before = catalog_state(a)
        with self.interrupted_at(a, stage) as stages, pytest.raises(errors.Cancelled) as caught:
            a.execute(sql)
        assert stages[-1] == stage
        assert caught.value.sqlstate == "57014"
        assert caught.value.hint
        assert catalog_state(a) == before
        train(a)
        assert at_10(a) == 21

    def test_in_a_transaction(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        a.execute("BEGIN")
        train(a, slope=3, words="CREATE OR REPLACE")
        with self.interrupted_at(a, "fit"), pytest.raises(errors.Cancelled):
            a.execute(LONG_FIT)
        assert at_10(b) == 21
        a.execute("ROLLBACK")
        assert at_10(a) == 21

    def test_a_query(self, a: sqlml.Connection) -> None:
        train(a)
        started = threading.Event()
        ended = threading.Event()

        def interrupt() -> None:
            started.wait()
            while not ended.wait(0.005):
                a.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            started.set()
            with pytest.raises(errors.Cancelled) as caught:
                a.execute("SELECT sum(ml_predict('line', x := i)) FROM range(1000000000) AS r(i)").fetchall()
            assert caught.value.hint
        finally:
            ended.set()
            thread.join()
        assert a.execute("SELECT 42").fetchall() == [(42,)]
        assert at_10(a) == 21

    def test_before_a_statement_is_forgotten(self, a: sqlml.Connection) -> None:
        a.interrupt()
        assert a.execute("SELECT 42").fetchall() == [(42,)]
        a.interrupt()
        assert train(a)[1] == 1


def test_a_listener_that_fails_leaves_nothing(a: sqlml.Connection) -> None:
    before = catalog_state(a)
    for stage in ("read", "prepare", "fit", "evaluate", "store"):

        def listen(progress: Any, stage: str = stage) -> None:
            if progress.stage == stage:
                raise LookupError(stage)

        a.on_progress(listen)
        with pytest.raises(LookupError):
            train(a)
        a.on_progress(None)
        assert catalog_state(a) == before
        assert a.execute("SELECT 42").fetchall() == [(42,)]
