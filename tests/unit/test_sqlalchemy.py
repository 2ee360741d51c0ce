"""The SQLAlchemy dialect: what its own test suite does not ask, and what is ours."""

from __future__ import annotations

import datetime
import decimal
import subprocess
import sys
import threading
import uuid
import warnings

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy import orm

import sqlml
from sqlml.sqlalchemy import (
    ARRAY,
    BIGNUM,
    BIT,
    HUGEINT,
    LIST,
    MAP,
    STRUCT,
    TIMESTAMP_NS,
    UBIGINT,
    UNION,
    UTINYINT,
    insert,
    models,
)


@pytest.fixture
def engine():
    made = sa.create_engine("sqlml:///:memory:")
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def fares():
    made = sa.create_engine("sqlml:///:memory:")
    with made.begin() as con:
        con.execute(
            sa.text("CREATE TABLE trips AS SELECT i AS id, i * 1.0 AS km, 2.0 * i + 1 AS fare FROM range(50) r(i)")
        )
        con.execute(sa.text("CREATE SCHEMA lab"))
        for name in ("fare", 'lab."Fa re"'):
            con.execute(
                sa.text(
                    f"CREATE MODEL {name} OPTIONS (model_type='linear_reg', input_label_cols=['fare'])"
                    " AS SELECT km, fare FROM trips"
                )
            )
    yield made
    made.dispose()


ROUND_TRIPS = [
    (HUGEINT, 2**120, "HUGEINT"),
    (BIGNUM, 7, "BIGNUM"),
    (UTINYINT, 255, "UTINYINT"),
    (UBIGINT, 2**64 - 1, "UBIGINT"),
    (sa.Uuid, uuid.UUID(int=5), "UUID"),
    (sa.JSON, {"a": [1, None, "x"]}, "JSON"),
    (LIST(sa.Integer), [1, None, 3], "INTEGER[]"),
    (sa.ARRAY(sa.Integer, dimensions=2), [[1], [2, 3]], "INTEGER[][]"),
    (ARRAY(sa.REAL, 3), (1.0, 2.0, 3.0), "REAL[3]"),
    (
        STRUCT({"a": sa.Integer, 'b "c"': LIST(sa.String)}),
        {"a": 1, 'b "c"': ["x"]},
        'STRUCT(a INTEGER, "b ""c""" VARCHAR[])',
    ),
    (MAP(sa.String, sa.Numeric(5, 2)), {"a": decimal.Decimal("1.25")}, "MAP(VARCHAR, DECIMAL(5, 2))"),
    (UNION({"n": sa.Integer, "s": sa.String}), 4, "UNION(n INTEGER, s VARCHAR)"),
    (sa.Enum("on", "it's", name="state"), "it's", "ENUM('on', 'it''s')"),
    (sa.Interval, datetime.timedelta(days=3, seconds=5), "INTERVAL"),
    (sa.Numeric(20, 4), decimal.Decimal("123456789012.5678"), "DECIMAL(20, 4)"),
    (sa.Float, 0.1 + 0.2, "DOUBLE"),
    (sa.LargeBinary, b"\x00\xff", "BLOB"),
    (BIT, "0101", "BIT"),
    (TIMESTAMP_NS, datetime.datetime(2024, 1, 2, 3, 4, 5, 6), "TIMESTAMP_NS"),
    (sa.Time, datetime.time(1, 2, 3, 4), "TIME WITHOUT TIME ZONE"),
]


@pytest.mark.parametrize(("kind", "value", "name"), ROUND_TRIPS, ids=[name for _, _, name in ROUND_TRIPS])
def test_types_go_both_ways(engine, kind, value, name):
    table = sa.Table("t", sa.MetaData(), sa.Column("v", kind))
    table.create(engine)
    with engine.begin() as con:
        con.execute(table.insert(), [{"v": value}, {"v": None}])
        assert con.execute(sa.select(table.c.v)).scalars().all() == [value, None]
        assert con.execute(sa.select(table.c.v).where(table.c.v == value)).scalar() == value
    reflected = sa.Table("t", sa.MetaData(), autoload_with=engine)
    # Reflected and made again, it is the same.
    assert reflected.c.v.type.compile(engine.dialect) == name
    table.drop(engine)
    reflected.create(engine)


