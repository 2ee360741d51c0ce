"""sqlml.load: the functions of sqlml on a DuckDB connection of the user's own."""

import subprocess
import sys
import textwrap
import threading

import duckdb
import pytest

import sqlml
from sqlml.engine import Database
from sqlml.errors import AlreadyExists, ConnectionClosed, InvalidOption, NewerFile, PermissionDenied
from sqlml.functions import FUNCTIONS
from sqlml.functions.base import Function, Preprocessing
from sqlml.gate import Gate
from sqlml.loading import SCALARS, TABLES

ROWS = "CREATE TABLE t AS SELECT i AS x, 2 * i + 1 AS y, i % 2 = 0 AS even, 'c' || (i % 3) AS c FROM range(60) AS r(i)"
LINE = "SELECT ml_train('line', 'SELECT x, y FROM t', {'model_type': 'linear_reg', 'input_label_cols': ['y']}) AS r"
TREES = (
    "SELECT ml_train('trees', 't', {'model_type': 'boosted_tree_classifier', 'input_label_cols': ['even'], "
    "'max_iterations': 3}) AS r"
)


@pytest.fixture
def duck():
    con = duckdb.connect()
    con.execute(ROWS)
    yield con
    con.close()


def all_of(con, sql, params=None):
    return con.execute(sql, params).fetchall() if params else con.execute(sql).fetchall()


def refused(con, sql):
    with pytest.raises(duckdb.Error) as caught:
        con.execute(sql).fetchall()
    return str(caught.value)


def test_trains_and_asks(duck):
    sqlml.load(duck)
    [(line,)] = all_of(duck, LINE)
    assert (line["model"], line["version"], round(line["metrics"]["r2_score"], 6)) == ("line", 1, 1.0)
    assert "its own" in line["transaction"]
    all_of(duck, TREES)
    assert all_of(duck, "SELECT ml_predict('line', t)::DECIMAL(18, 6)::DOUBLE FROM t LIMIT 3") == [
        (1.0,),
        (3.0,),
        (5.0,),
    ]
    assert all_of(duck, "SELECT ml_predict('line', {'x': ?})::DECIMAL(18, 6)::DOUBLE", [7]) == [(15.0,)]
    [(kind, inner)] = all_of(
        duck, "SELECT typeof(p), variant_typeof(p) FROM (SELECT ml_predict('trees', t) AS p FROM t LIMIT 1)"
    )
    assert (kind, inner) == ("VARIANT", "BOOL_TRUE") or kind == "VARIANT"
    # The macros of the models have types, those of trees too.
    [(number, label)] = all_of(duck, "SELECT typeof(line(t)), typeof(trees(t).label) FROM t LIMIT 1")
    assert (number, label) == ("DOUBLE", "BOOLEAN")
    asked = "SELECT count(*) FILTER (ml_predict('trees', t)::BOOLEAN = trees(t).label), count(*) FROM t"
    assert all_of(duck, asked) == [(60, 60)]


def test_scalars_are_those_of_a_connection(duck):
    con = sqlml.load(duck)
    all_of(duck, LINE)
    all_of(duck, TREES)
    for ours, plain in [
        ("ml_predict('trees', t, threshold => 0.9)", "ml_predict('trees', t, {'threshold': 0.9})"),
        ("ml_predict_proba('trees', t)[true]", "CAST(ml_predict_proba('trees', t) AS MAP(BOOLEAN, DOUBLE))[true]"),
        (
            "ml_explain_predict('line', t).prediction_value",
            "ml_explain_predict('line', t).prediction_value::DOUBLE",
        ),
    ]:
        rows = con.execute(f"SELECT x, {ours} FROM t ORDER BY x").fetchall()
        assert all_of(duck, f"SELECT x, {plain} FROM t ORDER BY x") == rows


