"""partition_by: each part is what CREATE MODEL makes of its rows alone, in any order, however many threads."""

from __future__ import annotations

import threading
import warnings

import pytest
import sqlglot

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


@pytest.mark.parametrize(
    ("kind", "label", "more"),
    [
        ("linear_reg", "y", ""),
        ("poisson_regressor", "y", ""),
        ("logistic_reg", "late", ", l2_reg=1"),
        ("naive_bayes", "late", ""),
        ("boosted_tree_classifier", "late", ", max_iterations=2, num_leaves=4"),
    ],
)
def test_other_engines_score_parts(con, tmp_path, kind, label, more):
    """Exported to each dialect and read back; a key that has no model has no answer."""
    con.execute("UPDATE sales SET store = NULL WHERE store = 's2'; UPDATE sales SET store = 'it''s' WHERE store = 's5'")
    create(
        con,
        "parts",
        kind,
        label,
        f"SELECT store, kind, x, {label} FROM sales",
        f", partition_by=['store', 'kind']{more}",
    )
    con.execute("INSERT INTO sales SELECT 'new', x, kind, y, late FROM sales LIMIT 5")
    con.execute("INSERT INTO sales SELECT store, x, NULL, y, late FROM sales LIMIT 5")
    con.execute("CREATE TABLE rows_in AS SELECT row_number() OVER () AS id, * FROM sales")

    def asked(what, source="rows_in AS t"):
        return con.execute(f"SELECT {what} FROM {source} ORDER BY id").fetchall()

    assert [m.form for m in con.plan("SELECT ml_predict('parts', t) FROM rows_in AS t").models] == ["sql"]
    answers = "ml_predict('parts', t)" if label == "y" else "ml_predict_proba('parts', t)['true']"
    expected = asked(f"ml_predict('parts', t), {answers}")
    unanswered = [e for e in expected if None in e]
    assert unanswered == [(None, None)] * len(unanswered)
    assert 10 <= len(unanswered) < 1000
    plain = "parts(t), parts(t)" if label == "y" else "parts(t).label, parts(t).probs['true']"
    assert _close(asked(plain), expected)
    # What the kernel says: inputs that are a subquery are not computed twice.
    kernel = answers.replace(" t)", " store := store, kind := kind, x := (SELECT t.x))")
    assert "sqlml_predict" in con.plan(f"SELECT {kernel} FROM rows_in AS t").sql
    assert _close(asked(f"ml_predict('parts', t), {kernel}"), expected)
    chosen = "predicted_y, predicted_y" if label == "y" else 'predicted_late, "probability_true"'
    for dialect in ("bigquery", "duckdb", "postgres", "snowflake", "spark"):
        path = tmp_path / f"{dialect}.sql"
        con.execute(f"EXPORT MODEL parts TO '{path}' (DIALECT '{dialect}', SOURCE 'rows_in')")
        [tree] = (t for t in sqlglot.parse(path.read_text(), read=dialect) if t)
        assert _close(asked(chosen, f"({tree.sql(dialect='duckdb')})"), expected), dialect


def _close(found, expected):
    return len(found) == len(expected) and all(
        a == b if isinstance(b, str) or b is None else a == pytest.approx(b, rel=1e-12, abs=1e-12)
        for row, wanted in zip(found, expected, strict=True)
        for a, b in zip(row, wanted, strict=True)
    )