def test_a_time_with_a_zone_keeps_its_instant(engine):
    noon = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    table = sa.Table("t", sa.MetaData(), sa.Column("at", sa.DateTime(timezone=True)))
    table.create(engine)
    with engine.begin() as con:
        con.execute(table.insert(), {"at": noon})
        assert con.execute(sa.select(table.c.at)).scalar() == noon


def test_everything_is_reflected(engine):
    metadata = sa.MetaData()
    sa.Table(
        "parent",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, comment="its number"),
        sa.Column("Code", sa.String, unique=True, nullable=False),
        sa.Column("twice", sa.Integer, sa.Computed("id * 2")),
        sa.Column("n", sa.Integer, server_default="5"),
        sa.CheckConstraint("n > 0"),
        comment="the parents",
    )
    child = sa.Table(
        "child", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("parent.id")), sa.Column("x", sa.Integer)
    )
    sa.Index("by_x", child.c.x, child.c.x + 1, unique=True)
    metadata.create_all(engine)
    with engine.begin() as con:
        con.execute(sa.text("CREATE VIEW v AS SELECT * FROM parent"))
    with engine.begin() as con:
        con.execute(sa.text('ATTACH \':memory:\' AS "o.ther"; CREATE TABLE "o.ther".t (a INTEGER)'))
    seen = sa.inspect(engine)
    assert seen.get_table_names() == ["child", "parent"]
    assert seen.get_view_names() == ["v"]
    assert seen.get_view_definition("v").startswith("CREATE VIEW v")
    assert seen.get_schema_names() == ["main", '"o.ther".main']
    assert seen.get_table_names('"o.ther".main') == ["t"]
    assert seen.get_columns("T", '"o.ther".main')[0]["name"] == "a"
    assert seen.get_pk_constraint("parent")["constrained_columns"] == ["id"]
    assert seen.get_unique_constraints("parent")[0]["column_names"] == ["Code"]
    assert seen.get_check_constraints("parent")[0]["sqltext"] == "n > 0"
    [key] = seen.get_foreign_keys("child")
    assert (key["constrained_columns"], key["referred_table"], key["referred_columns"]) == (["id"], "parent", ["id"])
    [index] = seen.get_indexes("child")
    assert (index["name"], index["unique"], index["column_names"]) == ("by_x", True, ["x", None])
    assert seen.get_table_comment("parent") == {"text": "the parents"}
    by_name = {column["name"]: column for column in seen.get_columns("parent")}
    assert by_name["id"]["comment"] == "its number"
    assert by_name["n"]["default"] == "'5'"
    assert "computed" in by_name["twice"]
    with pytest.raises(sa.exc.NoSuchTableError):
        seen.get_columns("nothing")
    with pytest.raises(sa.exc.NoSuchTableError):
        seen.get_columns("parent", "no_schema")


def test_a_reflected_schema_can_be_made_elsewhere(engine):
    metadata = sa.MetaData()
    sa.Table("o'dd name", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("b", sa.String))
    metadata.create_all(engine)
    seen = sa.MetaData()
    seen.reflect(engine)
    other = sa.create_engine("sqlml://")
    seen.create_all(other)
    table = seen.tables["o'dd name"]
    with other.begin() as con:
        assert con.execute(table.insert(), {"b": "x"}).inserted_primary_key == (1,)
    seen.drop_all(engine)
    assert sa.inspect(engine).get_sequence_names() == []


class Base(orm.DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    orders: orm.Mapped[list[Order]] = orm.relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "order"
    id: orm.Mapped[int] = orm.mapped_column(sa.Identity(start=100), primary_key=True)
    customer_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("customer.id"))
    customer: orm.Mapped[Customer] = orm.relationship(back_populates="orders")


def test_orm(engine):
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([Customer(name=f"c{i}", orders=[Order(), Order()]) for i in range(20)])
        session.commit()
        loaded = session.scalars(
            sa.select(Customer).options(orm.selectinload(Customer.orders)).order_by(Customer.id)
        ).all()
        assert [c.name for c in loaded] == [f"c{i}" for i in range(20)]
        assert sorted(o.id for c in loaded for o in c.orders) == list(range(100, 140))
        with pytest.raises(sa.exc.CompileError, match="FOR UPDATE"):
            session.execute(sa.select(Customer).with_for_update())
        with pytest.raises(sqlml.NotSupportedError, match="savepoints"):
            session.connection().begin_nested()