@pytest.mark.parametrize(
    ("plain", "ours"),
    [
        ("ml_evaluate('line')", "ML.EVALUATE(MODEL line)"),
        ("ml_evaluate('trees', 't', {'threshold': 0.3})", "ML.EVALUATE(MODEL trees, TABLE t, STRUCT(0.3 AS threshold))"),
        ("ml_evaluate('trees', data := 'SELECT * FROM t WHERE x > 5')", "ML.EVALUATE(MODEL trees, (SELECT * FROM t WHERE x > 5))"),
        ("ml_predict('trees', 't')", "ML.PREDICT(MODEL trees, TABLE t)"),
        ("ml_roc_curve('trees', 't', {'thresholds': [0.2, 0.5]})", "ML.ROC_CURVE(MODEL trees, TABLE t, [0.2, 0.5])"),
        ("ml_confusion_matrix('trees')", "ML.CONFUSION_MATRIX(MODEL trees)"),
        ("ml_weights('line')", "ML.WEIGHTS(MODEL line)"),
        ("ml_feature_info('trees')", "ML.FEATURE_INFO(MODEL trees)"),
        ("ml_explain_predict('line', 't')", "ML.EXPLAIN_PREDICT(MODEL line, TABLE t)"),
        ("ml_describe_data('t')", "ML.DESCRIBE_DATA(TABLE t)"),
        ("ml_correlation('SELECT x, y FROM t', {'target_col': 'y', 'target_correlation_cols': ['x']})", "ML.CORRELATION((SELECT x, y FROM t), STRUCT('y' AS target_col, ['x'] AS target_correlation_cols))"),
    ],
)  # fmt: skip
def test_table_functions_are_those_of_a_connection(trained, plain, ours):
    duck, con = trained
    expected = con.execute(f"SELECT * FROM {ours}")
    names, rows = [c[0] for c in expected.description], expected.fetchall()
    found = duck.execute(f"FROM {plain}")
    assert [c[0] for c in found.description] == names
    assert sorted(map(str, found.fetchall())) == sorted(map(str, rows))


@pytest.fixture(scope="module")
def trained():
    duck = duckdb.connect()
    duck.execute(ROWS)
    con = sqlml.load(duck)
    all_of(duck, LINE)
    all_of(duck, TREES)
    yield duck, con
    con.close()
    duck.close()


def test_every_function_of_a_model_is_there(trained):
    found = {name for name, in trained[0].execute(
        "SELECT function_name FROM duckdb_functions() WHERE database_name = 'temp' AND NOT internal").fetchall()}  # fmt: skip
    assert found == {*SCALARS, *TABLES, "sqlml_loaded"}
    others = [f for f in FUNCTIONS if not isinstance(f, Preprocessing)]
    assert {f.name for f in others if type(f).table is not Function.table} - {"ml_lineage"} == set(TABLES)
    assert {f.name for f in others if type(f).scalar is not Function.scalar} | {"ml_train"} == set(SCALARS)


@pytest.mark.parametrize(
    ("sql", "says", "state"),
    [
        ("SELECT ml_predict('lime', t) FROM t", 'Did you mean "line"?', "42704"),
        ("SELECT ml_predict(NULL, t) FROM t", "Hint: Write 'name'.", "22023"),
        ("SELECT ml_predict('line', 5)", "takes a row or a struct", "22023"),
        ("SELECT ml_predict('line', {'z': 1})", "x", "42704"),
        ("SELECT ml_predict('line', t, {'treshold': 1}) FROM t", "treshold", "22023"),
        ("SELECT ml_predict('line', t, 3) FROM t", "They are a struct", "22023"),
        ("SELECT ml_train('a', 't')", "needs a model_type", "22023"),
        ("SELECT ml_train('a', 't', {'model_type': 'linear_re'})", 'Did you mean "linear_reg"?', "42704"),
        ("SELECT ml_train('a', 't', 'linear_reg')", "They are a struct", "22023"),
        ("SELECT ml_train(NULL, 't')", "needs the name of the model", "22023"),
        ("SELECT ml_train('a', NULL)", "needs a query", "22023"),
        ("SELECT ml_train('a', 'nowhere', {'model_type': 'linear_reg', 'input_label_cols': ['y']})", "nowhere", "42704"),
        ("FROM ml_evaluate('lime')", 'Did you mean "line"?', "42704"),
        ("FROM ml_evaluate('line', 'nowhere')", "nowhere", "42704"),
        ("FROM ml_evaluate('line', 'SELECT (')", "Hint", "42601"),
        ("FROM ml_evaluate('line', 7)", "takes its rows as text", "22023"),
    ],
)  # fmt: skip
def test_errors_have_message_hint_and_sqlstate(trained, sql, says, state):
    text = refused(trained[0], sql)
    assert says in text
    assert f"SQLSTATE: {state}" in text


