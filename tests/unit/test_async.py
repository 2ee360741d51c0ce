"""`sqlml.aconnect`: asyncio, cancellation, anyio."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import sqlml
from sqlml import errors

LONG = "SELECT count(*) FROM range(100000000000) AS a(i) WHERE i % 7 = hash(i) % 11"
TRAIN = (
    "CREATE MODEL big OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['y'], max_iterations=100000, "
    "early_stop=false) AS SELECT hash(i) % 1000 AS a, hash(i + 1) % 1000 AS b, a * b AS y FROM range(20000) AS r(i)"
)
SLEEP = "CREATE OR REPLACE FUNCTION nap(s DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON AS $$ __import__('time').sleep(s) $$"


def run(work: Callable[[sqlml.AsyncConnection], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with sqlml.aconnect() as con:
            return await work(con)

    return asyncio.run(main())


def test_a_session() -> None:
    async def work(con: sqlml.AsyncConnection) -> None:
        await con.execute("CREATE TABLE t AS SELECT i::DOUBLE AS x, 2.0 * i + 1 AS y FROM range(5000) AS r(i)")
        heard: list[Any] = []
        con.on_progress(heard.append)
        trained = await con.execute(
            "CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM t"
        )
        assert (await trained.fetchone())[1] == 1
        asked = await con.execute("SELECT round(ml_predict('m', x := ?), 6)", [10])
        assert await asked.fetchall() == [(21.0,)]
        assert [x async for (x,) in await con.execute("SELECT x FROM t ORDER BY x")] == list(range(5000))
        cur = con.cursor()
        await cur.execute("SELECT x FROM t ORDER BY x")
        assert await anext(cur) == (0.0,)
        with pytest.raises(errors.InvalidSql):
            await cur.df()
        assert await cur.fetchone() == (1.0,)
        assert await cur.fetchmany(2000) == [(float(i),) for i in range(2, 2002)]
        assert len(await cur.fetchall()) == 5000 - 2002
        assert await cur.fetchone() is None
        assert len(await (await con.execute("FROM t")).df()) == 5000
        assert (await (await con.execute("FROM t")).arrow()).num_rows == 5000
        changed = await con.executemany("INSERT INTO t VALUES (?, ?)", ((i, i) for i in range(100)))
        assert (changed.rowcount, changed.description) == (100, None)
        await con.register("frame", await (await con.execute("SELECT 1 AS a")).arrow())
        assert await (await con.execute("FROM frame")).fetchall() == [(1,)]
        await con.unregister("frame")
        assert (await con.plan("SELECT ml_predict('m', t) FROM t")).models
        assert await con.register_model("own", lambda frame: frame["x"] * 2, example={"x": [1.0]}) == 1
        async with await con.execute("SELECT 1") as closed:
            pass
        with pytest.raises(sqlml.InterfaceError):
            await closed.fetchone()
        with pytest.raises(con.ProgrammingError) as caught:
            await con.execute("SELECT nothing")
        assert caught.value.line == 1

    run(work)


def test_transactions(tmp_path: Path) -> None:
    async def main() -> None:
        con = await sqlml.aconnect(tmp_path / "x.duckdb", autocommit=False)
        await con.execute("CREATE TABLE t (a INTEGER)")
        await con.commit()
        async with con:
            await con.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(ZeroDivisionError):
            async with con:
                await con.executemany("INSERT INTO t VALUES (?)", ([1 / i] for i in (1, 0)))
        assert await (await con.execute("FROM t")).fetchall() == [(1,)]
        await con.rollback()
        await con.set_autocommit(True)
        assert con.autocommit
        await con.begin()
        await con.execute("INSERT INTO t VALUES (2)")
        await con.close()
        assert con.closed
        for use in (lambda: con.execute("SELECT 1"), con.commit, con.close):
            with pytest.raises(sqlml.InterfaceError):
                await use()
        with pytest.raises(ZeroDivisionError):
            async with sqlml.aconnect(tmp_path / "x.duckdb", autocommit=False) as other:
                await other.executemany("INSERT INTO t VALUES (?)", ([1 / i] for i in (1, 0)))
        assert other.closed
        async with sqlml.aconnect(tmp_path / "x.duckdb", autocommit=False) as other:
            assert await (await other.execute("FROM t")).fetchall() == [(1,)]
            await other.execute("INSERT INTO t VALUES (4)")
        async with sqlml.aconnect(tmp_path / "x.duckdb", read_only=True) as other:
            assert await (await other.execute("FROM t")).fetchall() == [(1,), (4,)]

    asyncio.run(main())
    with pytest.raises(errors.NotFound):
        asyncio.run(sqlml.aconnect(tmp_path / "none.duckdb", read_only=True)._open())


async def running(con: sqlml.AsyncConnection) -> None:
    """Wait until the worker is inside a call."""
    while con._worker._running is None:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("sql", [LONG, TRAIN, "SELECT nap(100)"], ids=["query", "training", "python"])
def test_cancelling_a_task_stops_the_statement(sql: str) -> None:
    async def work(con: sqlml.AsyncConnection) -> None:
        await con.execute(SLEEP)
        await con.execute("SELECT nap(0)")
        for delay in (0, 0.3):
            task = asyncio.create_task(con.execute(sql))
            await running(con)
            await asyncio.sleep(delay)
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - begun < 5
            assert con._worker._running is None
            assert await (await con.execute("SELECT 42")).fetchall() == [(42,)]
        assert await (await con.execute("SHOW MODELS")).fetchall() == []

    run(work)


def test_a_timeout_is_one() -> None:
    async def work(con: sqlml.AsyncConnection) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await con.execute(LONG)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(con.execute(LONG), 0.1)
        assert await (await con.execute("SELECT 42")).fetchall() == [(42,)]

    run(work)


def test_a_task_that_waits_its_turn_stops_nobody_else() -> None:
    async def work(con: sqlml.AsyncConnection) -> None:
        first = asyncio.create_task(con.execute("SELECT count(*) FROM range(50000000) AS a(i) WHERE hash(i) % 3 = 1"))
        await running(con)
        second = asyncio.create_task(con.execute("CREATE TABLE never (a INTEGER)"))
        await asyncio.sleep(0.05)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert (await (await first).fetchone())[0] > 0
        with pytest.raises(errors.NotFound):
            await con.execute("FROM never")

    run(work)


def test_cancelled_inside_a_transaction() -> None:
    async def work(con: sqlml.AsyncConnection) -> None:
        await con.execute("CREATE TABLE t (a INTEGER)")

        async def transfer() -> None:
            async with con:
                await con.begin()
                await con.execute("INSERT INTO t VALUES (1)")
                await con.execute(LONG)

        task = asyncio.create_task(transfer())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await (await con.execute("FROM t")).fetchall() == []

    run(work)


def test_interrupt_is_no_cancellation() -> None:
    async def work(con: sqlml.AsyncConnection) -> None:
        task = asyncio.create_task(con.execute(LONG))
        await running(con)
        while not task.done():
            con.interrupt()
            await asyncio.sleep(0.02)
        with pytest.raises(errors.Cancelled):
            await task

    run(work)


def test_the_loop_goes_on_and_connections_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both statements wait for one another, and for the loop."""
    barrier = threading.Barrier(3, timeout=60)
    monkeypatch.setattr(threading, "sqlml_barrier", barrier, raising=False)
    meet = (
        "CREATE FUNCTION meet(a INTEGER) RETURNS INTEGER LANGUAGE PYTHON AS "
        "$$ __import__('threading').sqlml_barrier.wait() $$"
    )

    async def main() -> None:
        async with sqlml.aconnect() as one, sqlml.aconnect() as other:
            for con in (one, other):
                await con.execute(meet)
            tasks = [asyncio.create_task(con.execute("SELECT meet(1)")) for con in (one, other)]
            while barrier.n_waiting < 2:
                await asyncio.sleep(0.001)
            barrier.wait()
            found = [await (await task).fetchall() for task in tasks]
            assert len(found) == 2

    asyncio.run(main())


