"""The transaction story: models live and die in the user's transaction, seen from two connections to one file."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sqlml
from sqlml import errors
from tests.road.conftest import Connect, at_10, catalog_state, train


def models(con: sqlml.Connection) -> list[tuple[str, int]]:
    return [(row[2], row[3]) for row in con.execute("SHOW MODELS").fetchall()]


def raised(con: sqlml.Connection, sql: str) -> errors.SqlmlError:
    with pytest.raises(errors.SqlmlError) as caught:
        con.execute(sql).fetchall()
    assert caught.value.hint
    return caught.value


_PREDICTED = "CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p"


class TestRollback:
    def test_leaves_nothing(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        before = catalog_state(a)
        a.execute("BEGIN")
        a.execute("INSERT INTO points VALUES (1000, 2001)")
        train(a)
        assert at_10(a) == 21
        a.execute("ROLLBACK")
        assert catalog_state(a) == before
        assert catalog_state(b) == before
        assert before["macros"] == 0
        assert models(a) == []
        assert isinstance(raised(a, "SELECT ml_predict('line', x := 1)"), errors.NotFound)
        assert a.execute("SELECT count(*) FROM points").fetchall() == [(60,)]

    def test_of_a_replacement_keeps_the_old_version(self, a: sqlml.Connection) -> None:
        train(a)
        before = catalog_state(a)
        a.execute("BEGIN")
        assert train(a, slope=5, words="CREATE OR REPLACE")[1] == 2
        assert at_10(a) == 51
        a.execute("ROLLBACK")
        assert at_10(a) == 21
        assert catalog_state(a) == before
        assert train(a, slope=7, words="CREATE OR REPLACE")[1] == 2
        assert at_10(a) == 71

    def test_of_a_drop_keeps_the_model(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        a.execute("CREATE VIEW predicted AS SELECT ml_predict('line', p) AS y FROM points AS p")
        before = catalog_state(a)
        a.execute("BEGIN")
        assert isinstance(raised(b, "DROP MODEL line"), errors.DependentObjects)
        a.execute("DROP MODEL line CASCADE")
        assert isinstance(raised(a, "SELECT ml_predict('line', x := 1)"), errors.NotFound)
        a.execute("ROLLBACK")
        assert catalog_state(a) == before
        assert at_10(a) == 21
        assert a.execute("SELECT count(*) FROM predicted").fetchall() == [(60,)]

    def test_by_the_context_manager(self, a: sqlml.Connection) -> None:
        before = catalog_state(a)

        def fail() -> None:
            with a:
                a.begin()
                train(a)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert catalog_state(a) == before
        with a:
            a.begin()
            train(a)
        assert models(a) == [("line", 1)]

    def test_by_closing(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        before = catalog_state(b)
        a.execute("BEGIN")
        train(a)
        a.close()
        assert catalog_state(b) == before

    def test_of_the_first_model_in_an_attached_file_takes_its_schema_along(
        self, a: sqlml.Connection, tmp_path: Path
    ) -> None:
        a.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS other")
        a.execute("BEGIN")
        train(a, "other.main.line")
        a.execute("ROLLBACK")
        schemas = "SELECT count(*) FROM duckdb_schemas() WHERE database_name = 'other' AND schema_name LIKE 'sqlml%'"
        assert a.execute(schemas).fetchall() == [(0,)]


class TestUncommitted:
    def test_is_usable_inside_its_transaction_only(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        a.execute("BEGIN")
        train(a)
        a.execute("CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p")
        a.execute("CREATE MACRO line_at(v) AS ml_predict('line', x := v)")
        a.execute("CREATE MACRO first_rows(n) AS TABLE SELECT ml_predict('line', p) AS y FROM points AS p LIMIT n")
        assert a.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == [(21.0,)]
        assert a.execute("SELECT round(line_at(10), 6)").fetchall() == [(21.0,)]
        assert a.execute("SELECT count(*) FROM first_rows(3)").fetchall() == [(3,)]
        assert a.execute("SELECT count(*) FROM ML.PREDICT(MODEL line, TABLE points)").fetchall() == [(60,)]
        assert models(a) == [("line", 1)]
        assert models(b) == []
        assert isinstance(raised(b, "SELECT ml_predict('line', x := 1)"), errors.NotFound)
        assert isinstance(raised(b, "SELECT * FROM predicted"), errors.NotFound)
        a.execute("COMMIT")
        assert models(b) == [("line", 1)]
        assert at_10(b) == 21
        assert b.execute("SELECT round(line_at(10), 6)").fetchall() == [(21.0,)]

    def test_commit_does_not_reach_an_older_snapshot(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        b.execute("BEGIN")
        assert b.execute("SELECT count(*) FROM points").fetchall() == [(60,)]
        train(a)
        assert models(b) == []
        b.execute("COMMIT")
        assert models(b) == [("line", 1)]

    def test_model_on_an_uncommitted_models_output(self, a: sqlml.Connection) -> None:
        a.execute("BEGIN")
        train(a)
        a.execute(
            "CREATE MODEL stacked OPTIONS (model_type = 'linear_reg', input_label_cols = ['y'])"
            " AS SELECT ml_predict('line', p) AS guess, y FROM points AS p"
        )
        assert a.execute("SELECT round(ml_predict('stacked', guess := 21), 6)").fetchall() == [(21.0,)]
        a.execute("ROLLBACK")
        assert models(a) == []


class TestDropAndCreateAgain:
    def test_across_connections(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        assert at_10(b) == 21
        a.execute("DROP MODEL line")
        assert isinstance(raised(b, "SELECT ml_predict('line', x := 1)"), errors.NotFound)
        assert train(a, slope=3)[1] == 1
        assert at_10(b) == 31
        assert catalog_state(b)["models"] == 1

    def test_within_one_transaction(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        a.execute(_PREDICTED)
        a.execute("BEGIN")
        a.execute("DROP MODEL line CASCADE")
        train(a, slope=3)
        a.execute(_PREDICTED)
        assert at_10(a) == 31
        assert at_10(b) == 21
        a.execute("COMMIT")
        assert at_10(b) == 31
        assert b.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == [(31.0,)]

    @pytest.mark.parametrize("view", [False, True])
    def test_an_older_snapshot_keeps_the_old_model(self, a: sqlml.Connection, b: sqlml.Connection, view: bool) -> None:
        train(a)
        a.execute(_PREDICTED)
        query = "SELECT round(ml_predict('line', x := 10), 6)"
        if view:
            query = "SELECT round(y, 6) FROM predicted WHERE x = 10"
        b.execute("BEGIN")
        assert b.execute(query).fetchall() == [(21.0,)]
        a.execute("DROP MODEL line CASCADE")
        assert b.execute(query).fetchall() == [(21.0,)]
        train(a, slope=3)
        a.execute(_PREDICTED)
        assert b.execute(query).fetchall() == [(21.0,)]
        assert a.execute(query).fetchall() == [(31.0,)]
        b.execute("COMMIT")
        assert b.execute(query).fetchall() == [(31.0,)]

    def test_an_older_snapshot_loads_the_old_model_for_the_first_time(
        self, a: sqlml.Connection, b: sqlml.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sqlml import artifacts

        train(a)
        b.execute("BEGIN")
        assert b.execute("SELECT count(*) FROM points").fetchall() == [(60,)]
        a.execute("CREATE OR REPLACE VIEW unrelated AS SELECT 1")
        a.execute("DROP MODEL line")
        train(a, slope=3)
        monkeypatch.setattr(artifacts.SCORERS, "_scorers", type(artifacts.SCORERS._scorers)())
        assert at_10(b) == 21
        assert at_10(a) == 31

    def test_name_in_another_case_is_the_same_model(self, a: sqlml.Connection) -> None:
        train(a, "Line")
        assert isinstance(raised(a, _creation("LINE")), errors.AlreadyExists)
        assert train(a, "LINE", slope=3, words="CREATE OR REPLACE")[1] == 2
        a.execute("DROP MODEL lInE")
        assert catalog_state(a)["models"] == 0
        assert catalog_state(a)["macros"] == 0

    def test_view_over_a_dropped_model_says_so(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        # A temporary view is its own connection's: no other one knows that it uses the model.
        b.execute("CREATE TEMP VIEW predicted AS SELECT ml_predict('line', p) AS y FROM points AS p")
        a.execute("DROP MODEL line")
        assert isinstance(raised(b, "SELECT * FROM predicted"), errors.NotFound)
        train(a, slope=4)
        assert b.execute("SELECT round(max(y), 6) FROM predicted").fetchall() == [(237.0,)]


def _creation(name: str = "line", words: str = "CREATE") -> str:
    return f"{words} MODEL {name} OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM points"


def together(*jobs: Any) -> list[BaseException]:
    """Run the jobs at the same time; returns what they raised."""
    start = threading.Barrier(len(jobs))
    failed: list[BaseException] = []

    def run(job: Any) -> None:
        start.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


class TestTwoTrainers:
    @pytest.mark.parametrize("exists", [False, True])
    def test_of_the_same_name_both_succeed(self, a: sqlml.Connection, b: sqlml.Connection, exists: bool) -> None:
        rounds = 4
        first = 0
        if exists:
            first = train(a)[1]

        def work(con: sqlml.Connection) -> None:
            for _ in range(rounds):
                train(con, words="CREATE OR REPLACE")

        assert together(lambda: work(a), lambda: work(b)) == []
        versions = a.execute("SELECT version FROM sqlml.model_versions ORDER BY version").fetchall()
        assert versions == [(i,) for i in range(1, first + 2 * rounds + 1)]
        state = catalog_state(a)
        assert state["models"] == 1
        assert state["artifacts"] == state["runs"] == state["model_versions"] == len(versions)
        # Two a version, and the two that follow the newest: what it answers, and its scores.
        assert state["macros"] == 2 * (len(versions) + 1)

    def test_of_which_one_may_create(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        failed = together(lambda: train(a), lambda: train(b))
        assert [type(error) for error in failed] == [errors.AlreadyExists]
        assert models(a) == [("line", 1)]

    def test_if_not_exists_both_succeed_with_one_version(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        make = _creation("IF NOT EXISTS line")
        assert together(lambda: a.execute(make), lambda: b.execute(make)) == []
        assert models(a) == [("line", 1)]
        assert catalog_state(a)["model_versions"] == 1

    def test_of_different_names_in_a_new_attached_file(
        self, a: sqlml.Connection, b: sqlml.Connection, tmp_path: Path
    ) -> None:
        a.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS other")
        failed = together(lambda: train(a, "other.main.one"), lambda: train(b, "other.main.two"))
        assert failed == []
        assert models(a) == [("one", 1), ("two", 1)]

    def test_against_a_drop(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)

        def drop() -> None:
            for _ in range(4):
                b.execute("DROP MODEL IF EXISTS line")

        def make() -> None:
            for _ in range(4):
                train(a, words="CREATE OR REPLACE")

        failed = together(make, drop)
        assert [e for e in failed if not isinstance(e, errors.TransactionConflict)] == []
        state = catalog_state(a)
        assert state["models"] in (0, 1)
        assert state["macros"] == 2 * (state["models"] + state["model_versions"])
        assert state["model_versions"] == state["artifacts"] == state["runs"]

    def test_readers_never_meet_half_a_model(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        a.execute(_PREDICTED)
        ended = threading.Event()

        def replace() -> None:
            try:
                for slope in range(3, 15):
                    a.execute("BEGIN")
                    a.execute("DROP MODEL line CASCADE")
                    train(a, slope=slope)
                    a.execute(_PREDICTED)
                    a.execute("COMMIT")
            finally:
                ended.set()

        def read() -> None:
            while not ended.is_set():
                assert at_10(b) % 10 == 1
                assert b.execute("SELECT round(y, 6)::INTEGER % 10 FROM predicted WHERE x = 10").fetchall() == [(1,)]
                assert b.execute("SELECT round(r2_score, 6) FROM ML.EVALUATE(MODEL line)").fetchall() == [(1.0,)]
                assert models(b) == [("line", 1)]

        assert together(replace, read) == []


class TestConflict:
    @pytest.mark.parametrize("exists", [False, True])
    def test_of_two_transactions(self, a: sqlml.Connection, b: sqlml.Connection, exists: bool) -> None:
        if exists:
            train(a)
        before = models(a)
        a.execute("BEGIN")
        b.execute("BEGIN")
        train(a, slope=3, words="CREATE OR REPLACE")
        error = raised(b, _creation(words="CREATE OR REPLACE"))
        assert isinstance(error, errors.TransactionConflict)
        assert error.sqlstate == "40001"
        assert "ROLLBACK" in str(error.hint)
        assert models(a)
        b.execute("ROLLBACK")
        assert b.execute("SELECT 42").fetchall() == [(42,)]
        assert models(b) == before
        a.execute("COMMIT")
        assert at_10(b) == 31

    @pytest.mark.parametrize("exists", [False, True])
    def test_with_what_was_committed_after_the_snapshot(
        self, a: sqlml.Connection, b: sqlml.Connection, exists: bool
    ) -> None:
        if exists:
            train(a)
        b.execute("BEGIN")
        assert b.execute("SELECT count(*) FROM points").fetchall() == [(60,)]
        train(a, slope=3, words="CREATE OR REPLACE")
        error = raised(b, _creation(words="CREATE OR REPLACE"))
        assert isinstance(error, errors.TransactionConflict), error
        b.execute("ROLLBACK")
        assert at_10(b) == 31
        assert train(b, slope=4, words="CREATE OR REPLACE")[1] == (3 if exists else 2)

    def test_of_two_drops(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        a.execute("BEGIN")
        b.execute("BEGIN")
        a.execute("DROP MODEL line")
        error = raised(b, "DROP MODEL line")
        assert isinstance(error, errors.TransactionConflict)
        b.execute("ROLLBACK")
        a.execute("COMMIT")
        assert models(b) == []
        assert catalog_state(b)["macros"] == 0

    def test_of_the_users_own_rows(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        a.execute("BEGIN")
        b.execute("BEGIN")
        a.execute("UPDATE points SET y = 0 WHERE x = 1")
        error = raised(b, "UPDATE points SET y = 1 WHERE x = 1")
        assert isinstance(error, errors.TransactionConflict)
        b.execute("ROLLBACK")
        a.execute("ROLLBACK")


class TestAborted:
    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT error('boom')",
            "SELECT ml_predict('nope', x := 1)",
            "CREATE MODEL bad OPTIONS (model_type = 'linear_reg', input_label_cols = ['nope']) AS FROM points",
            "CREATE MODEL bad OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM points WHERE x < 0",
        ],
    )
    def test_the_connection_goes_on_after_rollback(self, a: sqlml.Connection, sql: str) -> None:
        a.execute("BEGIN")
        train(a)
        with pytest.raises(errors.SqlmlError):
            a.execute(sql).fetchall()
        # An error that sqlml finds while it plans does not abort DuckDB's transaction; all others do.
        if sql.startswith("SELECT error"):
            for again in ("SELECT 42", "SELECT ml_predict('line', x := 1)", _creation("second"), "SHOW MODELS"):
                error = raised(a, again)
                assert isinstance(error, errors.TransactionAborted)
                assert error.sqlstate == "25P02"
                assert "ROLLBACK" in str(error.hint)
        else:
            assert at_10(a) == 21
        a.execute("ROLLBACK")
        assert a.execute("SELECT 42").fetchall() == [(42,)]
        assert models(a) == []

    def test_methods(self, a: sqlml.Connection) -> None:
        a.begin()
        with pytest.raises(errors.InvalidData):
            a.execute("SELECT error('boom')").fetchall()
        with pytest.raises(errors.TransactionAborted):
            a.commit()
        a.rollback()
        a.rollback()
        a.commit()
        assert a.execute("SELECT 42").fetchall() == [(42,)]


class TestAttached:
    def test_model_lives_in_the_catalog_of_its_name(
        self, a: sqlml.Connection, connect: Connect, tmp_path: Path
    ) -> None:
        other = tmp_path / "other.duckdb"
        a.execute(f"ATTACH '{other}' AS other")
        train(a, "other.main.line")
        train(a, "other.short", slope=5)
        a.execute("CREATE SCHEMA other.s")
        train(a, "other.s.line", slope=3)
        train(a, "line", slope=4)
        for name, expected in (
            ("line", 41),
            ("road.main.line", 41),
            ("main.line", 41),
            ("other.line", 21),
            ("other.main.line", 21),
            ("OTHER.MAIN.LINE", 21),
            ("other.s.line", 31),
            ("other.short", 51),
        ):
            assert at_10(a, name) == expected, name
        assert a.execute(
            "SELECT round(predicted_y, 6) FROM ML.PREDICT(MODEL other.s.line, (SELECT 10.0 AS x))"
        ).fetchall() == [(31.0,)]
        a.execute("DETACH other")
        assert isinstance(raised(a, "SELECT ml_predict('other.line', x := 1)"), errors.NotFound)
        alone = connect(other)
        assert [(row[1], row[2]) for row in alone.execute("SHOW MODELS").fetchall()] == [
            ("main", "line"),
            ("main", "short"),
            ("s", "line"),
        ]
        assert at_10(alone) == 21

    def test_view_over_a_model_of_another_catalog(self, a: sqlml.Connection, tmp_path: Path) -> None:
        a.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS other")
        train(a, "line", slope=4)
        train(a, "other.main.line")
        a.execute("CREATE VIEW far AS SELECT ml_predict('other.main.line', p) AS y FROM points AS p WHERE x = 10")
        a.execute("CREATE VIEW near AS SELECT ml_predict('line', p) AS y FROM points AS p WHERE x = 10")
        assert a.execute("SELECT round(y, 6) FROM far").fetchall() == [(21.0,)]
        assert a.execute("SELECT round(y, 6) FROM near").fetchall() == [(41.0,)]
        a.execute("USE other")
        assert a.execute("SELECT round(y, 6) FROM road.far").fetchall() == [(21.0,)]
        assert a.execute("SELECT round(y, 6) FROM road.near").fetchall() == [(41.0,)]
        assert at_10(a) == 21

    def test_a_view_keeps_its_model_wherever_it_is_kept(self, a: sqlml.Connection, tmp_path: Path) -> None:
        a.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS other")
        train(a, "line", slope=2)
        train(a, "other.main.line", slope=3)
        for view, model, expected in (
            ("other.main.far", "line", 21),
            ("other.near", "other.line", 31),
            ("road.main.near", "line", 21),
            ("road.main.far", "other.main.line", 31),
            ("TEMP here", "line", 21),
            ("TEMP there", "other.line", 31),
        ):
            kind, _, name = view.rpartition(" ")
            a.execute(f"CREATE {kind} VIEW {name} AS SELECT round(ml_predict('{model}', x := 10), 6) AS y")
            for current in ("other", "road"):
                a.execute(f"USE {current}")
                assert a.execute(f"FROM {name}").fetchall() == [(expected,)], (view, current)

    def test_view_of_an_attached_file_finds_the_models_of_that_file(
        self, a: sqlml.Connection, connect: Connect, tmp_path: Path
    ) -> None:
        train(a)
        a.execute("CREATE VIEW near AS SELECT ml_predict('line', p) AS y FROM points AS p WHERE x = 10")
        path = a.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'road'").fetchall()[0][0]
        a.close()
        memory = connect(":memory:")
        memory.execute(f"ATTACH '{path}' AS elsewhere (READ_ONLY)")
        assert memory.execute("SELECT round(y, 6) FROM elsewhere.near").fetchall() == [(21.0,)]
        assert at_10(memory, "elsewhere.main.line") == 21

    def test_read_only(self, a: sqlml.Connection, connect: Connect) -> None:
        train(a)
        path = a.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'road'").fetchall()[0][0]
        a.close()
        memory = connect(":memory:")
        memory.execute(f"ATTACH '{path}' AS frozen (READ_ONLY)")
        assert at_10(memory, "frozen.main.line") == 21
        memory.execute("CREATE TABLE points AS FROM frozen.points")
        for sql in (_creation("frozen.main.second"), "DROP MODEL frozen.main.line"):
            error = raised(memory, sql)
            assert isinstance(error, errors.ReadOnly), sql
            assert error.sqlstate == "25006"
        assert memory.execute("SELECT 42").fetchall() == [(42,)]
        train(memory, "own")
        assert at_10(memory, "own") == 21

    def test_two_databases_in_one_transaction(self, a: sqlml.Connection, tmp_path: Path) -> None:
        a.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS other")
        a.execute("BEGIN")
        a.execute("INSERT INTO points VALUES (100, 201)")
        error = raised(a, _creation("other.main.line"))
        assert isinstance(error, errors.NotSupported), error
        a.execute("ROLLBACK")
        train(a, "other.main.line")

    def test_plain_names_belong_to_the_current_schema(self, a: sqlml.Connection) -> None:
        a.execute("CREATE SCHEMA s")
        train(a, "line")
        a.execute("USE s")
        assert at_10(a) == 21
        a.execute("CREATE TABLE points AS FROM road.main.points")
        train(a, slope=3)
        assert at_10(a) == 31
        assert at_10(a, "main.line") == 21
        a.execute("USE main")
        assert at_10(a) == 21

    def test_names_with_dots_are_not_mixed_up(self, a: sqlml.Connection) -> None:
        a.execute("CREATE SCHEMA s")
        train(a, "s.line", slope=3)
        train(a, '"s.line"', slope=5)
        a.execute(
            """CREATE VIEW two AS SELECT ml_predict('s.line', x := 10) AS l, ml_predict('"s.line"', x := 10) AS r"""
        )
        assert a.execute("SELECT round(l, 6), round(r, 6) FROM two").fetchall() == [(31.0, 51.0)]
        a.execute('DROP MODEL "s.line" CASCADE')
        assert at_10(a, "s.line") == 31


class TestReopened:
    def test_views_macros_and_prepared_statements(self, a: sqlml.Connection, connect: Connect) -> None:
        train(a)
        a.execute("CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p")
        a.execute("CREATE MACRO line_at(v) AS ml_predict('line', x := v)")
        a.close()
        again = connect()
        assert again.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == [(21.0,)]
        assert again.execute("SELECT round(line_at(10), 6)").fetchall() == [(21.0,)]
        again.execute("PREPARE ask AS SELECT round(ml_predict('line', x := $1), 6)")
        assert again.execute("EXECUTE ask(10)").fetchall() == [(21.0,)]
        train(again, slope=3, words="CREATE OR REPLACE")
        assert again.execute("EXECUTE ask(10)").fetchall() == [(31.0,)]
        assert again.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == [(31.0,)]
        again.execute("DEALLOCATE ask")
        assert isinstance(raised(again, "EXECUTE ask(10)"), errors.NotFound)

    def test_prepared_statements_belong_to_one_connection(self, a: sqlml.Connection, b: sqlml.Connection) -> None:
        train(a)
        a.execute("PREPARE ask AS SELECT round(ml_predict('line', x := $1), 6)")
        with pytest.raises(errors.SqlmlError):
            b.execute("EXECUTE ask(10)")
        a.execute("EXECUTE ask(10)")

    def test_the_last_connection_frees_the_file(self, a: sqlml.Connection, b: sqlml.Connection, path: Path) -> None:
        train(a)
        a.close()
        assert at_10(b) == 21
        b.close()
        plain = duckdb.connect(path)
        assert plain.execute("SELECT count(*) FROM sqlml.models").fetchall() == [(1,)]
        plain.close()

    def test_a_database_can_be_called_sqlml(self, connect: Connect, tmp_path: Path) -> None:
        con = connect(tmp_path / "sqlml.duckdb")
        con.execute("CREATE TABLE points AS SELECT i::DOUBLE AS x, 2.0 * i + 1 AS y FROM range(60) AS r(i)")
        train(con)
        con.execute("CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p")
        assert con.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == [(21.0,)]
        assert models(con) == [("line", 1)]
        con.execute("DROP MODEL line CASCADE")
