"""What notebooks show: results that stay to be fetched, cards of models, evaluations; and marimo's SQL cells."""

import datetime
import decimal
import runpy
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sqlml
from sqlml.chart_data import Bars, ConfusionMatrix, RocCurve, chart_data
from sqlml.errors import ConnectionClosed, InvalidData, InvalidOption, InvalidSql, NotFound

ROOT = Path(__file__).parent.parent.parent
NASTY = "<script>alert('1')</script>"
_VOID = {"br"}
# What may stand in what is shown: nothing that runs, nothing that is loaded.
_TAGS = {"div", "table", "thead", "tbody", "tr", "th", "td", "small", "i", "b", "br", "span", "details", "summary"}
_SVG = {"svg", "title", "text", "rect", "polyline", "g"}
PLAIN = """
SELECT i::TINYINT AS a, i AS b, (i * 1.25)::DECIMAL(9, 2) AS c, i / 3 AS d, i::FLOAT AS e, i % 2 = 0 AS f,
       CASE WHEN i % 3 > 0 THEN 't' || i END AS g, 'ab'::BLOB AS h, NULL AS "a", 255::UTINYINT AS j
FROM range(50) AS r(i)
"""
OTHER = """
SELECT i, DATE 'infinity' AS d, INTERVAL 1 MONTH AS v, md5(i::VARCHAR)::UUID AS u, '101'::BIT AS bits, {'a': i, 'b': [i]} AS s,
       TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS ns, MAP {'k': i} AS m, i::HUGEINT AS h, '10:00:00+02'::TIMETZ AS z
FROM range(50) AS r(i)
"""