def test_under_anyio() -> None:
    async def main() -> None:
        async with sqlml.aconnect() as con:
            await con.execute("CREATE TABLE t (a INTEGER)")
            with anyio.move_on_after(0.2) as scope:
                async with con:
                    await con.begin()
                    await con.execute("INSERT INTO t VALUES (1)")
                    await con.execute(LONG)
            assert scope.cancelled_caught
            assert await (await con.execute("FROM t")).fetchall() == []
            with anyio.CancelScope() as scope:
                async with sqlml.aconnect() as inner:
                    scope.deadline = anyio.current_time() + 0.2
                    await inner.execute(LONG)
            assert scope.cancelled_caught
            assert inner.closed
            found: list[Any] = []

            async def ask(n: int) -> None:
                found.extend(await (await con.execute("SELECT ?", [n])).fetchall())

            async with anyio.create_task_group() as group:
                for n in range(5):
                    group.start_soon(ask, n)
            assert sorted(found) == [(n,) for n in range(5)]

    anyio.run(main, backend="asyncio")


def test_the_thread_ends_with_the_connection() -> None:
    # Threads of other tests may end meanwhile.
    before = set(threading.enumerate())

    async def work(con: sqlml.AsyncConnection) -> None:
        await con.execute("SELECT 1")
        assert set(threading.enumerate()) - before

    run(work)
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before


def test_what_is_loaded_and_that_python_ends() -> None:
    """asyncio is loaded by those who use it; a connection that is not closed holds nobody up."""
    program = """
import sys, sqlml
print('asyncio' in sys.modules)
import asyncio
async def main():
    con = await sqlml.aconnect()
    print(await (await con.execute("SELECT 42")).fetchall())
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n[(42,)]\n", "")
