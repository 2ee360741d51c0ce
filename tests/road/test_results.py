"""Results: they stream, survive the next statement on their connection, and are exact in every type."""

from __future__ import annotations

import gc
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sqlml
from sqlml import errors
from sqlml.result import PARK_IN_MEMORY
from tests.road.conftest import Connect, train

# One column a line; each is read as in plain DuckDB although another statement came between.
TYPES = r"""
1::TINYINT
255::UTINYINT
1::SMALLINT
65535::USMALLINT
1::INTEGER
4294967295::UINTEGER
9223372036854775807::BIGINT
18446744073709551615::UBIGINT
170141183460469231731687303715884105727::HUGEINT
340282366920938463463374607431768211455::UHUGEINT
123456789012345678901234567890123456789012345678901234567890::BIGNUM
1.5::FLOAT
'inf'::DOUBLE
1.25::DECIMAL(4, 2)
12345678901234567890.123456789::DECIMAL(38, 9)
true
'é 💥'
''
'a' || chr(0) || 'b'
'AB\x00C'::BLOB
'10110'::BIT
uuid '6d3f7f1c-3b3e-4c1a-9b1a-111111111111'
DATE '2020-02-29'
'infinity'::DATE
TIME '12:34:56.123456'
TIMETZ '12:34:56+02:30'
TIMESTAMP '2020-01-01 12:34:56.789123'
'infinity'::TIMESTAMP
TIMESTAMP_S '2020-01-01 12:34:56'
TIMESTAMP_MS '2020-01-01 12:34:56.789'
TIMESTAMP_NS '2020-01-01 12:34:56.789123456'
TIMESTAMPTZ '2020-01-01 12:34:56+02'
INTERVAL '1 year 2 months 3 days 04:05:06.7'
'b'::ENUM ('a', 'b', 'c')
'q''z'::ENUM ('x y', 'q''z', 'a"b')
[1, 2, NULL]
[]::INTEGER[]
[[1], [2, 3], NULL]
[1, 2, 3]::INTEGER[3]
{'a': 1, 'b': 'x', 'c': NULL}
{'B b': {'c': [1]}}
MAP {'a': 1, 'b': 2}
MAP([1], [{'q': [2]}])
union_value(k := 1)
[uuid '6d3f7f1c-3b3e-4c1a-9b1a-111111111111']
{'u': uuid '6d3f7f1c-3b3e-4c1a-9b1a-111111111111', 'h': 5::HUGEINT}
{'t': TIMETZ '12:34:56+02', 'b': '101'::BIT, 'e': 'a'::ENUM ('a', 'b')}
MAP {'a': 5::UHUGEINT}
[1.25::DECIMAL(4, 2)]
['AB'::BLOB]
NULL
NULL::INTEGER
NULL::VARCHAR
NULL::UUID
NULL::INTEGER[]
'{"a": 1}'::JSON
"""
COLUMNS = [line for line in TYPES.splitlines() if line]
NEXT = "SELECT 42"


@pytest.fixture
def plain() -> Any:
    con = duckdb.connect(":memory:")
    yield con
    con.close()