class Checked(HTMLParser):
    """Reads HTML and fails where an element is open at the end, or might do something."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.seen = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in _TAGS | _SVG, tag
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("href", "src")
            assert "url(" not in value
            assert "import" not in value
        self.seen.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def loans(tmp_path_factory):
    con = sqlml.connect()
    con.execute(
        f"""CREATE TABLE loans AS
        SELECT 20 + (hash(i) % 50)::INT AS age, (hash(i + 1) % 1000)::INT AS debt,
               ['rent', '{NASTY.replace("'", "''")}', NULL][1 + i % 3] AS "ho""me",
               debt * 2 + (hash(i + 2) % 1000)::INT > 1800 AS defaulted
        FROM range(1500) AS t(i)"""
    )
    train = "OPTIONS (model_type='{}', input_label_cols=['{}'], {}) AS FROM loans"
    for name, kind, label, more in (
        ('"Ri sk"', "boosted_tree_classifier", "defaulted", "max_iterations=3"),
        ('"Ri sk"', "logistic_reg", "defaulted", "l2_reg=1"),
        ("debts", "linear_reg", "debt", "l2_reg=0"),
        ("homes", "logistic_reg", 'ho"me', "enable_global_explain=true"),
        ("keyed", "linear_reg", "debt", "partition_by=['ho\"me']"),
        ("bayes", "naive_bayes", "defaulted", "seed=1"),
    ):
        con.execute(f"CREATE OR REPLACE MODEL {name} {train.format(kind, label, more)}")
    con.execute('ALTER MODEL "Ri sk" SET ALIAS champion = 1')
    con.execute(f"""ALTER MODEL "Ri sk" SET TAGS (team = '{NASTY.replace("'", "''")}')""")
    con.execute("ALTER MODEL \"Ri sk\" VERSION 1 SET TAGS (approved = 'yes')")
    con.execute(f"""COMMENT ON MODEL "Ri sk" IS 'of {NASTY.replace("'", "''")}'""")
    con.execute("CREATE VIEW risks AS SELECT ml_predict('\"Ri sk\"', l) AS r FROM loans AS l")
    yield con
    con.close()


# ------------------------------------------------------------------------------------------------ results


def read_all(result, how):
    if how == "rows":
        return result.fetchall()
    if how == "reader":
        return result.arrow_reader(7).read_all()
    found = getattr(result, how)()
    return (found.to_dict("list"), found.dtypes.to_list()) if how == "df" else found


@pytest.mark.parametrize("query", [PLAIN, OTHER, PLAIN + "WHERE i < 3", PLAIN + "WHERE false", OTHER + "WHERE false"])
@pytest.mark.parametrize("how", ["rows", "arrow", "reader", "df"])
def test_shown_rows_are_still_fetched(con, query, how):
    if how == "df":
        # pandas knows no infinite dates and no times with a zone.
        query = f"SELECT * FROM ({query.replace('infinity', '2020-01-01').replace('::TIMETZ', '')}) AS q"
    expected = read_all(con.execute(query), how)
    shown = con.execute(query)
    assert shown._repr_html_() == shown._repr_html_()
    got = read_all(shown, how)
    if how in ("arrow", "reader"):
        assert got.schema == expected.schema
        assert got.equals(expected)
    else:
        assert repr(got) == repr(expected)


@pytest.mark.parametrize("query", [PLAIN, OTHER])
def test_shown_between_fetches_and_other_statements(con, query):
    rows = con.execute(query).fetchall()
    result = con.execute(query)
    got = [result.fetchone()]
    assert result.peek(3) == rows[1:4]
    got += result.fetchmany(2)
    assert result.peek(5) == rows[3:8]
    other = con.execute("SELECT 42")
    assert result.peek(30) == rows[3:33]
    assert other.fetchall() == [(42,)]
    got += result.fetchmany(40)
    assert result.peek(20) == rows[43:]
    assert [*got, *result] == rows
    assert result.peek(20) == []
    assert "0 rows" in result._repr_html_()


def test_a_result_without_end_is_shown(con):
    result = con.execute("SELECT i, 'x' || i AS t FROM range(1_000_000_000_000) AS r(i)")
    assert "The next 20 rows; there are more." in result._repr_html_()
    assert result.fetchone() == (0, "x0")
    result.close()
    assert "closed" in result._repr_html_()


def test_what_a_table_looks_like(con):
    result = con.execute(
        f"""SELECT 1.50 AS n, NULL AS "{NASTY}", 'NULL' AS s, true AS b, $1 AS v, [1, NULL] AS l""", [NASTY]
    )
    html = result._repr_html_()
    assert "<script" not in html
    texts = Checked(html).texts
    assert [t for t in texts if t in (NASTY, "NULL", "true", "[1, NULL]")] == [
        NASTY,
        "NULL",
        "NULL",
        "true",
        NASTY,
        "[1, NULL]",
    ]
    assert {"DECIMAL(3,2)", "1.50", "1 row"} <= set(texts)
    # NULL in italics, the text as it is; numbers to the right.
    assert html.count(">NULL</i>") == 1
    assert "text-align:right" in html.partition("1.50")[0].rpartition("<td")[2]
    markdown = con.execute("SELECT 'a|b', '<b>', '[x](y)'")._repr_markdown_()
    assert "a\\|b" in markdown
    assert "<b>" not in markdown
    assert "\\[x\\](y)" in markdown


def test_statements_without_rows(con):
    assert "OK" in con.execute("CREATE TABLE t (i INTEGER)")._repr_html_()
    inserted = con.execute("INSERT INTO t FROM range(3)")
    assert "3 rows" in inserted._repr_html_()
    assert inserted.fetchall() == [(3,)]
    cursor = con.cursor()
    assert cursor._repr_html_() is None
    assert "INTEGER" in cursor.execute("FROM t")._repr_html_()
    assert cursor.fetchall() == [(0,), (1,), (2,)]
    assert cursor.rownumber == 3


def test_rows_of_an_error_and_of_a_rollback(con):
    con.execute("BEGIN")
    con.execute("CREATE TABLE gone AS SELECT 1 AS i")
    shown = con.execute("FROM gone")
    assert "INTEGER" in shown._repr_html_()
    con.execute("ROLLBACK")
    assert shown.fetchall() == [(1,)]
    late = con.execute(
        "SELECT CAST(s AS INTEGER) AS i FROM (SELECT if(i > 5_900_000, 'x', '1') AS s FROM range(6_000_000) AS r(i))"
    )
    assert late.peek(2) == [(1,), (1,)]
    with pytest.raises(InvalidData):
        late.fetchall()
    con.execute("SELECT 1").fetchall()


def test_where_settings_are_locked(con):
    con.execute("SET lock_configuration = true")
    result = con.execute("SELECT 1::HUGEINT AS h")
    assert "not shown" in result._repr_html_()
    assert result.fetchall() == [(1,)]
    assert "<td" in con.execute("SELECT 1 AS h")._repr_html_()


def test_a_result_is_a_stream_of_arrow(con):
    import pyarrow as pa

    result = con.execute("SELECT i FROM range(3) AS r(i)")
    result._repr_html_()
    assert pa.table(result).to_pylist() == [{"i": 0}, {"i": 1}, {"i": 2}]
    result = con.execute("SELECT 1")
    result.fetchall()
    with pytest.raises(ConnectionClosed, match="fetched"):
        pa.table(result)


# ------------------------------------------------------------------------------------------------ charts


def test_charts_of_results(loans):
    for query, words in (
        ('FROM ML.ROC_CURVE(MODEL "Ri sk")', "ROC curve, area 0."),
        ('FROM ML.FEATURE_IMPORTANCE(MODEL "Ri sk"@1)', "importance_gain by feature"),
        ("FROM ML.CONFUSION_MATRIX(MODEL homes)", "Confusion matrix"),
        ("FROM ML.GLOBAL_EXPLAIN(MODEL homes)", "mean absolute attribution by feature"),
        ("FROM ML.EVALUATE(MODEL bayes)", "metrics from 0 to 1"),
        ("FROM ML.EVALUATE(MODEL debts)", "metrics from 0 to 1"),
    ):
        result = loans.execute(query)
        page = Checked(result._repr_html_())
        assert any(words in text for text in page.texts), query
        assert len(result.fetchall()) == len(loans.execute(query).fetchall())
    # The shape is not enough: half a curve is none.
    curve = 'FROM ML.ROC_CURVE(MODEL "Ri sk"), range(2000) AS r(i)'
    assert "svg" not in loans.execute(curve)._repr_html_()


def test_chart_data_of_odd_rows():
    roc = ["recall", "false_positive_rate"]
    assert chart_data(roc, []) is None
    assert chart_data(roc, [(None, 0.5), (float("nan"), 1.0), ("a", "b"), (7.0, 2.0)]) is None
    curve = chart_data(roc, [(1.0, 0.5), (0.5, 0.0)])
    assert isinstance(curve, RocCurve)
    assert curve.area == pytest.approx(0.875)
    assert chart_data(["feature", "importance_gain"], [("a", 0.0), ("b", None)]) is None
    bars = chart_data(["importance_gain", "feature"], [(1.0, None), (3.0, "b")])
    assert bars == Bars("importance_gain by feature", (("b", 3.0), ("None", 1.0)), 3.0)
    assert chart_data(["expected_label", "n"], [("a", 1)]) is None
    assert chart_data(["expected_label", "a", "b"], [("a", 1.5, decimal.Decimal(2))]) is None
    assert chart_data(["expected_label", "a", "b"], [(datetime.date(2020, 1, 1), 1, 2)]) == ConfusionMatrix(
        ("2020-01-01",), ("a", "b"), ((1, 2),)
    )
    assert chart_data([], []) is None


# ------------------------------------------------------------------------------------------------ cards


def test_card_of_what_the_name_means(loans):
    card = loans.model('"Ri sk"')
    assert (card.version, card.versions, card.model_type) == (1, (1, 2), "boosted_tree_classifier")
    assert (card.aliases, card.tags, card.model_tags) == (("champion",), {"approved": "yes"}, {"team": NASTY})
    assert (card.label, card.label_type, card.classes) == ("defaulted", "BOOLEAN", ("false", "true"))
    assert [(f.name, f.type) for f in card.features] == [("age", "INTEGER"), ("debt", "INTEGER"), ('ho"me', "VARCHAR")]
    assert card.comment == f"of {NASTY}"
    assert list(card.sources) == ["memory.main.loans"]
    assert any("risks" in name for name in card.dependents)
    assert card.options["max_iterations"] == "3"
    [row] = loans.execute('FROM ML.EVALUATE(MODEL "Ri sk"@1)').pl().to_dicts()
    assert card.metrics == pytest.approx(row)
    assert card.evaluation().metrics == row
    page = Checked(card._repr_html_())
    for words in (
        "Ri sk",
        "champion",
        "approved: yes",
        "Confusion matrix",
        "importance_gain by feature",
        "max_iterations",
    ):
        assert any(words in text for text in page.texts), words
    assert "<script" not in card._repr_html_() + card._repr_markdown_()
    assert repr(card).startswith("<sqlml.ModelCard Ri sk@1, boosted_tree_classifier, accuracy=0.")
    assert "aliases" in str(card)


def test_cards_of_versions(loans):
    two = loans.model('"Ri sk"', version=2)
    assert two.model_type == "logistic_reg"
    assert two.aliases == ()
    assert two.importances.title == "absolute standardised weight by input"
    assert loans.model('"Ri sk"@2') == two
    assert loans.model('main."Ri sk"', alias="Champion").version == 1
    assert loans.model("Ri sk").version == 1
    for arguments in ({"version": 2, "alias": "champion"}, {"version": "2"}, {"version": True}):
        with pytest.raises(InvalidOption):
            loans.model("Ri sk", **arguments)
    with pytest.raises(InvalidOption, match="more than once"):
        loans.model('"Ri sk"@2', version=1)
    with pytest.raises(NotFound):
        loans.model('"Ri sk"', version=9)
    with pytest.raises(NotFound):
        loans.model("Ri sk", alias="nobody")
    with pytest.raises(NotFound, match="homes") as error:
        loans.model("homez")
    assert "homes" in error.value.hint


@pytest.mark.parametrize("name", ["debts", "homes", "keyed", "bayes"])
def test_cards_of_other_models(loans, name):
    card = loans.model(name)
    page = Checked(card._repr_html_())
    assert name in page.texts
    assert card._repr_markdown_()
    assert str(card)
    assert card.partitions == ({"TRAINED": 3} if name == "keyed" else {})


def test_card_stays_as_it_was_made(con):
    con.execute("CREATE TABLE t AS SELECT i AS x, 2.0 * i AS y FROM range(100) AS r(i)")
    con.execute("BEGIN")
    con.execute("CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM t")
    open_result = con.execute("FROM t")
    card = con.model("m")
    assert len(open_result.fetchall()) == 100
    shown = card._repr_html_()
    con.execute("ROLLBACK")
    assert card._repr_html_() == shown
    with pytest.raises(NotFound):
        con.model("m")
    con.close()
    assert card._repr_html_() == shown
    with pytest.raises(ConnectionClosed):
        con.model("m")


def test_cards_of_models_that_were_not_evaluated(con):
    con.execute("CREATE TABLE t AS SELECT i AS x, 2.0 * i AS y FROM range(20) AS r(i)")
    con.execute(
        "CREATE MODEL scaled TRANSFORM (ML.STANDARD_SCALER(x) OVER () AS z) OPTIONS (model_type='transform_only') AS SELECT x FROM t"
    )
    con.register_model("plus", lambda rows: rows["x"] + 1.0, example={"x": [1.0]}, label="y", task="regression")
    for name in ("scaled", "plus"):
        card = con.model(name)
        assert card.held_out is None
        assert not card.metrics
        assert any("not evaluated" in text for text in Checked(card._repr_html_()).texts)
    with pytest.raises(NotFound, match="held-out"):
        con.model("plus").evaluation()
    assert con.model("plus").evaluation("t").metrics["mean_absolute_error"] == pytest.approx(8.6)


# ------------------------------------------------------------------------------------------------ evaluations


def test_evaluation_of_rows(loans):
    card = loans.model('"Ri sk"')
    found = card.evaluation("SELECT * FROM loans WHERE age > 30", threshold=0.3)
    [row] = (
        loans.execute(
            'FROM ML.EVALUATE(MODEL "Ri sk"@1, (SELECT * FROM loans WHERE age > 30), STRUCT(0.3 AS threshold))'
        )
        .pl()
        .to_dicts()
    )
    assert found.metrics == row
    counted = loans.execute("SELECT count(*) FROM loans WHERE age > 30").fetchall()[0][0]
    assert sum(map(sum, found.confusion.counts)) == counted
    assert found.predictions is None
    page = Checked(found._repr_html_())
    assert any("ROC curve" in text for text in page.texts)
    assert "roc\\_auc" in found._repr_markdown_()
    assert repr(found).startswith("<sqlml.Evaluation Ri sk@1, the rows given")


@pytest.mark.parametrize("name", ["debts", "keyed"])
def test_evaluation_of_a_regression(loans, name):
    found = loans.model(name).evaluation("main.loans")
    residuals = f"SELECT debt - ml_predict('{name}', l) AS r FROM loans AS l"
    [(median,)] = loans.execute(f"SELECT median(r) FROM ({residuals})").fetchall()
    assert found.predictions.residuals["median"] == pytest.approx(median)
    [(answered,)] = loans.execute(f"SELECT count(r) FROM ({residuals})").fetchall()
    assert sum(n for _, _, n in found.predictions.squares) == answered
    assert all(0 <= x < 30 and 0 <= y < 30 for x, y, _ in found.predictions.squares)
    assert any("Predicted against label" in text for text in Checked(found._repr_html_()).texts)


def test_evaluation_of_odd_rows(loans):
    card = loans.model("debts")
    named = card.evaluation("SELECT *, 1 AS predicted_debt, 'x' AS r FROM loans")
    assert named == card.evaluation("loans")
    one = card.evaluation("SELECT * FROM loans LIMIT 1")
    assert len(one.predictions.squares) == 1
    Checked(one._repr_html_())
    none = card.evaluation("SELECT * FROM loans WHERE false")
    assert none.predictions.squares == ()
    Checked(none._repr_html_())
    Checked(loans.model('"Ri sk"').evaluation("SELECT * FROM loans WHERE false")._repr_html_())
    with pytest.raises(InvalidOption, match="SQL") as error:
        card.evaluation(loans.execute("FROM loans").pl())
    assert "register" in error.value.hint
    with pytest.raises(InvalidSql):
        card.evaluation("SELECT FROM WHERE")
    with pytest.raises(InvalidOption, match="neither"):
        card.evaluation("DROP TABLE loans")
    with pytest.raises(NotFound, match="debt"):
        card.evaluation("SELECT age FROM loans")
    with pytest.raises(InvalidOption):
        loans.model("Ri sk").evaluation("loans", threshold="high")


# ------------------------------------------------------------------------------------------------ front ends


def test_ipython_takes_the_richest(loans):
    from IPython.core.interactiveshell import InteractiveShell

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        formatter = InteractiveShell().display_formatter
        for value in (loans.execute("SELECT 1 AS one"), loans.model("debts"), loans.model("debts").evaluation()):
            data, _ = formatter.format(value)
            assert set(data) == {"text/plain", "text/html", "text/markdown"}


def test_marimo_app():
    """SQL cells, run as marimo runs them, without a browser."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = runpy.run_path(str(ROOT / "examples" / "marimo_app.py"))["app"]
        _, values = app.run()
        assert values["scored"]["fare"].to_list() == [97.0, 99.0]
        values["engine"].dispose()
