"""Connections of several threads to one file: they train, score, open and close side by side."""

import threading

import sqlml


def test_threads_train_and_score_side_by_side(tmp_path):
    db = tmp_path / "x.duckdb"
    con = sqlml.connect(db)
    con.execute(
        "CREATE TABLE t AS SELECT i % 7 AS a, i % 11 AS b, a * 2 + b AS y, (a + b) % 2 = 0 AS k FROM range(3000) AS r(i)"
    )
    con.execute("CREATE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT a, b, y FROM t")
    failed = []
    start = threading.Barrier(4)

    def work(run):
        try:
            start.wait()
            for _ in range(4):
                mine = sqlml.connect(db)
                run(mine)
                mine.close()
        except Exception as error:  # noqa: BLE001 - reported below, by the thread that asserts
            failed.append(error)

    def train(mine):
        mine.execute(
            "CREATE OR REPLACE MODEL parity OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['k']) "
            "AS SELECT a, b, k FROM t"
        )

    def score(mine):
        worst = mine.execute("SELECT max(abs(ml_predict('line', t) - y)) FROM t").fetchone()[0]
        assert worst < 1e-9

    threads = [threading.Thread(target=work, args=(run,)) for run in (train, train, score, score)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    versions = con.execute(
        "SELECT version FROM sqlml.model_versions JOIN sqlml.models USING (model_id) "
        "WHERE model_name = 'parity' ORDER BY version"
    ).fetchall()
    assert versions == [(n,) for n in range(1, 9)]
    con.close()


def test_a_connection_that_is_dropped_gives_the_file_up(tmp_path):
    db = tmp_path / "x.duckdb"
    sqlml.connect(db).execute("CREATE TABLE t AS SELECT 1 AS a")
    # Opening it otherwise is refused as long as anyone here has it open.
    con = sqlml.connect(db, read_only=True)
    assert con.execute("FROM t").fetchall() == [(1,)]
    con.close()