def test_on_conflict_returning_and_executemany(engine):
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.String))
    table.create(engine)
    with engine.begin() as con:
        rows = [{"id": i, "x": str(i)} for i in range(3000)]
        assert con.execute(table.insert(), rows).rowcount == 3000
        upsert = insert(table).values(id=5, x="new")
        upsert = upsert.on_conflict_do_update(index_elements=["id"], set_={"x": upsert.excluded.x}).returning(table.c.x)
        assert con.execute(upsert).scalar() == "new"
        assert con.execute(insert(table).values(id=5, x="no").on_conflict_do_nothing()).rowcount == 0
        assert con.execute(table.delete().where(table.c.id < 2).returning(table.c.id)).scalars().all() == [0, 1]
        assert con.execute(table.update().where(table.c.id < 10).values(x="u")).rowcount == 8


def test_transactions_and_autocommit(engine):
    with engine.connect() as con:
        con.execute(sa.text("CREATE TABLE t (a INTEGER)"))
        con.rollback()
        assert not sa.inspect(con).has_table("t")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
        con.execute(sa.text("CREATE TABLE t (a INTEGER)"))
        assert con.get_isolation_level() == "AUTOCOMMIT"
    with engine.connect() as con:
        assert sa.inspect(con).has_table("t")
        assert con.get_isolation_level() == "SNAPSHOT"


def test_errors_have_pep_249s_classes(engine):
    with engine.begin() as con:
        con.execute(sa.text("CREATE TABLE t (a INTEGER PRIMARY KEY)"))
    for sql, kind, ours in [
        ("INSERT INTO t VALUES (1), (1)", sa.exc.IntegrityError, sqlml.IntegrityError),
        ("SELEC", sa.exc.ProgrammingError, sqlml.ProgrammingError),
        ("SELECT * FROM nothing", sa.exc.ProgrammingError, sqlml.ProgrammingError),
        ("SELECT 'x'::INTEGER", sa.exc.DataError, sqlml.DataError),
    ]:
        with engine.connect() as con, pytest.raises(kind) as raised:
            con.execute(sa.text(sql)).all()
        assert isinstance(raised.value.orig, ours)


def test_connections_of_an_engine_share_its_memory_and_no_other(engine):
    with engine.begin() as con:
        con.execute(sa.text("CREATE TABLE t AS SELECT 42 AS a"))
    seen = []

    def read():
        with engine.connect() as con:
            seen.append(con.execute(sa.text("SELECT a FROM t")).scalar())

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [42] * 4
    assert not sa.inspect(sa.create_engine("sqlml:///:memory:")).has_table("t")


def test_urls(tmp_path):
    path = tmp_path / "a b.duckdb"
    engine = sa.create_engine(sa.URL.create("sqlml", database=str(path), query={"config.threads": "1"}))
    with engine.begin() as con:
        assert con.execute(sa.text("SELECT current_setting('threads')")).scalar() == 1
        con.execute(sa.text("CREATE TABLE t (a INTEGER)"))
    engine.dispose()
    engine = sa.create_engine(f"sqlml:///{path}?read_only=true")
    with engine.connect() as con, pytest.raises(sa.exc.OperationalError):
        con.execute(sa.text("INSERT INTO t VALUES (1)"))
    engine.dispose()
    for url, words in [
        ("sqlml:///x?read_onyl=true", "read_only"),
        ("sqlml:///x?read_only=maybe", "true"),
        ("sqlml://shop.duckdb", "three slashes"),
    ]:
        with pytest.raises(sqlml.SqlmlError, match=words):
            sa.create_engine(url).connect()