def test_many_rows_many_models_and_nulls(trained):
    duck, _ = trained
    big = "SELECT CASE WHEN i % 10 > 0 THEN i END AS x FROM range(30000) AS r(i)"
    assert all_of(
        duck, f"SELECT sum(ml_predict('line', b)::DECIMAL(18, 6)::DOUBLE), count(*) FROM ({big}) AS b"
    ) == all_of(duck, f"SELECT sum(predicted_y), count(*) FROM ml_predict('line', '{big}')")
    both = "SELECT k, ml_predict(k, {'x': i})::DECIMAL(18, 6)::DOUBLE FROM range(3) AS r(i), (VALUES ('line'), ('line@1')) AS v(k) ORDER BY ALL"
    assert all_of(duck, both) == [(k, 2.0 * i + 1) for k in ("line", "line@1") for i in range(3)]
    text = refused(duck, "SELECT ml_predict(k, t) FROM t, (VALUES ('line'), ('trees')) AS v(k)")
    assert "different types: bool, double" in text
    assert all_of(duck, "SELECT ml_predict('line', t) FROM t WHERE false") == []


def test_it_sees_what_is_committed(duck):
    con = sqlml.load(duck)
    all_of(duck, LINE)
    duck.execute("BEGIN")
    duck.execute("INSERT INTO t SELECT 1000, 0, true, 'c' FROM range(500)")
    again = LINE.replace("'y']", "'y'], 'replace': true")
    [(row,)] = all_of(duck, again)
    assert (row["version"], round(row["metrics"]["r2_score"], 6)) == (2, 1.0)
    # The rows of a table function are those of the statement it stands in.
    assert all_of(duck, "SELECT count(*) FROM ml_predict('line@1', 't')") == [(560,)]
    duck.execute("ROLLBACK")
    con.execute("BEGIN")
    con.execute("CREATE MODEL open OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT x, y FROM t")
    assert 'no model "open"' in refused(duck, "SELECT ml_predict('open', t) FROM t")
    con.execute("COMMIT")
    assert all_of(duck, "SELECT ml_predict('open', t)::DECIMAL(18, 6)::DOUBLE FROM t LIMIT 1") == [(1.0,)]


def test_a_new_version_answers_from_the_next_statement_on(duck):
    sqlml.load(duck)
    all_of(duck, LINE)
    assert all_of(duck, "SELECT ml_predict('line', {'x': 1})::DECIMAL(18, 6)::DOUBLE") == [(3.0,)]
    all_of(duck, LINE.replace("x, y FROM", "x, 10 * y AS y FROM").replace("'y']", "'y'], 'replace': true"))
    assert all_of(duck, "SELECT round(ml_predict('line', {'x': 1})::DECIMAL(18, 6)::DOUBLE, 6)") == [(30.0,)]


