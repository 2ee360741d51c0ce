"""The limits of users and roles, kept by statements of every kind."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import sqlml
from sqlml.errors import Cancelled, LimitExceeded, TooManyStatements, TransactionAborted

_SLOW = "SELECT count(*) FROM range(100000) a(x), range(100000) b(y) WHERE hash(x * y) % 7 = 1"
_TRAIN = """CREATE OR REPLACE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y'])
    AS SELECT i::DOUBLE AS x, 2.0 * i AS y FROM range({}) t(i)"""


class Limited:
    def __init__(self, folder: Path) -> None:
        (folder / "out").mkdir()
        self.out = folder / "out"
        path = str(folder / "limits.duckdb")
        with contextlib.closing(sqlml.connect(path)) as con:
            con.execute("CREATE USER boss; CREATE USER ana; CREATE ROLE small; GRANT small TO ana")
            con.execute("CREATE VOLUME out LOCATION ?", [str(self.out)])
            con.execute("GRANT READ VOLUME, WRITE VOLUME ON VOLUME out TO ana; GRANT USE SCHEMA ON SCHEMA main TO ana")
            con.execute("GRANT CREATE TABLE, CREATE MODEL, SELECT, MODIFY ON SCHEMA main TO ana")
            con.execute("CREATE TABLE t AS SELECT range AS i FROM range(20)")
            con.execute("CREATE TABLE many AS SELECT range AS i FROM range(100000)")
        self.boss = sqlml.connect(path, user="boss")
        self.ana = sqlml.connect(path, user="ana")
        self.again = sqlml.connect(path, user="ana")

    @contextlib.contextmanager
    def limit(self, what: str, of: str = "ROLE small") -> Iterator[None]:
        self.boss.execute(f"ALTER {of} SET LIMIT {what}")
        name, _, _ = what.partition(" ")
        try:
            yield
        finally:
            self.boss.execute(f"ALTER {of} RESET LIMIT {name}")


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    found = Limited(tmp_path_factory.mktemp("limits"))
    yield found
    for con in (found.boss, found.ana, found.again):
        con.close()


def test_rows_of_a_result(limited: Limited) -> None:
    run = limited.ana.execute
    with limited.limit("rows = 20"):
        assert len(run("FROM t").fetchall()) == 20
        assert run("FROM t ORDER BY i DESC LIMIT 3").fetchall() == [(19,), (18,), (17,)]
        assert run("FROM t").arrow().num_rows == 20
        assert len(run("FROM t").df()) == 20
        assert run("SELECT count(*) FROM many").fetchall() == [(100000,)]
        for sql in ("FROM many", "SELECT 1 AS a, 2 AS a FROM range(21)", "SELECT uuid() FROM range(21)"):
            with pytest.raises(LimitExceeded, match="limit rows is 20") as error:
                run(sql)
            assert (error.value.sqlstate, bool(error.value.hint)) == ("53400", True)
        run("PREPARE p AS FROM many")
        with pytest.raises(LimitExceeded):
            run("EXECUTE p")
        run("DEALLOCATE p")
        assert len(limited.boss.execute("FROM many").fetchall()) == 100000
    assert len(run("FROM many").fetchall()) == 100000


def test_rows_that_are_written(limited: Limited) -> None:
    run = limited.ana.execute
    with limited.limit("rows = 20"):
        run("CREATE TABLE made AS FROM t")
        run("COPY t TO 'volume://out/t.csv'")
        for sql in ("CREATE TABLE more AS FROM many", "INSERT INTO made FROM many", "COPY many TO 'volume://out/m.csv'",
                    "UPDATE many SET i = -1", "DELETE FROM many", "DELETE FROM many WHERE i > 5 RETURNING i",
                    "MERGE INTO many USING t ON many.i < 50 AND t.i = 1 WHEN MATCHED THEN DELETE"):  # fmt: skip
            with pytest.raises(LimitExceeded):
                run(sql)
        assert run("SELECT count(*), min(i) FROM many").fetchall() == [(100000, 0)]
        assert run("SELECT count(*) FROM made").fetchall() == [(20,)]
        assert sorted(f.name for f in limited.out.iterdir()) == ["t.csv"]
        limited.boss.execute("COPY many TO 'volume://out/m.csv'")
        with pytest.raises(LimitExceeded):
            run("COPY made FROM 'volume://out/m.csv'")
        assert run("SELECT count(*) FROM made").fetchall() == [(20,)]
        assert run("UPDATE made SET i = i + 1").rowcount == 20
        # In a transaction of the user's nothing of it can be committed.
        run("BEGIN")
        with pytest.raises(LimitExceeded):
            run("DELETE FROM many")
        with pytest.raises(TransactionAborted):
            run("SELECT 1")
        run("ROLLBACK")
        assert run("SELECT count(*) FROM many").fetchall() == [(100000,)]
    run("DROP TABLE made")


def test_the_strictest_counts(limited: Limited) -> None:
    run = limited.ana.execute
    with limited.limit("rows = 20"), limited.limit("rows = 5", "USER ana"):
        with pytest.raises(LimitExceeded, match="is 5"):
            run("FROM t")
        # A role that is set takes no limit of the user's away.
        run("SET ROLE small")
        with pytest.raises(LimitExceeded, match="is 5"):
            run("SELECT * FROM range(6)")
        run("RESET ROLE")


def test_seconds(limited: Limited) -> None:
    with limited.limit("seconds = 0.3"):
        started = time.perf_counter()
        with pytest.raises(Cancelled, match=r"0.3 seconds, the limit") as error:
            limited.ana.execute(_SLOW)
        assert time.perf_counter() - started < 5
        assert (error.value.sqlstate, bool(error.value.hint)) == ("57014", True)
        assert limited.ana.execute("SELECT 1").fetchall() == [(1,)]
        # What is streamed is computed within the time too; a training stops as well.
        for sql in ("FROM range(10000000000)", _TRAIN.format(1000000000)):
            with pytest.raises(Cancelled, match="the limit"):
                limited.ana.execute(sql)
    assert limited.ana.execute("SELECT 1").fetchall() == [(1,)]


def test_memory_and_models(limited: Limited) -> None:
    run = limited.ana.execute
    with limited.limit("memory = '1KB'"):
        assert len(run("FROM t").fetchall()) == 20
        with pytest.raises(LimitExceeded, match="memory"):
            run("FROM many")
        with pytest.raises(LimitExceeded, match="memory"):
            run(_TRAIN.format(10000))
    with limited.limit("training_rows = 100"):
        run(_TRAIN.format(100))
        with pytest.raises(LimitExceeded, match="training_rows"):
            run(_TRAIN.format(101))
    with limited.limit("model_size = 10"), pytest.raises(LimitExceeded, match="model_size"):
        run(_TRAIN.format(100))
    assert len(run("SHOW MODEL VERSIONS").fetchall()) == 1


def test_concurrent_statements(limited: Limited) -> None:
    with limited.limit("concurrent_statements = 1"):
        ended: list[str] = []

        def slow() -> None:
            with pytest.raises(Cancelled):
                limited.again.execute(_SLOW)
            ended.append("slow")

        thread = threading.Thread(target=slow)
        thread.start()
        running = limited.again.session.database.database.running
        while not running["ana"]:
            time.sleep(0.001)
        with pytest.raises(TooManyStatements) as error:
            limited.ana.execute("SELECT 1")
        assert (error.value.sqlstate, bool(error.value.hint)) == ("53300", True)
        assert limited.boss.execute("SELECT 1").fetchall() == [(1,)]
        while not ended:
            limited.again.interrupt()
            thread.join(0.01)
        assert limited.ana.execute("SELECT 1").fetchall() == [(1,)]
        assert not running