def test_models(fares):
    found = models(fares)
    assert set(found) == {"fare", 'lab."Fa re"'}
    fare = found["fare"]
    assert (fare.model_type, fare.task, fare.label, list(fare.features)) == ("linear_reg", "regression", "fare", ["km"])
    trips = sa.Table("trips", sa.MetaData(), autoload_with=fares)
    far = sa.select(trips.c.id, trips.c.km).where(trips.c.km > 40).subquery()
    with fares.connect() as con:
        for model in found.values():
            predicted = (
                con.execute(sa.select(sa.func.round(model.predict(trips), 6)).order_by(trips.c.id)).scalars().all()
            )
            assert predicted[:3] == [1.0, 3.0, 5.0]
            assert len(con.execute(sa.select(model.predict(far))).all()) == 9
            assert (
                con.execute(sa.select(sa.func.round(model.predict(trips.alias("x y")), 6)).limit(1)).scalar()
                is not None
            )
            assert con.execute(sa.select(sa.func.round(model.predict(km=10.0), 6))).scalar() == 21.0
        assert con.execute(sa.text("SELECT count(*) FROM ML.PREDICT(MODEL fare, TABLE trips)")).scalar() == 50
    with pytest.raises(sqlml.SqlmlError, match="predict"):
        fare.predict()


def test_a_model_rolls_back_with_its_transaction(fares):
    with fares.connect() as con:
        con.execute(
            sa.text(
                "CREATE MODEL gone OPTIONS (model_type='linear_reg', input_label_cols=['fare']) AS SELECT km, fare FROM trips"
            )
        )
        assert "gone" in models(con)
        con.rollback()
        assert "gone" not in models(con)


def test_pandas(engine):
    frame = pd.DataFrame({"a": [1, 2], "b": [0.1, None], "c": ["x", None], "d": pd.to_datetime(["2024-01-01", None])})
    frame.to_sql("frame", engine, index=False)
    frame.to_sql("frame", engine, index=False, if_exists="append", method="multi")
    back = pd.read_sql("SELECT * FROM frame WHERE a > 1", engine)
    assert back["a"].tolist() == [2, 2]
    assert pd.read_sql_table("frame", engine)["b"].tolist()[0] == 0.1
    frame.to_sql("frame", engine, index=False, if_exists="replace")
    assert len(pd.read_sql_table("frame", engine)) == 2


def test_the_words_are_duckdbs(con):
    from sqlml.sqlalchemy.keywords import KEYWORDS

    theirs = con.execute(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
    ).fetchall()
    assert {word for (word,) in theirs} == KEYWORDS


def test_jupysql(fares, monkeypatch):
    """`%sql` in IPython's shell, without a browser."""
    # It would send statistics home.
    monkeypatch.setenv("PLOOMBER_STATS_ENABLED", "false")
    from IPython.core.interactiveshell import InteractiveShell

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell = InteractiveShell()
        shell.user_ns["engine"] = fares
        shell.run_line_magic("load_ext", "sql")
        shell.run_line_magic("config", "SqlMagic.feedback = 0")
        shell.run_line_magic("sql", "engine")
        rows = shell.run_cell_magic(
            "sql", "", "SELECT round(ml_predict('fare', trips), 6) AS y FROM trips WHERE km = 10"
        )
        assert rows.DataFrame()["y"].tolist() == [21.0]
        shell.run_cell_magic(
            "sql",
            "",
            "CREATE MODEL magic OPTIONS (model_type='linear_reg', input_label_cols=['fare']) AS SELECT km, fare FROM trips",
        )
    assert "magic" in models(fares)
    with fares.begin() as con:
        con.execute(sa.text("DROP MODEL magic"))


# JupySQL closes its connections like this: in an exit handler that is older than ours, and so runs after it.
LEAVING = """
import atexit
kept = []
def leave():
    for con in kept:
        con.rollback()
        con.close()
        print(con.closed)
    try:
        lost.commit()
    except sqlml.errors.ConnectionClosed:
        print("not committed")
atexit.register(leave)
import sqlalchemy as sa
import sqlml
engine = sa.create_engine("sqlml:///:memory:")
one = engine.connect()
one.exec_driver_sql("CREATE TABLE t AS FROM range(100000)")
rows = one.exec_driver_sql("FROM t")
rows.fetchone()
for autocommit in (True, False):
    con = sqlml.connect(autocommit=autocommit)
    con.execute("CREATE TABLE t AS FROM range(100000)")
    result = con.execute("FROM t")
    result.fetchone()
    kept += [con]
lost = sqlml.connect(autocommit=False)
lost.execute("CREATE TABLE t (i INTEGER)")
kept += [one]
"""


def test_leaving_python_with_connections_that_are_closed_late():
    done = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n") == ["True", "True", "True", "not committed", ""]