def test_loading_waits_for_no_transaction(duck):
    duck.execute("BEGIN")
    with pytest.raises(InvalidOption, match="in a transaction"):
        sqlml.load(duck)
    duck.execute("ROLLBACK")
    sqlml.load(duck)
    duck.execute("BEGIN")
    sqlml.load(duck)
    all_of(duck, LINE)
    duck.execute("ROLLBACK")
    assert all_of(duck, "SELECT ml_predict('line', {'x': 1})::DECIMAL(18, 6)::DOUBLE") == [(3.0,)]


def test_twice_and_on_cursors(duck):
    first, second = sqlml.load(duck), sqlml.load(duck)
    assert first.session.database.database is second.session.database.database
    cursor = duck.cursor()
    assert "ml_train" in refused(cursor, LINE)
    sqlml.load(cursor)
    all_of(cursor, LINE)
    cursor.close()
    assert all_of(duck, "SELECT ml_predict('line', {'x': 1})::DECIMAL(18, 6)::DOUBLE") == [(3.0,)]
    first.close()
    second.close()
    assert all_of(duck, "SELECT ml_predict('line', {'x': 1})::DECIMAL(18, 6)::DOUBLE") == [(3.0,)]
    assert sqlml.load(duck).execute("SELECT round(ml_predict('line', x := 1), 6)").fetchall() == [(3.0,)]


def test_in_a_thread(duck):
    found = []

    def work():
        cursor = duck.cursor()
        sqlml.load(cursor)
        all_of(cursor, LINE)
        found.extend(all_of(cursor, "SELECT sum(ml_predict('line', t)::DECIMAL(18, 6)::DOUBLE) FROM t"))

    threads = [threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(3600.0,)]


def test_settings_stay(duck):
    names = ["errors_as_json", "python_enable_replacements", "arrow_lossless_conversion", "search_path", "TimeZone"]
    before = [all_of(duck, f"SELECT current_setting('{name}')") for name in names]
    con = sqlml.load(duck)
    all_of(duck, LINE)
    con.execute("SELECT uuid()").arrow()
    assert [all_of(duck, f"SELECT current_setting('{name}')") for name in names] == before
    frame = duck.sql("SELECT 1 AS a").to_arrow_table()  # noqa: F841 - DuckDB finds it
    assert duck.sql("SELECT a FROM frame").fetchall() == [(1,)]


def test_search_path_and_attached_databases(tmp_path):
    duck = duckdb.connect()
    duck.execute(f"ATTACH '{tmp_path}/shop.db' AS shop; CREATE SCHEMA shop.own; USE shop.own")
    duck.execute(ROWS)
    con = sqlml.load(duck)
    all_of(duck, LINE)
    assert con.execute("SHOW MODELS").fetchall()[0][:3] == ("shop", "own", "line")
    assert all_of(duck, "SELECT ml_predict('shop.own.line', t)::DECIMAL(18, 6)::DOUBLE FROM t LIMIT 1") == [(1.0,)]
    duck.execute("USE memory")
    assert "no model" in refused(duck, "SELECT ml_predict('line', {'x': 1})")
    assert all_of(duck, "SELECT round(r2_score, 6) FROM ml_evaluate('shop.own.line', 'shop.own.t')") == [(1.0,)]
    duck.close()


def test_files(tmp_path):
    path = str(tmp_path / "shop.db")
    with duckdb.connect(path) as duck:
        duck.execute(ROWS)
        sqlml.load(duck)
        assert all_of(duck, "SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'sqlml'") == [(0,)]
        all_of(duck, LINE)
        all_of(duck, TREES)
    with duckdb.connect(path, read_only=True) as duck:
        con = sqlml.load(duck)
        assert all_of(
            duck, "SELECT ml_predict('line', {'x': 1})::DECIMAL(18, 6)::DOUBLE, trees(t).label IS NULL FROM t LIMIT 1"
        ) == [(3.0, False)]
        assert "SQLSTATE: 25006" in refused(duck, LINE.replace("'line'", "'other'"))
        con.close()
    # Nobody keeps the file open.
    done = subprocess.run(
        [sys.executable, "-c", f"import duckdb; duckdb.connect({path!r}).execute('DROP TABLE t')"], check=False
    )
    assert done.returncode == 0