def quietly(fetch: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fetch()


@pytest.mark.parametrize("rows", [1, 5000], ids=["one", "many"])
def test_parked_rows_of_every_type(connect: Connect, plain: Any, rows: int) -> None:
    con = connect(":memory:")
    for value in COLUMNS:
        sql = f"SELECT CASE WHEN i % 7 < 6 THEN {value} END AS v, i FROM range({rows}) AS r(i)"
        expected = plain.execute(sql).fetchall()
        result = con.execute(sql)
        first = [result.fetchone()] if rows > 1 else []
        assert con.execute(NEXT).fetchall() == [(42,)]
        found = first + result.fetchmany(10) + result.fetchall()
        assert repr(found) == repr(expected), value
        assert result.fetchone() is None
        assert str(result.description) == str(plain.execute(sql).description)


def test_parked_frames_and_tables_of_every_type(connect: Connect, plain: Any) -> None:
    con = connect(":memory:")
    for sql in (f"SELECT {value} AS v, i FROM range(3) AS r(i)" for value in COLUMNS):
        for fetch in ("df", "to_arrow_table"):
            plain.execute(sql)
            try:
                expected = quietly(getattr(plain, fetch))
            except duckdb.Error:
                continue
            result = con.execute(sql)
            con.execute(NEXT)
            found = result.df() if fetch == "df" else result.arrow()
            if fetch == "df":
                assert str(found.dtypes.to_dict()) == str(expected.dtypes.to_dict()), sql
                assert repr(found.to_dict()) == repr(expected.to_dict()), sql
            else:
                assert found.schema == expected.schema, sql
                assert found.equals(expected), sql


def test_arrow_types_do_not_depend_on_parking(connect: Connect) -> None:
    """Parking may change a setting for a moment; nobody sees it."""
    con, other = connect(":memory:shared_arrow"), connect(":memory:shared_arrow")
    sql = "SELECT uuid '6d3f7f1c-3b3e-4c1a-9b1a-111111111111' AS u, '101'::BIT AS b, 5::HUGEINT AS h"
    before = con.execute(sql).arrow().schema
    held = con.execute(sql)
    con.execute(NEXT)
    assert held.arrow().schema == before
    assert con.execute(sql).arrow().schema == before
    assert other.execute(sql).arrow().schema == before
    setting = "SELECT current_setting('arrow_lossless_conversion')"
    assert con.execute(setting).fetchall() == other.execute(setting).fetchall() == [(False,)]
    con.execute("SET GLOBAL arrow_lossless_conversion = true")
    held = con.execute(sql)
    con.execute(NEXT)
    held.fetchall()
    assert other.execute(setting).fetchall() == [(True,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a, 2 AS a, 3 AS A",
        'SELECT 1 AS "x""y.z", 2 AS " ", 3 AS \'é\'',
        "SELECT count(*), count(*) FROM range(3)",
        "SELECT 1 AS a WHERE false",
        "SELECT 'b'::ENUM ('a', 'b') AS e WHERE false",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "PRAGMA database_list",
        "VALUES (1, 'a'), (2, NULL)",
    ],
)
def test_parked_names_and_shapes(connect: Connect, plain: Any, sql: str) -> None:
    con = connect(":memory:")
    expected = plain.execute(sql)
    names = [column[0] for column in expected.description]
    result = con.execute(sql)
    con.execute(NEXT)
    assert result.columns == names
    if sql.startswith("SHOW"):
        result.fetchall()
        return
    assert result.fetchall() == plain.fetchall()
    result = con.execute(sql)
    con.execute(NEXT)
    assert result.arrow().column_names == names


def test_parked_timestamps_keep_the_time_zone_of_the_session(connect: Connect, plain: Any) -> None:
    con = connect(":memory:")
    sql = "SELECT TIMESTAMPTZ '2020-01-01 12:00:00+00' AS t, [TIMESTAMPTZ '2020-07-01 12:00:00+00'] AS l FROM range(3)"
    for session in (con, plain):
        session.execute("SET TimeZone = 'America/New_York'")
    expected = plain.execute(sql).fetchall()
    result = con.execute(sql)
    con.execute(NEXT)
    assert repr(result.fetchall()) == repr(expected)


def test_several_results_wait_at_once(a: sqlml.Connection) -> None:
    train(a)
    query = "SELECT x, round(ml_predict('line', p), 6) FROM points AS p ORDER BY x"
    cursors = [a.cursor() for _ in range(4)]
    results = [cursor.execute(query) for cursor in cursors]
    for i in range(60):
        for result in results:
            assert result.fetchone() == (i, 2 * i + 1)
    assert [result.fetchone() for result in results] == [None] * 4
    assert a.execute("SELECT 1").fetchall() == [(1,)]


def test_parked_before_commit_rollback_and_ddl(a: sqlml.Connection) -> None:
    for sql in ("BEGIN", "INSERT INTO points VALUES (99, 199)", "ROLLBACK", "DROP TABLE points"):
        result = a.execute("SELECT x FROM points ORDER BY x")
        assert result.fetchone() == (0,)
        a.execute(sql)
        expected = 60 if sql == "ROLLBACK" else 59
        assert len(result.fetchall()) == expected, sql


def test_rowcount_survives_parking(a: sqlml.Connection) -> None:
    changed = a.execute("UPDATE points SET y = 0 WHERE x < 10")
    a.execute(NEXT)
    assert changed.rowcount == 10
    assert a.rowcount == -1


def test_read_to_the_end_and_parked(a: sqlml.Connection) -> None:
    result = a.execute("SELECT 1 AS a")
    assert result.fetchall() == [(1,)]
    a.execute(NEXT)
    assert result.fetchall() == []
    assert result.fetchone() is None
    assert result.df() is None
    assert result.arrow() is None
    assert result.pl() is None
    assert result.columns == ["a"]


def test_an_arrow_reader_goes_on_after_another_statement(a: sqlml.Connection) -> None:
    for drop in (False, True):
        result: Any = a.execute("SELECT i, uuid '6d3f7f1c-3b3e-4c1a-9b1a-111111111111' AS u FROM range(10000) AS r(i)")
        reader = result.arrow_reader(1000)
        if drop:
            del result
            a._last = None
        seen = reader.read_next_batch()["i"].to_pylist()
        assert a.execute(NEXT).fetchall() == [(42,)]
        for batch in reader:
            seen += batch["i"].to_pylist()
        assert seen == list(range(10000))
    reader = a.execute("SELECT i FROM range(10000) AS r(i)").arrow_reader(1000)
    reader.read_next_batch()
    del reader
    assert a.execute(NEXT).fetchall() == [(42,)]


def test_a_failure_belongs_to_its_own_result(a: sqlml.Connection) -> None:
    """A statement whose rows fail later does not make the next statement fail."""
    failing = a.execute("SELECT CASE WHEN i = 9000000 THEN error('boom') ELSE i END FROM range(9000001) AS r(i)")
    assert failing.fetchone() == (0,)
    assert a.execute(NEXT).fetchall() == [(42,)]
    for fetch in (failing.fetchone, failing.fetchall, failing.df, failing.arrow):
        with pytest.raises(errors.InvalidData, match="boom"):
            fetch()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's account of memory")
def test_streaming_keeps_memory_flat(a: sqlml.Connection) -> None:
    train(a)
    rows = 5_000_000
    a.execute("SET threads = 2")
    result = a.execute(f"SELECT i, 'a text that takes room ' || i AS t FROM range({rows}) AS r(i)")
    assert len(result.fetchmany(50_000)) == 50_000
    gc.collect()
    before, most, count = resident(), 0, 50_000
    while batch := result.fetchmany(50_000):
        count += len(batch)
        most = max(most, resident() - before)
    assert count == rows
    assert most < 100 * 1024 * 1024, f"{most / 1e6:.0f} MB for rows of {rows * 40 / 1e6:.0f} MB and more"


def spilled(folder: Path) -> list[str]:
    """The files in the folder that this process has open, unlinked ones too."""
    found = [str(link.readlink()) for link in list(Path("/proc/self/fd").iterdir()) if link.is_symlink()]
    return [target for target in found if target.startswith(str(folder))]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads Linux's list of open files")
def test_a_large_parked_result_goes_to_disk(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "spill"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    con = connect(":memory:")
    columns = ", ".join(f"i + {k} AS c{k}" for k in range(10))
    rows = PARK_IN_MEMORY // 80 + 100_000
    small = con.execute("SELECT i FROM range(1000) AS r(i)")
    con.execute(NEXT)
    assert spilled(folder) == []
    large: Any = con.execute(f"SELECT {columns} FROM range({rows}) AS r(i)")
    assert large.fetchone() == tuple(range(10))
    con.execute(NEXT)
    assert len(spilled(folder)) == 1
    assert list(folder.iterdir()) == [], "nothing is left behind, whatever happens to the process"
    table = large.arrow()
    assert table.num_rows == rows - 1
    assert table["c3"][-1].as_py() == rows + 2
    assert len(small.fetchall()) == 1000
    del large, table
    con._last = None
    gc.collect()
    assert spilled(folder) == []


class TestClosing:
    def test_ends_the_result_and_the_transaction(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        a.execute("BEGIN")
        a.execute("INSERT INTO points VALUES (99, 199)")
        result = a.execute("SELECT x FROM points")
        assert result.fetchone() is not None
        a.close()
        with pytest.raises(errors.ConnectionClosed):
            a.close()
        assert b.execute("SELECT count(*) FROM points").fetchall() == [(60,)]
        for use in (result.fetchone, result.fetchall, result.df, result.arrow, result.pl, result.arrow_reader):
            with pytest.raises(errors.ConnectionClosed) as caught:
                use()
            assert caught.value.hint
            assert caught.value.sqlstate == "08003"

    def test_every_method_says_so(self, a: sqlml.Connection) -> None:
        cursor = a.cursor()
        a.close()
        a.interrupt()
        for use in (
            lambda: a.execute(NEXT),
            lambda: a.execute("SELECT ml_predict('line', x := 1)"),
            lambda: a.plan(NEXT),
            lambda: cursor.execute(NEXT),
            lambda: a.register("t", None),
            lambda: a.unregister("t"),
            a.begin,
            a.commit,
            a.rollback,
        ):
            with pytest.raises(errors.ConnectionClosed) as caught:
                use()
            assert caught.value.hint

    def test_a_parked_result_does_not_keep_the_file(self, a: sqlml.Connection, path: Path) -> None:
        result = a.execute("SELECT x FROM points")
        assert result.fetchone() == (0,)
        a.execute(NEXT)
        a.close()
        plain = duckdb.connect(path, config={"threads": 1})
        plain.execute("INSERT INTO points VALUES (99, 199)")
        plain.close()
