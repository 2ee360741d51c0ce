"""Which columns a statement's columns are computed from, by hand-written answers."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest
from sqlglot import exp

from sqlml.data_lineage.values import Macro, Origin, Output
from sqlml.data_lineage.writes import flow_of
from sqlml.dialect import parse, to_sql
from sqlml.types import ObjectName

# Tables and their columns; `out` is what the statements write.
TABLES = {
    "t": ["a", "b", "c", "l", "s"],
    "u": ["a", "d", "e"],
    "w": ["b", "f"],
    "out": ["x", "y"],
    "one": ["x"],
    "three": ["x", "y", "z"],
    "same": ["a", "d", "e"],
}
MACROS = {
    "twice": Macro(("v",), "(v * 2)", "main"),
    "of_u": Macro(("k",), "(SELECT max(d) FROM u WHERE e = k)", "main"),
    "rows_of": Macro(("k",), "SELECT a AS p, b + k AS q FROM t", "main"),
}


class Fake:
    """Names of a catalog that is written down here; queries are described by DuckDB over empty tables."""

    def __init__(self) -> None:
        self.duck = duckdb.connect()
        for name, columns in TABLES.items():
            kinds = {"l": "INTEGER[]", "s": "STRUCT(f INTEGER, g INTEGER)"}
            parts = ", ".join(f"{c} {kinds.get(c, 'INTEGER')}" for c in columns)
            self.duck.execute(f"CREATE TABLE {name} ({parts})")

    def relation(self, name: ObjectName, home: str | None) -> tuple[Origin, Sequence[Output]] | None:
        if name.name not in TABLES:
            return None
        origin = Origin("TABLE", ObjectName(name.name, "main"))
        return origin, [
            Output(c, frozenset({Origin("TABLE", ObjectName(name.name, "main"), c)})) for c in TABLES[name.name]
        ]

    def macro(self, name: ObjectName, home: str | None, *, is_table: bool) -> Macro | None:
        found = MACROS.get(name.name)
        return found if found and (name.name == "rows_of") == is_table else None

    def kept_model(self, name: ObjectName, home: str | None) -> tuple[Origin, Sequence[str]] | None:
        return (Origin("MODEL", ObjectName("m", "main")), ["a", "b"]) if name.schema == "sqlml_models" else None

    def scored_by(self, sha256: str) -> Origin | None:
        return Origin("MODEL", ObjectName("m", "main"), version=3)

    def columns(self, query: exp.Query) -> Sequence[str]:
        return [str(row[0]) for row in self.duck.execute("DESCRIBE " + to_sql(query)).fetchall()]

    def matching(self, names: Sequence[str], condition: exp.Expr, variable: str) -> Sequence[str]:
        found = exp.Lambda(this=condition, expressions=[exp.to_identifier(variable)])
        call = exp.Anonymous(this="list_filter", expressions=[exp.convert(list(names)), found])
        return self.duck.execute(to_sql(exp.select(call))).fetchall()[0][0]


def shown(sql: str) -> list[str]:
    flow = flow_of(parse(sql), Fake())
    assert flow is not None
    if flow.outputs is not None:
        flow = flow.placed(flow.target.kind, flow.target.name, TABLES["out"])
    lines = []
    for origin, column in flow.edges():
        version = f"@{origin.version}" if origin.version else ""
        source = f"{origin.name.name}{version}" + (f".{origin.column}" if origin.column else "")
        lines.append(f"{source} -> {column or '*'}")
    return sorted(lines)


OUT, ONE, THREE = "INSERT INTO out ", "INSERT INTO one ", "INSERT INTO three "
CASES: dict[str, list[str]] = {
    OUT + "SELECT a, b FROM t": ["t.a -> x", "t.b -> y"],
    OUT + "(y, x) SELECT a, b FROM t": ["t.a -> y", "t.b -> x"],
    OUT + "BY NAME SELECT a AS y FROM t": ["t.a -> y"],
    OUT + "SELECT a + t.c, 1 FROM t WHERE b > 0": ["t.a -> x", "t.c -> x"],
    OUT + "FROM (SELECT a, b FROM t) AS q(b, a)": ["t.a -> x", "t.b -> y"],
    OUT + "SELECT * EXCLUDE (a) REPLACE (d + a AS d) FROM u": ["u.a -> x", "u.d -> x", "u.e -> y"],
    OUT + "SELECT t.a, u.d FROM t JOIN u ON t.b = u.e": ["t.a -> x", "u.d -> y"],
    OUT + "SELECT a, d FROM t JOIN u USING (a)": ["t.a -> x", "u.d -> y"],
    OUT + "SELECT a, d FROM t RIGHT JOIN u USING (a)": ["t -> *", "u.a -> x", "u.d -> y"],
    OUT + "SELECT a, d FROM t FULL JOIN u USING (a)": ["t.a -> x", "u.a -> x", "u.d -> y"],
    THREE + "SELECT a, d, e FROM t NATURAL JOIN u": ["t.a -> x", "u.d -> y", "u.e -> z"],
    OUT + "SELECT a, b FROM t SEMI JOIN u USING (a)": ["t.a -> x", "t.b -> y", "u -> *"],
    OUT + "SELECT a, b FROM t WHERE a IN (SELECT d FROM u)": ["t.a -> x", "t.b -> y", "u -> *"],
    OUT + "SELECT a, (SELECT max(d) FROM u WHERE u.a = t.b) FROM t": ["t.a -> x", "u.d -> y"],
    OUT + "SELECT a, EXISTS (FROM u) FROM t": ["t.a -> x", "u -> *"],
    OUT + "SELECT count(*), 1 FROM t": ["t -> *"],
    OUT + "SELECT a AS p, p + b FROM t": ["t.a -> x", "t.a -> y", "t.b -> y"],
    OUT + "SELECT a, sum(b) OVER w FROM t WINDOW w AS (PARTITION BY c)": ["t.a -> x", "t.b -> y", "t.c -> y"],
    OUT + "WITH t AS (SELECT d AS a, e AS b FROM u) SELECT a, b FROM t": ["u.d -> x", "u.e -> y"],
    OUT + "WITH t AS (SELECT b AS a, a AS b FROM t) SELECT a, b FROM t": ["t.a -> y", "t.b -> x"],
    OUT + "WITH q AS (SELECT a FROM t) SELECT * FROM q, (WITH q AS (SELECT d FROM u) FROM q)": [
        "t.a -> x",
        "u.d -> y",
    ],
    OUT + "WITH RECURSIVE r(n, k) AS (SELECT a, b FROM t UNION ALL SELECT k, n + u.d FROM r, u) FROM r": [
        *("t.a -> x", "t.a -> y", "t.b -> x", "t.b -> y", "u.d -> x", "u.d -> y"),
    ],
    OUT + "SELECT a, b FROM t UNION ALL SELECT d, e FROM u": ["t.a -> x", "t.b -> y", "u.d -> x", "u.e -> y"],
    OUT + "SELECT a AS x, b AS y FROM t UNION BY NAME SELECT d AS y, e AS x FROM u": [
        *("t.a -> x", "t.b -> y", "u.d -> y", "u.e -> x"),
    ],
    OUT + "SELECT a, b FROM t EXCEPT SELECT d, e FROM u": ["t.a -> x", "t.b -> y", "u -> *"],
    OUT + "SELECT s.f, t.s.g FROM t": ["t.s -> x", "t.s -> y"],
    OUT + "SELECT v, a FROM t, unnest(t.l) AS r(v)": ["t.a -> y", "t.l -> x"],
    OUT + "SELECT unnest(s) FROM t": ["t.s -> x", "t.s -> y"],
    OUT + "SELECT list_transform(l, v -> v + b), [v + c FOR v IN l] FROM t": [
        *("t.b -> x", "t.c -> y", "t.l -> x", "t.l -> y"),
    ],
    OUT + "SELECT max(COLUMNS('^[ad]')) FROM u": ["u.a -> x", "u.d -> y"],
    OUT + "SELECT COLUMNS(c -> c != 'a') FROM u": ["u.d -> x", "u.e -> y"],
    ONE + "SELECT * LIKE 'd%' FROM u": ["u.d -> x"],
    OUT + "SELECT q.p, r.v FROM (SELECT a AS p, b FROM t) q, LATERAL (SELECT q.b + u.d AS v FROM u) r": [
        *("t.a -> x", "t.b -> y", "u.d -> y"),
    ],
    OUT + "SELECT twice(a), of_u(b) FROM t": ["t.a -> x", "u.d -> y"],
    OUT + "SELECT p, q FROM rows_of(3)": ["t.a -> x", "t.b -> y"],
    OUT + "SELECT t, a FROM t": [*(f"t.{c} -> x" for c in "abcls"), "t.a -> y"],
    OUT + "SELECT #2, a FROM t": ["t.a -> y", "t.b -> x"],
    OUT + "VALUES (1, (SELECT max(a) FROM t))": ["t.a -> y"],
    OUT + "FROM (PIVOT w ON b IN (1) USING sum(f)) q, one": ["one.x -> y", "w.b -> x", "w.f -> x"],
    THREE + "FROM (UNPIVOT u ON d, e)": ["u.a -> x", "u.d -> z", "u.e -> z"],
    OUT + "SELECT sqlml_predict('sha', {'a': a}), b FROM t": ["m@3 -> x", "t.a -> x", "t.b -> y"],
    OUT + "SELECT sqlml_models.m(t), c FROM t": ["m -> x", "t.a -> x", "t.b -> x", "t.c -> y"],
    "INSERT INTO out SELECT a, b FROM t ON CONFLICT DO UPDATE SET y = excluded.x + y": [
        *("t.a -> x", "t.a -> y", "t.b -> y"),
    ],
    "UPDATE out SET x = u.d, y = out.x FROM u WHERE out.x = u.a": ["out.x -> y", "u.d -> x"],
    "UPDATE out SET (x, y) = (SELECT a, b FROM t)": ["t.a -> x", "t.a -> y", "t.b -> x", "t.b -> y"],
    "MERGE INTO out AS o USING u ON o.x = u.a WHEN MATCHED THEN UPDATE SET y = u.d "
    "WHEN NOT MATCHED THEN INSERT (x, y) VALUES (u.a, u.e)": ["u.a -> x", "u.d -> y", "u.e -> y"],
    "MERGE INTO same USING u USING (a) WHEN NOT MATCHED THEN INSERT *": ["u.a -> a", "u.d -> d", "u.e -> e"],
    "CREATE OR REPLACE TABLE out AS SELECT a, b FROM t": ["t.a -> x", "t.b -> y"],
    "CREATE OR REPLACE VIEW out(x, y) AS FROM (SELECT d, e FROM u)": ["u.d -> x", "u.e -> y"],
    "COPY (SELECT a, b AS z FROM t) TO 'x.csv'": ["t.a -> a", "t.b -> z"],
    "COPY u (a, d) TO 'x.csv'": ["u.a -> a", "u.d -> d"],
    "COPY out FROM 'in.csv'": ["in.csv.x -> x", "in.csv.y -> y"],
    # Their columns cannot be followed: what is read is known.
    OUT + "SELECT unknown_column, 1 FROM t": ["t -> *"],
    OUT + "SELECT t.s.*, FROM t": ["t -> *"],
}


@pytest.mark.parametrize("sql", CASES)
def test_columns_come_from(sql: str) -> None:
    assert shown(sql) == sorted(CASES[sql])


@pytest.mark.parametrize("sql", ["SELECT a FROM t", "DELETE FROM t", "CREATE TABLE n (a INT)", "DROP TABLE t"])
def test_nothing_flows(sql: str) -> None:
    assert flow_of(parse(sql), Fake()) is None


def test_a_new_table_forgets_what_it_was_made_of() -> None:
    made = flow_of(parse("CREATE OR REPLACE TABLE out AS SELECT a, b FROM t"), Fake())
    added = flow_of(parse("INSERT INTO out SELECT a, b FROM t"), Fake())
    assert made is not None
    assert added is not None
    assert (made.is_new, added.is_new) == (True, False)