def test_connect_and_load_share_a_file(tmp_path):
    path = str(tmp_path / "shop.db")
    own = sqlml.connect(path)
    duck = duckdb.connect(path)
    duck.execute(ROWS)
    con = sqlml.load(duck)
    assert con.session.database.database is own.session.database.database
    all_of(duck, TREES)
    own.close()
    con.close()
    # The functions outlive the connection that registered them.
    assert len(all_of(duck, "SELECT trees(t), ml_predict('trees', t) FROM t")) == 60
    again = sqlml.connect(path)
    assert len(again.execute("SELECT ml_predict('trees', t) FROM t").fetchall()) == 60
    again.close()
    duck.close()
    last = sqlml.connect(path, read_only=True)
    assert len(last.execute("SELECT ml_predict('trees', t) FROM t").fetchall()) == 60
    last.close()


def test_closed_first(tmp_path):
    path = str(tmp_path / "shop.db")
    duck = duckdb.connect(path)
    duck.execute(ROWS)
    con = sqlml.load(duck)
    all_of(duck, LINE)
    duck.close()
    with pytest.raises(ConnectionClosed) as caught:
        con.execute("SELECT ml_predict('line', x := 1)")
    assert "sqlml.load" in caught.value.hint
    with sqlml.connect(path) as fresh:
        assert fresh.execute("SELECT round(ml_predict('line', x := 1), 6)").fetchall() == [(3.0,)]
    fresh.close()
    con.close()
    with pytest.raises(ConnectionClosed):
        sqlml.load(duck)


def test_functions_of_the_users_own_are_not_replaced(duck):
    duck.execute("CREATE MACRO ml_evaluate(x) AS x")
    with pytest.raises(AlreadyExists, match=r'"memory\.main\.ml_evaluate"'):
        sqlml.load(duck)
    assert "ml_train" in refused(duck, LINE)
    duck.execute("DROP MACRO ml_evaluate; CREATE TEMP MACRO ml_Predict(x) AS x")
    with pytest.raises(AlreadyExists, match="ml_predict"):
        sqlml.load(duck)
    duck.execute("DROP MACRO ml_predict")
    sqlml.load(duck)
    assert all_of(duck, LINE)


@pytest.mark.parametrize("wrong", [None, "shop.db", duckdb])
def test_what_is_no_connection(wrong):
    with pytest.raises(InvalidOption, match="takes a DuckDB connection"):
        sqlml.load(wrong)


def test_a_newer_file_is_refused(duck):
    sqlml.load(duck)
    all_of(duck, LINE)
    duck.execute("INSERT INTO sqlml.migrations VALUES (9999, 'later', now()::TIMESTAMP)")
    with pytest.raises(NewerFile):
        sqlml.load(duck)


def test_the_gate_decides_who_may_load():
    Gate("somebody").authorise_load("shop")
    with pytest.raises(PermissionDenied, match="LOAD on database shop"):
        Gate("").authorise_load("shop")


def test_nothing_is_left_behind():
    duck = duckdb.connect()
    sqlml.load(duck)
    database = sqlml.load(duck).session.database.database
    assert database.users == 0
    assert isinstance(database, Database)
    duck.close()


@pytest.mark.parametrize("last", ["", "duck.close()"])
def test_the_process_ends_quietly(tmp_path, last):
    code = f"""
    import duckdb, sqlml
    duck = duckdb.connect()
    duck.execute({ROWS!r})
    con = sqlml.load(duck)
    duck.execute({LINE!r}).fetchall()
    assert duck.execute("SELECT ml_predict('line', t)::DECIMAL(18, 6)::DOUBLE FROM t LIMIT 1").fetchall() == [(1.0,)]
    {last}
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
