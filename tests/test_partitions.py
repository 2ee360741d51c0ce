"""partition_by: each part is what CREATE MODEL makes of its rows alone, in any order, however many threads."""

from __future__ import annotations

import threading
import warnings

import pytest

import sqlml
from sqlml.caught_warnings import caught_warnings

_ROWS = """
CREATE TABLE sales AS
SELECT 's' || (i % 7) AS store, (hash(i) % 1000) / 10.0 AS x, 'c' || (hash(i, 1) % 4) AS kind,
       (i % 7) * (hash(i) % 1000) / 10.0 + hash(i, 1) % 4 AS y, (hash(i) % 1000 > 100 * (i % 7 + 1))::VARCHAR AS late
FROM range(3500) AS r(i)
"""


@pytest.fixture
def con():
    connection = sqlml.connect()
    connection.execute(_ROWS)
    yield connection
    connection.close()


def create(con, name, kind, label, query, partition=""):
    con.execute(
        f"""CREATE MODEL {name} OPTIONS (model_type='{kind}', input_label_cols=['{label}'],
            data_split_method='NO_SPLIT'{partition}) AS {query}"""
    )


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("linear_reg", "y"),
        ("boosted_tree_regressor", "y"),
        ("logistic_reg", "late"),
        ("boosted_tree_classifier", "late"),
        ("naive_bayes", "late"),
        ("poisson_regressor", "y"),
    ],
)
def test_each_part_is_the_model_of_its_rows(con, kind, label):
    create(con, "parts", kind, label, f"SELECT store, x, kind, {label} FROM sales", ", partition_by=['store']")
    for store in ("s1", "s4", "s6"):
        create(con, store, kind, label, f"SELECT x, kind, {label} FROM sales WHERE store = '{store}'")
        found = "ml_predict_proba('{}', t)['true']" if label == "late" else "ml_predict('{}', t)"
        sql = f"SELECT max(abs({found.format('parts')} - {found.format(store)})), count(*) FROM sales AS t WHERE store = '{store}'"
        difference, count = con.execute(sql).fetchone()
        assert count == 500
        assert difference < 1e-6 if kind == "logistic_reg" else difference < 1e-9


def test_the_order_of_the_rows_does_not_matter(con):
    hashes = set()
    for order in ("x, kind", "hash(x), y DESC"):
        create(
            con,
            '"in ' + order + '"',
            "boosted_tree_regressor",
            "y",
            f"SELECT store, x, kind, y FROM sales ORDER BY {order}",
            ", partition_by=['store']",
        )
        [(sha,)] = con.execute("SELECT sha256 FROM sqlml.artifacts WHERE version = 1 ORDER BY model_id").fetchall()[-1:]
        hashes.add(sha)
    found = con.execute("SELECT count(DISTINCT sha256), count(*) FROM sqlml.artifacts").fetchall()
    assert found == [(1, 2)]


def test_a_file_opened_again_scores_alike(tmp_path):
    con = sqlml.connect(tmp_path / "parts.duckdb")
    con.execute(_ROWS)
    create(
        con, "parts", "boosted_tree_regressor", "y", "SELECT store, x, kind, y FROM sales", ", partition_by=['store']"
    )
    before = con.execute("SELECT sum(ml_predict('parts', t)) FROM sales AS t").fetchone()
    con.close()
    again = sqlml.connect(tmp_path / "parts.duckdb")
    assert again.execute("SELECT sum(ml_predict('parts', t)) FROM sales AS t").fetchone() == before
    again.execute("CREATE SCHEMA other")
    again.execute("CREATE MODEL other.copied COPY parts")
    assert again.execute("SELECT count(*) FROM ML.PARTITION_INFO(MODEL other.copied)").fetchone() == (7,)
    again.execute("DROP MODEL parts")
    again.execute("DROP MODEL other.copied")
    assert again.execute("SELECT count(*) FROM sqlml.partitions").fetchone() == (0,)
    again.close()


def test_a_model_that_warms_up_cannot_be_partitioned(con):
    with pytest.raises(sqlml.ProgrammingError, match="exclude each other"):
        create(con, "m", "boosted_tree_regressor", "y", "FROM sales", ", partition_by=['store'], warm_start=TRUE")


def test_cancelled_from_another_thread(con):
    con.execute("CREATE TABLE big AS SELECT t.*, n.n FROM sales AS t, range(60) AS n(n)")
    seen = []

    def stop(progress):
        seen.append(progress.stage)
        if progress.stage == "fit":
            con.interrupt()

    con.on_progress(stop)
    with pytest.raises(sqlml.OperationalError, match="cancelled"):
        con.execute(
            """CREATE MODEL m OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['y'],
               max_iterations=50, early_stop=FALSE, partition_by=['store', 'n']) AS SELECT store, n, x, y FROM big"""
        )
    assert seen.count("fit") < 100
    con.on_progress(None)
    assert con.execute("SHOW MODELS").fetchall() == []


def test_each_thread_hears_its_own_warnings():
    heard = {}
    ready = threading.Barrier(4)

    def work(number):
        with caught_warnings() as caught:
            ready.wait()
            for _ in range(number):
                warnings.warn(f"from {number}", stacklevel=1)
            ready.wait()
        heard[number] = [str(w) for w in caught]

    before = (warnings.showwarning, list(warnings.filters))
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {n: [f"from {n}"] * n for n in range(4)}
    assert (warnings.showwarning, list(warnings.filters)) == before
